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


class KinematicArm:
    """Joint positions that follow a command, each joint at no more than ``max_velocity``.

    Args:
        arm: Gives the number of joints and their limits.
        max_velocity: Of every joint, in [rad/s].
        initial_positions: (n,) [rad], within the limits.

    Raises:
        ValueError: The velocity is not positive, or the initial positions do not fit the arm.
    """

    def __init__(
        self, arm: Arm, max_velocity: float, initial_positions: Sequence[float] | np.ndarray
    ) -> None:
        if not (np.isfinite(max_velocity) and max_velocity > 0):
            raise ValueError(f"max_velocity must be positive and finite, got {max_velocity} rad/s")
        self._lower, self._upper = arm.limits
        self._max_velocity = max_velocity
        self.positions = self._checked(initial_positions, "initial positions")
        if not ((self._lower <= self.positions) & (self.positions <= self._upper)).all():
            raise ValueError(
                f"initial positions must be within [{self._lower.tolist()}, {self._upper.tolist()}] rad, "
                f"got {self.positions.tolist()}"
            )
        self.velocities = np.zeros_like(self.positions)
        self._goal = self.positions

    def command(self, positions: Sequence[float] | np.ndarray) -> None:
        """Set where the joints go to, (n,) [rad]; what lies beyond a limit is cut to the limit.

        Raises:
            ValueError: Wrong number of positions, or one that is not finite.
        """
        self._goal = np.clip(self._checked(positions, "commanded positions"), self._lower, self._upper)

    def step(self, dt: float) -> None:
        """Move for ``dt`` [s] and set ``velocities`` to what it took; a clock gone back moves nothing."""
        if dt <= 0.0:
            self.velocities = np.zeros_like(self.positions)
            return
        farthest = self._max_velocity * dt
        before = self.positions
        self.positions = before + np.clip(self._goal - before, -farthest, farthest)
        self.velocities = (self.positions - before) / dt

    def _checked(self, positions: Sequence[float] | np.ndarray, label: str) -> np.ndarray:
        array = np.array(positions, dtype=float)
        if array.shape != self._lower.shape or not np.isfinite(array).all():
            raise ValueError(f"expected {self._lower.size} finite {label} in [rad], got {array.tolist()}")
        return array
