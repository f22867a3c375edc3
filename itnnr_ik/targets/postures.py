"""Comfortable postures of an arm: far from its joint limits, and able to move its tool in every direction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.assembly import search_bounds

Array = NDArray[np.float64]

#: Postures that are looked at, as a power of two, within this share of the joints' ranges.
_POWER, _SHARE = 9, 0.8
#: Those are comfortable that are at least this share as comfortable as the best.
_COMFORTABLE = 0.4
#: Where so many of them have, or can be given, what is preferred, the others are left out.
_ENOUGH = 64
#: Half-way from the middle of its range to a limit a joint counts as far from it.
_FAR = 0.5
#: An axis within this of vertical [1, the sine of the angle] turns the arm about the base's z.
_VERTICAL = 1e-3
#: At rest, joints but the first are this share of their range above its middle, where that is at least this
#: share as dexterous as the best posture.
_REST_SHARE, _REST_DEXTERITY = 0.25, 0.5


def rest_positions(solver: IKSolver) -> Array:
    """A posture (n,) in [rad] or [m] from which the tool can move in every direction.

    A straight arm is singular. The first joint is in the middle of its range and the others a quarter of
    theirs further; where the arm is almost singular there, the most comfortable posture of many.
    """
    lower, upper = search_bounds(solver.arm)
    rest: Array = 0.5 * (lower + upper)
    rest[1:] += _REST_SHARE * (upper - lower)[1:]
    postures = spread(solver)
    if dexterity(solver, rest[None])[0] >= _REST_DEXTERITY * dexterity(solver, postures).max():
        return rest
    best: Array = comfortable(solver)[0]
    return best


def comfortable(solver: IKSolver) -> Array:
    """The comfortable ones of many postures (p, n) in [rad] or [m], best first.

    Where there are enough of them, those with all of the arm on the upper side of its base alone, and where
    the arm was learned, covered ones.
    """
    postures = spread(solver)
    if solver.coverage is not None:
        covered = solver.coverage.covers(postures)
        postures = postures[covered] if covered.any() else solver.coverage.postures
    elif not solver.task.planar:
        lowest = np.array([solver.arm.skeleton(posture)[:, 2].min() for posture in postures])
        above = lowest >= -1e-9
        if above.sum() >= _ENOUGH:
            postures = postures[above]
    values = comfort(solver, postures)
    order = np.argsort(-values, kind="stable")
    return postures[order[: max(1, int((values >= _COMFORTABLE * values.max()).sum()))]]


def comfort(solver: IKSolver, positions: Array) -> Array:
    """How comfortable joint positions (b, n) are: dexterity times the distance from the limits (b,)."""
    lower, upper = solver.arm.lower, solver.arm.upper
    limited = np.isfinite(lower) & np.isfinite(upper)
    room = np.minimum(positions - lower, upper - positions)[:, limited] / (0.5 * (upper - lower)[limited])
    away: Array = np.clip(room.min(axis=1, initial=_FAR) / _FAR, 0.0, 1.0)
    return dexterity(solver, positions) * away


def dexterity(solver: IKSolver, positions: ArrayLike) -> Array:
    """Smallest singular value (b,) of the task's Jacobian at joint positions (b, n).

    Of the Jacobian in units of the task's characteristic length.
    """
    jacobian = np.array(solver.jacobian(positions))
    jacobian[:, :3] /= solver.task.length
    return np.asarray(np.linalg.svd(jacobian, compute_uv=False)[:, -1], dtype=float)


def spread(solver: IKSolver) -> Array:
    """Postures (p, n) spread evenly (Sobol's sequence), always the same, with the tool straight ahead.

    As far as there are enough of those.
    """
    # Takes as long to import as all the rest, and a node that only solves needs none of it.
    from scipy.stats import qmc

    arm = solver.arm
    lower, upper = search_bounds(arm)
    middle, half = 0.5 * (lower + upper), 0.5 * _SHARE * (upper - lower)
    shares = qmc.Sobol(arm.n_joints, scramble=False).random_base2(_POWER)
    postures: Array = middle + half * (2.0 * shares - 1.0)
    axis = upright_axis(solver)
    if axis is None:
        return postures
    points, sign = solver.forward(postures)[:, :2] - axis[:2], math.copysign(1.0, axis[2])
    turned = postures[:, 0] - sign * np.arctan2(points[:, 1], points[:, 0])
    turned = middle[0] + (turned - middle[0] + math.pi) % (2.0 * math.pi) - math.pi
    possible = np.abs(turned - middle[0]) <= half[0]
    postures[possible, 0] = turned[possible]
    return postures[possible] if possible.sum() >= _ENOUGH else postures


def upright_axis(solver: IKSolver) -> tuple[float, float, float] | None:
    """x and y [m] of the vertical axis that the first joint turns the whole arm about, and ±1, up or down.

    None where the first joint is another one, or the arm was learned.
    """
    if not isinstance(solver.arm, KinematicChain):
        return None
    first = solver.arm.elements[0]
    alone = int((solver.arm.elements[:-1, 13] == 0).sum()) == 1
    if first[12] != 0.0 or first[13] != 0 or not alone or math.hypot(first[2], first[6]) > _VERTICAL:
        return None
    return float(first[3]), float(first[7]), math.copysign(1.0, first[10] * first[14])
