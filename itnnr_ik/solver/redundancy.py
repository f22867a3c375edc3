"""Null-space motion of redundant arms: towards the state, and away from the joint limits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.buffers import Scratch, Search, solved
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.refine import factorise, refine, substitute
from itnnr_ik.solver.state import (
    LOWER,
    PERIOD,
    PREFERRED,
    UPPER,
    WEIGHT,
    copy_limits,
    displacement,
    limits_around,
)

Array = NDArray[np.float64]

#: Precision of the smallest displacement [rad], or as a share of it.
_TOLERANCE, _TOLERANCE_SHARE = 0.003, 0.01
#: Most null-space steps, the longest of them [rad], and golden sections of each line search.
_MAX_NULL_SPACE_STEPS, _MAX_NULL_SPACE_STEP, _GOLDEN_SECTIONS = 6, 0.5, 12
_INVERSE_GOLDEN_RATIO = 0.5 * (math.sqrt(5.0) - 1.0)
#: Assumed lower bound of the displacement, as a share of it: after null-space steps, and after a smaller box.
#: Beyond the displacement [rad], two redundant joints are treated as one.
_BOUND_SHARE, _BOUND_SHARE_IN_BOX, _FAR_DISPLACEMENT = 0.5, 0.9, 0.5
#: Determinant below which two directions are parallel.
_MIN_DETERMINANT = 1e-3
#: Longest posture step, as a share of the displacement and in [rad] (so none for a target that stands still),
#: and the shortest worth its time [rad]. No posture step beyond the largest displacement [rad].
_POSTURE_STEP_SHARE, _MAX_POSTURE_STEP, _MIN_POSTURE_STEP, _MAX_DISPLACEMENT = 1.5, 0.012, 1e-4, 0.1
#: Longest posture step, as a share of the negative gradient and of the Newton step along it.
_NEWTON_SHARE = 0.5
#: Weight a and exponent b of the cost Σ (a x² / 2 + xᵇ) of a posture, where x is ±1 at a joint's limits.
_CENTRING_WEIGHT, _LIMIT_EXPONENT = 0.3, 12


@inlined
def reduce_displacement(
    s: Search, goal: Array, now: Array, q: Array, best: float, w: Workspace, scratch: Scratch
) -> float:
    """Move ``q`` (n,), a solution, as near as possible to ``now`` (n,), and return its displacement.

    First by null-space steps, then by bisection of the box around the state in which a solution is found.
    """
    problem, joints, trial = s.problem, s.problem.joints, scratch.trial
    n, lower, upper = q.shape[0], scratch.lower, scratch.upper
    high = slide_in_null_space(s, goal, now, q, best, w, scratch)
    # With one redundant joint the null-space steps find the minimum; with more, a smaller one may exist.
    if n == w.error.shape[0] + 1 or (n == w.error.shape[0] + 2 and high > _FAR_DISPLACEMENT):
        return high
    low = _BOUND_SHARE * high
    for _ in range(10):
        if high - low <= max(_TOLERANCE, _TOLERANCE_SHARE * high):
            break
        middle = 0.5 * (low + high)
        if not limits_around(joints, now, middle, lower, upper):
            low = middle
            continue
        for i in range(n):
            trial[i] = min(max(q[i], lower[i]), upper[i])
        position, angle = refine(problem, goal, lower, upper, trial, problem.free_steps, problem.max_steps, w)
        if solved(s, position, angle):
            for i in range(n):
                q[i] = trial[i]
            high = displacement(joints, q, now)
            low = min(low, _BOUND_SHARE_IN_BOX * high)
        else:
            low = middle
    return high


@kernel
def slide_in_null_space(
    s: Search, goal: Array, now: Array, q: Array, best: float, w: Workspace, scratch: Scratch
) -> float:
    """Move ``q`` (n,), a solution, along the null space to the smallest displacement, and return that.

    Each step moves the joint farthest from the state towards it, until another one is as far; with more than
    one redundant joint, a second step moves both towards it.
    """
    problem, joints, trial, direction = s.problem, s.problem.joints, scratch.trial, scratch.right
    n, m, lower, upper = q.shape[0], w.error.shape[0], scratch.lower, scratch.upper
    copy_limits(joints, lower, upper)
    for _ in range(_MAX_NULL_SPACE_STEPS):
        evaluate(problem, goal, q, w)
        differentiate(problem, w)
        for i in range(n):
            w.active[i], trial[i] = 1.0, q[i]
        factorise(w.jacobian, w.active, 1e-12, w.normal)
        first = _farthest_joint(joints, trial, now, -1)
        _unit_motion(first, direction)
        project_to_null_space(w, direction)
        _line_search(joints, direction, now, trial)
        if n > m + 1:
            second = _farthest_joint(joints, trial, now, first)
            _unit_motion(second, scratch.q)
            project_to_null_space(w, scratch.q)
            if _combine_directions(joints, trial, now, first, second, direction, scratch.q):
                _line_search(joints, direction, now, trial)
        position, angle = refine(problem, goal, lower, upper, trial, problem.free_steps, problem.max_steps, w)
        change = displacement(joints, trial, now)
        if change >= best or not solved(s, position, angle):
            break
        gain = best - change
        best = change
        for i in range(n):
            q[i] = trial[i]
        if gain < max(_TOLERANCE, _TOLERANCE_SHARE * best):
            break
    return best


@kernel
def _farthest_joint(joints: Array, q: Array, now: Array, excluded: int) -> int:
    """The joint of ``q`` (n,) that is farthest from the state, except ``excluded``."""
    farthest, largest = 0, -1.0
    for i in range(q.shape[0]):
        change = joints[WEIGHT, i] * abs(q[i] - now[i])
        if i != excluded and change > largest:
            farthest, largest = i, change
    return farthest


@kernel
def _unit_motion(joint: int, direction: Array) -> None:
    """Write a unit motion of one joint (n,)."""
    for i in range(direction.shape[0]):
        direction[i] = 1.0 if i == joint else 0.0


@kernel
def project_to_null_space(w: Workspace, direction: Array) -> None:
    """Project a direction (n,) to the null space; J Jᵀ is factorised."""
    for a in range(w.error.shape[0]):
        w.error[a] = 0.0
        for i in range(direction.shape[0]):
            w.error[a] += w.jacobian[a, i] * direction[i]
    substitute(w.normal, w.error, w.dual)
    for i in range(direction.shape[0]):
        for a in range(w.error.shape[0]):
            direction[i] -= w.jacobian[a, i] * w.dual[a]


@kernel
def _combine_directions(
    joints: Array, q: Array, now: Array, first: int, second: int, direction: Array, other: Array
) -> bool:
    """Combine two directions (n,) so that two joints approach the state equally fast; False if parallel."""
    a, b = direction[first], other[first]
    c, d = direction[second], other[second]
    determinant = a * d - b * c
    if abs(determinant) < _MIN_DETERMINANT:
        return False
    one = math.copysign(1.0, now[first] - q[first]) / joints[WEIGHT, first]
    two = math.copysign(1.0, now[second] - q[second]) / joints[WEIGHT, second]
    x, y = (one * d - two * b) / determinant, (two * a - one * c) / determinant
    for i in range(q.shape[0]):
        direction[i] = x * direction[i] + y * other[i]
    return True


@kernel
def _line_search(joints: Array, direction: Array, now: Array, q: Array) -> None:
    """Move ``q`` (n,) along a direction, within the limits, to the smallest displacement.

    Golden-section search: the displacement is a convex function of the step.
    """
    shortest, longest = -_MAX_NULL_SPACE_STEP, _MAX_NULL_SPACE_STEP
    for i in range(q.shape[0]):
        if abs(direction[i]) > 1e-9:
            one, other = (joints[LOWER, i] - q[i]) / direction[i], (joints[UPPER, i] - q[i]) / direction[i]
            shortest, longest = max(shortest, min(one, other)), min(longest, max(one, other))
    one = longest - _INVERSE_GOLDEN_RATIO * (longest - shortest)
    other = shortest + _INVERSE_GOLDEN_RATIO * (longest - shortest)
    change = _displacement_after(joints, q, direction, one, now)
    other_change = _displacement_after(joints, q, direction, other, now)
    for _ in range(_GOLDEN_SECTIONS):
        if change < other_change:
            longest, other, other_change = other, one, change
            one = longest - _INVERSE_GOLDEN_RATIO * (longest - shortest)
            change = _displacement_after(joints, q, direction, one, now)
        else:
            shortest, one, change = one, other, other_change
            other = shortest + _INVERSE_GOLDEN_RATIO * (longest - shortest)
            other_change = _displacement_after(joints, q, direction, other, now)
    length = 0.5 * (shortest + longest)
    for i in range(q.shape[0]):
        q[i] = min(max(q[i] + length * direction[i], joints[LOWER, i]), joints[UPPER, i])


@kernel
def _displacement_after(joints: Array, q: Array, direction: Array, length: float, now: Array) -> float:
    """Displacement from ``now`` after a step along a direction."""
    largest = 0.0
    for i in range(q.shape[0]):
        largest = max(largest, joints[WEIGHT, i] * abs(q[i] + length * direction[i] - now[i]))
    return largest


@kernel
def step_towards_posture(
    s: Search, goal: Array, now: Array, q: Array, w: Workspace, scratch: Scratch
) -> None:
    """Move ``q`` (n,), a solution, by a small null-space step towards a better posture.

    Towards the preferred posture where there is one, or else away from the limits: an arm that always takes
    the smallest displacement drifts into a corner of the limits, from which it has to jump.
    """
    problem, joints, trial = s.problem, s.problem.joints, scratch.trial
    desired, curvatures = scratch.right, scratch.other
    n, lower, upper = q.shape[0], scratch.lower, scratch.upper
    best = displacement(joints, q, now)
    extra = min(_POSTURE_STEP_SHARE * best, _MAX_POSTURE_STEP)
    if best > _MAX_DISPLACEMENT or extra < _MIN_POSTURE_STEP:
        return
    _descend_cost(joints, q, desired, curvatures)
    for i in range(n):
        w.active[i] = 1.0
    # Null-space part of the desired step.
    evaluate(problem, goal, q, w)
    differentiate(problem, w)
    factorise(w.jacobian, w.active, 1e-12, w.normal)
    project_to_null_space(w, desired)
    if not limits_around(joints, now, best + extra, lower, upper):
        return
    # Longer steps go to and fro about the best posture, from one target to the next.
    slope, curvature = 1e-30, 0.0
    for i in range(n):
        slope += desired[i] * desired[i]
        curvature += curvatures[i] * desired[i] * desired[i]
    length = _NEWTON_SHARE * slope / max(slope, curvature)
    for i in range(n):
        if desired[i] > 1e-12:
            length = min(length, (upper[i] - q[i]) / desired[i])
        elif desired[i] < -1e-12:
            length = min(length, (lower[i] - q[i]) / desired[i])
    if length <= 0.0:
        return
    for i in range(n):
        trial[i] = min(max(q[i] + length * desired[i], lower[i]), upper[i])
    position, angle = refine(problem, goal, lower, upper, trial, problem.free_steps - 1, problem.max_steps, w)
    if solved(s, position, angle):
        for i in range(n):
            q[i] = trial[i]


@inlined
def _descend_cost(joints: Array, q: Array, desired: Array, curvatures: Array) -> None:
    """Write the negative gradient (n,) of the cost of a posture, and its second derivatives (n,).

    With a preferred posture, the cost is half the squared distance to that; which turn a joint without limits
    is in does not count.
    """
    for i in range(q.shape[0]):
        desired[i] = curvatures[i] = 0.0
        half, period = 0.5 * (joints[UPPER, i] - joints[LOWER, i]), joints[PERIOD, i]
        if math.isfinite(joints[PREFERRED, i]):
            desired[i], curvatures[i] = joints[PREFERRED, i] - q[i], 1.0
            if period > 0.0 and half == np.inf:
                desired[i] -= period * math.floor(desired[i] / period + 0.5)
        elif half < np.inf:
            share = (q[i] - joints[LOWER, i]) / half - 1.0
            power = _LIMIT_EXPONENT * share ** (_LIMIT_EXPONENT - 2)
            desired[i] = -(_CENTRING_WEIGHT + power) * share / half
            curvatures[i] = (_CENTRING_WEIGHT + (_LIMIT_EXPONENT - 1) * power) / (half * half)
