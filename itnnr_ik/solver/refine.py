"""Bounded damped least squares: from joint positions near a solution to it, or to the closest point."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import kernel
from itnnr_ik.solver.problem import Problem, Workspace, differentiate, evaluate

Array = NDArray[np.float64]

#: Damping [m²] as a share of the squared error, and at least: it vanishes as the error does, which keeps the
#: convergence quadratic, and it holds near singular postures.
_DAMPING_SHARE, _LEAST_DAMPING = 1e-2, 1e-12
#: Share of the squared error that a step may leave, once the free steps are over.
_PROGRESS = 0.25
#: Longest step of a joint [rad, m].
_LONGEST = 1.0
#: An error of less than this share of the curvature may still come down where solutions meet, by slow steps.
MEETING = 5e-3
#: Share of the progress that the Jacobian foresees below which a descent damps more.
_FORESEEN = 0.5


@kernel
def factorise(jacobian: Array, free: Array, damping: float, normal: Array) -> None:
    """Write the Cholesky factor of J D Jᵀ + damping · I (m, m), D the diagonal of ``free`` (n,).

    Its diagonal is written as its inverse: a division takes as long as ten products.
    """
    m, n = jacobian.shape
    for a in range(m):
        for b in range(a + 1):
            total = damping if a == b else 0.0
            for i in range(n):
                total += jacobian[a, i] * jacobian[b, i] * free[i]
            for k in range(b):
                total -= normal[a, k] * normal[b, k]
            if a == b:
                normal[a, a] = 1.0 / math.sqrt(max(total, 1e-30))
            else:
                normal[a, b] = total * normal[b, b]


@kernel
def substitute(normal: Array, rhs: Array, dual: Array) -> None:
    """Write the solution (m,) of the factorised system for the right-hand side (m,)."""
    m = normal.shape[0]
    for a in range(m):
        total = rhs[a]
        for k in range(a):
            total -= normal[a, k] * dual[k]
        dual[a] = total * normal[a, a]
    for a in range(m - 1, -1, -1):
        total = dual[a]
        for k in range(a + 1, m):
            total -= normal[k, a] * dual[k]
        dual[a] = total * normal[a, a]


@kernel
def _damped_step(damping: float, w: Workspace) -> None:
    """Write the step D Jᵀ (J D Jᵀ + damping · I)⁻¹ e (n,)."""
    factorise(w.jacobian, w.free, damping, w.normal)
    substitute(w.normal, w.error, w.dual)
    m, n = w.jacobian.shape
    for i in range(n):
        total = 0.0
        for a in range(m):
            total += w.jacobian[a, i] * w.dual[a]
        w.step[i] = total * w.free[i]


@kernel
def limited_trial(q: Array, lower: Array, upper: Array, damping: float, w: Workspace) -> float:
    """Write the joint positions (n,) after one damped step within the bounds; the longest joint step.

    Joints that rest on a bound and would leave it take no part, so that the others make up for them.
    """
    n = q.shape[0]
    for i in range(n):
        w.free[i] = 1.0
    for attempt in range(2):
        _damped_step(damping, w)
        blocked = False
        if attempt == 0:
            for i in range(n):
                if (q[i] <= lower[i] and w.step[i] < 0.0) or (q[i] >= upper[i] and w.step[i] > 0.0):
                    w.free[i] = 0.0
                    blocked = True
        if not blocked:
            break
    longest = 0.0
    for i in range(n):
        longest = max(longest, abs(w.step[i]))
    scale = 1.0 if longest <= _LONGEST else _LONGEST / longest
    moved = 0.0
    for i in range(n):
        w.trial[i] = min(max(q[i] + scale * w.step[i], lower[i]), upper[i])
        moved = max(moved, abs(w.trial[i] - q[i]))
    return moved


@kernel
def refine(
    problem: Problem,
    goal: Array,
    lower: Array,
    upper: Array,
    q: Array,
    free_steps: int,
    max_steps: int,
    w: Workspace,
) -> tuple[float, float]:
    """Refine ``q`` (n,) in place within the bounds; the squared position error [m²] and angle [rad²].

    The first steps are free: a start that comes home may be farther from it after one step. Then each has to
    halve the error: a start that does not is a poor one, and there are others.
    """
    near, turned = problem.position * problem.position, problem.angle * problem.angle
    scale = problem.length * problem.length
    position = angle = square = np.inf
    for i in range(q.shape[0]):
        w.trial[i] = q[i]
    for count in range(max_steps + 1):
        next_position, next_angle = evaluate(problem, goal, w.trial, w)
        if count > free_steps and next_position + scale * next_angle > _PROGRESS * square:
            break
        position, angle = next_position, next_angle
        for i in range(q.shape[0]):
            q[i] = w.trial[i]
        if count == max_steps or (position <= near and angle <= turned):
            break
        square = position + scale * angle
        differentiate(problem, w)
        limited_trial(q, lower, upper, _DAMPING_SHARE * square + _LEAST_DAMPING, w)
    return position, angle


@kernel
def descend(
    problem: Problem,
    goal: Array,
    lower: Array,
    upper: Array,
    q: Array,
    max_steps: int,
    stalled: float,
    w: Workspace,
) -> tuple[float, float]:
    """Move ``q`` (n,) in place to a local minimum of the error within the bounds (Levenberg–Marquardt).

    It ends at the precision, after ``max_steps``, or with a step of less than ``stalled`` [rad, m].

    Returns:
        The squared position error [m²] and the squared angle [rad²].
    """
    near, turned = problem.position * problem.position, problem.angle * problem.angle
    scale = problem.length * problem.length
    position, angle = evaluate(problem, goal, q, w)
    square = position + scale * angle
    damping = _DAMPING_SHARE * square + _LEAST_DAMPING
    m, n = w.jacobian.shape
    differentiate(problem, w)
    for _ in range(max_steps):
        if position <= near and angle <= turned:
            break
        moved = limited_trial(q, lower, upper, damping, w)
        foreseen = 0.0
        for a in range(m):
            left = w.error[a]
            for i in range(n):
                left -= w.jacobian[a, i] * (w.trial[i] - q[i])
            foreseen += left * left
        next_position, next_angle = evaluate(problem, goal, w.trial, w)
        next_square = next_position + scale * next_angle
        if next_square < square:
            good = square - next_square > _FORESEEN * (square - foreseen)
            damping *= 0.3 if good else 3.0
            position, angle, square = next_position, next_angle, next_square
            for i in range(n):
                q[i] = w.trial[i]
            differentiate(problem, w)
        else:
            damping = 10.0 * max(damping, 1e-3 * square)
            evaluate(problem, goal, q, w)
        if moved < stalled:
            break
    return position, angle


@kernel
def least_singular(w: Workspace, left: Array, right: Array) -> float:
    """Smallest singular value of the Jacobian and its vectors (m,) and (n,), by inverse iteration."""
    m, n = w.jacobian.shape
    for i in range(n):
        w.free[i] = 1.0
    factorise(w.jacobian, w.free, 1e-14, w.normal)
    for a in range(m):
        left[a] = 1.0 + 0.1 * a
    for _ in range(3):
        substitute(w.normal, left, w.dual)
        size = 0.0
        for a in range(m):
            size += w.dual[a] * w.dual[a]
        size = 1.0 / math.sqrt(size)
        for a in range(m):
            left[a] = w.dual[a] * size
    square = 0.0
    for i in range(n):
        total = 0.0
        for a in range(m):
            total += w.jacobian[a, i] * left[a]
        right[i] = total
        square += total * total
    value = math.sqrt(square)
    for i in range(n):
        right[i] = right[i] / value if value > 0.0 else 0.0
    return value
