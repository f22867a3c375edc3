"""Postures that come as close to targets as can be, where these cannot be reached, without needless jumps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.kinematics import Kinematics, displacement

Array = NDArray[np.float64]

#: Evenly spaced targets from whose closest postures tracks are followed.
_SEEDS = 5
#: Cost [rad] of an error as large as the arm's reach, beyond that of the closest track, at each target; and
#: cost of a switch to another track, beside its step.
_ERROR_COST, _SWITCH_COST = 10.0, 1.0


def come_close(arm: Kinematics, first: int, end: int, before: Array | None, after: Array | None) -> Array:
    """Joint positions for the targets from one up to another.

    Local minima of the error are followed from target to target: from the postures on both sides, and from
    the closest ones of a few targets. The cheapest sequence along these tracks, with switches, is
    taken: its steps cost, and how much farther it is from the targets than the closest track.

    Args:
        first, end: Targets, the last one left out.
        before, after: Postures (n,) on both sides; None where there is none.
    """
    postures, errors = _tracks(arm, first, end, before, after)
    cost = _ERROR_COST / arm.reach * (errors - errors.min(axis=0))
    total, came = cost[:, 0].copy(), np.zeros((end - first, len(postures)), dtype=np.int64)
    if before is not None:
        total += displacement(arm.weights, postures[:, 0] - before)
    switching = _SWITCH_COST * (1.0 - np.eye(len(postures)))
    for i in range(1, end - first):
        change = postures[:, None, i - 1] - postures[None, :, i]
        totals = total[:, None] + displacement(arm.weights, change) + switching
        came[i] = totals.argmin(axis=0)
        total = totals.min(axis=0) + cost[:, i]
    if after is not None:
        total += displacement(arm.weights, postures[:, -1] - after)
    track, chosen = int(total.argmin()), np.empty((end - first, postures.shape[2]))
    for i in range(end - first - 1, -1, -1):
        chosen[i] = postures[track, i]
        track = int(came[i, track])
    return chosen


def _tracks(
    arm: Kinematics, first: int, end: int, before: Array | None, after: Array | None
) -> tuple[Array, Array]:
    """Postures (k, b, n) along tracks, and their errors (k, b) [m]."""
    targets = np.arange(first, end)
    tracks = []
    if before is not None:
        tracks.append(arm.descend(targets, before))
    if after is not None:
        tracks.append(_backwards(*arm.descend(targets[::-1], after)))
    places = np.unique(np.linspace(0, len(targets) - 1, _SEEDS).round().astype(int)).tolist()
    for place in places:
        near = tracks[0][0][place] if tracks else None
        seed = arm.closest(first + place, near)
        postures, errors = arm.descend(targets[place:], seed)
        if place:
            back = _backwards(*arm.descend(targets[place - 1 :: -1], seed))
            postures, errors = np.concatenate([back[0], postures]), np.concatenate([back[1], errors])
        tracks.append((postures, errors))
    return np.array([track[0] for track in tracks]), np.array([track[1] for track in tracks])


def _backwards(postures: Array, errors: Array) -> tuple[Array, Array]:
    return postures[::-1], errors[::-1]
