"""Limits of commands as ros2_control's controller_manager enforces them. No node needed."""

from __future__ import annotations

import numpy as np

from itnnr_ik.robot import ForwardModel


class CommandLimiter:
    """Clips set-points to the URDF's joint limits, and their steps to its velocity limits.

    That is ``enforce_command_limits`` (ros2_control 5.16) with the URDF's limits alone: neither soft limits
    nor accelerations. There is no feedback to the controller, whose set-points are unchanged.

    Args:
        arm: Gives the limits.
        positions: Of the joints at the start (n,) in [rad] or [m].
    """

    def __init__(self, arm: ForwardModel, positions: np.ndarray) -> None:
        self._arm = arm
        self._last = np.array(positions, dtype=float)

    def limit(self, set_points: np.ndarray, period: float) -> tuple[np.ndarray, bool]:
        """The clipped ``set_points`` (n,) [rad, m], and whether they differ; NaN passes unchanged.

        Args:
            set_points: (n,) in [rad] or [m].
            period: Since the previous ones, in [s].
        """
        lower, upper, max_step = self._arm.lower, self._arm.upper, self._arm.velocity * period
        low = (self._last - max_step).clip(lower, upper)
        high = (self._last + max_step).clip(lower, upper)
        known = ~np.isnan(set_points)
        limited = np.where(known, np.clip(set_points, low, high), set_points)
        self._last = np.where(known, limited, self._last)
        return limited, bool((limited[known] != set_points[known]).any())
