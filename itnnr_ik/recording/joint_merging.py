"""One joint state out of several messages, each of some of the joints, as a robot's parts send them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MergedState:
    """The latest positions of all joints.

    Attributes:
        positions: (n,) in [rad] or [m].
        ages: How long before the newest message each was received (n,), in [s].
    """

    positions: Array
    ages: Array


class JointMerger:
    """Keeps the latest position of each joint, by name, with the time at which it was received.

    Args:
        joints: Names of the joints, base to tip.
        timeout: Age in [s] from which on a position counts for nothing; 0 for none.
    """

    def __init__(self, joints: Sequence[str], timeout: float) -> None:
        self._index = {name: i for i, name in enumerate(joints)}
        self._timeout = timeout or np.inf
        self._positions = np.full(len(joints), np.nan)
        self._received = np.zeros(len(joints), dtype=np.int64)
        self._now = 0

    def add(self, names: Sequence[str], positions: Sequence[float] | Array, received: int) -> bool:
        """Take the positions of a message; whether it had one of the joints.

        A message whose names and positions differ in number, or that names a joint twice, changes nothing; a
        position that is no number is passed over.

        Args:
            names: As in the message.
            positions: One for each name, in [rad] or [m].
            received: Time of receipt in [ns].
        """
        self._now = max(self._now, received)
        if len(names) != len(positions) or len(set(names)) != len(names):
            return False
        index = self._index
        found = {
            index[name]: position
            for name, position in zip(names, positions, strict=True)
            if name in index and math.isfinite(position)
        }
        if found:
            joints = list(found)
            self._positions[joints], self._received[joints] = list(found.values()), received
        return bool(found)

    @property
    def positions(self) -> Array:
        """The latest position of each joint (n,) in [rad] or [m], however old; NaN if never."""
        return self._positions

    @property
    def newest(self) -> int:
        """When the newest message was received, in [ns]; 0 before the first."""
        return self._now

    @property
    def ages(self) -> Array:
        """How long before the newest message each joint's position was received (n,) [s]; inf if never."""
        return np.where(np.isnan(self._positions), np.inf, 1e-9 * (self._now - self._received))

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the joints that are unknown, or too old."""
        return tuple(
            name
            for name, age in zip(self._index, self.ages, strict=True)
            if age > self._timeout or np.isinf(age)
        )

    def state(self) -> MergedState | None:
        """All joints, or None where one is unknown or too old."""
        ages = self.ages
        oldest = float(ages.max())
        if oldest > self._timeout or oldest == math.inf:
            return None
        return MergedState(self._positions.copy(), ages)
