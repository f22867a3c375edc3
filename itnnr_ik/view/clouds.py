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

#: Random postures whose tools make a slice, of an arm in a plane and of one in space.
_PLANAR_POSTURES, _POSTURES = 60_000, 200_000
#: A slice's points are so far from each other, and from the plane at most, as shares of the reach.
CELL, _THICKNESS = 0.02, 0.015
#: Targets around the present one whose uncertainty is shown, within this share of the reach.
_TARGETS, _AROUND = 1_500, 0.25


class ReachCloud:
    """Where the tool gets to, from random postures, cut by a plane.

    Args:
        solver: The arm.
    """

    def __init__(self, solver: IKSolver) -> None:
        self._solver = solver
        count = _PLANAR_POSTURES if solver.task.planar else _POSTURES
        self._postures = solver.arm.sample(count, np.random.default_rng(0))
        self._points = solver.point_at(self._postures)

    def slice(self, target: ArrayLike) -> tuple[Array, Array]:
        """Points (p, 3) in [m] of the upright plane through the base's z and a target's point (3,).

        Of a planar arm, those of its plane. They make a pattern of squares, those that are reached.

        Returns:
            The points, and the best dexterity (p,) of a posture that was found there: the smallest singular
            value of the task's Jacobian.
        """
        reach = self._solver.arm.reach or 1.0
        axes = self._axes(np.asarray(target, dtype=float))
        inside = np.abs(self._points @ axes[2] - self._height) < _THICKNESS * reach
        chosen = np.flatnonzero(inside)
        values = dexterity(self._solver, self._postures[chosen])
        best = np.argsort(-values, kind="stable")
        cells = np.round(self._points[chosen[best]] @ axes[:2].T / (CELL * reach))
        cells, first = np.unique(cells, axis=0, return_index=True)
        points: Array = CELL * reach * cells @ axes[:2] + self._height * axes[2]
        return points, values[best[first]]

    @property
    def _height(self) -> float:
        """How far the plane is from the base, along its normal, in [m]."""
        return self._solver.plane_height if self._solver.task.planar else 0.0

    def _axes(self, point: Array) -> Array:
        """Two axes in the plane, and its normal (3, 3), row by row."""
        if self._solver.task.planar:
            return np.eye(3)
        azimuth = np.arctan2(point[1], point[0])
        outward = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        return np.array([outward, [0.0, 0.0, 1.0], np.cross(outward, [0.0, 0.0, 1.0])])


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
