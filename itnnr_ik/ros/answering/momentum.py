"""How the joints move, for the next solution to go on this way."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

#: Solutions farther apart in time [s] are not of one motion, and what a robot tells of its own is as old.
PAUSE = 0.5
#: A change [rad, m] that is none: of a target that is sent again.
_STILL = 1e-6
#: The next solution goes on where it is at most so many times the last step away, and so much more [rad, m].
_LONGER, _LONGER_BY = 4.0, 0.02


class Moving(NamedTuple):
    """Joint velocities (n,) [rad/s, m/s], and how far [rad, m] a solution may be away that goes on so."""

    velocity: np.ndarray
    reach: float = math.inf


class Momentum:
    """How the solutions move, by the last two that differ, until a pause."""

    def __init__(self) -> None:
        self._moment = -math.inf
        self._positions: np.ndarray | None = None
        self._moving: Moving | None = None

    def add(self, positions: np.ndarray, moment: float) -> None:
        """Take a solution (n,) [rad, m] and the time [s] at which it was made, on a clock that runs on."""
        moving = None
        if self._positions is not None:
            change, elapsed = positions - self._positions, moment - self._moment
            step = float(np.abs(change).max())
            if step <= _STILL:
                return
            if 0.0 < elapsed <= PAUSE:
                moving = Moving(change / elapsed, _LONGER * step + _LONGER_BY)
        self._positions, self._moment, self._moving = positions, moment, moving

    def at(self, moment: float) -> Moving | None:
        """How they move at a time [s]; None where they stand still."""
        return self._moving if 0.0 <= moment - self._moment <= PAUSE else None

    def forget(self) -> None:
        """The next solution is the first of a motion."""
        self._positions = self._moving = None
