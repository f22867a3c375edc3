"""Search for many targets at once: the same steps as `itnnr_ik.solver.search`, on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.solver.redundancy import approach, bend
from itnnr_ik.solver.refine import refine_many
from itnnr_ik.solver.search import (
    APPROACH_GAIN,
    APPROACHES,
    BEND_GAIN,
    BEND_LIMIT,
    BEND_SHARE,
    NEIGHBOURS,
    STEPS,
    TRACKING,
    Searcher,
)

Array = NDArray[np.float64]

#: Targets worked on at a time: their candidates stay in a core's cache.
_CHUNK = 2048
#: Anchors adjusted for each target at first, with a current state and without, and in a second attempt.
_TRIED_NEAR_STATE, _TRIED_NEAREST, _TRIED_AGAIN = 3, 1, 12


def search_batch(
    searcher: Searcher, goals: Array, now: Array | None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Joint positions (b, n), residuals (b,) and whether the current state was the anchor (b,)."""
    n = searcher.arm.n_joints
    positions, residual = np.empty((len(goals), n)), np.empty(len(goals))
    from_current = np.zeros(len(goals), dtype=bool)
    for start in range(0, len(goals), _CHUNK):
        rows = slice(start, start + _CHUNK)
        if now is None:
            positions[rows], residual[rows] = _from_nearest(searcher, goals[rows])
        else:
            positions[rows], residual[rows], from_current[rows] = _from_states(
                searcher, goals[rows], now[rows]
            )
    # What is left over is rare or out of reach, and worth the thorough search.
    for i in np.flatnonzero(residual > searcher.tolerance):
        state = None if now is None else now[i].tolist()
        positions[i], residual[i], anchor = searcher.search(goals[i].tolist(), state)
        from_current[i] = anchor == "current"
    return positions, residual, from_current


def _from_nearest(searcher: Searcher, goals: Array) -> tuple[Array, Array]:
    """Each target from the anchor with the nearest tip, or else from the first of more that converges."""
    count = min(_TRIED_NEAREST + _TRIED_AGAIN, len(searcher.inverse.anchors))
    nearest = searcher.inverse.anchors.nearest(goals, _TRIED_NEAREST)
    x, residual = (values[:, 0] for values in _refined(searcher, goals, nearest))
    failed = np.flatnonzero(residual > searcher.tolerance)
    if len(failed) and count > _TRIED_NEAREST:
        again = searcher.inverse.anchors.nearest(goals[failed], count - _TRIED_NEAREST, _TRIED_NEAREST)
        tried, tried_residual = _refined(searcher, goals[failed], again)
        first = np.argmax(tried_residual <= searcher.tolerance, axis=1)
        rows = np.arange(len(failed))
        x[failed], residual[failed] = tried[rows, first], tried_residual[rows, first]
    return x, residual


def _from_states(searcher: Searcher, goals: Array, now: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Each target from its current state and from the anchors nearest to that state."""
    arm, inverse = searcher.arm, searcher.inverse
    anchors = inverse.anchors
    neighbours = anchors.nearest(goals, min(NEIGHBOURS, len(anchors)))
    distance = np.abs(anchors.x[neighbours] - now[:, None]).max(axis=2)
    neighbours = np.take_along_axis(neighbours, np.argsort(distance, axis=1, kind="stable"), axis=1)
    x, residual = _refined(searcher, goals, neighbours[:, :_TRIED_NEAR_STATE])
    x_now = np.clip(now, arm.lower, arm.upper)
    x_current, residual_current = _refine_limited(
        searcher, goals, inverse.adjust(goals, x_now, arm.forward(x_now))
    )
    x, residual, best = _least_change(
        searcher,
        np.concatenate([x_current[:, None], x], axis=1),
        np.concatenate([residual_current[:, None], residual], axis=1),
        now,
    )
    failed = np.flatnonzero(residual > searcher.tolerance)
    if len(failed):
        again = neighbours[failed, _TRIED_NEAR_STATE:][:, :_TRIED_AGAIN]
        x[failed], residual[failed], _ = _least_change(
            searcher, *_refined(searcher, goals[failed], again), now[failed]
        )
    if arm.n_joints > arm.n_coordinates:
        x, residual = _use_redundancy(searcher, goals, x, residual, now)
    return x, residual, best == 0


def _refined(searcher: Searcher, goals: Array, indices: NDArray[np.intp]) -> tuple[Array, Array]:
    """Anchors (b, c) adjusted to their target and refined: positions (b, c, n) and residuals (b, c)."""
    b, c = indices.shape
    targets = np.repeat(goals, c, axis=0)
    x, residual = _refine_limited(
        searcher, targets, searcher.inverse.adjust_anchors(targets, indices.reshape(-1))
    )
    return x.reshape(b, c, -1), residual.reshape(b, c)


def _refine_limited(searcher: Searcher, goals: Array, x: Array) -> tuple[Array, Array]:
    arm = searcher.arm
    return refine_many(arm, np.clip(x, arm.lower, arm.upper), goals, searcher.precision, STEPS)


def _least_change(
    searcher: Searcher, x: Array, residual: Array, now: Array
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Of candidates (b, c, n), the converged one nearest to the current state, and which one it is."""
    change = np.where(residual <= searcher.tolerance, np.abs(x - now[:, None]).max(axis=2), np.inf)
    best = np.argmin(change, axis=1)
    rows = np.arange(len(x))
    return x[rows, best], residual[rows, best], best


def _use_redundancy(
    searcher: Searcher, goals: Array, x: Array, residual: Array, now: Array
) -> tuple[Array, Array]:
    """Solutions (b, n) nearer to the current states, or, tracking in small steps, better bent ones."""
    arm = searcher.arm
    solved = residual <= searcher.tolerance
    change = np.abs(x - now).max(axis=1)
    extra = np.minimum(BEND_SHARE * change, BEND_LIMIT)
    near = np.flatnonzero(solved & (change <= TRACKING) & (extra >= BEND_GAIN))
    if len(near):
        allowed = (change + extra)[near]
        trial = np.stack(bend(arm, list(x[near].T), list(now[near].T), allowed, np), axis=1)
        trial, trial_residual = refine_many(arm, trial, goals[near], searcher.precision, STEPS)
        kept = np.abs(trial - now[near]).max(axis=1) <= (change + 1.1 * extra)[near]
        kept &= trial_residual <= searcher.tolerance
        x[near[kept]], residual[near[kept]] = trial[kept], trial_residual[kept]
    far = np.flatnonzero(solved & (change > TRACKING))
    for _ in range(APPROACHES):
        if not len(far):
            break
        trial = np.stack(approach(arm, list(x[far].T), list(now[far].T), np), axis=1)
        trial, trial_residual = refine_many(arm, trial, goals[far], searcher.precision, STEPS)
        gain = np.abs(x[far] - now[far]).max(axis=1) - np.abs(trial - now[far]).max(axis=1)
        better = (trial_residual <= searcher.tolerance) & (gain >= APPROACH_GAIN)
        far = far[better]
        x[far], residual[far] = trial[better], trial_residual[better]
    return x, residual
