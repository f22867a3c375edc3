"""The solver for the targets of one path, as `itnnr_ik.paths` uses it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.kinematics import HISTORY
from itnnr_ik.robot import ForwardModel, units_of
from itnnr_ik.solver import calls, tracking
from itnnr_ik.solver.buffers import Search, pack
from itnnr_ik.task.kernels import GOAL_SIZE, POSE

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Most candidates for the branches of a target.
_MAX_CANDIDATES = 256
#: Most postures along a curve of solutions.
_MAX_CURVE_POSTURES = 400
#: Rotation [rad] to which a translation by the arm's reach is equivalent.
_REACH_IN_RAD = 3.0


class PathTargets:
    """The compiled solver for m targets (m, …); see `itnnr_ik.paths.kinematics.Kinematics`.

    Args:
        arm, search: Of the solver.
        targets: (m, k), rows that `read_target` takes.
        memory: Of one thread.
        solve: From a target (k,) and a state (n,), or None, to the closest positions (n,).
        errors: From positions (m, n) to position errors (m,) [m] and angles (m,) [rad], None of positions.
    """

    def __init__(
        self,
        arm: ForwardModel,
        search: Search,
        targets: Array,
        memory: Array,
        solve: Callable[[Array, Array | None], Array],
        errors: Callable[[Array], tuple[Array, Array | None]],
    ) -> None:
        joints = search.problem.joints
        self.count = len(targets)
        self.joint_names, self.units = arm.joint_names, units_of(arm)
        self.lower, self.upper, self.turns, self.weights, self.middle = joints[:5]
        self._rows = tracking.n_rows(search)
        self.spare = max(0, arm.n_joints - self._rows)
        self.goals = np.empty((len(targets), GOAL_SIZE))
        self._model, self._memory, self._targets, self._solve = pack(search), memory, targets, solve
        self._errors, self.reach = errors, search.curvature
        # Of a rotation matrix, in the Frobenius norm, or else of a direction.
        self._change_per_rad = math.sqrt(2.0) if search.problem.kind == POSE else 1.0
        self._scratch = np.empty((5, max(arm.n_joints, GOAL_SIZE)))
        self._n_candidates = min(search.max_candidates, _MAX_CANDIDATES)
        self._tolerances = search.tolerance, search.orientation_tolerance
        #: Status (see `read_target`) and row of the first invalid target.
        self.status, self.row = tracking.read_many(self._model, targets, self.goals)

    def closes(self) -> bool:
        """Whether the last target is the first one, within the tolerances."""
        errors = np.abs(self.goals[-1] - self.goals[0])
        return bool((errors[:3] <= self._tolerances[0]).all() and (errors[3:] <= self._tolerances[1]).all())

    def distances(self) -> Array:
        """Distances from each target to the next (m − 1,) [rad], see `Kinematics`."""
        change = np.diff(self.goals, axis=0)
        moved = _REACH_IN_RAD * np.linalg.norm(change[:, :3], axis=1) / self.reach
        turned = np.linalg.norm(change[:, 3:], axis=1) / self._change_per_rad
        return np.asarray(np.maximum(moved, turned))

    def branches(self, target: int) -> Array:
        """Solutions (b, n) of one target."""
        count = self._n_candidates
        positions, errors = np.empty((count, len(self.lower))), np.empty((count, 2))
        calls.propose_many(
            self._model, self._targets[target], self.middle, True, positions, errors, self._memory
        )
        found: Array = positions[(errors <= self._tolerances).all(axis=1)]
        return found

    def follow(self, target: int, count: int, side: int, past: Array, bounds: Array) -> Array:
        """Solutions (c, n) for at most ``count`` targets after one (side 1) or before it (−1)."""
        known, n = min(len(past), HISTORY), len(self.lower)
        rows, postures = np.zeros((HISTORY, n)), np.empty((count, n))
        rows[:known] = past[:known]
        motion = rows[0] - rows[1] if known > 1 else np.zeros(n)
        done = tracking.follow_many(
            self._model,
            self.goals,
            target,
            side,
            bounds,
            known,
            rows,
            motion,
            postures,
            self._memory,
            self._scratch,
        )
        return postures[:done]

    def refine(
        self, targets: Indices | Array, postures: Array, bounds: Array
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Postures (b, n) refined to targets (b,), also between them, and which are solutions."""
        q, errors = np.array(postures), np.empty((len(postures), 2))
        goals = np.empty((len(postures), GOAL_SIZE))
        tracking.goals_between(self.goals, np.asarray(targets, dtype=float), goals)
        tracking.refine_many(self._model, goals, bounds, q, errors, self._memory)
        return q, _all_in_row(errors <= np.square(self._tolerances))

    def trace_self_motion(self, target: int, start: Array, spacing: float, bounds: Array) -> Array:
        """Solutions (c, n) of one target along the curve through one (n,), ``spacing`` [rad] apart."""
        postures = np.empty((_MAX_CURVE_POSTURES, len(start)))
        scratch = np.empty((2, len(start)))
        goal = self.goals[target]
        count = tracking.trace_self_motion(
            self._model, goal, bounds, start, spacing, postures, self._memory, scratch
        )
        return postures[:count]

    def closest(self, target: int, posture: Array | None) -> Array:
        """The posture (n,) that comes closest to a target."""
        return self._solve(self._targets[target], posture)

    def solution(self, target: int, posture: Array | None) -> Array:
        """The solution (1, n) of a target that is nearest to a posture, or to none; no row without one."""
        q, solved = self.refine(
            np.array([target]), self.closest(target, posture)[None], np.array([self.lower, self.upper])
        )
        return q[solved]

    def descend(self, targets: Indices, posture: Array) -> tuple[Array, Array]:
        """Postures (b, n) that come close to targets (b,), and their errors (b,) [m], see `Kinematics`."""
        postures, errors = np.empty((len(targets), len(posture))), np.empty(len(targets))
        goals = np.ascontiguousarray(self.goals[targets])
        tracking.descend_many(self._model, goals, posture.copy(), postures, errors, self._memory)
        return postures, errors

    def errors(self, postures: Array) -> tuple[Array, Array | None, NDArray[np.bool_]]:
        """Errors (m,) of postures (m, n), and which are solutions."""
        residual, angle = self._errors(postures)
        errors = np.stack([residual, np.zeros_like(residual) if angle is None else angle], axis=1)
        return residual, angle, _all_in_row(errors <= self._tolerances)

    def null_space(self, postures: Array) -> Array:
        """Bases (b, n, spare) of the joint motions that leave the tool where it is."""
        rows = np.empty((len(postures), self._rows, len(self.lower)))
        calls.jacobians_many(self._model, np.ascontiguousarray(postures), rows, self._memory)
        return np.ascontiguousarray(np.linalg.svd(rows)[2][:, self._rows :].transpose(0, 2, 1))


def _all_in_row(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows (b,) of a table (b, k) are true throughout."""
    rows: NDArray[np.bool_] = np.logical_and.reduce(found, axis=1)
    return rows
