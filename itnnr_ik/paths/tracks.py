"""The branches of an arm without spare joints, tracked from target to target of a path."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.graph import Joints, Layers
from itnnr_ik.paths.kinematics import HISTORY, Kinematics, displacement

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Targets from one at which all branches are searched for to the next.
WINDOW = 50
#: Postures closer than the first distance [rad] are duplicates; tracks closer than the second have merged.
_DUPLICATE, _MERGED = 1e-4, 1e-6
#: A track that ends after fewer postures than this began near a singular posture: branches are searched for
#: again this many targets away.
_STUB_LENGTH, _RETRY_OFFSET = 4, 7
#: Largest step from one track to another, as a multiple of the tracks' own steps, and a margin [rad].
_SWITCH_RATIO, _SWITCH_MARGIN = 2.0, 0.01
#: What a switch to another track adds [rad] to the sum of the steps.
_SWITCH_COST = 1.0
#: Most rows (targets times copies of a posture, whole turns apart); least and most copies of a posture.
_MAX_STATES, _MIN_COPIES, _MAX_COPIES = 2**22, 64, 1024
_ALL = np.zeros(0, dtype=np.bool_)


@dataclass
class Track:
    """Solutions (L, n) of consecutive targets on one branch; ``born`` is the target where it was found."""

    first: int
    parts: list[Array] = field(default_factory=list)
    born: int = field(init=False)

    def __post_init__(self) -> None:
        self.born = self.first

    @property
    def postures(self) -> Array:
        """All of them."""
        if len(self.parts) > 1:
            self.parts = [np.concatenate(self.parts)]
        return self.parts[0]


def read_joints(arm: Kinematics, current: Array | None) -> Joints:
    """What a graph of postures knows of the joints.

    Of limits many turns wide it has those turns that are nearest to a state (n,), or to the limits' middle.
    """
    free = ~np.isfinite(arm.lower) & (arm.turns > 0.0)
    width = arm.upper - arm.lower
    wide = (arm.turns > 0.0) & (free | (width >= arm.turns))
    copies = np.ones(len(width))
    limited = wide & ~free
    copies[limited] = np.ceil(width[limited] / arm.turns[limited] - 1e-9)
    lower, upper = np.where(np.isfinite(arm.lower), arm.lower, 0.0), arm.upper.copy()
    most = max(_MIN_COPIES, min(_MAX_COPIES, _MAX_STATES // arm.count))
    few = next(k for k in range(most, 0, -1) if np.minimum(copies, k).prod() <= most)
    cut, kept = copies > few, few * arm.turns
    near = arm.middle if current is None else current
    lower[cut] = np.clip(near - 0.5 * kept, arm.lower, arm.upper - kept)[cut]
    upper[cut] = (lower + kept)[cut]
    turns = np.where(wide, arm.turns, 0.0)
    return Joints(lower, upper, turns, arm.weights.copy(), np.minimum(copies, few).astype(np.int64), free)


def bounds_of(arm: Kinematics, joints: Joints) -> Array:
    """Bounds (2, n) of a track: none for joints that can be in any position, in one turn or another."""
    turning = joints.turns > 0.0
    return np.array([np.where(turning, -np.inf, arm.lower), np.where(turning, np.inf, arm.upper)])


def apart(joints: Joints, q: Array, others: Array) -> Array:
    """Largest differences (b,) [rad] of a posture (n,) from others (b, n), whole turns left out."""
    difference = others - q
    whole = np.where(joints.turns > 0.0, joints.turns, np.inf)
    return displacement(joints.weights, difference - joints.turns * np.round(difference / whole))


class Tracks:
    """Finds the tracks of a path."""

    def __init__(self, arm: Kinematics, joints: Joints) -> None:
        self._arm, self._joints = arm, joints
        self._bounds = bounds_of(arm, joints)
        self.tracks: list[Track] = []
        #: Postures of all tracks at the targets where branches are looked up.
        self._known: dict[int, list[Array]] = {}

    def find(self) -> None:
        """Follow all branches of every `WINDOW`-th target, forwards and backwards."""
        active: list[Track] = []
        new: list[Track] = []
        for key in (*range(0, self._arm.count - 1, WINDOW), self._arm.count - 1):
            arrived = [track for track in active if self._goes_on(track, key)]
            for track in new:
                self._go_back(track)
            active = self._merged(arrived, key)
            new = [Track(key, [q[None]]) for q in self._new(key)]
            self.tracks += new
            active += new
        for track in new:
            self._go_back(track)
        for target in self._beside_stubs():
            self.add(target)
        self._fill_in()

    def _fill_in(self) -> None:
        """Follow the branches of targets that no track passes but that have a solution."""
        passed, known = np.zeros(self._arm.count, dtype=np.bool_), 0
        for target in range(self._arm.count):
            for track in self.tracks[known:]:
                passed[track.first : track.first + len(track.postures)] = True
            known = len(self.tracks)
            if not passed[target] and len(self._arm.solution(target, None)):
                self.add(target)

    def _beside_stubs(self) -> list[int]:
        """Targets beside those where a track ends that has hardly begun."""
        beside = set()
        for track in self.tracks:
            last = track.first + len(track.postures) - 1
            if track.born - track.first < _STUB_LENGTH:
                beside.add(track.born - _RETRY_OFFSET)
            if last - track.born < _STUB_LENGTH:
                beside.add(track.born + _RETRY_OFFSET)
        return sorted(target for target in beside if 0 < target < self._arm.count - 1)

    def add(self, target: int) -> bool:
        """Follow the branches of one more target both ways; whether there are any that were not known."""
        passing = self._passing(target)
        new = [
            q
            for q in self._new(target)
            if not len(passing) or apart(self._joints, q, passing).min() >= _DUPLICATE
        ]
        for q in new:
            track = Track(target, [q[None]])
            key = target
            while key < self._arm.count - 1:
                key = min(WINDOW * (key // WINDOW + 1), self._arm.count - 1)
                if not self._goes_on(track, key) or self._is_known(key, track.postures[-1]):
                    break
            self._go_back(track)
            self.tracks.append(track)
        return bool(new)

    def _is_known(self, key: int, q: Array) -> bool:
        """Whether a track is known to pass a posture (n,); it is from now on."""
        known = self._known.setdefault(key, [])
        if known and apart(self._joints, q, np.array(known)).min() < _DUPLICATE:
            return True
        known.append(q)
        return False

    def _passing(self, target: int) -> Array:
        """Postures (b, n) of all tracks at a target."""
        places = [(track, target - track.first) for track in self.tracks]
        return np.array([track.postures[i] for track, i in places if 0 <= i < len(track.postures)])

    def _new(self, target: int) -> list[Array]:
        """Distinct branches (n,) of a target that no track passes there."""
        found = np.concatenate([self._arm.branches(target), self._arm.solution(target, None)])
        q, solved = self._arm.refine(np.full(len(found), target), found, self._bounds)
        known = self._known.setdefault(target, [])
        new: list[Array] = []
        for posture in q[solved]:
            others = known + new
            if not others or apart(self._joints, posture, np.array(others)).min() >= _DUPLICATE:
                new.append(posture)
        known.extend(new)
        return new

    def _goes_on(self, track: Track, key: int) -> bool:
        """Follow a track forwards to a target; whether it gets there."""
        postures = track.postures
        last = track.first + len(postures) - 1
        more = self._arm.follow(last, key - last, 1, postures[: -HISTORY - 1 : -1], self._bounds)
        track.parts.append(more)
        return len(more) == key - last

    def _merged(self, active: list[Track], key: int) -> list[Track]:
        """Tracks that arrive at a target, but those that have become another one."""
        kept: list[Track] = []
        for track in active:
            ends = track.postures[-2:]
            if not any(self._is_one(ends, other.postures[-2:]) for other in kept):
                kept.append(track)
        self._known.setdefault(key, []).extend(track.postures[-1] for track in kept)
        return kept

    def _is_one(self, ends: Array, others: Array) -> bool:
        if len(ends) != len(others):
            return False
        return all(
            apart(self._joints, *pair)[0] < _MERGED for pair in zip(ends, others[:, None], strict=True)
        )

    def _go_back(self, track: Track) -> None:
        """Follow a track backwards until it ends, or becomes one that is known.

        How it went on says how it came to where it was begun.
        """
        postures = track.postures
        if len(postures) > 2 * HISTORY:
            begun = self._arm.follow(
                track.first + HISTORY, HISTORY, -1, postures[HISTORY : 2 * HISTORY], self._bounds
            )
            postures[HISTORY - len(begun) : HISTORY] = begun[::-1]
        while track.first > 0:
            key = WINDOW * ((track.first - 1) // WINDOW)
            count = track.first - key
            more = self._arm.follow(track.first, count, -1, track.postures[:HISTORY], self._bounds)
            if len(more):
                track.parts = [more[::-1], *track.parts]
                track.first -= len(more)
            if len(more) < count:
                return
            if self._is_known(key, more[-1]):
                return

    def layers(self) -> Layers:
        """All postures, target by target."""
        tracks = [track for track in self.tracks if len(track.postures)]
        n = len(self._bounds[0])
        if not tracks:
            empty = np.zeros(self._arm.count + 1, np.int64), np.zeros((0, n))
            return Layers(*empty, np.zeros(0, np.int64), np.zeros(0), 0.0, _no_pairs(self._arm.count), _ALL)
        q = np.concatenate([track.postures for track in tracks])
        target = np.concatenate([track.first + np.arange(len(track.postures)) for track in tracks])
        last = np.cumsum([len(track.postures) for track in tracks]) - 1
        steps = np.zeros(len(q) + 1)
        steps[1:-1] = displacement(self._joints.weights, np.diff(q, axis=0))
        steps[last + 1] = 0.0
        order = np.argsort(target, kind="stable")
        place = np.empty(len(q) + 1, dtype=np.int64)
        place[order] = np.arange(len(q))
        following = place[1:].copy()
        following[last] = -1
        reach = _SWITCH_RATIO * np.maximum(steps[:-1], steps[1:]) + _SWITCH_MARGIN
        starts = np.searchsorted(target[order], np.arange(self._arm.count + 1))
        rows = lowest(self._joints, q[order]), following[order], reach[order]
        return Layers(starts.astype(np.int64), *rows, _SWITCH_COST, _no_pairs(self._arm.count), _ALL)


def _no_pairs(count: int) -> Indices:
    return np.zeros(count, dtype=np.int64)


def lowest(joints: Joints, q: Array) -> Array:
    """Postures (b, n) with the joints that turn in their lowest turn within the limits."""
    whole = np.where(joints.turns > 0.0, joints.turns, np.inf)
    low: Array = q - joints.turns * np.floor((q - joints.lower) / whole)
    return np.ascontiguousarray(low)
