"""Postures of an arm far from its joint limits and from singular postures: dexterous in every direction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.assembly import search_bounds

Array = NDArray[np.float64]

_LOG2_SAMPLES = 9  # binary logarithm of the number of sampled postures
_RANGE_SHARE = 0.8  # of the joint ranges, in which postures are sampled
#: Smallest score of a preferred posture, as a share of the best score.
_MIN_RELATIVE_SCORE = 0.4
#: Postures without a wanted property are dropped if at least so many have it.
_MIN_PREFERRED = 64
#: Distance from the limits, as a share of half the joint range, from which it no longer lowers the score.
_FULL_LIMIT_DISTANCE = 0.5
#: Largest sine of the angle between the first joint's axis and the vertical.
_VERTICAL_TOLERANCE = 1e-3
#: Offset of the rest position from the middle of the range, as a share of the range, for all joints but the
#: first; and the smallest dexterity there, as a share of the best.
_REST_OFFSET, _MIN_REST_DEXTERITY = 0.25, 0.5


def rest_positions(solver: IKSolver) -> Array:
    """A posture (n,) in [rad] or [m] from which the tool can move in every direction.

    The first joint is in the middle of its range, the others are a quarter of their range above it, because a
    straight arm is singular. Where that is almost singular, too, the preferred posture with the best score.
    """
    lower, upper = search_bounds(solver.arm)
    rest: Array = 0.5 * (lower + upper)
    rest[1:] += _REST_OFFSET * (upper - lower)[1:]
    postures = sample_postures(solver)
    if dexterity(solver, rest[None])[0] >= _MIN_REST_DEXTERITY * dexterity(solver, postures).max():
        return rest
    best: Array = preferred_postures(solver)[0]
    return best


def preferred_postures(solver: IKSolver) -> Array:
    """Postures (p, n) in [rad] or [m] with a high `posture_score`, best first.

    Only with the whole arm above its base, if there are enough; for a learned arm, only covered ones.
    """
    postures = sample_postures(solver)
    if solver.coverage is not None:
        covered = solver.coverage.covers(postures)
        postures = postures[covered] if covered.any() else solver.coverage.postures
    elif not solver.task.planar:
        lowest = np.array([solver.arm.skeleton(posture)[:, 2].min() for posture in postures])
        above = lowest >= -1e-9
        if above.sum() >= _MIN_PREFERRED:
            postures = postures[above]
    values = posture_score(solver, postures)
    order = np.argsort(-values, kind="stable")
    return postures[order[: max(1, int((values >= _MIN_RELATIVE_SCORE * values.max()).sum()))]]


def posture_score(solver: IKSolver, positions: Array) -> Array:
    """Dexterity times normalised distance from the joint limits (b,), at joint positions (b, n)."""
    lower, upper = solver.arm.lower, solver.arm.upper
    limited = np.isfinite(lower) & np.isfinite(upper)
    room = np.minimum(positions - lower, upper - positions)[:, limited] / (0.5 * (upper - lower)[limited])
    away: Array = np.clip(room.min(axis=1, initial=_FULL_LIMIT_DISTANCE) / _FULL_LIMIT_DISTANCE, 0.0, 1.0)
    return dexterity(solver, positions) * away


def dexterity(solver: IKSolver, positions: ArrayLike) -> Array:
    """Smallest singular value (b,) of the task's Jacobian at joint positions (b, n).

    Translations are divided by the task's characteristic length.
    """
    jacobian = np.array(solver.jacobian(positions))
    jacobian[:, :3] /= solver.task.length
    return np.asarray(np.linalg.svd(jacobian, compute_uv=False)[:, -1], dtype=float)


def sample_postures(solver: IKSolver) -> Array:
    """Evenly distributed postures (p, n), always the same (Sobol sequence).

    The first joint is set so that the tool is straight ahead, if that is possible for enough of them.
    """
    # This import takes as long as all others together, and a node that only solves does not need it.
    from scipy.stats import qmc

    arm = solver.arm
    lower, upper = search_bounds(arm)
    middle, half = 0.5 * (lower + upper), 0.5 * _RANGE_SHARE * (upper - lower)
    shares = qmc.Sobol(arm.n_joints, scramble=False).random_base2(_LOG2_SAMPLES)
    postures: Array = middle + half * (2.0 * shares - 1.0)
    axis = vertical_first_axis(solver)
    if axis is None:
        return postures
    points, sign = solver.forward(postures)[:, :2] - axis[:2], math.copysign(1.0, axis[2])
    turned = postures[:, 0] - sign * np.arctan2(points[:, 1], points[:, 0])
    turned = middle[0] + (turned - middle[0] + math.pi) % (2.0 * math.pi) - math.pi
    possible = np.abs(turned - middle[0]) <= half[0]
    postures[possible, 0] = turned[possible]
    return postures[possible] if possible.sum() >= _MIN_PREFERRED else postures


def vertical_first_axis(solver: IKSolver) -> tuple[float, float, float] | None:
    """x and y [m] of a vertical first joint axis, and ±1 for its direction, up or down.

    None where the first joint has no vertical axis or does not move the whole arm, or for a learned arm.
    """
    if not isinstance(solver.arm, KinematicChain):
        return None
    first = solver.arm.elements[0]
    alone = int((solver.arm.elements[:-1, 13] == 0).sum()) == 1
    if (
        first[12] != 0.0
        or first[13] != 0
        or not alone
        or math.hypot(first[2], first[6]) > _VERTICAL_TOLERANCE
    ):
        return None
    return float(first[3]), float(first[7]), math.copysign(1.0, first[10] * first[14])
