"""Bounded damped least squares: from joint positions near a solution to it, or to the closest point."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.problem import Problem, Workspace, differentiate, evaluate

Array = NDArray[np.float64]

#: Damping [m²] as a share of the squared error, and at least. It vanishes with the error, which keeps the
#: convergence quadratic, and bounds steps near singular postures.
_DAMPING_SHARE, _MIN_DAMPING = 1e-2, 1e-12
#: Largest share of the squared error that may remain after a step, except the free ones.
_MAX_REMAINING_ERROR = 0.25
#: Share of the tolerance at which a refinement stops, and the squared ratio of the one to the other.
PRECISION_SHARE = 0.5
_SOLVED = 1.0 / PRECISION_SHARE**2
#: Longest step of a joint [rad, m].
_MAX_JOINT_STEP = 1.0
#: Error, as a share of the curvature, below which near singular postures slow steps may still converge.
NEAR_SINGULAR_ERROR = 5e-3
#: Gain ratio (actual by predicted decrease) below which a descent increases its damping.
_MIN_GAIN_RATIO = 0.5


@kernel
def factorise(jacobian: Array, active: Array, damping: float, normal: Array) -> None:
    """Write the Cholesky factor of J D Jᵀ + damping · I (m, m), D the diagonal of ``active`` (n,).

    The diagonal holds inverses: a division takes as long as ten products.
    """
    m, n = jacobian.shape
    for a in range(m):
        for b in range(a + 1):
            total = damping if a == b else 0.0
            for i in range(n):
                total += jacobian[a, i] * jacobian[b, i] * active[i]
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
    factorise(w.jacobian, w.active, damping, w.normal)
    substitute(w.normal, w.error, w.dual)
    m, n = w.jacobian.shape
    for i in range(n):
        total = 0.0
        for a in range(m):
            total += w.jacobian[a, i] * w.dual[a]
        w.step[i] = total * w.active[i]


@kernel
def bounded_step(q: Array, lower: Array, upper: Array, damping: float, w: Workspace) -> float:
    """Write the joint positions (n,) after one damped step within the bounds; the longest joint step.

    Joints at a bound that would leave it are not active, so that the others compensate for them.
    """
    n = q.shape[0]
    for i in range(n):
        w.active[i] = 1.0
    for attempt in range(2):
        _damped_step(damping, w)
        blocked = False
        if attempt == 0:
            for i in range(n):
                if (q[i] <= lower[i] and w.step[i] < 0.0) or (q[i] >= upper[i] and w.step[i] > 0.0):
                    w.active[i] = 0.0
                    blocked = True
        if not blocked:
            break
    longest = 0.0
    for i in range(n):
        longest = max(longest, abs(w.step[i]))
    scale = 1.0 if longest <= _MAX_JOINT_STEP else _MAX_JOINT_STEP / longest
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

    The first ``free_steps`` may increase the error, as those of a good seed can. Then each has to halve it: a
    seed that fails is poor, and there are others. Callers go on from ``w``, which is left as evaluated at
    ``q`` if that is a solution.
    """
    near, turned = problem.position * problem.position, problem.angle * problem.angle
    scale = problem.length * problem.length
    position = angle = square = np.inf
    for i in range(q.shape[0]):
        w.trial[i] = q[i]
    for count in range(max_steps + 1):
        next_position, next_angle = evaluate(problem, goal, w.trial, w)
        if count > free_steps and next_position + scale * next_angle > _MAX_REMAINING_ERROR * square:
            if position <= _SOLVED * near and angle <= _SOLVED * turned:
                evaluate(problem, goal, q, w)
            break
        position, angle = next_position, next_angle
        for i in range(q.shape[0]):
            q[i] = w.trial[i]
        if count == max_steps or (position <= near and angle <= turned):
            break
        square = position + scale * angle
        differentiate(problem, w)
        bounded_step(q, lower, upper, _DAMPING_SHARE * square + _MIN_DAMPING, w)
    return position, angle


@kernel
def descend(
    problem: Problem,
    goal: Array,
    lower: Array,
    upper: Array,
    q: Array,
    max_steps: int,
    min_step: float,
    w: Workspace,
) -> tuple[float, float]:
    """Move ``q`` (n,) in place to a local minimum of the error within the bounds (Levenberg–Marquardt).

    It ends at the precision, after ``max_steps``, or with a step of less than ``min_step`` [rad, m].

    Returns:
        The squared position error [m²] and the squared angle [rad²].
    """
    near, turned = problem.position * problem.position, problem.angle * problem.angle
    scale = problem.length * problem.length
    position, angle = evaluate(problem, goal, q, w)
    square = position + scale * angle
    damping = _DAMPING_SHARE * square + _MIN_DAMPING
    differentiate(problem, w)
    for _ in range(max_steps):
        if position <= near and angle <= turned:
            break
        moved = bounded_step(q, lower, upper, damping, w)
        predicted = _predicted_square(q, w)
        next_position, next_angle = evaluate(problem, goal, w.trial, w)
        next_square = next_position + scale * next_angle
        if next_square < square:
            good = square - next_square > _MIN_GAIN_RATIO * (square - predicted)
            damping *= 0.3 if good else 3.0
            position, angle, square = next_position, next_angle, next_square
            for i in range(q.shape[0]):
                q[i] = w.trial[i]
            differentiate(problem, w)
        else:
            damping = 10.0 * max(damping, 1e-3 * square)
            evaluate(problem, goal, q, w)
        if moved < min_step:
            break
    return position, angle


@inlined
def _predicted_square(q: Array, w: Workspace) -> float:
    """Squared error [m²] that the Jacobian at ``q`` (n,) predicts for the step to ``w.trial``."""
    m, n = w.jacobian.shape
    predicted = 0.0
    for a in range(m):
        left = w.error[a]
        for i in range(n):
            left -= w.jacobian[a, i] * (w.trial[i] - q[i])
        predicted += left * left
    return predicted


@kernel
def smallest_singular_value(w: Workspace, left: Array, right: Array) -> float:
    """Smallest singular value of the Jacobian and its vectors (m,) and (n,), by inverse iteration."""
    m, n = w.jacobian.shape
    for i in range(n):
        w.active[i] = 1.0
    factorise(w.jacobian, w.active, 1e-14, w.normal)
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
