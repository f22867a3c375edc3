"""An arm whose joints move to where they are told at limited speed: no mass, no ROS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from itnnr_ik.robot import ForwardModel


def check_velocity(arm: ForwardModel, max_velocity: float | np.ndarray) -> np.ndarray:
    """``max_velocity`` of each joint (n,) in [rad/s] or [m/s]; a ValueError unless positive and finite."""
    velocities = np.asarray(max_velocity, dtype=float)
    if not (np.isfinite(velocities) & (velocities > 0)).all():
        raise ValueError(f"max_velocity must be positive and finite, got {max_velocity} rad/s or m/s")
    return np.full(arm.n_joints, velocities)


def check_positions(positions: Sequence[float] | np.ndarray, n_joints: int, label: str) -> np.ndarray:
    """A copy of ``positions`` (n,); a ValueError unless they are that many and finite."""
    array = np.array(positions, dtype=float)
    if array.shape != (n_joints,) or not np.isfinite(array).all():
        raise ValueError(f"expected {n_joints} finite {label} in [rad] or [m], got {array.tolist()}")
    return array


def check_within_limits(arm: ForwardModel, initial_positions: Sequence[float] | np.ndarray) -> np.ndarray:
    """A copy of ``initial_positions`` (n,); a ValueError unless the arm can stand there."""
    positions = check_positions(initial_positions, arm.n_joints, "initial positions")
    if not ((arm.lower <= positions) & (positions <= arm.upper)).all():
        raise ValueError(
            f"initial positions must be within [{arm.lower.tolist()}, {arm.upper.tolist()}] rad or m, "
            f"got {positions.tolist()}"
        )
    return positions


class KinematicArm:
    """Joint positions that follow a command, each joint at no more than ``max_velocity``.

    Args:
        arm: Gives the number of joints and their limits.
        max_velocity: Of every joint, or of each (n,), in [rad/s] or [m/s].
        initial_positions: (n,) in [rad] or [m], within the limits.

    Raises:
        ValueError: A velocity is not positive, or the initial positions do not fit the arm.
    """

    #: Length of a step of the motion: as long as it is asked for.
    timestep: float | None = None

    def __init__(
        self,
        arm: ForwardModel,
        max_velocity: float | np.ndarray,
        initial_positions: Sequence[float] | np.ndarray,
    ) -> None:
        self._max_velocity = check_velocity(arm, max_velocity)
        self._lower, self._upper = arm.lower, arm.upper
        self.positions = check_within_limits(arm, initial_positions)
        self.velocities = np.zeros_like(self.positions)
        self._goal = self.positions

    def command(self, positions: Sequence[float] | np.ndarray) -> None:
        """Set where the joints go to, (n,) in [rad] or [m]; what lies beyond a limit is cut to the limit.

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
