"""Clouds of points: what an arm reaches in a slice, and how far a network's answers may be off."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.anchors import PLAIN
from itnnr_ik.solver.assembly import choose_layout
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.targets.postures import dexterity
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.uncertainty import uncertainty

Array = NDArray[np.float64]

#: Random postures whose tools make a slice, how thick it is and how many points it has at most; the
#: thickness as a share of the reach.
_POSTURES, _THICKNESS, _MOST = 150_000, 0.012, 8_000
#: Targets around the present one whose uncertainty is shown, within this share of the reach.
_TARGETS, _AROUND = 1_500, 0.25


class ReachCloud:
    """Where the tool gets to, from random postures, cut by a plane.

    Args:
        solver: The arm.
    """

    def __init__(self, solver: IKSolver) -> None:
        self._solver = solver
        self._postures = solver.arm.sample(_POSTURES, np.random.default_rng(0))
        self._points = solver.point_at(self._postures)

    def slice(self, target: ArrayLike) -> tuple[Array, Array]:
        """Points (p, 3) in [m] near the upright plane through the base's z and a target's point (3,).

        Of a planar arm, those of its plane.

        Returns:
            The points, and how dexterous the arm is there (p,): the smallest singular value of the task's
            Jacobian.
        """
        point = np.asarray(target, dtype=float)
        chosen = np.arange(len(self._points))
        if not self._solver.task.planar:
            azimuth = np.arctan2(point[1], point[0])
            normal = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
            away = np.abs(self._points @ normal)
            chosen = np.flatnonzero(away < _THICKNESS * (self._solver.arm.reach or 1.0))
        chosen = chosen[:_MOST]
        return self._points[chosen], dexterity(self._solver, self._postures[chosen])


class UncertaintyCloud:
    """How far off a network expects its own answers to be, before refinement, around a target.

    Args:
        solver: The arm.
        twin: Trained for it.
    """

    def __init__(self, solver: IKSolver, twin: TwinInverse) -> None:
        self._solver, self._twin = solver, twin
        self._forward = TaskForward(solver.arm, solver.task)
        self._offsets = self._ball()

    @staticmethod
    def fits(solver: IKSolver) -> bool:
        """Whether networks of this arm and task take targets as they are, so that they have places."""
        layout, _, _ = choose_layout(solver.arm, solver.task)
        return layout.first == PLAIN

    def around(self, target: ArrayLike) -> tuple[Array, Array]:
        """Points (p, 3) in [m] around a target (2 or 3), and the error (p,) in [m] expected at each.

        Infinite where an answer is outside the data of a learned arm.
        """
        goals = np.asarray(target, dtype=float) + self._offsets
        found = uncertainty(self._twin, goals, self._forward)
        errors = found.total()
        if self._solver.coverage is not None:
            errors[~self._solver.coverage.covers(found.x)] = np.inf
        return self._solver.in_space(goals), errors

    def _ball(self) -> Array:
        """Points (p, m) spread evenly over a ball, or a disc."""
        rng, m = np.random.default_rng(0), self._solver.task.n_coordinates
        directions = rng.normal(size=(_TARGETS, m))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        radius = _AROUND * self._solver.arm.reach * rng.random((_TARGETS, 1)) ** (1.0 / m)
        ball: Array = radius * directions
        return ball
