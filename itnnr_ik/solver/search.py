"""Search for one target: which anchors are adjusted, which candidates refined, which solution wins."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from operator import sub

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.arms import Arm
from itnnr_ik.solver import scalars
from itnnr_ik.solver.redundancy import LONGEST, approach, bend
from itnnr_ik.solver.refine import closest_points, refine_many, refine_one
from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: Anchors looked up around a target.
NEIGHBOURS = 16
#: Of these, how many F adjusts at first: those nearest to the current joint positions.
TRIED = 3
#: The current state serves as an anchor for targets up to this many typical changes of F's training away.
RANGE = 4.0
#: Anchors looked up for a target that none of these solved, and for all branches.
MANY_NEIGHBOURS = 128
#: Refinement steps: an adjusted anchor needs one or two. One that needs more is given up at first.
STEPS, MANY_STEPS = 8, 50
#: Refined with many steps when nothing converged: so many candidates, and every so manyth of the anchors,
#: because two edges of the workspace may be about as near.
PERSISTENT, APART = 4, 16
#: A candidate this near [rad] to a refined solution would lead to the same one.
SAME = 0.05
#: Manipulability, as a share of reach to the power of the coordinates, below which another branch may be as
#: near as the one that the arm is on.
SINGULAR = 0.025
#: Refinement may carry a candidate this far [rad]: one that lies farther than this behind the best
#: solution cannot win. A redundant arm's can win from as much farther as `approach` may bring it nearer.
SLACK = 0.01
#: A redundant arm whose largest joint change is at most this [rad] is tracking.
TRACKING = 0.1
#: Motion that tracking may add for a better posture: a share of the change, and at most this [rad]. None
#: for a target that stands still, and not worth it below the gain [rad].
BEND_SHARE, BEND_LIMIT, BEND_GAIN = 0.3, 0.01, 1e-4


@dataclass(frozen=True)
class Searcher:
    """Finds joint positions for one target.

    ``tolerance`` [m] is what counts as converged; refinement goes on to ``precision`` [m].
    """

    arm: Arm
    inverse: TwinInverse
    tolerance: float
    precision: float

    @cached_property
    def redundant(self) -> bool:
        """The arm has more joints than the target has coordinates."""
        return self.arm.n_joints > self.arm.n_coordinates

    @cached_property
    def _corners(self) -> Array:
        """Joint positions (2^n, n) [rad] with all joints on a limit: often closest, with few anchors near."""
        return np.array(list(product(*self.arm.limits.T)))

    @cached_property
    def current_range(self) -> float:
        """How far in [m] from the tip a target may be for the current state to serve as an anchor."""
        scales = self.inverse.evaluator.spec.scales
        return RANGE * scales.typical_change if scales is not None else math.inf

    def search(self, goal: list[float], now: list[float] | None) -> tuple[list[float], float, str]:
        """Joint positions (n) [rad], residual [m] and kind of anchor for a target (m) and a state (n)."""
        followed = None if now is None else self._follow(goal, now)
        if followed is not None:
            return *followed, _anchor(True)
        anchors = self.inverse.anchors
        neighbours = anchors.nearest(goal, NEIGHBOURS)
        if now is not None:
            # Not max(axis=1), which costs twice as much for so few rows.
            distance = np.maximum.reduce(np.abs(anchors.x[neighbours] - now), axis=1)
            neighbours = neighbours[distance.argsort()]
        candidates, from_current = self.candidates(goal, neighbours[:TRIED], now)
        found = self._refine_nearest(goal, candidates.tolist(), now)
        if found is None:
            return self._search_widely(goal, now)
        joints, residual, index = found
        if now is not None:
            joints, residual = self._bend(goal, joints, residual, now)
        return joints, residual, _anchor(from_current and index == 0)

    def _follow(self, goal: list[float], now: list[float]) -> tuple[list[float], float] | None:
        """Joint positions (n) [rad] and residual [m] from the current state alone, None if that is not near.

        It is where they are so near that the neighbours would lead to the same ones, or no nearer ones on a
        redundant arm's curve of them, and the posture is not one in which branches meet: most of the time of
        a target on a path goes into finding and adjusting neighbours.
        """
        start = self._limited(now)
        tip, jacobian = self.arm.tip(start, scalars)
        if math.dist(tip, goal) > min(self.current_range, SAME * self.arm.reach):
            return None
        if scalars.manipulability(jacobian) < SINGULAR * self.arm.reach ** len(goal):
            return None
        moved = self.inverse.adjust(np.array([goal]), np.array([start]), np.array([tip]))
        joints, residual = refine_one(self.arm, self._limited(moved[0].tolist()), goal, self.precision, STEPS)
        if residual > self.tolerance or _largest_change(joints, now) > SAME:
            return None
        return self._bend(goal, joints, residual, now)

    def candidates(
        self, goal: list[float], neighbours: NDArray[np.intp], now: list[float] | None
    ) -> tuple[Array, bool]:
        """Adjusted anchors (c, n), and whether the first of them is the current state."""
        arm = self.arm
        x = self.inverse.adjust_anchors(np.array(goal), neighbours)
        from_current = False
        if now is not None:
            x_now = self._limited(now)
            tip, _ = arm.tip(x_now, scalars)
            from_current = math.dist(tip, goal) <= self.current_range
            if from_current:
                moved = self.inverse.adjust(np.array([goal]), np.array([x_now]), np.array([tip]))
                x = np.concatenate([moved, x])
        return x, from_current

    def refined(
        self, goal: list[float], neighbours: NDArray[np.intp], now: list[float] | None, max_steps: int
    ) -> tuple[Array, Array, bool]:
        """`candidates` refined: positions (c, n), residuals (c,), and if the first is the current state's."""
        candidates, from_current = self.candidates(goal, neighbours, now)
        candidates = np.clip(candidates, self.arm.lower, self.arm.upper)
        goals = np.broadcast_to(goal, (len(candidates), len(goal)))
        return *refine_many(self.arm, candidates, goals, self.precision, max_steps), from_current

    def _refine_nearest(
        self, goal: list[float], candidates: list[list[float]], now: list[float] | None
    ) -> tuple[list[float], float, int] | None:
        """The converged candidate nearest to the current state, or the first that converges without one."""
        distance = [0.0] * len(candidates)
        order: Iterable[int] = range(len(candidates))
        if now is not None:
            distance = [_largest_change(candidate, now) for candidate in candidates]
            order = sorted(order, key=distance.__getitem__)
        best: tuple[list[float], float, int] | None = None
        best_distance = math.inf
        refined: list[list[float]] = []
        nearer = LONGEST if self.redundant else 0.0
        for index in order:
            if distance[index] > best_distance + nearer + SLACK:
                break
            start = self._limited(candidates[index])
            if any(_largest_change(start, other) < SAME for other in refined):
                continue
            if now is not None and self.redundant and distance[index] > TRACKING:
                start = approach(self.arm, start, now, scalars)
                if _largest_change(start, now) > best_distance + SLACK:
                    continue
            joints, residual = refine_one(self.arm, start, goal, self.precision, STEPS)
            refined.append(joints)
            if residual > self.tolerance:
                continue
            if now is None:
                return joints, residual, index
            change = _largest_change(joints, now)
            if change < best_distance:
                best, best_distance = (joints, residual, index), change
        return best

    def _limited(self, joints: list[float]) -> list[float]:
        arm = self.arm
        return [min(max(q, low), high) for q, low, high in zip(joints, arm.lower, arm.upper, strict=True)]

    def _bend(
        self, goal: list[float], joints: list[float], residual: float, now: list[float]
    ) -> tuple[list[float], float]:
        """A better bent solution, where a redundant arm that tracks has a little motion to spend on it."""
        if not self.redundant:
            return joints, residual
        change = _largest_change(joints, now)
        extra = min(BEND_SHARE * change, BEND_LIMIT)
        if change > TRACKING or extra < BEND_GAIN:
            return joints, residual
        start = bend(self.arm, joints, now, change + extra, scalars)
        trial, trial_residual = refine_one(self.arm, start, goal, self.precision, STEPS)
        if trial_residual <= self.tolerance and _largest_change(trial, now) <= change + 1.1 * extra:
            return trial, trial_residual
        return joints, residual

    def _search_widely(self, goal: list[float], now: list[float] | None) -> tuple[list[float], float, str]:
        """Many anchors, then many steps: targets near the edge of the workspace, and those beyond it."""
        anchors = self.inverse.anchors
        neighbours = anchors.nearest(goal, MANY_NEIGHBOURS)
        x, residual, from_current = self.refined(goal, neighbours, now, STEPS)
        if residual.min() > self.tolerance:
            # Out of reach, F has nothing to go by: known postures are the better starts.
            best = np.argsort(residual, kind="stable")[:PERSISTENT]
            starts = np.concatenate([x[best], anchors.x[neighbours[::APART]], self._corners])
            x, residual = closest_points(self.arm, starts, goal, self.precision, MANY_STEPS)
            from_current = from_current and best[0] == 0
        change = np.zeros(len(x)) if now is None else np.abs(x - now).max(axis=1)
        # What is as good as the best within the tolerance is judged by the joint change alone.
        least = float(residual.min())
        enough = self.tolerance if least <= self.tolerance else least + self.tolerance
        change = np.where(residual <= enough, change, np.inf)
        chosen = int(np.argmin(change))
        return x[chosen].tolist(), float(residual[chosen]), _anchor(from_current and chosen == 0)


def _anchor(current: bool) -> str:
    return "current" if current else "neighbour"


def _largest_change(a: list[float], b: list[float]) -> float:
    change: float = max(map(abs, map(sub, a, b)))
    return change
