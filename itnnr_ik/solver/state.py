"""Joint positions among limits and turns: what is nearest to a state, and the box around it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import kernel

Array = NDArray[np.float64]

#: Rows of `itnnr_ik.solver.problem.Problem`'s joints.
LOWER, UPPER, PERIOD, WEIGHT, MIDDLE, PREFERRED = 0, 1, 2, 3, 4, 5


@kernel
def displacement(joints: Array, q: Array, now: Array) -> float:
    """Largest joint change [rad] from ``now`` (n,) to ``q`` (n,)."""
    largest = 0.0
    for i in range(q.shape[0]):
        largest = max(largest, joints[WEIGHT, i] * abs(q[i] - now[i]))
    return largest


@kernel
def turn_towards(joints: Array, q: Array, reference: Array) -> None:
    """Turn joints of ``q`` (n,) by whole turns to be nearest to ``reference`` (n,) within their limits."""
    for i in range(q.shape[0]):
        turn = joints[PERIOD, i]
        if turn == 0.0:
            continue
        value = q[i] + turn * math.floor((reference[i] - q[i]) / turn + 0.5)
        if value > joints[UPPER, i]:
            value -= turn * math.ceil((value - joints[UPPER, i]) / turn - 1e-12)
        if value < joints[LOWER, i]:
            value += turn * math.ceil((joints[LOWER, i] - value) / turn - 1e-12)
        # One that has no place within the limits is left to be cut to the nearer one.
        q[i] = value


@kernel
def clip(lower: Array, upper: Array, q: Array) -> None:
    """Cut ``q`` (n,) to the bounds, in place."""
    for i in range(q.shape[0]):
        q[i] = min(max(q[i], lower[i]), upper[i])


@kernel
def limit(joints: Array, lower: Array, upper: Array) -> None:
    """Write the limits (n,) of the joints."""
    for i in range(lower.shape[0]):
        lower[i], upper[i] = joints[LOWER, i], joints[UPPER, i]


@kernel
def surround(joints: Array, now: Array, change: float, lower: Array, upper: Array) -> bool:
    """Write the part of the limits (n,) within ``change`` [rad] of ``now`` (n,); whether there is one."""
    for i in range(now.shape[0]):
        half = change / joints[WEIGHT, i]
        lower[i], upper[i] = max(joints[LOWER, i], now[i] - half), min(joints[UPPER, i], now[i] + half)
        if lower[i] > upper[i]:
            return False
    return True
