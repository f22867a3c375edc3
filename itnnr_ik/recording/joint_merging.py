"""Merges joint states of some of the joints each, as the parts of a robot send them."""

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
        max_age: Age of the oldest position at the time of the newest message, in [s].
    """

    positions: Array
    max_age: float


class JointMerger:
    """Keeps the latest position of each joint, by name, with the time at which it was received.

    Lists are used because they are faster than arrays of so few joints.

    Args:
        joints: Names of the joints, base to tip.
        timeout: Age in [s] beyond which a position is not used; 0 for no timeout.
    """

    def __init__(self, joints: Sequence[str], timeout: float) -> None:
        self._index = {name: i for i, name in enumerate(joints)}
        self._timeout = timeout or math.inf
        self._positions = [math.nan] * len(joints)
        self._received = [0] * len(joints)
        self._now = 0

    def add(self, names: Sequence[str], positions: Sequence[float] | Array, received: int) -> bool:
        """Store the positions of a message; whether it had one of the joints.

        A message whose names and positions differ in number, or that names a joint twice, is ignored; so is a
        position that is not finite.

        Args:
            names: Names of the joints in the message.
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
        """The latest position of each joint (n,) in [rad] or [m], however old; NaN if never received."""
        return self._positions

    @property
    def newest(self) -> int:
        """Time of receipt of the newest message [ns]; 0 before the first."""
        return self._now

    @property
    def ages(self) -> list[float]:
        """Age (n,) [s] of each joint's position at the time of the newest message; inf if never received."""
        return [
            math.inf if math.isnan(position) else 1e-9 * (self._now - received)
            for position, received in zip(self._positions, self._received, strict=True)
        ]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the joints that were never received, or not within the timeout."""
        named = zip(self._index, self.ages, strict=True)
        return tuple(name for name, age in named if age > self._timeout or age == math.inf)

    def state(self) -> MergedState | None:
        """The merged state; None where a joint is `missing`."""
        max_age = max(self.ages)
        if max_age > self._timeout or max_age == math.inf:
            return None
        return MergedState(np.array(self._positions), max_age)
