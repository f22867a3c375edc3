"""Solutions that no anchor leads to: in a box around the state, or across a singular posture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined
from itnnr_ik.solver.buffers import Scratch, Search, solved
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.refine import descend, refine, smallest_singular_value
from itnnr_ik.solver.state import WEIGHT, clip, displacement, limits_around

Array = NDArray[np.float64]

#: Largest half-width [rad] of the box around the state in which solutions are searched for.
_MAX_BOX = 0.5
#: Largest error after a few steps in the box, as a share of the curvature, with which it is searched,
#: and that of arms with several redundant joints.
_MAX_ERROR, _MAX_ERROR_REDUNDANT = 0.5, 0.25
#: Largest error after a descent, as above, with which all seeds are tried, else their number's divisor.
_ALL_SEEDS_ERROR, _FEW_SEEDS_DIVISOR = 0.05, 8
#: Longest displacement [rad] to a solution across a singular posture, and the step [rad] of its central
#: differences.
_MAX_CROSSING, _DIFFERENCE_STEP = 1.5, 1e-4
#: Smallest step [rad, m] of a descent.
_MIN_STEP = 1e-5


@inlined
def search_box(
    s: Search, goal: Array, now: Array, answer: Array, best: float, w: Workspace, scratch: Scratch
) -> float:
    """Write a solution (n,) nearer to the state than ``best`` (within `_MAX_BOX`); its displacement."""
    problem, joints = s.problem, s.problem.joints
    n, scale = joints.shape[1], problem.length * problem.length
    q, lower, upper = scratch.q, scratch.lower, scratch.upper
    free, steps, half = problem.free_steps, 2 * problem.max_steps, min(best, _MAX_BOX)
    if not limits_around(joints, now, half, lower, upper):
        return best
    for i in range(n):
        q[i] = min(max(now[i], lower[i]), upper[i])
    position, angle = refine(problem, goal, lower, upper, q, free, free, w)
    max_error = _MAX_ERROR if n < w.error.shape[0] + 2 else _MAX_ERROR_REDUNDANT
    if position + scale * angle > (max_error * s.curvature) ** 2:
        return best
    position, angle = descend(problem, goal, lower, upper, q, steps, _MIN_STEP, w)
    near = position + scale * angle <= (_ALL_SEEDS_ERROR * s.curvature) ** 2
    if near:
        # Near a singular posture, a descent is slow.
        position, angle = refine(problem, goal, lower, upper, q, steps, steps, w)
    change = displacement(joints, q, now)
    if solved(s, position, angle) and change < best:
        best = half = change
        for i in range(n):
            answer[i] = q[i]
    count = s.seeds.shape[0]
    if not near:
        count //= _FEW_SEEDS_DIVISOR
    for k in range(count):
        if not limits_around(joints, now, half, lower, upper):
            break
        for i in range(n):
            q[i] = min(max(now[i] + half / joints[WEIGHT, i] * s.seeds[k, i], lower[i]), upper[i])
        position, angle = refine(problem, goal, lower, upper, q, 3 * free, steps, w)
        if not solved(s, position, angle):
            continue
        change = displacement(joints, q, now)
        if change < best:
            best = half = change
            for i in range(n):
                answer[i] = q[i]
    return best


@inlined
def search_across_singularity(
    s: Search, goal: Array, now: Array, q: Array, best: float, w: Workspace, scratch: Scratch
) -> float:
    """Replace ``q`` (n,) by the solution across a nearby singular posture, if that is nearer to the state.

    Returns:
        The displacement of the resulting ``q``.
    """
    joints = s.problem.joints
    if not (
        limits_around(joints, now, best, scratch.lower, scratch.upper)
        and cross_singularity(s, goal, q, w, scratch)
    ):
        return best
    change = displacement(joints, scratch.trial, now)
    if change >= best:
        return best
    for i in range(q.shape[0]):
        q[i] = scratch.trial[i]
    return change


@inlined
def cross_singularity(s: Search, goal: Array, q: Array, w: Workspace, scratch: Scratch) -> bool:
    """Write the solution across a singular posture near the solution ``q`` (n,).

    Along the singular vector of the smallest singular value σ, the task is σ s + h s² / 2, which is zero
    again at s = −2 σ / h.

    Returns:
        Whether ``scratch.trial`` (n,) holds one, within the bounds of ``scratch``.
    """
    problem = s.problem
    n, m = q.shape[0], w.error.shape[0]
    evaluate(problem, goal, q, w)
    differentiate(problem, w)
    sigma = smallest_singular_value(w, scratch.left, scratch.right)
    curvature = 0.0
    for side in (-1.0, 1.0):
        for i in range(n):
            scratch.trial[i] = q[i] + side * _DIFFERENCE_STEP * scratch.right[i]
        evaluate(problem, goal, scratch.trial, w)
        differentiate(problem, w)
        for a in range(m):
            for i in range(n):
                curvature += side * scratch.left[a] * w.jacobian[a, i] * scratch.right[i]
    curvature /= 2.0 * _DIFFERENCE_STEP
    if abs(curvature) * _MAX_CROSSING < 2.0 * sigma:
        return False
    for i in range(n):
        scratch.trial[i] = q[i] - 2.0 * sigma / curvature * scratch.right[i]
    clip(scratch.lower, scratch.upper, scratch.trial)
    position, angle = refine(
        problem, goal, scratch.lower, scratch.upper, scratch.trial, problem.free_steps, problem.max_steps, w
    )
    return solved(s, position, angle)
