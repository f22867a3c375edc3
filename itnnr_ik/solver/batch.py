"""Search for many targets at once: the same steps as `itnnr_ik.solver.search`, on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.solver.redundancy import approach, bend
from itnnr_ik.solver.refine import refine_many
from itnnr_ik.solver.search import (
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
_CHUNK = 8192
#: Anchors adjusted for each target in successive attempts, as (first rank, count): ranked by the nearness of
#: their tip to the target without a current state, and with one by the nearness of their joints to it.
_ATTEMPTS_WITHOUT_STATE = ((0, 1), (1, 3), (4, 12))
_ATTEMPTS_WITH_STATE = ((0, 3), (3, 12))


def search_batch(
    searcher: Searcher, goals: Array, now: Array | None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Joint positions (b, n), residuals (b,) and whether the current state was the anchor (b,)."""
    positions, residual = np.empty((len(goals), searcher.arm.n_joints)), np.full(len(goals), np.inf)
    from_current = np.zeros(len(goals), dtype=bool)
    remaining = np.arange(len(goals))
    for first_rank, count in _ATTEMPTS_WITHOUT_STATE if now is None else _ATTEMPTS_WITH_STATE:
        # What failed in all chunks is tried again together: few rows cost as much as many.
        for start in range(0, len(remaining), _CHUNK):
            rows = remaining[start : start + _CHUNK]
            if now is None:
                positions[rows], residual[rows] = _from_nearest(searcher, goals[rows], first_rank, count)
            else:
                positions[rows], residual[rows], from_current[rows] = _from_states(
                    searcher, goals[rows], now[rows], first_rank, count
                )
        remaining = np.flatnonzero(residual > searcher.tolerance)
    # What is left over is rare or out of reach, and worth the thorough search.
    for i in remaining:
        state = None if now is None else now[i].tolist()
        positions[i], residual[i], anchor = searcher.search(goals[i].tolist(), state)
        from_current[i] = anchor == "current"
    return positions, residual, from_current


def _from_nearest(searcher: Searcher, goals: Array, first_rank: int, count: int) -> tuple[Array, Array]:
    """Each target from the first anchor that converges, in the order of the tips' distances."""
    indices = searcher.inverse.anchors.nearest(goals, count, first_rank)
    x, residual = _refined(searcher, goals, indices)
    first = np.argmax(residual <= searcher.tolerance, axis=1)
    rows = np.arange(len(goals))
    return x[rows, first], residual[rows, first]


def _from_states(
    searcher: Searcher, goals: Array, now: Array, first_rank: int, count: int
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Each target from its current state and from the anchors nearest to that state."""
    arm, inverse = searcher.arm, searcher.inverse
    neighbours = inverse.anchors.nearest(goals, NEIGHBOURS)
    distance = np.abs(inverse.anchors.x[neighbours] - now[:, None]).max(axis=2)
    order = np.argsort(distance, axis=1)[:, first_rank : first_rank + count]
    tried, tried_residual = _refined(searcher, goals, np.take_along_axis(neighbours, order, axis=1), now)
    # Candidate 0 is the current state's: in the first attempt only, as it leads to the same place again.
    x = np.concatenate([np.clip(now, arm.lower, arm.upper)[:, None], tried], axis=1)
    residual = np.concatenate([np.full((len(goals), 1), np.inf), tried_residual], axis=1)
    tips = arm.forward(x[:, 0])
    in_range = np.linalg.norm(tips - goals, axis=1) <= searcher.current_range
    near = np.flatnonzero(in_range & (first_rank == 0))
    moved = inverse.adjust(goals[near], x[near, 0], tips[near])
    x[near, 0], residual[near, 0] = _refine_limited(searcher, goals[near], moved, now[near])
    change = np.where(residual <= searcher.tolerance, np.abs(x - now[:, None]).max(axis=2), np.inf)
    best = np.argmin(change, axis=1)
    rows = np.arange(len(goals))
    x, residual = x[rows, best], residual[rows, best]
    if searcher.redundant:
        x, residual = _bend(searcher, goals, x, residual, now)
    return x, residual, best == 0


def _refined(
    searcher: Searcher, goals: Array, indices: NDArray[np.intp], now: Array | None = None
) -> tuple[Array, Array]:
    """Anchors (b, c) adjusted to their target and refined: positions (b, c, n) and residuals (b, c)."""
    b, c = indices.shape
    targets = np.repeat(goals, c, axis=0)
    states = None if now is None else np.repeat(now, c, axis=0)
    x = searcher.inverse.adjust_anchors(targets, indices.reshape(-1))
    x, residual = _refine_limited(searcher, targets, x, states)
    return x.reshape(b, c, -1), residual.reshape(b, c)


def _refine_limited(searcher: Searcher, goals: Array, x: Array, now: Array | None) -> tuple[Array, Array]:
    """Candidates (b, n) within the limits, brought nearer to the state by redundancy, and refined."""
    arm = searcher.arm
    x = np.clip(x, arm.lower, arm.upper)
    if now is not None and searcher.redundant:
        far = np.flatnonzero(np.abs(x - now).max(axis=1) > TRACKING)
        x[far] = np.stack(approach(arm, list(x[far].T), list(now[far].T), np), axis=1)
    return refine_many(arm, x, goals, searcher.precision, STEPS)


def _bend(searcher: Searcher, goals: Array, x: Array, residual: Array, now: Array) -> tuple[Array, Array]:
    """Better bent solutions (b, n), where tracking in small steps has a little motion to spend on it."""
    arm = searcher.arm
    change = np.abs(x - now).max(axis=1)
    extra = np.minimum(BEND_SHARE * change, BEND_LIMIT)
    rows = np.flatnonzero((residual <= searcher.tolerance) & (change <= TRACKING) & (extra >= BEND_GAIN))
    allowed = (change + extra)[rows]
    trial = np.stack(bend(arm, list(x[rows].T), list(now[rows].T), allowed, np), axis=1)
    trial, trial_residual = refine_many(arm, trial, goals[rows], searcher.precision, STEPS)
    kept = np.abs(trial - now[rows]).max(axis=1) <= (change + 1.1 * extra)[rows]
    kept &= trial_residual <= searcher.tolerance
    x[rows[kept]], residual[rows[kept]] = trial[kept], trial_residual[kept]
    return x, residual
