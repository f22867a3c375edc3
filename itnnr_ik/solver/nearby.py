"""Solutions near a state, or near another solution, that no anchor leads to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.refine import descend, least_singular, refine
from itnnr_ik.solver.room import Room, Search, solved
from itnnr_ik.solver.state import WEIGHT, clip, displacement, surround

Array = NDArray[np.float64]

#: Solutions in a box of this half-width [rad] around the state are searched for where a few steps within it
#: leave less than the first share of the curvature, with several spare joints the second; then from as many
#: starts in it as there are, where a descent leaves less than the third share, or from one in so many.
_AROUND, _AROUND_SOME, _AROUND_SPARES, _AROUND_ALL, _AROUND_FEW = 0.5, 0.5, 0.25, 0.05, 8
#: Longest way [rad] to a solution on the other side of a singular posture that is looked for, and the step
#: [rad] of its difference quotient.
_ACROSS, _DIFFERENCE = 1.5, 1e-4
#: Least step [rad, m] of a descent.
_STALLED = 1e-5


@inlined
def search_around(
    s: Search, goal: Array, now: Array, answer: Array, best: float, w: Workspace, room: Room
) -> float:
    """Write a solution (n,) nearer to the state than ``best`` and `_AROUND`; its displacement or ``best``."""
    problem, joints = s.problem, s.problem.joints
    n, scale = joints.shape[1], problem.length * problem.length
    half = min(best, _AROUND)
    if not surround(joints, now, half, room.lower, room.upper):
        return best
    for i in range(n):
        room.q[i] = min(max(now[i], room.lower[i]), room.upper[i])
    free = 3 * problem.free
    position, angle = refine(problem, goal, room.lower, room.upper, room.q, problem.free, problem.free, w)
    some = _AROUND_SOME if n < w.error.shape[0] + 2 else _AROUND_SPARES
    if position + scale * angle > (some * s.curvature) ** 2:
        return best
    position, angle = descend(problem, goal, room.lower, room.upper, room.q, 2 * problem.steps, _STALLED, w)
    near = position + scale * angle <= (_AROUND_ALL * s.curvature) ** 2
    if near:
        # Where solutions meet, a descent is slow.
        position, angle = refine(
            problem, goal, room.lower, room.upper, room.q, 2 * problem.steps, 2 * problem.steps, w
        )
    change = displacement(joints, room.q, now)
    if solved(s, position, angle) and change < best:
        best = half = change
        for i in range(n):
            answer[i] = room.q[i]
    count = s.starts.shape[0]
    if not near:
        count //= _AROUND_FEW
    for k in range(count):
        if not surround(joints, now, half, room.lower, room.upper):
            break
        for i in range(n):
            room.q[i] = min(
                max(now[i] + half / joints[WEIGHT, i] * s.starts[k, i], room.lower[i]), room.upper[i]
            )
        position, angle = refine(problem, goal, room.lower, room.upper, room.q, free, 2 * problem.steps, w)
        if not solved(s, position, angle):
            continue
        change = displacement(joints, room.q, now)
        if change < best:
            best = half = change
            for i in range(n):
                answer[i] = room.q[i]
    return best


@inlined
def search_across(
    s: Search, goal: Array, now: Array, q: Array, best: float, w: Workspace, room: Room
) -> float:
    """Replace ``q`` (n,) by the solution on the other side of a singular posture nearby, if that is nearer.

    Returns:
        The displacement of what ``q`` is now.
    """
    joints = s.problem.joints
    if not (surround(joints, now, best, room.lower, room.upper) and cross(s, goal, q, w, room)):
        return best
    change = displacement(joints, room.trial, now)
    if change >= best:
        return best
    for i in range(q.shape[0]):
        q[i] = room.trial[i]
    return change


@inlined
def cross(s: Search, goal: Array, q: Array, w: Workspace, room: Room) -> bool:
    """Write the solution on the other side of a singular posture near the solution ``q`` (n,).

    Along the joint direction v that moves the tool least, the task is σ s + h s² / 2: zero again at s = −2 σ
    / h.

    Returns:
        Whether ``room.trial`` (n,) holds one, within the bounds of ``room``.
    """
    problem = s.problem
    n, m = q.shape[0], w.error.shape[0]
    evaluate(problem, goal, q, w)
    differentiate(problem, w)
    sigma = least_singular(w, room.left, room.right)
    curvature = 0.0
    for side in (-1.0, 1.0):
        for i in range(n):
            room.trial[i] = q[i] + side * _DIFFERENCE * room.right[i]
        evaluate(problem, goal, room.trial, w)
        differentiate(problem, w)
        for a in range(m):
            for i in range(n):
                curvature += side * room.left[a] * w.jacobian[a, i] * room.right[i]
    curvature /= 2.0 * _DIFFERENCE
    if abs(curvature) * _ACROSS < 2.0 * sigma:
        return False
    for i in range(n):
        room.trial[i] = q[i] - 2.0 * sigma / curvature * room.right[i]
    clip(room.lower, room.upper, room.trial)
    position, angle = refine(
        problem, goal, room.lower, room.upper, room.trial, problem.free, problem.steps, w
    )
    return solved(s, position, angle)
