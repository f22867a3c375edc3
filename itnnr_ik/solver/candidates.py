"""Candidates for one target: what the anchors near it, the table and F propose before it is refined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.anchors import (
    PLAIN,
    SHIFT,
    TURN,
    complete,
    embed,
    embed_posture,
    follow_slopes,
    nearest,
    spread_direction,
)
from itnnr_ik.solver.problem import Workspace, evaluate
from itnnr_ik.solver.room import Candidates, Room, Search
from itnnr_ik.solver.state import LOWER, UPPER, displacement, turn_towards
from itnnr_ik.solver.table import locate, predict
from itnnr_ik.task.kernels import POINTING
from itnnr_ik.twin.kernels import adjust, adjust_known

Array = NDArray[np.float64]

#: Share of F's range within which a damped least-squares step is as good and cheaper.
_STEP_RANGE = 0.2


@kernel
def look_up(s: Search, goal: Array, reference: Array, count: int, room: Room, found: Candidates) -> int:
    """Write candidates (k, n) for a goal (12,), nearest anchor first, and their changes from ``reference``.

    Returns:
        How many.
    """
    joints = s.problem.joints
    n = joints.shape[1]
    count = min(count, s.anchors.y.shape[1])
    for a in range(12):
        room.oriented[a] = goal[a]
    if s.problem.kind == POINTING:
        spread_direction(room.oriented)
    embed(s.problem, s.layout, room.oriented, room.y, room.header)
    indices = found.indices[:count]
    nearest(s.anchors.y, room.y, found.distances, found.minima, indices)
    for c in range(count):
        row, q = s.anchors.rows[indices[c]], found.positions[c]
        for i in range(n):
            q[i] = row[10 + i]
        complete(s.layout, row[:10], room.header, q)
        if s.anchors.slopes.shape[0] > 0:
            follow_slopes(s.anchors, indices[c], room.y, room.other, room.trial, q)
        turn_towards(joints, q, reference)
        for i in range(n):
            q[i] = min(max(q[i], joints[LOWER, i]), joints[UPPER, i])
        found.changes[c] = displacement(joints, q, reference)
    return count


@kernel
def look_up_table(s: Search, goal: Array, reference: Array, count: int, room: Room, found: Candidates) -> int:
    """Write at most ``count`` candidates (k, n) for a goal (12,) as `look_up` does, from the table.

    Their anchors' indices are −1: they need no adjustment.

    Returns:
        How many.
    """
    if s.table.rows.shape[0] == 0:
        return 0
    joints, filled = s.problem.joints, 0
    cell, azimuth = locate(s.problem, s.table, goal, room.other)
    if cell < 0:
        return 0
    for row in range(s.table.starts[cell], s.table.starts[cell + 1]):
        q = found.positions[filled]
        if predict(s.problem, s.table, row, room.other, azimuth, reference, q):
            found.indices[filled], found.changes[filled] = -1, displacement(joints, q, reference)
            filled += 1
            if filled == count:
                break
    return filled


@kernel
def adjust_candidate(
    s: Search, c: int, reference: Array, w: Workspace, room: Room, found: Candidates
) -> None:
    """Write candidate ``c`` into ``room.q`` (n,), adjusted by F where there is a network (equation 6)."""
    joints, q = s.problem.joints, room.q
    n = q.shape[0]
    for i in range(n):
        q[i] = found.positions[c, i]
    if s.network.first.shape[0] == 0 or found.indices[c] < 0:
        return
    adjust_known(s.network, found.indices[c], room.y, room.a, room.b, room.x)
    offset = 1 if s.layout.first == TURN or s.layout.first == SHIFT else 0
    for i in range(room.x.shape[0]):
        q[offset + i] = room.x[i]
    if s.layout.first != PLAIN:
        # The closed form of the adjusted posture: that of the anchor no longer fits.
        if offset:
            q[0] = 0.0
        if s.layout.last:
            q[n - 1] = 0.0
        embed_posture(s.problem, s.layout, q, room.other, room.other_header, room.oriented, w)
        complete(s.layout, room.other_header, room.header, q)
        turn_towards(joints, q, reference)
    for i in range(n):
        q[i] = min(max(q[i], joints[LOWER, i]), joints[UPPER, i])


@inlined
def adjust_state(s: Search, goal: Array, q: Array, w: Workspace, room: Room) -> None:
    """Let F adjust the state ``q`` (n,) where the target is in its range and beyond that of a step."""
    joints = s.problem.joints
    square, _ = evaluate(s.problem, goal, q, w)
    if not (_STEP_RANGE * s.range) ** 2 < square < s.range**2:
        return
    for e in range(room.y.shape[0]):
        room.y[e], room.other[e] = goal[e], goal[e] - w.error[e]
    adjust(s.network, room.y, room.other, q, room.a, room.b, room.trial, room.x)
    for i in range(q.shape[0]):
        q[i] = min(max(room.trial[i], joints[LOWER, i]), joints[UPPER, i])


@kernel
def sort_by_change(count: int, found: Candidates) -> None:
    """Write the order of the candidates by their changes."""
    for c in range(count):
        j = c
        while j > 0 and found.changes[found.order[j - 1]] > found.changes[c]:
            found.order[j] = found.order[j - 1]
            j -= 1
        found.order[j] = c


@kernel
def tried_before(s: Search, k: int, found: Candidates) -> bool:
    """Whether a candidate that came earlier in the order is about the same as the k-th."""
    q = found.positions[found.order[k]]
    for j in range(k):  # noqa: SIM110 - no generators in compiled code
        if displacement(s.problem.joints, q, found.positions[found.order[j]]) < s.same:
            return True
    return False
