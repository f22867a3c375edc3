"""Anchors (known postures) and their lookup by coordinates that do not depend on the first and last joint.

The first joint of most arms only turns (or shifts) the whole arm about (along) its axis, and in pose tasks
the last only turns the tool about its own: T = E(q₁) · M(q₂ … q₍ₙ₋₁₎) · Rz(q₍ₙ₎), in frames whose z axes are
those of the two joints. The anchors' coordinates y are invariant to both: distance r from the first axis,
height z, and the last axis as seen from the azimuth of the point. So anchors are postures of the joints
between (the *open* joints), far fewer for the same density, and q₁ and q₍ₙ₎ follow in closed form.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, inlined, kernel
from itnnr_ik.robot.kernels import forward
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.problem import Problem, Workspace, evaluate, workspace, workspace_size
from itnnr_ik.task.kernels import GOAL_SIZE, POINTING, POSE

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

#: The first joint whose motion y is invariant to: none, a revolute or a prismatic one; or y is the target's
#: position itself.
NONE, REVOLUTE, PRISMATIC, POSITION = 0, 1, 2, 3
#: Columns of an anchor before its joint positions: azimuth (or height), and the rotation seen from there.
HEADER = 10
#: Distance from the first axis, as a share of the characteristic length, below which there is no azimuth.
_MIN_AXIS_DISTANCE = 1e-6
#: Longest displacement of a joint [rad, m] along an anchor's slopes.
_MAX_SLOPE_STEP = 1.0


class Layout(NamedTuple):
    """Which coordinates anchors are looked up by.

    Attributes:
        first: `NONE`, `REVOLUTE`, `PRISMATIC` or `POSITION`.
        last: The last joint turns the tool, and y is invariant to it.
        axes: Number of the tool's axes in y: 0, 1 (z) or 2 (z and x).
    """

    first: int
    last: bool
    axes: int


class Anchors(NamedTuple):
    """Anchors as arrays: coordinates (E, p), and rows (p, `HEADER` + n) of header and joint positions.

    ``slopes`` (p, n E) are derivatives of joint positions by coordinates; no rows where they are not used.
    """

    y: Floats
    rows: Array
    slopes: Floats


@kernel
def embed(problem: Problem, layout: Layout, goal: Array, y: Array, header: Array) -> None:
    """Write the coordinates (E,) of a goal (12,), and its header (10,): azimuth and rotation there."""
    if layout.first == POSITION:
        for e in range(y.shape[0]):
            y[e] = goal[e]
        return
    r = header[1:10]
    px, py, pz = _seen_from_first_joint(problem, layout, goal, r)
    used = 2
    if layout.first == REVOLUTE:
        distance = math.sqrt(px * px + py * py)
        y[0], y[1] = distance, pz
        azimuth = 0.0
        if distance > _MIN_AXIS_DISTANCE * problem.length:
            azimuth = math.atan2(py, px)
        elif layout.axes > 0:
            azimuth = math.atan2(r[5], r[2])
        header[0] = azimuth
        if layout.axes > 0:
            c, s = math.cos(azimuth), math.sin(azimuth)
            for column in range(3):
                a, b = r[column], r[3 + column]
                r[column], r[3 + column] = c * a + s * b, c * b - s * a
    elif layout.first == PRISMATIC:
        y[0], y[1] = px, py
        header[0] = pz
    else:
        y[0], y[1], y[2] = px, py, pz
        header[0] = 0.0
        used = 3
    for axis in range(layout.axes):
        column = 2 if axis == 0 else 0
        y[used] = problem.length * r[column]
        y[used + 1] = problem.length * r[3 + column]
        y[used + 2] = problem.length * r[6 + column]
        used += 3


@inlined
def _seen_from_first_joint(
    problem: Problem, layout: Layout, goal: Array, r: Array
) -> tuple[float, float, float]:
    """Position [m] of a goal (12,) in the first joint's frame: of the tool, or of the last joint's frame.

    It is the latter where the last joint only turns the tool. Where axes are used, the rotation of the same
    frame is written to ``r`` (9,), row by row.
    """
    elements = problem.elements
    first, last = elements[0], elements[elements.shape[0] - 1]
    px, py, pz = goal[0], goal[1], goal[2]
    if layout.axes > 0:
        for a in range(9):
            r[a] = goal[3 + a]
        if layout.last:
            for row in range(3):
                a, b, c = goal[3 + 3 * row], goal[4 + 3 * row], goal[5 + 3 * row]
                for column in range(3):
                    k = 4 * column
                    r[3 * row + column] = a * last[k] + b * last[k + 1] + c * last[k + 2]
            px -= r[0] * last[3] + r[1] * last[7] + r[2] * last[11]
            py -= r[3] * last[3] + r[4] * last[7] + r[5] * last[11]
            pz -= r[6] * last[3] + r[7] * last[7] + r[8] * last[11]
    px, py, pz = px - first[3], py - first[7], pz - first[11]
    px, py, pz = (
        first[0] * px + first[4] * py + first[8] * pz,
        first[1] * px + first[5] * py + first[9] * pz,
        first[2] * px + first[6] * py + first[10] * pz,
    )
    if layout.axes > 0:
        for column in range(3):
            a, b, c = r[column], r[3 + column], r[6 + column]
            r[column] = first[0] * a + first[4] * b + first[8] * c
            r[3 + column] = first[1] * a + first[5] * b + first[9] * c
            r[6 + column] = first[2] * a + first[6] * b + first[10] * c
    return px, py, pz


@kernel
def goal_of_pose(pose: Array, kind: int, goal: Array) -> None:
    """Write the goal (12,) that the tool frame (3, 4) reaches exactly."""
    for a in range(3):
        goal[a] = pose[a, 3]
    if kind == POINTING:
        for a in range(3):
            goal[3 + a] = pose[a, 2]
    elif kind == POSE:
        for a in range(3):
            for b in range(3):
                goal[3 + 3 * a + b] = pose[a, b]


@kernel
def direction_to_rotation(goal: Array) -> None:
    """Replace a pointing goal's direction by a rotation with that z axis, as `embed` reads it."""
    x, y, z = goal[3], goal[4], goal[5]
    for a in range(GOAL_SIZE - 3):
        goal[3 + a] = 0.0
    goal[5], goal[8], goal[11] = x, y, z


