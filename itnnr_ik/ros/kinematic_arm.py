"""An arm whose joints move to where they are told at limited speed: no mass, no ROS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from itnnr_ik.arms import Arm


def rest_positions(arm: Arm) -> np.ndarray:
    """A bent pose (n,) [rad]: the first joint mid-range, the others a quarter of their range further.

    A stretched arm is singular, a bent one can go anywhere from where it stands.
    """
    lower, upper = arm.limits
    positions: np.ndarray = (lower + upper) / 2
    positions[1:] += (upper - lower)[1:] / 4
    return positions


def check_velocity(max_velocity: float) -> float:
    """``max_velocity`` [rad/s]; a ValueError unless it is positive and finite."""
    if not (np.isfinite(max_velocity) and max_velocity > 0):
        raise ValueError(f"max_velocity must be positive and finite, got {max_velocity} rad/s")
    return max_velocity


def check_positions(positions: Sequence[float] | np.ndarray, n_joints: int, label: str) -> np.ndarray:
    """A copy of ``positions`` (n,) [rad]; a ValueError unless they are that many and finite."""
    array = np.array(positions, dtype=float)
    if array.shape != (n_joints,) or not np.isfinite(array).all():
        raise ValueError(f"expected {n_joints} finite {label} in [rad], got {array.tolist()}")
    return array


def check_within_limits(arm: Arm, initial_positions: Sequence[float] | np.ndarray) -> np.ndarray:
    """A copy of ``initial_positions`` (n,) [rad]; a ValueError unless the arm can stand there."""
    lower, upper = arm.limits
    positions = check_positions(initial_positions, arm.n_joints, "initial positions")
    if not ((lower <= positions) & (positions <= upper)).all():
        raise ValueError(
            f"initial positions must be within [{lower.tolist()}, {upper.tolist()}] rad, "
            f"got {positions.tolist()}"
        )
    return positions


class KinematicArm:
    """Joint positions that follow a command, each joint at no more than ``max_velocity``.

    Args:
        arm: Gives the number of joints and their limits.
        max_velocity: Of every joint, in [rad/s].
        initial_positions: (n,) [rad], within the limits.

    Raises:
        ValueError: The velocity is not positive, or the initial positions do not fit the arm.
    """

    #: Length of a step of the motion: as long as it is asked for.
    timestep: float | None = None

    def __init__(
        self, arm: Arm, max_velocity: float, initial_positions: Sequence[float] | np.ndarray
    ) -> None:
        self._max_velocity = check_velocity(max_velocity)
        self._lower, self._upper = arm.limits
        self.positions = check_within_limits(arm, initial_positions)
        self.velocities = np.zeros_like(self.positions)
        self._goal = self.positions

    def command(self, positions: Sequence[float] | np.ndarray) -> None:
        """Set where the joints go to, (n,) [rad]; what lies beyond a limit is cut to the limit.

        Raises:
            ValueError: Wrong number of positions, or one that is not finite.
        """
        goal = check_positions(positions, len(self._lower), "commanded positions")
        self._goal = np.clip(goal, self._lower, self._upper)

    def step(self, dt: float) -> None:
        """Move for ``dt`` [s] and set ``velocities`` to what it took; a clock gone back moves nothing."""
        if dt <= 0.0:
            self.velocities = np.zeros_like(self.positions)
            return
        farthest = self._max_velocity * dt
        before = self.positions
        # The goal is within the limits, but before + (goal - before) may round to beyond it.
        moved = before + np.clip(self._goal - before, -farthest, farthest)
        self.positions = np.clip(moved, self._lower, self._upper)
        self.velocities = (self.positions - before) / dt
