"""Controllers of joint positions that have no times: as they come, or at limited speed. No node needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class PositionController:
    """Set-points that are the last positions commanded, as a forward_command_controller gives them.

    Args:
        positions: Where the joints are held at first (n,) in [rad] or [m].
    """

    def __init__(self, positions: Sequence[float] | np.ndarray) -> None:
        self._goal = np.array(positions, dtype=float)

    def command(self, positions: Sequence[float] | np.ndarray) -> None:
        """Set the positions (n,) [rad, m], which count from the next cycle on.

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
        """The set-points (n,) [rad, m], wherever the joints are."""
        return self._goal


class PacedPositionController(PositionController):
    """Set-points that go to the last positions commanded at limited speed: an answer has no times.

    Args:
        positions: Where the joints are held at first (n,) in [rad] or [m].
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
        # Exactly there, where that is in reach: the sum may round to beside it.
        near = np.abs(self._goal - self._set_points) <= self._step
        self._set_points = np.where(near, self._goal, self._set_points + change)
        return self._set_points
