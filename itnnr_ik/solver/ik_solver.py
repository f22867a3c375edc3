"""`IKSolver`: an arm and a trained twin network, from targets to joint positions."""

from __future__ import annotations

import math
from operator import sub
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.arms import Arm
from itnnr_ik.solver.batch import search_batch
from itnnr_ik.solver.model import load_model
from itnnr_ik.solver.refine import refine_many
from itnnr_ik.solver.search import MANY_NEIGHBOURS, STEPS, Searcher
from itnnr_ik.solver.solution import Solution, Solutions
from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: Refinement goes on to this share of the tolerance.
_PRECISION = 0.1
#: Targets farther than this many reaches from the base are solved for the point at that distance.
_FAR = 100.0
#: Solutions that differ by less [rad] in every joint count as one; a redundant arm's solutions form curves,
#: which are sampled at the larger distance.
_DISTINCT, _DISTINCT_REDUNDANT = 1e-4, 0.1


class IKSolver:
    """Inverse kinematics by ITNNR: adjust anchors near the target, keep what forward kinematics confirms.

    A solve takes the current state and the known postures with their tips near the target as anchors,
    lets F adjust them in one pass (equation 6), refines with the exact Jacobian within the joint limits,
    and returns the solution with the smallest largest-joint change among those within ``tolerance``.
    Same model and same input give the same bits.

    Args:
        arm: Kinematics, limits and names.
        inverse: The trained network with its anchors.
        tolerance: Residual in [m] up to which a solution counts as converged.
        metadata: What is recorded about the model.

    Raises:
        ValueError: The network was trained for other dimensions, or the tolerance is not positive.
    """

    def __init__(
        self, arm: Arm, inverse: TwinInverse, tolerance: float = 1e-6, metadata: dict[str, Any] | None = None
    ) -> None:
        if not (math.isfinite(tolerance) and tolerance > 0.0):
            raise ValueError(f"tolerance must be positive and finite in m, got {tolerance}")
        spec = inverse.evaluator.spec
        if (spec.n_x, spec.n_y) != (arm.n_joints, arm.n_coordinates):
            raise ValueError(
                f"{arm.name} has {arm.n_joints} joints and {arm.n_coordinates} target coordinates, "
                f"the network was trained for {spec.n_x} and {spec.n_y}"
            )
        self.arm = arm
        self.tolerance = float(tolerance)
        self.metadata = metadata or {}
        self._searcher = Searcher(arm, inverse, self.tolerance, _PRECISION * self.tolerance)

    @classmethod
    def load(cls, model: str | PathLike[str], tolerance: float = 1e-6) -> IKSolver:
        """A solver for a packaged arm (``two_link``, ``three_link``, ``yaw_pitch_pitch``) or a model folder.

        Raises:
            ValueError: No such model, or its files are damaged or foreign; the message says what is wrong.
        """
        arm, inverse, metadata = load_model(model)
        return cls(arm, inverse, tolerance, metadata)

    def solve(self, target: ArrayLike, current: ArrayLike | None = None) -> Solution:
        """Joint positions that bring the tip to ``target``.

        Args:
            target: Tip coordinates (m,) in [m] in the base frame.
            current: Joint positions (n,) in [rad] of the arm now. With it, the solution nearest to it in
                the largest joint change is returned; without, one near the known posture whose tip is
                nearest to the target.

        Returns:
            The solution; for an unreachable target the closest point that was found within the limits,
            with ``converged=False``.

        Raises:
            ValueError: A shape is wrong or a value is not finite.
        """
        goal = self._targets(target, batched=False)
        now = None if current is None else self._states(current, (self.arm.n_joints,)).tolist()
        near = self._bring_near(goal)
        joints, residual, anchor = self._searcher.search(near.tolist(), now)
        positions = np.array(joints)
        if near is not goal:
            residual = float(self._residual(positions, goal))
        displacement = None if now is None else max(map(abs, map(sub, joints, now)))
        return Solution(positions, residual, residual <= self.tolerance, displacement, anchor)

    def solve_batch(self, targets: ArrayLike, current: ArrayLike | None = None) -> Solutions:
        """`solve` for targets (b, m) in [m] and current states (b, n) in [rad], vectorised.

        Raises:
            ValueError: A shape is wrong or a value is not finite.
        """
        goals = self._targets(targets, batched=True)
        now = None if current is None else self._states(current, (len(goals), self.arm.n_joints))
        near = self._bring_near(goals)
        positions, residual, from_current = search_batch(self._searcher, near, now)
        if near is not goals:
            residual = self._residual(positions, goals)
        displacement = None if now is None else np.abs(positions - now).max(axis=1, initial=0.0)
        anchor = np.where(from_current, "current", "neighbour")
        return Solutions(positions, residual, residual <= self.tolerance, displacement, anchor)

    def branches(self, target: ArrayLike, current: ArrayLike | None = None) -> list[Solution]:
        """Every distinct solution found for ``target`` (m,), nearest to ``current`` (n,) first.

        Without a current state, nearest to the middle of the joint limits first. An arm with more joints
        than target coordinates has curves of solutions; they are sampled at 0.1 rad.

        Returns:
            Converged solutions; an empty list for an unreachable target.

        Raises:
            ValueError: A shape is wrong or a value is not finite.
        """
        goal = self._targets(target, batched=False)
        now = None if current is None else self._states(current, (self.arm.n_joints,))
        searcher = self._searcher
        anchors = searcher.inverse.anchors
        near = self._bring_near(goal)
        neighbours = anchors.nearest(near, min(MANY_NEIGHBOURS, len(anchors)))
        state = None if now is None else now.tolist()
        candidates, from_current = searcher.candidates(near.tolist(), neighbours, state)
        goals = np.broadcast_to(near, (len(candidates), len(near)))
        positions, residual = refine_many(self.arm, candidates, goals, searcher.precision, 2 * STEPS)
        reference = self.arm.limits.mean(axis=0) if now is None else now
        change = np.abs(positions - reference).max(axis=1)
        redundant = self.arm.n_joints > self.arm.n_coordinates
        apart = _DISTINCT_REDUNDANT if redundant else _DISTINCT
        found: list[Solution] = []
        for i in np.argsort(change, kind="stable"):
            if residual[i] > self.tolerance:
                continue
            if all(np.abs(positions[i] - other.positions).max() > apart for other in found):
                anchor = "current" if from_current and i == 0 else "neighbour"
                displacement = None if now is None else float(change[i])
                found.append(Solution(positions[i], float(residual[i]), True, displacement, anchor))
        return found

    def _targets(self, target: ArrayLike, batched: bool) -> Array:
        m = self.arm.n_coordinates
        values = _floats(target, "target")
        if values.ndim != 1 + batched or values.shape[-1] != m:
            expected = f"(b, {m})" if batched else f"({m},)"
            raise ValueError(f"expected a target of shape {expected} in m, got shape {values.shape}")
        return values

    def _states(self, current: ArrayLike, shape: tuple[int, ...]) -> Array:
        values = _floats(current, "current joint positions")
        if values.shape != shape:
            raise ValueError(f"expected current joint positions of shape {shape} in rad, got {values.shape}")
        return values

    def _bring_near(self, targets: Array) -> Array:
        """Targets beyond any use brought to a distance where squares do not overflow; direction kept."""
        far = _FAR * self.arm.reach
        if max(targets.max(initial=0.0), -targets.min(initial=0.0)) <= far:
            return targets
        largest = np.maximum(np.abs(targets).max(axis=-1, keepdims=True), far)
        near: Array = targets / largest * far
        return near

    def _residual(self, positions: Array, targets: Array) -> Array:
        # Scaled, so that the square of a huge distance does not overflow.
        error = np.abs(self.arm.forward(positions) - targets)
        largest = np.maximum(error.max(axis=-1, keepdims=True, initial=0.0), np.finfo(float).tiny)
        residual: Array = largest[..., 0] * np.linalg.norm(error / largest, axis=-1)
        return residual


def _floats(values: ArrayLike, what: str) -> Array:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers as {what}, got {values!r}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"expected finite numbers as {what}, got {array.tolist()}")
    return array