@kernel
def embed_posture(
    problem: Problem, layout: Layout, q: Array, y: Array, header: Array, goal: Array, w: Workspace
) -> None:
    """Write the coordinates and the header of the posture ``q`` (n,); ``goal`` (12,) is scratch memory."""
    if layout.first == POSITION:
        # The negated error from the origin is the position, of a learned robot too.
        for a in range(goal.shape[0]):
            goal[a] = 0.0
        evaluate(problem, goal, q, w)
        for e in range(y.shape[0]):
            y[e] = -w.error[e]
        return
    forward(problem.elements, q, w.pose, w.axes, w.origins)
    goal_of_pose(w.pose, problem.kind, goal)
    if problem.kind == POINTING:
        direction_to_rotation(goal)
    embed(problem, layout, goal, y, header)


@kernel
def embed_many(
    problem: Problem, layout: Layout, postures: Array, y: Floats, rows: Array, memory: Array
) -> None:
    """Write coordinates (E, p) and rows (p, `HEADER` + n) of postures (p, n) with closed-form joints 0.

    ``memory`` has `embedding_size` numbers.
    """
    problem, layout = by_address(problem), by_address(layout)
    w, at = workspace(problem, memory)
    w = by_address(w)
    goal, one = memory[at : at + GOAL_SIZE], memory[at + GOAL_SIZE : at + GOAL_SIZE + y.shape[0]]
    for i in range(postures.shape[0]):
        embed_posture(problem, layout, postures[i], one, rows[i, :10], goal, w)
        for e in range(y.shape[0]):
            y[e, i] = one[e]
        for j in range(postures.shape[1]):
            rows[i, 10 + j] = postures[i, j]


def embedding_size(problem: Problem, coordinates: int) -> int:
    """Length of the memory that `embed_many` needs."""
    return workspace_size(problem) + GOAL_SIZE + coordinates


