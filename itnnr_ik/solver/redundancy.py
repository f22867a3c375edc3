"""What an arm with joints to spare does with them: come near to the state, and keep room to move."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.refine import factorise, refine, substitute
from itnnr_ik.solver.room import Room, Search, solved
from itnnr_ik.solver.state import LOWER, PREFERRED, UPPER, WEIGHT, displacement, limit, surround

Array = NDArray[np.float64]

#: The nearest solution is found to within this displacement [rad], or this share of it.
_CLOSE, _CLOSE_SHARE = 0.003, 0.01
#: Moves along the null space at most, their longest [rad], and golden sections of where each ends; what may
#: be left of the displacement after them, as a share, where one joint is spare, where more are, and after a
#: smaller box; and the displacement [rad] beyond which two spare joints count as one.
_SLIDES, _LONGEST, _SECTIONS, _SLID, _SLID_MANY, _BOXED, _FAR = 6, 0.5, 12, 0.98, 0.5, 0.9, 0.5
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)
#: Determinant below which two directions are one.
_PARALLEL = 1e-3
#: Motion that may be spent on a better posture: a share of the displacement, and at most this [rad]. None for
#: a target that stands still, and not worth it below the least [rad]. No easing beyond the largest
#: displacement.
_EASE_SHARE, _EASE_LIMIT, _EASE_LEAST, _EASE_LARGEST = 1.5, 0.012, 1e-4, 0.1
#: Spare joints move down the gradient of Σ (a x² / 2 + xᵇ), where x is ±1 at a joint's limits.
_TO_MIDDLE, _POWER = 0.3, 12


@inlined
def improve(s: Search, goal: Array, now: Array, q: Array, best: float, w: Workspace, room: Room) -> float:
    """Move ``q`` (n,), a solution, to one nearer to ``now`` (n,) where there is one; its displacement.

    First along the null space, then to the smallest box around the state in which a solution is found.
    """
    problem, joints, trial = s.problem, s.problem.joints, room.trial
    n, lower, upper = q.shape[0], room.lower, room.upper
    high = slide(s, goal, now, q, best, w, room)
    # One spare joint has slid as far as it goes; more may still turn aside.
    slid = n == w.error.shape[0] + 1 or (n == w.error.shape[0] + 2 and high > _FAR)
    low = _SLID * high if slid else _SLID_MANY * high
    for _ in range(10):
        if high - low <= max(_CLOSE, _CLOSE_SHARE * high):
            break
        middle = 0.5 * (low + high)
        if not surround(joints, now, middle, lower, upper):
            low = middle
            continue
        for i in range(n):
            trial[i] = min(max(q[i], lower[i]), upper[i])
        position, angle = refine(problem, goal, lower, upper, trial, problem.free, problem.steps, w)
        if solved(s, position, angle):
            for i in range(n):
                q[i] = trial[i]
            high = displacement(joints, q, now)
            low = min(low, _BOXED * high)
        else:
            low = middle
    return high


@kernel
def slide(s: Search, goal: Array, now: Array, q: Array, best: float, w: Workspace, room: Room) -> float:
    """Move ``q`` (n,), a solution, along the null space to its least displacement, and return that.

    Each move is that in which the joint farthest from the state comes nearer to it, as far as another one
    allows; with more than one spare joint, on in the direction in which both come nearer.
    """
    problem, joints, trial, direction = s.problem, s.problem.joints, room.trial, room.right
    n, m, lower, upper = q.shape[0], w.error.shape[0], room.lower, room.upper
    limit(joints, lower, upper)
    for _ in range(_SLIDES):
        evaluate(problem, goal, q, w)
        differentiate(problem, w)
        for i in range(n):
            w.free[i], trial[i] = 1.0, q[i]
        factorise(w.jacobian, w.free, 1e-12, w.normal)
        first = _farthest(joints, trial, now, -1)
        _single(first, direction)
        project(w, direction)
        _move(joints, direction, now, trial)
        if n > m + 1:
            second = _farthest(joints, trial, now, first)
            _single(second, room.q)
            project(w, room.q)
            if _join(joints, trial, now, first, second, direction, room.q):
                _move(joints, direction, now, trial)
        position, angle = refine(problem, goal, lower, upper, trial, problem.free, problem.steps, w)
        change = displacement(joints, trial, now)
        if change >= best or not solved(s, position, angle):
            break
        gain = best - change
        best = change
        for i in range(n):
            q[i] = trial[i]
        if gain < max(_CLOSE, _CLOSE_SHARE * best):
            break
    return best


@kernel
def _farthest(joints: Array, q: Array, now: Array, but: int) -> int:
    """The joint of ``q`` (n,) that is farthest from the state, ``but`` one."""
    farthest, largest = 0, -1.0
    for i in range(q.shape[0]):
        change = joints[WEIGHT, i] * abs(q[i] - now[i])
        if i != but and change > largest:
            farthest, largest = i, change
    return farthest


@kernel
def _single(joint: int, direction: Array) -> None:
    """Write a unit motion of one joint (n,)."""
    for i in range(direction.shape[0]):
        direction[i] = 1.0 if i == joint else 0.0


@kernel
def project(w: Workspace, direction: Array) -> None:
    """Keep of a direction (n,) what is in the null space; J Jᵀ is factorised."""
    for a in range(w.error.shape[0]):
        w.error[a] = 0.0
        for i in range(direction.shape[0]):
            w.error[a] += w.jacobian[a, i] * direction[i]
    substitute(w.normal, w.error, w.dual)
    for i in range(direction.shape[0]):
        for a in range(w.error.shape[0]):
            direction[i] -= w.jacobian[a, i] * w.dual[a]


@kernel
def _join(
    joints: Array, q: Array, now: Array, first: int, second: int, direction: Array, other: Array
) -> bool:
    """Combine two directions (n,) so that two joints come equally fast nearer; whether they can."""
    a, b = direction[first], other[first]
    c, d = direction[second], other[second]
    determinant = a * d - b * c
    if abs(determinant) < _PARALLEL:
        return False
    one = math.copysign(1.0, now[first] - q[first]) / joints[WEIGHT, first]
    two = math.copysign(1.0, now[second] - q[second]) / joints[WEIGHT, second]
    x, y = (one * d - two * b) / determinant, (two * a - one * c) / determinant
    for i in range(q.shape[0]):
        direction[i] = x * direction[i] + y * other[i]
    return True


@kernel
def _move(joints: Array, direction: Array, now: Array, q: Array) -> None:
    """Move ``q`` (n,) along a direction, within the limits, to its least displacement.

    That is a convex function of the length: golden-section search.
    """
    shortest, longest = -_LONGEST, _LONGEST
    for i in range(q.shape[0]):
        if abs(direction[i]) > 1e-9:
            one, other = (joints[LOWER, i] - q[i]) / direction[i], (joints[UPPER, i] - q[i]) / direction[i]
            shortest, longest = max(shortest, min(one, other)), min(longest, max(one, other))
    one = longest - _GOLDEN * (longest - shortest)
    other = shortest + _GOLDEN * (longest - shortest)
    change = _changed(joints, q, direction, one, now)
    other_change = _changed(joints, q, direction, other, now)
    for _ in range(_SECTIONS):
        if change < other_change:
            longest, other, other_change = other, one, change
            one = longest - _GOLDEN * (longest - shortest)
            change = _changed(joints, q, direction, one, now)
        else:
            shortest, one, change = one, other, other_change
            other = shortest + _GOLDEN * (longest - shortest)
            other_change = _changed(joints, q, direction, other, now)
    length = 0.5 * (shortest + longest)
    for i in range(q.shape[0]):
        q[i] = min(max(q[i] + length * direction[i], joints[LOWER, i]), joints[UPPER, i])


@kernel
def _changed(joints: Array, q: Array, direction: Array, length: float, now: Array) -> float:
    """Largest joint change from ``now`` after a move along a direction."""
    largest = 0.0
    for i in range(q.shape[0]):
        largest = max(largest, joints[WEIGHT, i] * abs(q[i] + length * direction[i] - now[i]))
    return largest


@kernel
def ease(s: Search, goal: Array, now: Array, q: Array, w: Workspace, room: Room) -> None:
    """Move ``q`` (n,), a solution, a little towards a posture with room to move on, its tool where it is.

    That is the preferred posture where there is one, or else away from the limits: an arm that only ever
    takes the smallest step drifts into a corner, from which it has to jump.
    """
    problem, joints, trial, wish = s.problem, s.problem.joints, room.trial, room.right
    n, lower, upper = q.shape[0], room.lower, room.upper
    best = displacement(joints, q, now)
    extra = min(_EASE_SHARE * best, _EASE_LIMIT)
    if best > _EASE_LARGEST or extra < _EASE_LEAST:
        return
    for i in range(n):
        w.free[i], wish[i] = 1.0, 0.0
        half = 0.5 * (joints[UPPER, i] - joints[LOWER, i])
        if math.isfinite(joints[PREFERRED, i]):
            wish[i] = joints[PREFERRED, i] - q[i]
        elif half < np.inf:
            share = (q[i] - joints[LOWER, i]) / half - 1.0
            wish[i] = -(_TO_MIDDLE * share + _POWER * share ** (_POWER - 1)) / half
    # What of the wish leaves the target alone.
    evaluate(problem, goal, q, w)
    differentiate(problem, w)
    factorise(w.jacobian, w.free, 1e-12, w.normal)
    project(w, wish)
    if not surround(joints, now, best + extra, lower, upper):
        return
    length = 1.0
    for i in range(n):
        if wish[i] > 1e-12:
            length = min(length, (upper[i] - q[i]) / wish[i])
        elif wish[i] < -1e-12:
            length = min(length, (lower[i] - q[i]) / wish[i])
    if length <= 0.0:
        return
    for i in range(n):
        trial[i] = min(max(q[i] + length * wish[i], lower[i]), upper[i])
    position, angle = refine(problem, goal, lower, upper, trial, problem.free - 1, problem.steps, w)
    if solved(s, position, angle):
        for i in range(n):
            q[i] = trial[i]
