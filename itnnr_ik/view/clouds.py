"""Point clouds of an arm's reach in a plane, and of the uncertainty of a network's answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.anchors import POSITION
from itnnr_ik.solver.assembly import choose_layout, search_bounds
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.targets.postures import dexterity, vertical_first_axis
from itnnr_ik.twin.uncertainty import uncertainty

Array = NDArray[np.float64]

#: Number of random postures where all can be turned into the plane, and where only those near it are used.
_N_POSTURES, _N_POSTURES_NEAR_PLANE = 40_000, 200_000
#: Distance of the points of a slice from each other, and their largest distance from the plane, in reaches.
CELL_SIZE, _MAX_PLANE_DISTANCE = 0.025, 0.015
#: Number of targets around the present one whose uncertainty is shown, and their largest distance in reaches.
_N_TARGETS, _CLOUD_RADIUS = 1_500, 0.25


class ReachCloud:
    """The reach of the tool in a plane, from random postures.

    Args:
        solver: The arm.
    """

    def __init__(self, solver: IKSolver) -> None:
        self._solver = solver
        self._reach = solver.arm.reach or 1.0
        self._axis = None if solver.task.planar else vertical_first_axis(solver)
        all_in_plane = solver.task.planar or self._axis is not None
        count = _N_POSTURES if all_in_plane else _N_POSTURES_NEAR_PLANE
        self._postures = solver.arm.sample(count, np.random.default_rng(0))
        self._points = solver.point_at(self._postures)

    def slice(self, target: ArrayLike) -> tuple[Array, Array]:
        """Points (p, 3) in [m] of the upright plane through a target's point (3,) and the first joint's axis.

        The plane goes through the base's z where that axis is not upright; for a planar arm it is that of the
        arm. The points are on a grid.

        Returns:
            The points, and the best dexterity (p,) of the postures found there: the smallest singular value
            of the task's Jacobian.
        """
        origin, axes = self._plane(np.asarray(target, dtype=float))
        postures, points = self._near(origin, axes)
        values = dexterity(self._solver, postures)
        best = np.argsort(-values, kind="stable")
        cells = np.round((points[best] - origin) @ axes[:2].T / (CELL_SIZE * self._reach))
        cells, first = np.unique(cells, axis=0, return_index=True)
        centers: Array = origin + CELL_SIZE * self._reach * cells @ axes[:2]
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
        """Postures (p, n) with their tools in or near the plane, and the tools' positions (p, 3)."""
        if self._axis is None:
            near = np.abs((self._points - origin) @ axes[2]) < _MAX_PLANE_DISTANCE * self._reach
            return self._postures[near], self._points[near]
        # The first joint turns all of them into the plane, every other one to its far side.
        offset = self._points - origin
        turn = np.arctan2(axes[0, 1], axes[0, 0]) - np.arctan2(offset[:, 1], offset[:, 0])
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
    """The error that a network expects of its answers, before refinement, around a target.

    Args:
        solver: A solver that `fits`.

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
        """Whether the solver has a network whose inputs are the targets themselves."""
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
        """Points (p, m) uniformly distributed in a ball, or a disc."""
        rng, m = np.random.default_rng(0), self._solver.task.n_coordinates
        directions = rng.normal(size=(_N_TARGETS, m))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        radius = _CLOUD_RADIUS * self._solver.arm.reach * rng.random((_N_TARGETS, 1)) ** (1.0 / m)
        ball: Array = radius * directions
        return ball
