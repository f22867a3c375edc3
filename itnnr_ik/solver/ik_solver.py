"""`IKSolver`: an arm and a trained twin network, from targets to joint positions."""

from __future__ import annotations

import math
from dataclasses import replace
from operator import sub
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.arms import Arm
from itnnr_ik.solver.batch import search_batch
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.solver.model import load_model
from itnnr_ik.solver.search import MANY_NEIGHBOURS, NEIGHBOURS, STEPS, Searcher
from itnnr_ik.solver.solution import Solution, Solutions
from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: Refinement goes on to this share of the tolerance.
_PRECISION = 0.5
#: Targets so many times as far from the frame's origin as the tip gets are solved for the point at that
#: distance.
_FAR = 100.0
#: Solutions that differ by less [rad] in every joint count as one; a redundant arm's solutions form curves,
#: which are sampled at the larger distance.
_DISTINCT, _DISTINCT_REDUNDANT = 1e-4, 0.1


class IKSolver:
    """Inverse kinematics by ITNNR: adjust anchors near the target, keep what forward kinematics confirms.

    A solve takes the current state and the known postures with their tips near the target as anchors,
    lets F adjust them in one pass (equation 6), refines with the exact Jacobian within the joint limits,
    and returns the solution with the smallest largest-joint change among those within ``tolerance``. A
    target near the tip is followed from the current state alone.
    Same model and same input give the same bits.

    Args:
        arm: Kinematics, limits and names.
        inverse: The trained network with its anchors.
        tolerance: Residual in [m] up to which a solution counts as converged.
        metadata: What is recorded about the model.
        coverage: Where a learned arm's forward function counts; None for an arm of known kinematics.

    Raises:
        ValueError: The network was trained for other dimensions, it has too few anchors, or the tolerance
            is not positive.
    """

    def __init__(
        self,
        arm: Arm,
        inverse: TwinInverse,
        tolerance: float = 1e-6,
        metadata: dict[str, Any] | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        if not (math.isfinite(tolerance) and tolerance > 0.0):
            raise ValueError(f"tolerance must be positive and finite in m, got {tolerance}")
        spec = inverse.evaluator.spec
        if (spec.n_x, spec.n_y) != (arm.n_joints, arm.n_coordinates):
            raise ValueError(
                f"{arm.name} has {arm.n_joints} joints and {arm.n_coordinates} target coordinates, "
                f"the network was trained for {spec.n_x} and {spec.n_y}"
            )
        if len(inverse.anchors) < MANY_NEIGHBOURS:
            raise ValueError(f"expected at least {MANY_NEIGHBOURS} anchors, got {len(inverse.anchors)}")
        self.arm = arm
        self.tolerance = float(tolerance)
        self.metadata = metadata or {}
        self.coverage = coverage
        self._searcher = Searcher(arm, inverse, self.tolerance, _PRECISION * self.tolerance)

    @classmethod
    def load(cls, model: str | PathLike[str], tolerance: float = 1e-6) -> IKSolver:
        """A solver for a packaged arm (``two_link``, ``three_link``, ``yaw_pitch_pitch``) or a model folder.

        Raises:
            ValueError: No such model, or its files are damaged or foreign; the message says what is wrong.
        """
        arm, inverse, metadata, coverage = load_model(model)
        return cls(arm, inverse, tolerance, metadata, coverage)

    def with_tolerance(self, tolerance: float) -> IKSolver:
        """This solver with another tolerance in [m]; the model is shared.

        Raises:
            ValueError: The tolerance is not positive.
        """
        return IKSolver(self.arm, self._searcher.inverse, tolerance, self.metadata, self.coverage)

    def proposals(self, target: ArrayLike, current: ArrayLike | None = None) -> tuple[Array, Array]:
        """What the twin network proposes for ``target`` (m,), before refinement (Algorithm 2).

        Returns:
            Adjusted anchors (c, n) [rad] within the limits, that of ``current`` (n,) first where it serves
            as an anchor, and their residuals (c,) [m].

        Raises:
            ValueError: A shape is wrong or a value is not finite.
        """
        goal = self._bring_near(_vector(target, self.arm.n_coordinates, "a target", "m"))
        now = None if current is None else self._state(current)
        neighbours = self._searcher.inverse.anchors.nearest(goal, NEIGHBOURS)
        candidates, _ = self._searcher.candidates(goal, neighbours, now)
        positions = np.clip(candidates, self.arm.lower, self.arm.upper)
        return positions, self._residual(positions, np.array(goal))

    def solve(self, target: ArrayLike, current: ArrayLike | None = None) -> Solution:
        """Joint positions that bring the tip to ``target``.

        Args:
            target: Tip coordinates (m,) in [m] in the base frame.
            current: Joint positions (n,) in [rad] of the arm now. With it, the solution nearest to it in
                the largest joint change is returned; without, one near the known posture whose tip is
                nearest to the target.

        Returns:
            The solution; for an unreachable target the closest point that was found within the limits,
            with ``converged=False``. Of a learned arm, a covered solution where one is found, and else one
            with ``covered=False``.

        Raises:
            ValueError: A shape is wrong or a value is not finite.
        """
        goal = _vector(target, self.arm.n_coordinates, "a target", "m")
        now = None if current is None else self._state(current)
        near = self._bring_near(goal)
        joints, residual, anchor = self._searcher.search(near, now)
        positions = np.array(joints)
        if near is not goal:
            residual = float(self._residual(positions, np.array(goal)))
        displacement = None if now is None else max(map(abs, map(sub, joints, now)))
        solution = Solution(positions, residual, residual <= self.tolerance, displacement, anchor)
        return solution if self.coverage is None else self._covered(solution, goal, now)

    def solve_batch(self, targets: ArrayLike, current: ArrayLike | None = None) -> Solutions:
        """`solve` for targets (b, m) in [m] and current states (b, n) in [rad], vectorised.

        Raises:
            ValueError: A shape is wrong or a value is not finite.
        """
        goals = _rows(targets, None, self.arm.n_coordinates, "targets", "m")
        now = None
        if current is not None:
            now = _rows(current, len(goals), self.arm.n_joints, "current joint positions", "rad")
        far = np.abs(goals).max(axis=1, initial=0.0) > _FAR * self.arm.farthest
        near = goals
        if far.any():
            near = goals.copy()
            near[far] = [self._bring_near(goal) for goal in goals[far].tolist()]
        positions, residual, from_current = search_batch(self._searcher, near, now)
        residual[far] = self._residual(positions[far], goals[far])
        displacement = None if now is None else np.abs(positions - now).max(axis=1, initial=0.0)
        anchor = np.where(from_current, "current", "neighbour")
        solutions = Solutions(positions, residual, residual <= self.tolerance, displacement, anchor)
        return solutions if self.coverage is None else self._all_covered(solutions, goals, now)

    def branches(self, target: ArrayLike, current: ArrayLike | None = None) -> list[Solution]:
        """Every distinct solution found for ``target`` (m,), nearest to ``current`` (n,) first.

        Without a current state, nearest to the middle of the joint limits first. An arm with more joints
        than target coordinates has curves of solutions; they are sampled at 0.1 rad.

        Returns:
            Converged solutions; an empty list for an unreachable target.

        Raises:
            ValueError: A shape is wrong or a value is not finite.
        """
        near = self._bring_near(_vector(target, self.arm.n_coordinates, "a target", "m"))
        now = None if current is None else self._state(current)
        searcher = self._searcher
        neighbours = searcher.inverse.anchors.nearest(near, MANY_NEIGHBOURS)
        positions, residual, from_current = searcher.refined(near, neighbours, now, 2 * STEPS)
        reference = self.arm.limits.mean(axis=0) if now is None else now
        change = np.abs(positions - reference).max(axis=1)
        apart = _DISTINCT_REDUNDANT if searcher.redundant else _DISTINCT
        found: list[Solution] = []
        for i in np.argsort(change, kind="stable"):
            if residual[i] > self.tolerance:
                continue
            if all(np.abs(positions[i] - other.positions).max() > apart for other in found):
                anchor = "current" if from_current and i == 0 else "neighbour"
                displacement = None if now is None else float(change[i])
                covered = None if self.coverage is None else bool(self.coverage.covers(positions[i]))
                found.append(Solution(positions[i], float(residual[i]), True, displacement, anchor, covered))
        return found

    def _covered(self, solution: Solution, goal: list[float], now: list[float] | None) -> Solution:
        """A learned arm's solution with ``covered``: another branch's, where only that is covered."""
        assert self.coverage is not None
        if self.coverage.covers(solution.positions):
            return replace(solution, covered=True)
        if solution.converged:
            for other in self.branches(goal, now):
                if other.covered:
                    return other
        return replace(solution, covered=False)

    def _all_covered(self, solutions: Solutions, goals: Array, now: Array | None) -> Solutions:
        """`_covered` for all targets (b, m) of a batch."""
        assert self.coverage is not None
        covered = self.coverage.covers(solutions.positions)
        for i in np.flatnonzero(~covered & solutions.converged).tolist():
            state = None if now is None else now[i].tolist()
            other = self._covered(solutions[i], goals[i].tolist(), state)
            if other.covered:
                covered[i] = True
                solutions.positions[i], solutions.residual[i] = other.positions, other.residual
                solutions.anchor[i] = other.anchor
                if solutions.displacement is not None:
                    solutions.displacement[i] = other.displacement
        return replace(solutions, covered=covered)

    def _state(self, current: ArrayLike) -> list[float]:
        return _vector(current, self.arm.n_joints, "current joint positions", "rad")

    def _bring_near(self, goal: list[float]) -> list[float]:
        """A target beyond any use brought to a distance where squares do not overflow; direction kept."""
        far, largest = _FAR * self.arm.farthest, max(map(abs, goal))
        return goal if largest <= far else [g / largest * far for g in goal]

    def _residual(self, positions: Array, targets: Array) -> Array:
        # Scaled, so that the square of a huge distance does not overflow.
        error = np.abs(self.arm.forward(positions) - targets)
        largest = np.maximum(error.max(axis=-1, keepdims=True, initial=0.0), np.finfo(float).tiny)
        residual: Array = largest[..., 0] * np.linalg.norm(error / largest, axis=-1)
        return residual


def _vector(values: ArrayLike, size: int, what: str, unit: str) -> list[float]:
    array = _floats(values, what, unit)
    if array.shape != (size,):
        raise ValueError(f"expected {what} of shape ({size},) in {unit}, got shape {array.shape}")
    numbers: list[float] = array.tolist()
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"expected {what} of finite numbers in {unit}, got {numbers}")
    return numbers


def _rows(values: ArrayLike, count: int | None, size: int, what: str, unit: str) -> Array:
    array = _floats(values, what, unit)
    if array.ndim != 2 or array.shape[1] != size or count not in (None, len(array)):
        expected = f"({'b' if count is None else count}, {size})"
        raise ValueError(f"expected {what} of shape {expected} in {unit}, got shape {array.shape}")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"expected {what} of finite numbers in {unit}, got {array[row].tolist()} in row {row}"
        )
    return array


def _floats(values: ArrayLike, what: str, unit: str) -> Array:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected {what} of numbers in {unit}, got {values!r}") from error
