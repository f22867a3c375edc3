"""The whole path: the candidates of all targets joined to one motion of the joints, and why where not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.graph import Joints, Layers, copies_within, sweep, trace
from itnnr_ik.paths.kinematics import Kinematics, displacement
from itnnr_ik.paths.solution import Stretch
from itnnr_ik.paths.tracks import apart

Array = NDArray[np.float64]

_ROUNDING = 1.0 + 1e-9
#: Largest joint change [rad] from the end of a closed path to its beginning.
CLOSURE_TOLERANCE = 1e-6
#: Of more first postures of a closed path than this, so many are tried, evenly chosen, to twice as many.
_MAX_STARTS = 16


class Request(NamedTuple):
    """What a path begins and ends with.

    Attributes:
        current: State (n,) before it; None for none.
        closed: It ends as it begins, where that can be.
        near: Largest joint change [rad] from the end of a closed path to its beginning.
    """

    current: Array | None = None
    closed: bool = False
    near: float = CLOSURE_TOLERANCE


class Planner:
    """Joins postures layer by layer."""

    def __init__(self, arm: Kinematics, joints: Joints, layers: Layers) -> None:
        self._arm, self._joints, self._layers = arm, joints, layers
        self._copies = int(joints.copies.prod())
        self._came = np.empty((len(layers.q), self._copies), dtype=np.int32)
        widest = int(np.diff(layers.starts).max())
        self._costs = np.empty((2, widest, self._copies))

    def join(
        self, current: Array | None, closed: bool = False, near: float = CLOSURE_TOLERANCE
    ) -> list[Stretch]:
        """The longest stretches that can be joined, each as `shortest` has it.

        Each goes as far as any path does from where it begins, so there are as few as can be. A ``closed``
        path ends as it begins, where that can be.
        """
        if closed and (around := self._around(current, near)) is not None:
            return [Stretch(0, around)]
        stretches: list[Stretch] = []
        first, count = 0, len(self._layers.starts) - 1
        while first < count:
            now = stretches[-1].positions[-1] if stretches else current
            positions = self.shortest(first, now)
            if positions is not None:
                stretches.append(Stretch(first, positions))
            first += 1 if positions is None else len(positions)
        return stretches

    def _around(self, now: Array | None, near: float) -> Array | None:
        """Joint positions (m, n) that end as they begin, with the smallest largest step; None for none."""
        joints, starts = self._joints, self._layers.starts
        count = len(starts) - 1
        nodes, ends = self._layers.q[: starts[1]], self._layers.q[starts[-2] :]
        best, least = None, (np.inf, np.inf)
        for node in range(0, len(nodes), max(1, len(nodes) // _MAX_STARTS)):
            q = nodes[node]
            allowed = apart(joints, q, ends) < near if len(ends) else np.zeros(0, np.bool_)
            positions = self.shortest(0, now, node, allowed)
            if positions is None or len(positions) < count:
                continue
            if displacement(joints.weights, positions[-1] - positions[0]) > near:
                continue
            steps = displacement(joints.weights, np.diff(positions, axis=0))
            away = 0.0 if now is None else float(displacement(joints.weights, positions[0] - now))
            cost = (float(steps.max()) + away, float(steps.sum()))
            if cost < least:
                best, least = positions, cost
        if best is not None and near == CLOSURE_TOLERANCE:
            best[-1] = best[0]
        return best

    def shortest(
        self,
        first: int,
        now: Array | None,
        node: int | None = None,
        ends: NDArray[np.bool_] | None = None,
    ) -> Array | None:
        """Joint positions (L, n) from a target on, as far as it goes; None where no posture is known.

        With the smallest largest step, then the smallest sum. A state ``now`` (n,) counts as the posture
        before: only what is more than the least step from it may be the largest. The first posture can be
        given, and which of the last target's (b,) may be the last.
        """
        starts, nodes = self._layers.starts, self._layers.q[slice(*self._layers.starts[first : first + 2])]
        inside = np.empty((len(nodes), self._copies), dtype=np.bool_)
        copies_within(self._joints, nodes, inside)
        if node is not None:
            inside[np.arange(len(nodes)) != node] = False
        if not inside.any():
            return None
        away = np.where(inside, self._changes(nodes, now), np.inf)
        begin = np.where(inside, 0.0, np.inf) if now is None else away - away.min()
        last = self._sweep(first, begin, np.inf, by_sum=False)
        size = int(starts[last + 1] - starts[last])
        if ends is not None:
            if last < len(starts) - 2 or not np.isfinite(self._costs[0, :size][ends]).any():
                return None
            self._costs[0, :size][~ends] = np.inf
        most = float(self._costs[0, :size].min()) * _ROUNDING
        self._sweep(first, np.where(begin <= most, away, np.inf), most, by_sum=True)
        if ends is not None:
            self._costs[0, :size][~ends] = np.inf
        chosen, code = np.unravel_index(int(self._costs[0, :size].argmin()), (size, self._copies))
        positions = np.empty((last - first + 1, nodes.shape[1]))
        end = int(starts[last] + chosen)
        trace(self._joints, self._layers, first, last, end, int(code), self._came, positions)
        return self._unwound(positions, now)

    def _sweep(self, first: int, begin: Array, most: float, by_sum: bool) -> int:
        arrays = begin, most, by_sum, self._came, self._costs
        return int(sweep(self._joints, self._layers, first, *arrays))

    def _changes(self, q: Array, now: Array | None) -> Array:
        """Largest joint change (b, C) [rad] to copies of postures from a state, or the limits' middle."""
        joints = self._joints
        codes = np.unravel_index(np.arange(self._copies), tuple(joints.copies))
        difference = q[:, None] + joints.turns * np.stack(codes, axis=1)
        difference -= self._arm.middle if now is None else now
        whole = np.where(joints.free, joints.turns, np.inf)
        difference -= np.where(joints.free, joints.turns, 0.0) * np.round(difference / whole)
        return displacement(joints.weights, difference)

    def _unwound(self, positions: Array, now: Array | None) -> Array:
        """Positions (L, n) with joints without limits turned the short way from one to the next."""
        for i in np.flatnonzero(self._joints.free):
            start = positions[0, i] if now is None else now[i]
            steps = np.diff(positions[:, i], prepend=start)
            turn = self._joints.turns[i]
            positions[:, i] -= turn * np.cumsum(np.round(steps / turn))
        return positions
