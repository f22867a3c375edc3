"""What a path needs of an arm and its targets, whoever solves them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


#: Number of previous postures from which a track is extrapolated, see `Kinematics.follow`.
HISTORY = 4


class Kinematics(Protocol):
    """An arm with n joints, and m targets.

    Attributes:
        count: m.
        joint_names: n names.
        units: n of them: ``rad``, or of prismatic joints ``m``.
        lower, upper: Limits (n,), ∓inf for none.
        reach: Of the arm [m].
        turns: (n,) Length of a turn of each joint that leaves the tool where it is; 0 for none.
        weights: (n,) What a unit of joint motion counts [rad].
        middle: (n,) Where to be near without a state.
        spare: Joints more than the task has coordinates.
    """

    count: int
    joint_names: tuple[str, ...]
    units: tuple[str, ...]
    lower: Array
    upper: Array
    turns: Array
    weights: Array
    middle: Array
    spare: int
    reach: float

    def distances(self) -> Array:
        """Distances from each target to the next (m − 1,) [rad].

        The angle of the rotation, or if that is larger, three times the translation over the arm's reach.
        """

    def branches(self, target: int) -> Array:
        """Solutions (b, n) of one target, in any turn of their joints."""

    def follow(self, target: int, count: int, side: int, past: Array, bounds: Array) -> Array:
        """Solutions (c ≤ count, n) for the targets after one (side 1) or before it (−1), as far as it goes.

        ``past`` (p, n) are postures known so far, the one at ``target`` first, within ``bounds`` (2, n).
        """

    def refine(
        self, targets: Indices | Array, postures: Array, bounds: Array
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Postures (b, n) refined to targets (b,) within bounds, and which are solutions.

        A place between two targets counts as one of a curve through them all.
        """

    def trace_self_motion(self, target: int, start: Array, spacing: float, bounds: Array) -> Array:
        """Solutions (c, n) of one target along the curve through one (n,), ``spacing`` [rad] apart."""

    def closest(self, target: int, posture: Array | None) -> Array:
        """The posture (n,) that comes closest to a target, from another one."""

    def solution(self, target: int, posture: Array | None) -> Array:
        """The solution (1, n) of a target that is nearest to a posture, or to none; no row without one."""

    def descend(self, targets: Indices, posture: Array) -> tuple[Array, Array]:
        """Postures (b, n) that come close to targets (b,) one after the other, from one (n,) on.

        Each is a local minimum of the error, found from the last one. Errors (b,) are in [m]; radians count
        as the task says.
        """

    def null_space(self, postures: Array) -> Array:
        """Bases (b, n, spare) of the joint motions that leave the tool where it is."""

    def errors(self, postures: Array) -> tuple[Array, Array | None, NDArray[np.bool_]]:
        """Position errors (m,) [m] of postures (m, n) for all targets, angles (m,) [rad] or None, and which
        are solutions."""


def displacement(weights: Array, changes: Array) -> Array:
    """Largest joint change [rad] of each of (…, n), in any unit of motion: (…,).

    Args:
        weights: (n,) What a unit of motion counts [rad].
        changes: (…, n) in [rad] or [m].
    """
    largest: Array = (weights * np.abs(changes)).max(axis=-1)
    return largest
