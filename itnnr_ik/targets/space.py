"""Where an arm has room for a curve: by growing curves around comfortable postures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.curve import Curve, plane_at
from itnnr_ik.targets.postures import comfortable, dexterity, upright_axis
from itnnr_ik.targets.reachable import far_apart

Array = NDArray[np.float64]

#: Distance kept from every joint limit on a curve, in [rad] or [m] and as a share of the joint's range.
_LIMIT_MARGIN = (0.15, 0.05)
#: Least dexterity on a curve as a share of the arm's best: a nearly singular arm needs very fast joints.
_DEXTERITY = 0.35
#: A curve fills at most this share of the reach in each direction from its centre …
_LARGEST = 0.3
#: … and this share of the room there is; less than this of the reach is no room.
_FILL, _LEAST = 0.9, 0.02
#: A curve is laid around so many comfortable postures, with their tools far apart.
_POSTURES = 24
#: Room within this share of the reach from the base counts less, and so does room around a centre that is not
#: as high above the base, down to this share.
_AWAY, _BELOW = 0.4, 0.5
#: Steps in which a curve grows, and largest joint change of one [rad].
_STEPS, _LARGEST_CHANGE = 16, 0.4
#: A curve is followed so many laps with so many targets each, and its joints may move so far between two
#: [rad]; where they cannot, it shrinks by this, so many times at most.
_LAPS, _TARGETS, _LARGEST_STEP = 2, 200, 0.08
_SHRINK, _SHRINKS = 0.85, 12
#: Where on a curve its room is looked at, in [rad].
_PHASES = np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False)


class Space:
    """Where an arm has room for a curve.

    Args:
        solver: The arm and its task.
        name: Of the curve.
        center: Where it is asked for, or None.
    """

    def __init__(self, solver: IKSolver, name: str, center: Array | None) -> None:
        self._solver, self._name, self._center = solver, name, center
        arm = solver.arm
        margin = np.minimum(_LIMIT_MARGIN[0], _LIMIT_MARGIN[1] * (arm.upper - arm.lower))
        self._lower, self._upper = arm.lower + margin, arm.upper - margin
        postures = comfortable(solver)
        self._least_dexterity = _DEXTERITY * dexterity(solver, postures).max()
        self._postures = postures[far_apart(solver.target_at(postures)[:, :3], _POSTURES)]

    def largest(self) -> Curve | None:
        """The largest curve there is room for, followed, or None."""
        reach, axis = self._solver.arm.reach, upright_axis(self._solver)
        constant, turning = None, (axis[0], axis[1]) if axis is not None else None
        for turns_about in (constant, turning) if self._solver.task.has_orientation else (constant,):
            curves, postures = self._around(turns_about)
            if not curves:
                continue
            rooms = self._rooms(curves, postures)
            for i in np.argsort(-rooms * self._preference(curves, rooms), kind="stable"):
                if rooms[i] < _LEAST * reach:
                    break
                curve = self._followed(replace(curves[i], size=_FILL * rooms[i]), postures[i])
                if curve is not None and curve.size >= _LEAST * reach:
                    return curve
        return None

    def _around(self, turns_about: tuple[float, float] | None) -> tuple[list[Curve], Array]:
        """Curves of size one around comfortable postures, and these (p, n)."""
        if self._center is not None:
            return self._moved(turns_about)
        targets = self._solver.target_at(self._postures)
        return [self._curve(target, turns_about) for target in targets], self._postures

    def _curve(self, target: Array, turns_about: tuple[float, float] | None) -> Curve:
        orientation = target[3:] if self._solver.task.has_orientation else None
        return Curve(self._name, target[:3], 1.0, plane_at(target[:3]), target, orientation, turns_about)

    def _preference(self, curves: Sequence[Curve], rooms: Array) -> Array:
        """What a metre of room counts (c,): less near the base, and where a curve is partly below it."""
        centers = np.array([curve.center for curve in curves])
        away = np.linalg.norm(centers[:, :2], axis=1) / (_AWAY * self._solver.arm.reach)
        preference: Array = np.minimum(1.0, away)
        if centers.shape[1] == 3:
            preference *= np.clip(centers[:, 2] / np.maximum(rooms, 1e-9), _BELOW, 1.0)
        return preference

    def _moved(self, turns_about: tuple[float, float] | None) -> tuple[list[Curve], Array]:
        """Curves around the centre that was asked for, and postures there, each moved there from another."""
        center = self._center
        assert center is not None
        targets = self._solver.target_at(self._postures)
        m = len(center)
        curves, arrived = [], []
        for posture, target in zip(self._postures, targets, strict=True):
            # Turned with the arm from where it is to the centre, as along the curve.
            path = replace(self._curve(target, turns_about), axes=np.zeros((2, m)))
            moving = posture[None]
            for share in np.arange(1, _STEPS + 1) / _STEPS:
                goal = target.copy()
                goal[:m] += share * (center - target[:m])
                if turns_about is not None:
                    goal[3:] = path.orientations(goal[None, :3])[0]
                moving, held = self._step(moving, goal[None])
                if not held.all():
                    break
            else:
                curves.append(self._curve(goal, turns_about))
                arrived.append(moving[0])
        return curves, np.array(arrived).reshape(-1, self._solver.arm.n_joints)

    def _rooms(self, curves: Sequence[Curve], postures: Array) -> Array:
        """How large [m] each curve can get around its posture (p,): all its points move outwards together."""
        rooms = np.zeros(len(curves))
        largest = _LARGEST * self._solver.arm.reach
        alive = list(range(len(curves)))
        moving = np.repeat(postures, len(_PHASES), axis=0)
        for step in range(1, _STEPS + 1):
            size = largest * step / _STEPS
            goals = [replace(curves[i], size=size).at(_PHASES) for i in alive]
            if not goals:
                break
            moving, held = self._step(moving, np.concatenate(goals))
            good: NDArray[np.bool_] = np.all(held.reshape(len(alive), -1), axis=1)
            moving = moving[np.repeat(good, len(_PHASES))]
            alive = [i for i, fits in zip(alive, good.tolist(), strict=True) if fits]
            rooms[alive] = size
        return rooms

    def _step(
        self, positions: Array, goals: Array, largest: float = _LARGEST_CHANGE
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Joint positions (p, n) at goals (p, k), solved from others, and which hold what curves promise."""
        solutions = self._solver.solve_batch(goals, positions)
        assert solutions.displacement is not None
        found = solutions.positions
        held = solutions.converged & (solutions.displacement <= largest)
        held &= ((found >= self._lower - 1e-9) & (found <= self._upper + 1e-9)).all(axis=1)
        held &= dexterity(self._solver, found) >= self._least_dexterity
        if solutions.covered is not None:
            held &= solutions.covered
        return found, held

    def _followed(self, curve: Curve, posture: Array) -> Curve | None:
        """The curve, or a smaller one, that was followed from ``posture`` (n,) at its centre, or None."""
        for _ in range(_SHRINKS):
            if (start := self._follow(curve, posture)) is not None:
                return replace(curve, start=start)
            curve = replace(curve, size=_SHRINK * curve.size)
        return None

    def _follow(self, curve: Curve, posture: Array) -> Array | None:
        """Where the joints (n,) come back to at the first target, if all of some laps can be followed.

        Spare joints have settled by then.
        """
        state = posture[None]
        for step in range(1, _STEPS + 1):
            state, held = self._step(state, replace(curve, size=curve.size * step / _STEPS).at([0.0]))
            if not held.all():
                return None
        for target in curve.at(2.0 * math.pi * np.arange(_LAPS * _TARGETS + 1) / _TARGETS):
            state, held = self._step(state, target[None], _LARGEST_STEP)
            if not held.all():
                return None
        settled: Array = state[0]
        return settled