@kernel
def complete(layout: Layout, header: Array, goal_header: Array, q: Array) -> None:
    """Set the first and last joint of ``q`` (n,) in closed form, so that the anchor's tool meets the goal."""
    if layout.first == REVOLUTE or layout.first == PRISMATIC:
        q[0] = goal_header[0] - header[0]
    if layout.last:
        # Rᵀ(anchor) R(goal) is a rotation about z where the coordinates agree.
        r, g = header[1:10], goal_header[1:10]
        sine = r[1] * g[0] + r[4] * g[3] + r[7] * g[6] - r[0] * g[1] - r[3] * g[4] - r[6] * g[7]
        cosine = r[0] * g[0] + r[3] * g[3] + r[6] * g[6] + r[1] * g[1] + r[4] * g[4] + r[7] * g[7]
        q[q.shape[0] - 1] = math.atan2(sine, cosine)


@compiled
def complete_many(layout: Layout, rows: Array, goal_rows: Array, q: Array) -> None:
    """Set the first and the last joints of ``q`` (p, n) as `complete` does, for rows (p, `HEADER` + n)."""
    layout = by_address(layout)
    for i in range(q.shape[0]):
        complete(layout, rows[i, :10], goal_rows[i, :10], q[i])


@kernel
def follow_slopes(anchors: Anchors, index: int, y: Array, offset: Array, step: Array, q: Array) -> None:
    """Move ``q`` (n,), a completed anchor, along its slopes to the coordinates ``y`` (E,), to first order.

    ``offset`` (E,) and ``step`` (n,) are scratch memory.
    """
    for e in range(y.shape[0]):
        offset[e] = y[e] - anchors.y[e, index]
    longest = _MAX_SLOPE_STEP
    for i in range(q.shape[0]):
        total = 0.0
        for e in range(y.shape[0]):
            total += anchors.slopes[index, i * y.shape[0] + e] * offset[e]
        step[i] = total
        longest = max(longest, abs(total))
    scale = _MAX_SLOPE_STEP / longest
    for i in range(q.shape[0]):
        q[i] += scale * step[i]


@kernel
def nearest(
    coordinates: Floats, y: Array, distances: Floats, minima: Floats, indices: NDArray[np.int64]
) -> None:
    """Write the indices (k,) of the anchors (E, p) nearest to ``y`` (E,), nearest first.

    Brute force: a few thousand distances take microseconds, less than a k-d tree's query from Python.
    """
    count, k = coordinates.shape[1], indices.shape[0]
    for i in range(count):
        distances[i] = 0.0
    for e in range(coordinates.shape[0]):
        value = np.float32(y[e])
        for i in range(count):
            difference = coordinates[e, i] - value
            distances[i] += difference * difference
    # The k-th smallest of the blocks' minima bounds the k-th smallest distance from above, and few others lie
    # below.
    size = max(1, count // (2 * k))
    blocks = -(-count // size)
    for block in range(blocks):
        smallest = np.float32(np.inf)
        for i in range(block * size, min(count, (block + 1) * size)):
            smallest = min(smallest, distances[i])
        minima[block] = smallest
    filled = 0
    for block in range(blocks):
        filled = _insert(minima, minima[block], block, filled, k, indices)
    bound = minima[indices[k - 1]]
    filled = 0
    for i in range(count):
        if distances[i] <= bound:
            filled = _insert(distances, distances[i], i, filled, k, indices)
            if filled == k:
                bound = min(bound, distances[indices[k - 1]])


@kernel
def _insert(
    distances: Floats, distance: float, index: int, filled: int, k: int, indices: NDArray[np.int64]
) -> int:
    """Insert ``index`` into ``filled`` ≤ k indices sorted by distance; returns how many there are now."""
    if filled == k:
        if distances[indices[k - 1]] <= distance:
            return filled
        j = k - 1
    else:
        j = filled
        filled += 1
    while j > 0 and distances[indices[j - 1]] > distance:
        indices[j] = indices[j - 1]
        j -= 1
    indices[j] = index
    return filled
