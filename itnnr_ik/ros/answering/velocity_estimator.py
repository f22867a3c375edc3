"""Joint velocities by the last solutions, so that the next solution continues their motion."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

#: Largest time between two solutions of one motion, and largest age of the velocities that a robot sends [s].
MAX_INTERVAL = 0.5
#: Smaller changes [rad, m] do not count, as of a target that is sent again.
_MIN_STEP = 1e-6
#: The next solution continues the motion if it is at most this many steps, plus this distance [rad, m], away.
_STEP_FACTOR, _STEP_MARGIN = 4.0, 0.02


class VelocityEstimate(NamedTuple):
    """Joint velocities (n,) [rad/s, m/s], and the largest displacement [rad, m] that continues the motion."""

    velocity: np.ndarray
    max_displacement: float = math.inf


class VelocityEstimator:
    """The velocity between the last two solutions that differ, until a pause."""

    def __init__(self) -> None:
        self._time = -math.inf
        self._positions: np.ndarray | None = None
        self._estimate: VelocityEstimate | None = None

    def add(self, positions: np.ndarray, time: float) -> None:
        """Take a solution (n,) [rad, m] and its time [s], on a clock that does not jump."""
        estimate = None
        if self._positions is not None:
            change, elapsed = positions - self._positions, time - self._time
            step = float(np.abs(change).max())
            if step <= _MIN_STEP:
                return
            if 0.0 < elapsed <= MAX_INTERVAL:
                estimate = VelocityEstimate(change / elapsed, _STEP_FACTOR * step + _STEP_MARGIN)
        self._positions, self._time, self._estimate = positions, time, estimate

    def at(self, time: float) -> VelocityEstimate | None:
        """The estimate at a time [s]; None at rest."""
        return self._estimate if 0.0 <= time - self._time <= MAX_INTERVAL else None

    def reset(self) -> None:
        """Let the next solution be the first of a motion."""
        self._positions = self._estimate = None
