"""The freedom of spare joints, spent on small and even steps from target to target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse.linalg import spsolve

from itnnr_ik.paths.kinematics import Kinematics

Array = NDArray[np.float64]

#: Powers of the steps whose sum is made small, one after the other, and iterations of each: the higher, the
#: more the largest step alone counts.
_POWERS, _ITERATIONS = (2.0, 4.0, 8.0, 16.0), (25, 10, 10, 15)
#: Damping, as a share of the largest curvature: at first, least and most.
_DAMPING, _LEAST, _MOST = 1e-4, 1e-9, 1e3
#: Longest move of a posture [rad] at a time, and the gain below which a power is done with.
_LONGEST, _GAIN = 0.2, 1e-4


def relax(
    arm: Kinematics, first: int, positions: Array, bounds: Array, closed: bool = False
) -> tuple[Array, NDArray[np.bool_]]:
    """Move postures (L, n) of targets from ``first`` on along their solutions, to small steps within bounds.

    Returns:
        The postures and which are solutions. Those that were none at first stay so only where no
        neighbour leads to one.
    """
    targets = first + np.arange(len(positions))
    q, solved = arm.refine(targets, positions, bounds)
    if len(q) < 3 or arm.spare == 0:
        return q, solved
    for power, iterations in zip(_POWERS, _ITERATIONS, strict=True):
        damping = _DAMPING
        scale = float(_steps(arm, q, closed).max())
        if scale == 0.0:
            break
        cost = _cost(arm, q, power, scale, closed)
        for _ in range(iterations):
            basis = arm.null_space(q)
            moved = False
            while damping < _MOST:
                trial = q + _move(arm, q, basis, power, scale, damping, closed)
                trial, reached = arm.refine(targets, np.clip(trial, bounds[0], bounds[1]), bounds)
                trial[~reached & solved] = q[~reached & solved]
                less = _cost(arm, trial, power, scale, closed)
                if less < cost or (reached & ~solved).any():
                    moved = True
                    break
                damping = max(10.0 * damping, 1e-6)
            if not moved:
                break
            gain, q, cost, solved = cost - less, trial, less, solved | reached
            damping = max(0.2 * damping, _LEAST)
            if gain < _GAIN * cost and solved.all():
                break
    return q, solved


def _steps(arm: Kinematics, q: Array, closed: bool) -> Array:
    """Joint changes (L − 1, n) [rad] from each posture to the next, and of a closed path, to the first."""
    steps: Array = np.abs(arm.weights * np.diff(np.concatenate([q, q[:1]]) if closed else q, axis=0))
    return steps


def _cost(arm: Kinematics, q: Array, power: float, scale: float, closed: bool) -> float:
    return float(((_steps(arm, q, closed) / scale) ** power).sum())


def _move(
    arm: Kinematics, q: Array, basis: Array, power: float, scale: float, damping: float, closed: bool
) -> Array:
    """A Newton step (L, n) of the sum of powers, within the null spaces (L, n, r)."""
    count, _, r = basis.shape
    following = np.concatenate([np.arange(1, count), [0]])[: count if closed else count - 1]
    now = np.arange(len(following))
    change = arm.weights * (q[following] - q[now]) / scale
    slope = np.abs(change) ** (power - 2.0) * change
    bend = (power - 1.0) * np.abs(change) ** (power - 2.0) + 1e-9
    ahead, here = arm.weights[:, None] * basis[following], arm.weights[:, None] * basis[now]
    gradient = np.zeros((count, r))
    np.add.at(gradient, following, np.einsum("kir,ki->kr", ahead, slope))
    np.add.at(gradient, now, -np.einsum("kir,ki->kr", here, slope))
    diagonal = np.zeros((count, r, r))
    np.add.at(diagonal, following, np.einsum("kir,ki,kis->krs", ahead, bend, ahead))
    np.add.at(diagonal, now, np.einsum("kir,ki,kis->krs", here, bend, here))
    beside = -np.einsum("kir,ki,kis->krs", here, bend, ahead)
    diagonal += (damping * np.abs(diagonal).max() + 1e-12) * np.eye(r)
    rows = np.arange(count * r).reshape(count, r)
    entries = [
        (diagonal, rows[:, :, None], rows[:, None, :]),
        (beside, rows[now][:, :, None], rows[following][:, None, :]),
        (beside, rows[now][:, :, None], rows[following][:, None, :]),
    ]
    values = np.concatenate([value.ravel() for value, _, _ in entries])
    places = [
        np.concatenate([np.broadcast_to(entry[side], entry[0].shape).ravel() for entry in entries])
        for side in (1, 2)
    ]
    middle = diagonal.size + beside.size
    places[0][middle:], places[1][middle:] = places[1][middle:].copy(), places[0][middle:].copy()
    matrix = csc_array((values, (places[0], places[1])), shape=(count * r, count * r))
    along = spsolve(matrix, -scale * gradient.ravel()).reshape(count, r)
    move = np.einsum("kir,kr->ki", basis, along)
    longest = (arm.weights * np.abs(move)).max(axis=1, keepdims=True)
    limited: Array = move * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-12))
    return limited
