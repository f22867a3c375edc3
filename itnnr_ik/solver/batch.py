"""Search for many targets at once: the same steps as `itnnr_ik.solver.search`, on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.solver.refine import refine_many
from itnnr_ik.solver.search import NEIGHBOURS, SLIDE_GAIN, SLIDES, STEPS, Searcher
from itnnr_ik.solver.slide import slide

Array = NDArray[np.float64]

#: Targets worked on at a time: their candidates stay in a core's cache.
_CHUNK = 2048
#: Anchors adjusted for each target, besides its current state.
_TRIED = 3


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
        positions[i], residual[i], anchor = searcher.search(goals[i], None if now is None else now[i])
        from_current[i] = anchor == "current"
    return positions, residual, from_current


def _from_nearest(searcher: Searcher, goals: Array) -> tuple[Array, Array]:
    """Each target from the one anchor with the nearest tip."""
    arm, inverse = searcher.arm, searcher.inverse
    nearest = inverse.anchors.nearest(goals, 1)[:, 0]
    x = inverse.adjust_anchors(goals, nearest)
    return refine_many(arm, np.clip(x, arm.lower, arm.upper), goals, searcher.precision, STEPS)


def _from_states(searcher: Searcher, goals: Array, now: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Each target from its current state and from the anchors nearest to that state."""
    arm, inverse, b = searcher.arm, searcher.inverse, len(goals)
    anchors = inverse.anchors
    neighbours = anchors.nearest(goals, min(NEIGHBOURS, len(anchors)))
    distance = np.abs(anchors.x[neighbours] - now[:, None]).max(axis=2)
    tried = np.take_along_axis(neighbours, np.argsort(distance, axis=1, kind="stable")[:, :_TRIED], axis=1)
    x_now = np.clip(now, arm.lower, arm.upper)
    c = 1 + tried.shape[1]
    targets = np.repeat(goals, c, axis=0)
    x = np.empty((b, c, arm.n_joints))
    x[:, 0] = inverse.adjust(goals, x_now, arm.forward(x_now))
    x[:, 1:] = inverse.adjust_anchors(
        np.repeat(goals, c - 1, axis=0), tried.reshape(-1)
    ).reshape(b, c - 1, -1)
    x = x.reshape(b * c, -1)
    x, residual = refine_many(arm, np.clip(x, arm.lower, arm.upper), targets, searcher.precision, STEPS)
    x, residual = x.reshape(b, c, -1), residual.reshape(b, c)
    change = np.where(residual <= searcher.tolerance, np.abs(x - now[:, None]).max(axis=2), np.inf)
    best = np.argmin(change, axis=1)
    rows = np.arange(b)
    x, residual, change = x[rows, best], residual[rows, best], change[rows, best]
    if arm.n_joints > arm.n_coordinates:
        x, residual = _slide(searcher, goals, x, residual, now)
    return x, residual, best == 0


def _slide(
    searcher: Searcher, goals: Array, x: Array, residual: Array, now: Array
) -> tuple[Array, Array]:
    """Use redundancy to come nearer to the current states with the tips where they are."""
    arm = searcher.arm
    going = np.flatnonzero(residual <= searcher.tolerance)
    for _ in range(SLIDES):
        trial = np.stack(slide(arm, list(x[going].T), list(now[going].T), np), axis=1)
        trial, trial_residual = refine_many(arm, trial, goals[going], searcher.precision, STEPS)
        gain = np.abs(x[going] - now[going]).max(axis=1) - np.abs(trial - now[going]).max(axis=1)
        better = (trial_residual <= searcher.tolerance) & (gain >= SLIDE_GAIN)
        going = going[better]
        x[going], residual[going] = trial[better], trial_residual[better]
        if not len(going):
            break
    return x, residual
