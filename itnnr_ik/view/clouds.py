"""Clouds of points: what an arm reaches in a slice, and how far a network's answers may be off."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.anchors import POSITION
from itnnr_ik.solver.assembly import choose_layout, search_bounds
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.targets.postures import dexterity, upright_axis
from itnnr_ik.twin.uncertainty import uncertainty

Array = NDArray[np.float64]

#: Random postures whose tools make a slice, where all of them do and where those near the plane do.
_POSTURES, _MANY_POSTURES = 40_000, 200_000
#: A slice's points are so far from each other, and from the plane at most, as shares of the reach.
CELL, _THICKNESS = 0.025, 0.015
#: Targets around the present one whose uncertainty is shown, within this share of the reach.
_TARGETS, _AROUND = 1_500, 0.25


class ReachCloud:
    """Where the tool gets to, from random postures, in a plane.

    Args:
        solver: The arm.
    """

    def __init__(self, solver: IKSolver) -> None:
        self._solver = solver
        self._reach = solver.arm.reach or 1.0
        self._axis = None if solver.task.planar else upright_axis(solver)
        few = solver.task.planar or self._axis is not None
        count = _POSTURES if few else _MANY_POSTURES
        self._postures = solver.arm.sample(count, np.random.default_rng(0))
        self._points = solver.point_at(self._postures)

    def slice(self, target: ArrayLike) -> tuple[Array, Array]:
        """Points (p, 3) in [m] of the upright plane through a target's point (3,) and the first joint's axis.

        Where that axis is not upright, through the base's z; of a planar arm, those of its plane. They are
        in rows and columns.

        Returns:
            The points, and the best dexterity (p,) of a posture that was found there: the smallest singular
            value of the task's Jacobian.
        """
        origin, axes = self._plane(np.asarray(target, dtype=float))
        postures, points = self._near(origin, axes)
        values = dexterity(self._solver, postures)
        best = np.argsort(-values, kind="stable")
        cells = np.round((points[best] - origin) @ axes[:2].T / (CELL * self._reach))
        cells, first = np.unique(cells, axis=0, return_index=True)
        centers: Array = origin + CELL * self._reach * cells @ axes[:2]
        return centers, values[best[first]]

    def _plane(self, point: Array) -> tuple[Array, Array]:
        """A point (3,) of the plane, and two axes in it and its normal (3, 3), row by row."""
        if self._solver.task.planar:
            return np.array([0.0, 0.0, self._solver.plane_height]), np.eye(3)
        origin = np.array([*(self._axis or (0.0, 0.0))[:2], 0.0])
        azimuth = np.arctan2(*(point - origin)[[1, 0]])
        outward = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        return origin, np.array([outward, [0.0, 0.0, 1.0], np.cross(outward, [0.0, 0.0, 1.0])])

    def _near(self, origin: Array, axes: Array) -> tuple[Array, Array]:
        """Postures (p, n) with their tools in the plane or near it, and the tools' points (p, 3)."""
        if self._axis is None:
            near = np.abs((self._points - origin) @ axes[2]) < _THICKNESS * self._reach
            return self._postures[near], self._points[near]
        # Turned about the first joint's axis, all of them are in it: every other one on the far side.
        away = self._points - origin
        turn = np.arctan2(axes[0, 1], axes[0, 0]) - np.arctan2(away[:, 1], away[:, 0])
        turn[1::2] += np.pi
        lower, upper = search_bounds(self._solver.arm)
        middle, half = 0.5 * (lower[0] + upper[0]), 0.5 * (upper[0] - lower[0])
        turned = self._postures[:, 0] + self._axis[2] * turn - middle
        turned = (turned + np.pi) % (2.0 * np.pi) - np.pi
        possible = np.abs(turned) <= half
        postures = self._postures[possible]
        postures[:, 0] = middle + turned[possible]
        return postures, self._solver.point_at(postures)


class UncertaintyCloud:
    """How far off a network expects its own answers to be, before refinement, around a target.

    Args:
        solver: The arm, one that `fits`.

    Raises:
        ValueError: No network was trained for the arm.
    """

    def __init__(self, solver: IKSolver) -> None:
        if solver.twin is None:
            raise ValueError("expected a solver with a trained network, got one without")
        self._solver, self._twin = solver, solver.twin
        self._forward = TaskForward(solver.arm, solver.task)
        self._offsets = self._ball()

    @staticmethod
    def fits(solver: IKSolver) -> bool:
        """Whether it has a network, which takes targets as they are, so that they have places."""
        if solver.twin is None:
            return False
        layout, _, _ = choose_layout(solver.arm, solver.task)
        return layout.first == POSITION

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
