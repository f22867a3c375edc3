"""What finishes an answer of the network: damped Gauss–Newton steps within the joint limits.

The formulas work on one value per joint or coordinate, floats or columns (see `itnnr_ik.arms.kinematics`),
so that one target and a batch share them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
#: Step [rad] below which a refinement that has not converged has found its closest point.
_STALLED = 1e-9


def _dot(a: Sequence[Component], b: Sequence[Component]) -> Component:
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return total


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
    weights = solve_normal(jacobian, error, damping)
    return [_dot(column, weights) for column in zip(*jacobian, strict=True)]


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
    blocked = [
        (q <= low) & (s < 0.0) | (q >= high) & (s > 0.0)
        for q, s, low, high in zip(joints, step, arm.lower, arm.upper, strict=True)
    ]
    if xp.any(blocked):
        free = [xp.where(b, 0.0, 1.0) for b in blocked]
        step = damped_step([[j * f for j, f in zip(row, free, strict=True)] for row in jacobian], error, damping)
    return [
        xp.minimum(xp.maximum(q + s, low), high)
        for q, s, low, high in zip(joints, step, arm.lower, arm.upper, strict=True)
    ]


def refine_one(
    arm: Arm, joints: list[float], target: Sequence[float], precision: float, max_steps: int
) -> tuple[list[float], float]:
    """Joint positions (n) [rad] within the limits, refined for one target (m), and their residual [m].

    Stops at a residual of ``precision`` [m], at the closest point, or after ``max_steps``.
    """
    tip, jacobian = arm.tip(joints, scalars)
    error = [t - p for t, p in zip(target, tip, strict=True)]
    square = _dot(error, error)
    damping = _DAMPING_SHARE * square
    for _ in range(max_steps):
        if square <= precision * precision:
            break
        damping = min(max(damping, _MIN_DAMPING), _MAX_DAMPING)
        trial = limited_trial(arm, joints, jacobian, error, damping, scalars)
        tip, trial_jacobian = arm.tip(trial, scalars)
        trial_error = [t - p for t, p in zip(target, tip, strict=True)]
        trial_square = _dot(trial_error, trial_error)
        moved = max(map(abs, map(float.__sub__, trial, joints)))
        if trial_square < square:
            damping *= 0.1 * trial_square / square
            joints, jacobian, error, square = trial, trial_jacobian, trial_error, trial_square
        elif damping >= _MAX_DAMPING:
            break
        else:
            damping = 10.0 * max(damping, 1e-4 * square)
        if moved < _STALLED:
            break
    return joints, math.sqrt(square)


def refine_many(
    arm: Arm, positions: Array, targets: Array, precision: float, max_steps: int
) -> tuple[Array, Array]:
    """`refine_one` for rows of joint positions (b, n) and targets (b, m): positions (b, n), residuals (b,)."""
    positions = positions.copy()
    residual = np.empty(len(positions))
    active = np.arange(len(positions))
    joints = list(positions.T.copy())
    goal = list(targets.T.copy())
    tip, jacobian = arm.tip(joints, np)
    error = [t - p for t, p in zip(goal, tip, strict=True)]
    square = _dot(error, error)
    damping = _DAMPING_SHARE * square
    stalled = np.zeros(len(positions), dtype=bool)
    for step in range(max_steps + 1):
        going = (square > precision * precision) & ~stalled
        if step == max_steps:
            going[:] = False
        done = active[~going]
        residual[done] = np.sqrt(square[~going])
        positions[done] = np.stack([q[~going] for q in joints], axis=1)
        if not going.any():
            break
        active, square, damping = active[going], square[going], damping[going]
        joints, goal, error = ([c[going] for c in columns] for columns in (joints, goal, error))
        jacobian = [[np.broadcast_to(c, going.shape)[going] for c in row] for row in jacobian]
        damping = np.clip(damping, _MIN_DAMPING, _MAX_DAMPING)
        trial = limited_trial(arm, joints, jacobian, error, damping, np)
        tip, trial_jacobian = arm.tip(trial, np)
        trial_error = [t - p for t, p in zip(goal, tip, strict=True)]
        trial_square = _dot(trial_error, trial_error)
        better = trial_square < square
        moved = np.max([np.abs(t - q) for t, q in zip(trial, joints, strict=True)], axis=0)
        stalled = (moved < _STALLED) | (~better & (damping >= _MAX_DAMPING))
        damping = np.where(
            better, 0.1 * damping * trial_square / square, 10.0 * np.maximum(damping, 1e-4 * square)
        )
        joints = [np.where(better, t, q) for t, q in zip(trial, joints, strict=True)]
        error = [np.where(better, t, e) for t, e in zip(trial_error, error, strict=True)]
        jacobian = [
            [np.where(better, t, j) for t, j in zip(trial_row, row, strict=True)]
            for trial_row, row in zip(trial_jacobian, jacobian, strict=True)
        ]
        square = np.where(better, trial_square, square)
    return positions, residual
