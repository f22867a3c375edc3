"""Candidates for one target, from the anchors nearest to it, the table and F, before refinement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.anchors import (
    POSITION,
    PRISMATIC,
    REVOLUTE,
    complete,
    direction_to_rotation,
    embed,
    embed_posture,
    follow_slopes,
    nearest,
)
from itnnr_ik.solver.buffers import Candidates, Scratch, Search
from itnnr_ik.solver.problem import Workspace, evaluate
from itnnr_ik.solver.state import LOWER, UPPER, displacement, unwrap_towards
from itnnr_ik.solver.table import locate, predict
from itnnr_ik.task.kernels import POINTING
from itnnr_ik.twin.kernels import adjust, adjust_precomputed

Array = NDArray[np.float64]

#: Share of F's range within which a damped least-squares step is as good as F and cheaper.
_LEAST_SQUARES_RANGE = 0.2


@kernel
def look_up_anchors(
    s: Search, goal: Array, reference: Array, count: int, scratch: Scratch, found: Candidates
) -> int:
    """Write candidates (k, n) for a goal (12,), nearest anchor first, and displacements from ``reference``.

    Returns:
        How many.
    """
    joints = s.problem.joints
    n = joints.shape[1]
    count = min(count, s.anchors.y.shape[1])
    for a in range(12):
        scratch.oriented[a] = goal[a]
    if s.problem.kind == POINTING:
        direction_to_rotation(scratch.oriented)
    embed(s.problem, s.layout, scratch.oriented, scratch.y, scratch.header)
    indices = found.indices[:count]
    nearest(s.anchors.y, scratch.y, found.distances, found.minima, indices)
    for c in range(count):
        row, q = s.anchors.rows[indices[c]], found.positions[c]
        for i in range(n):
            q[i] = row[10 + i]
        complete(s.layout, row[:10], scratch.header, q)
        if s.anchors.slopes.shape[0] > 0:
            follow_slopes(s.anchors, indices[c], scratch.y, scratch.other, scratch.trial, q)
        unwrap_towards(joints, q, reference)
        for i in range(n):
            q[i] = min(max(q[i], joints[LOWER, i]), joints[UPPER, i])
        found.displacements[c] = displacement(joints, q, reference)
    return count


@kernel
def look_up_table(
    s: Search, goal: Array, reference: Array, count: int, scratch: Scratch, found: Candidates
) -> int:
    """Write at most ``count`` candidates (k, n) for a goal (12,) as `look_up_anchors` does, from the table.

    Their anchors' indices are −1: they need no adjustment.

    Returns:
        How many.
    """
    if s.table.rows.shape[0] == 0:
        return 0
    joints, filled = s.problem.joints, 0
    cell, azimuth = locate(s.problem, s.table, goal, scratch.other)
    if cell < 0:
        return 0
    for row in range(s.table.cell_starts[cell], s.table.cell_starts[cell + 1]):
        q = found.positions[filled]
        if predict(s.problem, s.table, row, scratch.other, azimuth, reference, q):
            found.indices[filled], found.displacements[filled] = -1, displacement(joints, q, reference)
            filled += 1
            if filled == count:
                break
    return filled


@kernel
def adjust_candidate(
    s: Search, c: int, reference: Array, w: Workspace, scratch: Scratch, found: Candidates
) -> None:
    """Write candidate ``c`` into ``scratch.q`` (n,), adjusted by F where there is a network (equation 6)."""
    joints, q = s.problem.joints, scratch.q
    n = q.shape[0]
    for i in range(n):
        q[i] = found.positions[c, i]
    if s.network.first_values.shape[0] == 0 or found.indices[c] < 0:
        return
    adjust_precomputed(s.network, found.indices[c], scratch.y, scratch.a, scratch.b, scratch.x)
    offset = 1 if s.layout.first == REVOLUTE or s.layout.first == PRISMATIC else 0
    for i in range(scratch.x.shape[0]):
        q[offset + i] = scratch.x[i]
    if s.layout.first != POSITION:
        # The closed-form joints of the anchor no longer fit the adjusted posture.
        if offset:
            q[0] = 0.0
        if s.layout.last:
            q[n - 1] = 0.0
        embed_posture(s.problem, s.layout, q, scratch.other, scratch.other_header, scratch.oriented, w)
        complete(s.layout, scratch.other_header, scratch.header, q)
        unwrap_towards(joints, q, reference)
    for i in range(n):
        q[i] = min(max(q[i], joints[LOWER, i]), joints[UPPER, i])


@inlined
def adjust_state(s: Search, goal: Array, q: Array, w: Workspace, scratch: Scratch) -> None:
    """Let F adjust the state ``q`` (n,) where the target is in F's range but not in that of a step."""
    joints = s.problem.joints
    square, _ = evaluate(s.problem, goal, q, w)
    if not (_LEAST_SQUARES_RANGE * s.network_range) ** 2 < square < s.network_range**2:
        return
    for e in range(scratch.y.shape[0]):
        scratch.y[e], scratch.other[e] = goal[e], goal[e] - w.error[e]
    adjust(s.network, scratch.y, scratch.other, q, scratch.a, scratch.b, scratch.trial, scratch.x)
    for i in range(q.shape[0]):
        q[i] = min(max(scratch.trial[i], joints[LOWER, i]), joints[UPPER, i])


@kernel
def sort_by_displacement(count: int, found: Candidates) -> None:
    """Write the order of the candidates by their displacements."""
    for c in range(count):
        j = c
        while j > 0 and found.displacements[found.order[j - 1]] > found.displacements[c]:
            found.order[j] = found.order[j - 1]
            j -= 1
        found.order[j] = c


@kernel
def tried_before(s: Search, k: int, found: Candidates) -> bool:
    """Whether a candidate earlier in the order is nearly identical to the k-th."""
    q = found.positions[found.order[k]]
    for j in range(k):
        if displacement(s.problem.joints, q, found.positions[found.order[j]]) < s.distinct_distance:
            return True
    return False
