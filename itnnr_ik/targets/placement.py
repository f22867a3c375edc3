"""Places a curve where an arm can follow it, by growing curves around dexterous postures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.curve import Curve, plane_axes
from itnnr_ik.targets.postures import dexterity, preferred_postures, vertical_first_axis
from itnnr_ik.targets.reachable import farthest_points

Array = NDArray[np.float64]

#: Margin to every joint limit: the smaller of a value in [rad] or [m] and a share of the joint range.
_LIMIT_MARGIN = (0.15, 0.05)
#: Smallest dexterity on a curve as a share of the arm's best: near singular postures joints have to be fast.
_MIN_DEXTERITY = 0.35
_MIN_SIZE, _MAX_SIZE = 0.02, 0.3  # of a curve, as shares of the arm's reach
_SIZE_FACTOR = 0.9  # of the largest size that fits
_N_POSTURES = 24  # whose tool positions are candidates for the centre
#: Distance from the base, as a share of the reach, from which a curve has full weight; and smallest weight
#: of a curve whose centre is not as high above the base as the curve is large.
_FULL_DISTANCE, _MIN_HEIGHT_WEIGHT = 0.4, 0.5
#: Number of steps in which a curve grows, and largest displacement of a joint in one [rad].
_N_GROWTH_STEPS, _MAX_GROWTH_STEP = 16, 0.4
#: Test of a curve: laps, targets of each, and largest displacement of a joint between two targets [rad].
_N_LAPS, _TARGETS_PER_LAP, _MAX_STEP = 2, 200, 0.08
#: Factor of the size after a failed test, and largest number of tests.
_SHRINK_FACTOR, _MAX_SHRINKS = 0.85, 12
#: Phases [rad] of the targets that have to be reached while a curve grows.
_GROWTH_PHASES = np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False)


class CurvePlacement:
    """Search for the centre and the size of a curve that an arm can follow.

    Args:
        solver: The arm and its task.
        name: Name of the curve.
        center: Its centre (2,) or (3,) [m]; None to choose one.
    """

    def __init__(self, solver: IKSolver, name: str, center: Array | None) -> None:
        self._solver, self._name, self._center = solver, name, center
        arm = solver.arm
        margin = np.minimum(_LIMIT_MARGIN[0], _LIMIT_MARGIN[1] * (arm.upper - arm.lower))
        self._lower, self._upper = arm.lower + margin, arm.upper - margin
        postures = preferred_postures(solver)
        self._min_dexterity = _MIN_DEXTERITY * dexterity(solver, postures).max()
        self._postures = postures[farthest_points(solver.target_at(postures)[:, :3], _N_POSTURES)]

    def largest(self) -> Curve | None:
        """The largest curve that the solver has followed, or None if there is no room for any."""
        reach, axis = self._solver.arm.reach, vertical_first_axis(self._solver)
        constant, yawing = None, (axis[0], axis[1]) if axis is not None else None
        for yaw_axis in (constant, yawing) if self._solver.task.has_orientation else (constant,):
            curves, postures = self._candidates(yaw_axis)
            if not curves:
                continue
            sizes = self._largest_sizes(curves, postures)
            for i in np.argsort(-sizes * self._weights(curves, sizes), kind="stable"):
                if sizes[i] < _MIN_SIZE * reach:
                    break
                curve = self._shrink_until_followed(
                    replace(curves[i], size=_SIZE_FACTOR * sizes[i]), postures[i]
                )
                if curve is not None and curve.size >= _MIN_SIZE * reach:
                    return curve
        return None

    def _candidates(self, yaw_axis: tuple[float, float] | None) -> tuple[list[Curve], Array]:
        """Curves of size 1 around the tool in preferred postures, and these postures (p, n)."""
        if self._center is not None:
            return self._candidates_at_center(yaw_axis)
        targets = self._solver.target_at(self._postures)
        return [self._unit_curve(target, yaw_axis) for target in targets], self._postures

    def _unit_curve(self, target: Array, yaw_axis: tuple[float, float] | None) -> Curve:
        orientation = target[3:] if self._solver.task.has_orientation else None
        return Curve(self._name, target[:3], 1.0, plane_axes(target[:3]), target, orientation, yaw_axis)

    def _weights(self, curves: Sequence[Curve], sizes: Array) -> Array:
        """Weights (p,) of the sizes: smaller near the base, and where a curve is partly below it."""
        centers = np.array([curve.center for curve in curves])
        distance = np.linalg.norm(centers[:, :2], axis=1) / (_FULL_DISTANCE * self._solver.arm.reach)
        weights: Array = np.minimum(1.0, distance)
        if centers.shape[1] == 3:
            weights *= np.clip(centers[:, 2] / np.maximum(sizes, 1e-9), _MIN_HEIGHT_WEIGHT, 1.0)
        return weights

    def _candidates_at_center(self, yaw_axis: tuple[float, float] | None) -> tuple[list[Curve], Array]:
        """Curves around the given centre, and postures (p, n) there, moved step by step from others."""
        center = self._center
        assert center is not None
        targets = self._solver.target_at(self._postures)
        m = len(center)
        curves, arrived = [], []
        for posture, target in zip(self._postures, targets, strict=True):
            # The orientation yaws on the way to the centre as it does along the curve.
            path = replace(self._unit_curve(target, yaw_axis), axes=np.zeros((2, m)))
            moving = posture[None]
            for share in np.arange(1, _N_GROWTH_STEPS + 1) / _N_GROWTH_STEPS:
                goal = target.copy()
                goal[:m] += share * (center - target[:m])
                if yaw_axis is not None:
                    goal[3:] = path.orientations(goal[None, :3])[0]
                moving, valid = self._solve(moving, goal[None])
                if not valid.all():
                    break
            else:
                curves.append(self._unit_curve(goal, yaw_axis))
                arrived.append(moving[0])
        return curves, np.array(arrived).reshape(-1, self._solver.arm.n_joints)

    def _largest_sizes(self, curves: Sequence[Curve], postures: Array) -> Array:
        """Largest size (p,) [m] of each curve: all its targets move outwards in steps from its posture."""
        sizes = np.zeros(len(curves))
        largest = _MAX_SIZE * self._solver.arm.reach
        alive = list(range(len(curves)))
        moving = np.repeat(postures, len(_GROWTH_PHASES), axis=0)
        for step in range(1, _N_GROWTH_STEPS + 1):
            size = largest * step / _N_GROWTH_STEPS
            goals = [replace(curves[i], size=size).at(_GROWTH_PHASES) for i in alive]
            if not goals:
                break
            moving, valid = self._solve(moving, np.concatenate(goals))
            good: NDArray[np.bool_] = np.all(valid.reshape(len(alive), -1), axis=1)
            moving = moving[np.repeat(good, len(_GROWTH_PHASES))]
            alive = [i for i, fits in zip(alive, good.tolist(), strict=True) if fits]
            sizes[alive] = size
        return sizes

    def _solve(
        self, positions: Array, goals: Array, largest: float = _MAX_GROWTH_STEP
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Joint positions (p, n) at goals (p, k), solved from ``positions``, and which meet all bounds."""
        solutions = self._solver.solve_batch(goals, positions)
        assert solutions.displacement is not None
        found = solutions.positions
        valid = solutions.converged & (solutions.displacement <= largest)
        valid &= ((found >= self._lower - 1e-9) & (found <= self._upper + 1e-9)).all(axis=1)
        valid &= dexterity(self._solver, found) >= self._min_dexterity
        if solutions.covered is not None:
            valid &= solutions.covered
        return found, valid

    def _shrink_until_followed(self, curve: Curve, posture: Array) -> Curve | None:
        """The curve, or a smaller one, that can be followed from ``posture`` (n,) at its centre, or None."""
        for _ in range(_MAX_SHRINKS):
            if (start := self._follow(curve, posture)) is not None:
                return replace(curve, start=start)
            curve = replace(curve, size=_SHRINK_FACTOR * curve.size)
        return None

    def _follow(self, curve: Curve, posture: Array) -> Array | None:
        """Joint positions (n,) at the first target after some laps, or None if a target cannot be followed.

        Redundant joints have settled by then.
        """
        state = posture[None]
        for step in range(1, _N_GROWTH_STEPS + 1):
            state, valid = self._solve(
                state, replace(curve, size=curve.size * step / _N_GROWTH_STEPS).at([0.0])
            )
            if not valid.all():
                return None
        for target in curve.at(2.0 * math.pi * np.arange(_N_LAPS * _TARGETS_PER_LAP + 1) / _TARGETS_PER_LAP):
            state, valid = self._solve(state, target[None], _MAX_STEP)
            if not valid.all():
                return None
        settled: Array = state[0]
        return settled
