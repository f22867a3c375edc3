"""Warnings that come at most once a period for each key, so that a bad sender cannot flood the log."""

from __future__ import annotations

import math
import time

from rclpy.impl.rcutils_logger import RcutilsLogger


class ThrottledLog:
    """Logs the first warning of each key at once, then one a period, with the number held back since.

    Time is the monotonic clock's: a node under ``use_sim_time`` may see its own clock stop or jump back.

    Args:
        logger: Where warnings go.
        period: Least time between two warnings of one key in [s]; 0 logs every one. It may change.
    """

    def __init__(self, logger: RcutilsLogger, period: float) -> None:
        self._logger = logger
        self.period = period
        self._logged: dict[str, float] = {}
        self._held_back: dict[str, int] = {}

    def warn(self, key: str, text: str) -> None:
        """Log ``text``, or count it as held back."""
        now = time.monotonic()
        if now < self._logged.get(key, -math.inf) + self.period:
            self._held_back[key] = self._held_back.get(key, 0) + 1
            return
        self._logged[key] = now
        held_back = self._held_back.pop(key, 0)
        self._logger.warning(f"{text} ({held_back} more like this held back)" if held_back else text)
