"""One joint state out of several messages, each of some of the joints, as a robot's parts send them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class MergedState(NamedTuple):
    """The latest positions of all joints.

    Attributes:
        positions: (n,) in [rad] or [m].
        oldest: How long before the newest message the oldest of them was received, in [s].
    """

    positions: Array
    oldest: float


class JointMerger:
    """Keeps the latest position of each joint, by name, with the time at which it was received.

    In lists: arrays of so few joints would take longer, and a target waits for it.

    Args:
        joints: Names of the joints, base to tip.
        timeout: Age in [s] from which on a position counts for nothing; 0 for none.
    """

    def __init__(self, joints: Sequence[str], timeout: float) -> None:
        self._index = {name: i for i, name in enumerate(joints)}
        self._timeout = timeout or math.inf
        self._positions = [math.nan] * len(joints)
        self._received = [0] * len(joints)
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
        for joint, position in found.items():
            self._positions[joint], self._received[joint] = position, received
        return bool(found)

    @property
    def positions(self) -> Sequence[float]:
        """The latest position of each joint (n,) in [rad] or [m], however old; NaN if never."""
        return self._positions

    @property
    def newest(self) -> int:
        """When the newest message was received, in [ns]; 0 before the first."""
        return self._now

    @property
    def ages(self) -> list[float]:
        """How long before the newest message each joint's position was received (n,) [s]; inf if never."""
        return [
            math.inf if math.isnan(position) else 1e-9 * (self._now - received)
            for position, received in zip(self._positions, self._received, strict=True)
        ]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the joints that are unknown, or too old."""
        named = zip(self._index, self.ages, strict=True)
        return tuple(name for name, age in named if age > self._timeout or age == math.inf)

    def state(self) -> MergedState | None:
        """All joints, or None where one is unknown or too old."""
        oldest = max(self.ages)
        if oldest > self._timeout or oldest == math.inf:
            return None
        return MergedState(np.array(self._positions), oldest)
