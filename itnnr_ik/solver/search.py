"""Search for one target: which anchors are adjusted, which candidates refined, which solution wins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.arms import Arm
from itnnr_ik.solver import scalars
from itnnr_ik.solver.refine import refine_many, refine_one
from itnnr_ik.solver.slide import slide
from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: Anchors looked up around a target; those near the current joint positions are tried first.
NEIGHBOURS = 32
#: Of these, how many F adjusts at first, besides the current state.
TRIED = 6
#: Anchors looked up for a target that none of these solved, and for all branches.
MANY_NEIGHBOURS = 128
#: Refinement steps: an adjusted anchor needs one or two. One that needs more is given up at first.
STEPS, MANY_STEPS = 8, 100
#: Candidates refined with many steps when nothing converged.
PERSISTENT = 16
#: A candidate this near [rad] to a refined solution would lead to the same one.
SAME = 0.05
#: Refinement may carry a candidate this far [rad]: one that lies farther than this behind the best
#: solution cannot win.
SLACK = 0.1
#: Slides of a redundant arm towards the current state, and the gain [rad] that is worth another.
SLIDES, SLIDE_GAIN = 4, 1e-3


@dataclass(frozen=True)
class Searcher:
    """Finds joint positions for one target.

    ``tolerance`` [m] is what counts as converged; refinement goes on to ``precision`` [m].
    """

    arm: Arm
    inverse: TwinInverse
    tolerance: float
    precision: float

    def search(self, goal: Array, now: Array | None) -> tuple[Array, float, str]:
        """Joint positions (n,) [rad], residual [m] and kind of anchor for a target (m,) and a state (n,)."""
        anchors = self.inverse.anchors
        count = min(NEIGHBOURS, len(anchors))
        neighbours = anchors.nearest(goal, count)
        if now is not None:
            distance = np.abs(anchors.x[neighbours] - now).max(axis=1)
            neighbours = neighbours[np.argsort(distance, kind="stable")]
        candidates = self.candidates(goal, neighbours[:TRIED], now)
        found = self._refine_nearest(goal, candidates, now)
        if found is None:
            return self._search_widely(goal, now)
        joints, residual, index = found
        if now is not None and self.arm.n_joints > self.arm.n_coordinates:
            joints, residual = self._slide(goal, joints, residual, now)
        anchor = "current" if now is not None and index == 0 else "neighbour"
        return np.array(joints), residual, anchor

    def candidates(self, goal: Array, neighbours: NDArray[np.intp], now: Array | None) -> Array:
        """Adjusted anchors (c, n) within the limits: the current state first, where there is one."""
        anchors = self.inverse.anchors
        x_anchor, y_anchor = anchors.x[neighbours], anchors.y[neighbours]
        if now is not None:
            x_now = np.clip(now, self.arm.lower, self.arm.upper)
            tip, _ = self.arm.tip(x_now.tolist(), scalars)
            x_anchor = np.concatenate([x_now[None], x_anchor])
            y_anchor = np.concatenate([[tip], y_anchor])
        x = self.inverse.adjust(np.broadcast_to(goal, y_anchor.shape), x_anchor, y_anchor)
        return np.clip(x, self.arm.lower, self.arm.upper)

    def _refine_nearest(
        self, goal: Array, candidates: Array, now: Array | None
    ) -> tuple[list[float], float, int] | None:
        """The converged candidate nearest to the current state, or the first that converges without one."""
        order = range(len(candidates))
        distance: list[float] = [0.0] * len(candidates)
        if now is not None:
            distance = np.abs(candidates - now).max(axis=1).tolist()
            order = sorted(order, key=distance.__getitem__)
        target, state = goal.tolist(), None if now is None else now.tolist()
        rows = candidates.tolist()
        best: tuple[list[float], float, int] | None = None
        best_distance = np.inf
        refined: list[list[float]] = []
        for index in order:
            if distance[index] > best_distance + SLACK:
                break
            if any(_largest_change(rows[index], other) < SAME for other in refined):
                continue
            joints, residual = refine_one(self.arm, rows[index], target, self.precision, STEPS)
            if residual > self.tolerance:
                continue
            if state is None:
                return joints, residual, index
            refined.append(joints)
            change = _largest_change(joints, state)
            if change < best_distance:
                best, best_distance = (joints, residual, index), change
        return best

    def _slide(
        self, goal: Array, joints: list[float], residual: float, now: Array
    ) -> tuple[list[float], float]:
        """Use redundancy to come nearer to the current state with the tip where it is."""
        target, state = goal.tolist(), now.tolist()
        change = _largest_change(joints, state)
        for _ in range(SLIDES):
            trial, trial_residual = refine_one(
                self.arm, slide(self.arm, joints, state, scalars), target, self.precision, STEPS
            )
            trial_change = _largest_change(trial, state)
            if trial_residual > self.tolerance or trial_change > change - SLIDE_GAIN:
                break
            joints, residual, change = trial, trial_residual, trial_change
        return joints, residual

    def _search_widely(self, goal: Array, now: Array | None) -> tuple[Array, float, str]:
        """Many anchors and many steps: targets near the edge of the workspace, and those beyond it."""
        anchors = self.inverse.anchors
        neighbours = anchors.nearest(goal, min(MANY_NEIGHBOURS, len(anchors)))
        candidates = self.candidates(goal, neighbours, now)
        goals = np.broadcast_to(goal, (len(candidates), len(goal)))
        x, residual = refine_many(self.arm, candidates, goals, self.precision, STEPS)
        kept = np.arange(len(x))
        if residual.min() > self.tolerance:
            kept = np.argsort(residual, kind="stable")[:PERSISTENT]
            x, residual = refine_many(self.arm, x[kept], goals[: len(kept)], self.precision, MANY_STEPS)
        change = np.zeros(len(x)) if now is None else np.abs(x - now).max(axis=1)
        # What is as good as the best within the tolerance is judged by the joint change alone.
        change = np.where(residual <= max(self.tolerance, residual.min() + self.tolerance), change, np.inf)
        best = int(np.argmin(change))
        anchor = "current" if now is not None and kept[best] == 0 else "neighbour"
        return x[best], float(residual[best]), anchor


def _largest_change(a: list[float], b: list[float]) -> float:
    return max(map(abs, map(float.__sub__, a, b)))
