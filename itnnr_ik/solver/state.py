"""Displacement from a state, unwrapping of joints towards it, and joint limits around it."""

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
def unwrap_towards(joints: Array, q: Array, reference: Array) -> None:
    """Shift joints of ``q`` (n,) by whole periods to be nearest to ``reference`` (n,) within their limits."""
    for i in range(q.shape[0]):
        period = joints[PERIOD, i]
        if period == 0.0:
            continue
        value = q[i] + period * math.floor((reference[i] - q[i]) / period + 0.5)
        if value > joints[UPPER, i]:
            value -= period * math.ceil((value - joints[UPPER, i]) / period - 1e-12)
        if value < joints[LOWER, i]:
            value += period * math.ceil((joints[LOWER, i] - value) / period - 1e-12)
        # Where no such value is within the limits, the caller clips it.
        q[i] = value


@kernel
def clip(lower: Array, upper: Array, q: Array) -> None:
    """Clip ``q`` (n,) to the bounds, in place."""
    for i in range(q.shape[0]):
        q[i] = min(max(q[i], lower[i]), upper[i])


@kernel
def copy_limits(joints: Array, lower: Array, upper: Array) -> None:
    """Write the limits (n,) of the joints."""
    for i in range(lower.shape[0]):
        lower[i], upper[i] = joints[LOWER, i], joints[UPPER, i]


@kernel
def limits_around(joints: Array, now: Array, change: float, lower: Array, upper: Array) -> bool:
    """Write the limits (n,) within a box of ``change`` [rad] around ``now`` (n,); False if there are none."""
    for i in range(now.shape[0]):
        half = change / joints[WEIGHT, i]
        lower[i], upper[i] = max(joints[LOWER, i], now[i] - half), min(joints[UPPER, i], now[i] + half)
        if lower[i] > upper[i]:
            return False
    return True
