"""What ros2_control's controller_manager does with commands beyond a joint's limits. No node needed."""

from __future__ import annotations

import numpy as np

from itnnr_ik.robot import ForwardModel


class CommandLimiter:
    """Clips set-points to the joint limits, and their steps to the velocity limits, as the URDF has them.

    That is ``enforce_command_limits`` (ros2_control 5.16) where limits are the URDF's own: neither soft
    limits nor accelerations. It does not tell the controller, whose set-points go on as they are.

    Args:
        arm: Gives the limits.
        positions: Where the joints are (n,) in [rad] or [m].
    """

    def __init__(self, arm: ForwardModel, positions: np.ndarray) -> None:
        self._arm = arm
        self._last = np.array(positions, dtype=float)

    def limit(self, set_points: np.ndarray, period: float) -> tuple[np.ndarray, bool]:
        """What is sent on instead of ``set_points`` (n,) [rad, m], and whether that is something else.

        What is not finite passes.

        Args:
            set_points: (n,) in [rad] or [m].
            period: Since the last ones, in [s].
        """
        lower, upper, reach = self._arm.lower, self._arm.upper, self._arm.velocity * period
        low = (self._last - reach).clip(lower, upper)
        high = (self._last + reach).clip(lower, upper)
        known = ~np.isnan(set_points)
        limited = np.where(known, np.clip(set_points, low, high), set_points)
        self._last = np.where(known, limited, self._last)
        return limited, bool((limited[known] != set_points[known]).any())
