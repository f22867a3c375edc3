"""What finishes an answer of the network: damped Gauss–Newton steps within the joint limits.

The formulas work on one value per joint or coordinate, floats or columns (see `itnnr_ik.arms.kinematics`),
so that one target and a batch share them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import add, mul, sub
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.arms import Arm
from itnnr_ik.arms.kinematics import Component
from itnnr_ik.solver import scalars

Array = NDArray[np.float64]

#: Damping [m²] as a share of the squared residual at the start, and its bounds: it vanishes as the
#: residual does, which keeps the convergence quadratic, and it holds near singular postures.
_DAMPING_SHARE = 1e-2
_MIN_DAMPING = 1e-12
_MAX_DAMPING = 1e3
#: Share of the squared residual that a step may leave in `refine_one`.
_PROGRESS = 0.25
#: Share of the progress that the Jacobian foresees below which `closest_points` damps more: far from the
#: target, steps without damping overshoot from side to side.
_FORESEEN = 0.5
#: Step [rad] below which a refinement that has not converged has found its closest point.
_STALLED = 1e-4


def _dot(a: Iterable[Component], b: Iterable[Component]) -> Component:
    return sum(map(mul, a, b))


def solve_normal(
    jacobian: Sequence[Sequence[Component]], rhs: Sequence[Component], damping: Component
) -> list[Component]:
    """w with (J Jᵀ + damping · I) w = rhs, for two or three coordinates, by cofactors."""
    if len(rhs) == 2:
        row_0, row_1 = jacobian
        a, b, c = _dot(row_0, row_0) + damping, _dot(row_0, row_1), _dot(row_1, row_1) + damping
        x, y = rhs
        scale = 1.0 / (a * c - b * b)
        return [(c * x - b * y) * scale, (a * y - b * x) * scale]
    row_0, row_1, row_2 = jacobian
    a, b, c = _dot(row_0, row_0) + damping, _dot(row_0, row_1), _dot(row_0, row_2)
    d, e, f = _dot(row_1, row_1) + damping, _dot(row_1, row_2), _dot(row_2, row_2) + damping
    p, q, r = d * f - e * e, c * e - b * f, b * e - c * d
    s, t, u = a * f - c * c, b * c - a * e, a * d - b * b
    scale = 1.0 / (a * p + b * q + c * r)
    x, y, z = rhs
    return [(p * x + q * y + r * z) * scale, (q * x + s * y + t * z) * scale, (r * x + t * y + u * z) * scale]


def damped_step(
    jacobian: Sequence[Sequence[Component]], error: Sequence[Component], damping: Component
) -> list[Component]:
    """Jᵀ (J Jᵀ + damping · I)⁻¹ error: the smallest joint step [rad] that takes away the error [m]."""
    first, *others = solve_normal(jacobian, error, damping)
    step = [first * j for j in jacobian[0]]
    for weight, row in zip(others, jacobian[1:], strict=True):
        step = [s + weight * j for s, j in zip(step, row, strict=True)]
    return step


def limited_trial(
    arm: Arm,
    joints: Sequence[Component],
    jacobian: Sequence[Sequence[Component]],
    error: Sequence[Component],
    damping: Component,
    xp: Any,
) -> list[Component]:
    """Joint positions after one `damped_step`, within the limits.

    Joints that rest on a limit and would leave it take no part in the step, so that the others make up
    for them.
    """
    step = damped_step(jacobian, error, damping)
    trial = list(map(add, joints, step))
    if not xp.any([(t < low) | (t > high) for t, low, high in zip(trial, arm.lower, arm.upper, strict=True)]):
        return trial
    free = [
        xp.where((q <= low) & (s < 0.0) | (q >= high) & (s > 0.0), 0.0, 1.0)
        for q, s, low, high in zip(joints, step, arm.lower, arm.upper, strict=True)
    ]
    step = damped_step([list(map(mul, row, free)) for row in jacobian], error, damping)
    return [
        xp.minimum(xp.maximum(q + s * f, low), high)
        for q, s, f, low, high in zip(joints, step, free, arm.lower, arm.upper, strict=True)
    ]


def refine_one(
    arm: Arm, joints: list[float], target: Sequence[float], precision: float, max_steps: int
) -> tuple[list[float], float]:
    """Joint positions (n) [rad] within the limits, refined for one target (m), and their residual [m].

    Stops at a residual of ``precision`` [m], after ``max_steps``, or as soon as a step takes away less than
    half of the residual: such a start is a poor one, and there are others.
    """
    tip, jacobian = arm.tip(joints, scalars)
    error = list(map(sub, target, tip))
    square = _dot(error, error)
    goal = precision * precision
    for _ in range(max_steps):
        if square <= goal:
            break
        damping = _DAMPING_SHARE * square + _MIN_DAMPING
        trial = limited_trial(arm, joints, jacobian, error, damping, scalars)
        tip, jacobian = arm.tip(trial, scalars)
        error = list(map(sub, target, tip))
        trial_square = _dot(error, error)
        if trial_square > _PROGRESS * square:
            break
        joints, square = trial, trial_square
    return joints, math.sqrt(square)


def refine_many(
    arm: Arm, positions: Array, targets: Array, precision: float, max_steps: int
) -> tuple[Array, Array]:
    """`refine_one` for joint positions (b, n) and targets (b, m): positions (b, n) and residuals (b,)."""
    positions = positions.copy()
    joints, goal = list(positions.T.copy()), list(targets.T.copy())
    tip, jacobian = arm.tip(joints, np)
    error = list(map(sub, goal, tip))
    square = _dot(error, error)
    residual = square.copy()
    active = np.arange(len(positions))
    going = square > precision * precision
    for _ in range(max_steps):
        kept = np.flatnonzero(going)
        if not len(kept):
            break
        if len(kept) < len(active):
            active, square = active[kept], square[kept]
            joints, goal, error = ([c[kept] for c in columns] for columns in (joints, goal, error))
            jacobian = [[c[kept] for c in row] for row in jacobian]
        joints = limited_trial(arm, joints, jacobian, error, _DAMPING_SHARE * square + _MIN_DAMPING, np)
        tip, jacobian = arm.tip(joints, np)
        error = list(map(sub, goal, tip))
        last, square = square, _dot(error, error)
        better = square <= _PROGRESS * last
        improved = active[better]
        positions[improved] = np.stack(joints, axis=1)[better]
        residual[improved] = square[better]
        going = better & (square > precision * precision)
    return positions, np.sqrt(residual)


def closest_points(
    arm: Arm, positions: Array, target: Sequence[float], precision: float, max_steps: int
) -> tuple[Array, Array]:
    """Rows of joint positions (b, n) brought as near to one target (m) as the limits allow.

    Unlike `refine_many` it perseveres: a step that does not help is tried again with more damping
    (Levenberg–Marquardt). Returns positions (b, n) and residuals (b,).
    """
    joints = list(positions.T.copy())
    tip, jacobian = arm.tip(joints, np)
    error = list(map(sub, target, tip))
    square = _dot(error, error)
    damping = _DAMPING_SHARE * square
    for _ in range(max_steps):
        if square.min() <= precision * precision:
            break
        damping = np.clip(damping, _MIN_DAMPING, _MAX_DAMPING)
        trial = limited_trial(arm, joints, jacobian, error, damping, np)
        tip, trial_jacobian = arm.tip(trial, np)
        trial_error = list(map(sub, target, tip))
        trial_square = _dot(trial_error, trial_error)
        better = trial_square < square
        step = list(map(sub, trial, joints))
        moved = np.max(np.abs(step), axis=0)
        left = [e - _dot(row, step) for e, row in zip(error, jacobian, strict=True)]
        foreseen = square - _dot(left, left)
        damping = np.where(
            square - trial_square > _FORESEEN * foreseen,
            0.3 * damping,
            np.where(better, 3.0, 10.0) * np.maximum(damping, 1e-3 * square),
        )
        joints = _choose(better, trial, joints)
        error = _choose(better, trial_error, error)
        jacobian = [_choose(better, *rows) for rows in zip(trial_jacobian, jacobian, strict=True)]
        square = np.where(better, trial_square, square)
        if (moved < _STALLED).all():
            break
    return np.stack(joints, axis=1), np.sqrt(square)


def _choose(
    condition: NDArray[np.bool_], chosen: Sequence[Component], other: Sequence[Component]
) -> list[Component]:
    return [np.where(condition, c, o) for c, o in zip(chosen, other, strict=True)]
