"""The freedom of spare joints, spent on small and even steps from target to target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bsr_array, eye_array
from scipy.sparse.linalg import spsolve

from itnnr_ik.paths.kinematics import Kinematics, displacement

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Powers of the steps whose sum is made small, one after the other, and iterations of each: the higher, the
#: more the largest step alone counts.
_POWERS, _ITERATIONS = (2.0, 4.0, 8.0, 16.0), (25, 10, 10, 15)
#: Damping, as a share of the largest curvature: at first, least and most.
_DAMPING, _LEAST, _MOST = 1e-4, 1e-9, 1e3
#: Longest move of a posture [rad] at a time, and the gain below which a power is done with.
_LONGEST, _GAIN = 0.2, 1e-4
#: Curvature of a step that does not count.
_NOTHING = 1e-9


class _Steps(NamedTuple):
    """From which posture to which (s,); −1 is the state before the path, (1, n) or no row."""

    now: Indices
    following: Indices
    before: Array

    def changes(self, arm: Kinematics, q: Array) -> Array:
        """Joint changes (s, n) [rad]."""
        rows = np.concatenate([q, self.before])
        return np.asarray(arm.weights * (rows[self.following] - rows[self.now]))

    def cost(self, arm: Kinematics, q: Array, power: float, scale: float) -> float:
        """Sum of the powers of all changes."""
        return float((np.abs(self.changes(arm, q) / scale) ** power).sum())


def relax(
    arm: Kinematics,
    first: int,
    positions: Array,
    bounds: Array,
    closed: bool = False,
    before: Array | None = None,
) -> tuple[Array, NDArray[np.bool_]]:
    """Move postures (L, n) of targets from ``first`` on along their solutions, to small steps within bounds.

    The step from the last to the first of a ``closed`` path counts, and that from a state ``before`` (n,).

    Returns:
        The postures and which are solutions: all those that were at first, and more.
    """
    targets = first + np.arange(len(positions))
    q, solved = arm.refine(targets, positions, bounds)
    if len(q) < 3:
        return q, solved
    steps = _steps(q, closed, before)
    for power, iterations in zip(_POWERS, _ITERATIONS, strict=True):
        damping, scale = _DAMPING, float(np.abs(steps.changes(arm, q)).max())
        if scale == 0.0:
            break
        cost = steps.cost(arm, q, power, scale)
        for _ in range(iterations):
            basis, found = arm.null_space(q), None
            while found is None and damping < _MOST:
                move = _move(arm, steps, q, basis, power, scale, damping)
                trial, reached = arm.refine(targets, np.clip(q + move, *bounds), bounds)
                trial[~reached & solved] = q[~reached & solved]
                less = steps.cost(arm, trial, power, scale)
                if less < cost or (reached & ~solved).any():
                    found = trial
                else:
                    damping = max(10.0 * damping, 1e-6)
            if found is None:
                break
            gain, q, cost, solved = cost - less, found, less, solved | reached
            damping = max(0.2 * damping, _LEAST)
            if gain < _GAIN * cost and solved.all():
                break
    return q, solved


def _steps(q: Array, closed: bool, before: Array | None) -> _Steps:
    count = len(q)
    now, following = np.arange(count - 1), np.arange(1, count)
    if closed:
        now, following = np.append(now, count - 1), np.append(following, 0)
    if before is not None:
        now, following = np.append(now, -1), np.append(following, 0)
    return _Steps(now, following, np.empty((0, q.shape[1])) if before is None else before[None])


def _move(
    arm: Kinematics, steps: _Steps, q: Array, basis: Array, power: float, scale: float, damping: float
) -> Array:
    """A Newton step (L, n) of the sum of powers, within the null spaces (L, n, r)."""
    count, n, r = basis.shape
    change = (steps.changes(arm, q) / scale).ravel()
    slope = np.abs(change) ** (power - 2.0) * change
    bend = (power - 1.0) * np.abs(change) ** (power - 2.0) + _NOTHING
    rows = arm.weights[:, None] * basis
    blocks = np.stack([rows[steps.following], -rows[steps.now]], axis=1)
    blocks[steps.now < 0, 1] = 0.0  # the state before the path stays
    places = np.stack([steps.following, np.maximum(steps.now, 0)], axis=1)
    starts = 2 * np.arange(len(steps.now) + 1)
    size = count * r
    jacobian = bsr_array(
        (blocks.reshape(-1, n, r), places.ravel(), starts), shape=(len(change), size)
    ).tocsc()
    matrix = (jacobian.T @ jacobian.multiply(bend[:, None])).tocsc()
    matrix += (damping * matrix.diagonal().max() + 1e-12) * eye_array(size, format="csc")
    along = spsolve(matrix, -scale * (jacobian.T @ slope)).reshape(count, r)
    move = np.einsum("kir,kr->ki", basis, along)
    longest = displacement(arm.weights, move)
    return np.asarray(move * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-12))[:, None])
