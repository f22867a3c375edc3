"""Controllers for positions without times: applied at once, or at limited speed. No node needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class PositionController:
    """The last commanded positions as set-points, like a forward_command_controller.

    Args:
        positions: Initial set-points (n,) in [rad] or [m].
    """

    def __init__(self, positions: Sequence[float] | np.ndarray) -> None:
        self._goal = np.array(positions, dtype=float)

    def command(self, positions: Sequence[float] | np.ndarray) -> None:
        """Set the positions (n,) [rad, m] from the next cycle on.

        Raises:
            ValueError: Their number is wrong, or one of them is not finite.
        """
        goal = np.array(positions, dtype=float)
        if goal.shape != self._goal.shape or not np.isfinite(goal).all():
            raise ValueError(
                f"expected {len(self._goal)} finite commanded positions in [rad] or [m], got {goal.tolist()}"
            )
        self._goal = goal

    def update(self, now: int, period: int, positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
        """The set-points (n,) [rad, m]; the joint state does not matter."""
        return self._goal


class PacedPositionController(PositionController):
    """Set-points that move to the last commanded positions at limited speed, as a solution has no times.

    Args:
        positions: Initial set-points (n,) in [rad] or [m].
        max_velocity: Of each joint (n,) in [rad/s] or [m/s].
        update_rate: Cycles a second, in [Hz].
    """

    def __init__(
        self, positions: Sequence[float] | np.ndarray, max_velocity: np.ndarray, update_rate: float
    ) -> None:
        super().__init__(positions)
        self._set_points, self._step = self._goal, max_velocity / update_rate

    def update(self, now: int, period: int, positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
        """The set-points (n,) [rad, m] that the joints are to reach by the next cycle."""
        change = (self._goal - self._set_points).clip(-self._step, self._step)
        # Exactly the goal within one step: the sum may round to beside it.
        near = np.abs(self._goal - self._set_points) <= self._step
        self._set_points = np.where(near, self._goal, self._set_points + change)
        return self._set_points
