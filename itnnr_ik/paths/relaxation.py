"""The freedom of spare joints, spent on small and even steps from target to target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bsr_array, csc_array, eye_array
from scipy.sparse.linalg import spsolve

from itnnr_ik.paths.kinematics import Kinematics, displacement

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Powers of the steps whose sum is minimised, one after the other, and iterations of each. The higher
#: the power, the more the largest step alone counts.
_POWERS, _ITERATIONS = (2.0, 4.0, 8.0, 16.0), (25, 10, 10, 15)
#: Damping as a share of the largest curvature.
_INITIAL_DAMPING, _MIN_DAMPING, _MAX_DAMPING = 1e-4, 1e-9, 1e3
#: Largest joint change [rad] of a posture in an iteration; relative gain below which a power has converged.
_MAX_MOVE, _MIN_GAIN = 0.2, 1e-4
#: Added to the curvature of every step: at a step of zero it would vanish.
_MIN_CURVATURE = 1e-9
#: Stiffness that holds a joint at its bound, as a multiple of the largest curvature, and the most times that
#: the joints at their bounds are determined in an iteration.
_STIFFNESS, _MAX_PASSES = 1e3, 8


class _Steps(NamedTuple):
    """Joint changes from posture to posture, whose powers are summed.

    Attributes:
        weights: (n,) What a unit of motion counts [rad].
        now, following: From which posture to which (s,); −1 is the state before the path.
        before: That state (1, n), or no row.
        power: To which each change is raised.
        scale: What counts as 1 [rad].
    """

    weights: Array
    now: Indices
    following: Indices
    before: Array
    power: float = 2.0
    scale: float = 1.0

    def changes(self, q: Array) -> Array:
        """Joint changes (s, n) over the scale."""
        rows = np.concatenate([q, self.before])
        return np.asarray(self.weights * (rows[self.following] - rows[self.now]) / self.scale)

    def cost(self, q: Array) -> float:
        """Sum of the powers."""
        return float((np.abs(self.changes(q)) ** self.power).sum())

    def equations(self, q: Array, basis: Array, damping: float) -> tuple[csc_array, Array]:
        """Curvature of the cost along the null spaces (L, n, r), damped, and the negative gradient."""
        count, n, r = basis.shape
        change = self.changes(q).ravel()
        gradient = np.abs(change) ** (self.power - 2.0) * change
        curvature = (self.power - 1.0) * np.abs(change) ** (self.power - 2.0) + _MIN_CURVATURE
        rows = self.weights[:, None] * basis
        blocks = np.stack([rows[self.following], -rows[self.now]], axis=1)
        blocks[self.now < 0, 1] = 0.0  # the state before the path stays
        places = np.stack([self.following, np.maximum(self.now, 0)], axis=1)
        starts = 2 * np.arange(len(self.now) + 1)
        shape = len(change), count * r
        jacobian = bsr_array((blocks.reshape(-1, n, r), places.ravel(), starts), shape=shape).tocsc()
        matrix = (jacobian.T @ jacobian.multiply(curvature[:, None])).tocsc()
        matrix += (damping * matrix.diagonal().max() + 1e-12) * eye_array(count * r, format="csc")
        return matrix, -self.scale * (jacobian.T @ gradient)


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
    steps = _steps(arm.weights, q, closed, before)
    for power, iterations in zip(_POWERS, _ITERATIONS, strict=True):
        scale = steps.scale * float(np.abs(steps.changes(q)).max())
        if scale == 0.0:
            break
        steps, damping = steps._replace(power=power, scale=scale), _INITIAL_DAMPING
        cost = steps.cost(q)
        for _ in range(iterations):
            basis, found = arm.null_space(q), None
            while found is None and damping < _MAX_DAMPING:
                move = _newton_step(steps, q, basis, bounds, damping)
                trial, reached = arm.refine(targets, np.clip(q + move, *bounds), bounds)
                trial[~reached & solved] = q[~reached & solved]
                less = steps.cost(trial)
                if less < cost or (reached & ~solved).any():
                    found = trial
                else:
                    damping = max(10.0 * damping, 1e-6)
            if found is None:
                break
            gain, q, cost, solved = cost - less, found, less, solved | reached
            damping = max(0.2 * damping, _MIN_DAMPING)
            if gain < _MIN_GAIN * cost and solved.all():
                break
    return q, solved


def _steps(weights: Array, q: Array, closed: bool, before: Array | None) -> _Steps:
    count = len(q)
    now, following = np.arange(count - 1), np.arange(1, count)
    if closed:
        now, following = np.append(now, count - 1), np.append(following, 0)
    if before is not None:
        now, following = np.append(now, -1), np.append(following, 0)
    return _Steps(weights, now, following, np.empty((0, q.shape[1])) if before is None else before[None])


def _newton_step(steps: _Steps, q: Array, basis: Array, bounds: Array, damping: float) -> Array:
    """A step (L, n) to a lower cost, within the null spaces (L, n, r) and the bounds (2, n).

    A joint that it takes beyond a bound is held there by a stiff spring, and the step is computed again,
    until the same joints press against their bounds as before.
    """
    matrix, force = steps.equations(q, basis, damping)
    stiffness = _STIFFNESS * matrix.diagonal().max()
    move = _in_joints(basis, spsolve(matrix, force))
    held = np.zeros(q.shape, dtype=np.bool_)
    for _ in range(_MAX_PASSES):
        nearest = np.clip(q + move, *bounds)
        beyond = nearest != q + move
        if (beyond == held).all():
            break
        held = beyond
        k, i = np.nonzero(held)
        starts, shape = np.arange(len(k) + 1), (len(k), len(force))
        springs = bsr_array((basis[k, i][:, None], k, starts), shape=shape).tocsc()
        stiff = (matrix + stiffness * (springs.T @ springs)).tocsc()
        pull = force + stiffness * (springs.T @ (nearest - q)[k, i])
        move = _in_joints(basis, spsolve(stiff, pull))
    longest = displacement(steps.weights, move)
    return np.asarray(move * np.minimum(1.0, _MAX_MOVE / np.maximum(longest, 1e-12))[:, None])


def _in_joints(basis: Array, along: Array) -> Array:
    """Joint changes (L, n) of steps along the null spaces (L, n, r)."""
    return np.asarray(np.einsum("kir,kr->ki", basis, along.reshape(len(basis), -1)))
