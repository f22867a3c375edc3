"""What a search reads, and the memory it works in, as tuples of arrays.

Both are cut from one array each, which the caller holds: a compiled function takes longer to be handed many
arrays, or to ask for memory, than to follow a state to a target near it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.anchors import HEADER, Anchors, Layout
from itnnr_ik.solver.parts import doubles, integers, singles
from itnnr_ik.solver.problem import Problem, Workspace, workspace, workspace_size
from itnnr_ik.solver.table import Table
from itnnr_ik.task.kernels import GOAL, ROWS
from itnnr_ik.twin.kernels import Network

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class Search(NamedTuple):
    """All that a search reads.

    Attributes:
        tolerance, orientation_tolerance: What counts as a solution [m], [rad].
        farthest: Targets are taken to be at most this far [m] from the origin, see `read_target`.
        axis: (3,) of the tool, that counts in a pointing task.
        curvature: Bound of the second derivative of the task by the joints [m].
        slack: How much nearer [rad] to the state a candidate may come by refinement.
        same: Candidates this near [rad] to each other lead to one solution.
        near, most: Anchors looked up for a solution, and at most.
        range: Distance [m] of a target from the tool up to which F adjusts the state; 0 for never.
        spread: Distance [m] from reachable targets to the nearest anchor, of most of them.
        starts: (S, n) within ±1, evenly spread: where in a box around the state a search starts.
        table: Of all branches, cell by cell of a grid; without rows where there is none.
    """

    problem: Problem
    layout: Layout
    anchors: Anchors
    network: Network
    tolerance: float
    orientation_tolerance: float
    farthest: float
    axis: Array
    curvature: float
    slack: float
    same: float
    near: int
    most: int
    range: float
    spread: float
    starts: Array
    table: Table


class Room(NamedTuple):
    """Room of a search in one thread, beyond the `Workspace`: the goal, coordinates and headers of anchors,
    bounds and postures (n,), singular vectors, and layers of the network."""

    goal: Array
    y: Array
    other: Array
    header: Array
    other_header: Array
    oriented: Array
    lower: Array
    upper: Array
    q: Array
    trial: Array
    right: Array
    left: Array
    x: Array
    a: Floats
    b: Floats


class Candidates(NamedTuple):
    """Room for what anchors lead to: positions (k, n), changes from a state and their order, anchors' indices
    (k,), and their distances (p,) with the minima of blocks of these."""

    positions: Array
    changes: Array
    order: Indices
    indices: Indices
    distances: Floats
    minima: Floats


@kernel
def solved(s: Search, position: float, angle: float) -> bool:
    """Whether squared errors are within the tolerances."""
    return (
        position <= s.tolerance * s.tolerance and angle <= s.orientation_tolerance * s.orientation_tolerance
    )


def pack(s: Search) -> Array:
    """A search as one array: its numbers, the shapes of its tables, and these one after the other."""
    p, a, f = s.problem, s.anchors, s.network
    numbers = [
        p.order, p.kind, p.length, p.position, p.angle, p.free, p.steps, *s.layout, f.periodic, s.tolerance,
        s.orientation_tolerance, s.farthest, s.curvature, s.slack, s.same, s.near, s.most, s.range, s.spread,
        s.table.turned,
    ]  # fmt: skip
    t = s.table
    in_double = (
        *(p.elements, p.coefficients, p.joints, a.rows, f.base, f.scales, s.axis, s.starts, t.grid, t.rows),
    )
    in_single = (a.y, a.slopes, f.first, f.change, f.known, f.weights)
    places, parts, start = [], [], _NUMBERS + 3 * _TABLES
    for table in (*in_double, *in_single, f.sizes, t.shape, t.starts):
        flat = np.ascontiguousarray(table).reshape(-1)
        if flat.itemsize == 4:
            flat = np.pad(flat, (0, flat.size % 2))
        rows, columns = table.shape if table.ndim == 2 else (1, table.size)
        places += [start, rows, columns]
        parts.append(flat.view(np.float64))
        start += parts[-1].size
    return np.concatenate([np.array([*numbers, *places], dtype=float), *parts])


#: Numbers of settings and of tables in what `pack` writes.
_NUMBERS, _TABLES = 22, 19


@inlined
def _doubles(packed: Array, place: Array) -> Array:
    return doubles(packed, int(place[0]), int(place[1]), int(place[2]))


@inlined
def _singles(packed: Array, place: Array) -> Floats:
    return singles(packed, int(place[0]), int(place[1]), int(place[2]))


@inlined
def _integers(packed: Array, place: Array) -> Indices:
    return integers(packed, int(place[0]), int(place[1]), int(place[2]))


@kernel
def unpack(packed: Array) -> Search:
    """What `pack` made an array of; its tables are parts of the array."""
    v, at = packed, doubles(packed, _NUMBERS, _TABLES, 3)
    elements, coefficients, joints = _doubles(v, at[0]), _doubles(v, at[1]), _doubles(v, at[2])
    rows, base, scales = _doubles(v, at[3]), _doubles(v, at[4]), _doubles(v, at[5])
    axis, starts = _doubles(v, at[6]), _doubles(v, at[7])
    grid, branches = _doubles(v, at[8]), _doubles(v, at[9])
    y, slopes, first = _singles(v, at[10]), _singles(v, at[11]), _singles(v, at[12])
    change, known, weights = _singles(v, at[13]), _singles(v, at[14]), _singles(v, at[15])
    sizes, shape, first_rows = _integers(v, at[16]), _integers(v, at[17]), _integers(v, at[18])
    return Search(
        Problem(elements, coefficients, int(v[0]), joints, int(v[1]), v[2], v[3], v[4], int(v[5]), int(v[6])),
        Layout(int(v[7]), v[8] != 0.0, int(v[9])),
        Anchors(y, rows, slopes),
        Network(first, base, change, known, weights[0], sizes[0], scales[0], v[10] != 0.0),
        v[11],
        v[12],
        v[13],
        axis[0],
        v[14],
        v[15],
        v[16],
        int(v[17]),
        int(v[18]),
        v[19],
        v[20],
        starts,
        Table(grid, shape[0], first_rows[0], branches, v[21] != 0.0),
    )


def memory_size(s: Search) -> int:
    """Length of the memory that one thread needs, see `divide`."""
    n, m, (size, anchors) = s.problem.joints.shape[1], ROWS[s.problem.kind], s.anchors.y.shape
    count = max(s.near, s.most)
    joints = 5 * n + m + s.network.base.shape[1]
    rest = 2 * GOAL + 2 * HEADER + 2 * size + int(s.network.sizes.max()) + count * (n + 3) + anchors
    return int(workspace_size(s.problem) + joints + rest)


@inlined
def divide(s: Search, memory: Array) -> tuple[Workspace, Room, Candidates]:
    """The rooms of one thread, cut from its memory."""
    n, m, size = s.problem.joints.shape[1], ROWS[s.problem.kind], s.anchors.y.shape[0]
    k, anchors = s.network.base.shape[1], s.anchors.y.shape[1]
    count = max(s.near, s.most)
    widest = 1
    for i in range(s.network.sizes.shape[0]):
        widest = max(widest, s.network.sizes[i])
    w, at = workspace(s.problem, memory)
    goals = doubles(memory, at, 2, GOAL)
    at += 2 * GOAL
    y = doubles(memory, at, 2, size)
    at += 2 * size
    header = doubles(memory, at, 2, HEADER)
    at += 2 * HEADER
    joints = doubles(memory, at, 5, n)
    at += 5 * n
    left, x = doubles(memory, at, 1, m), doubles(memory, at + m, 1, k)
    at += m + k
    layers = singles(memory, at, 2, widest)
    at += widest
    positions, changes = doubles(memory, at, count, n), doubles(memory, at + count * n, 1, count)
    at += count * (n + 1)
    order, distances = integers(memory, at, 2, count), singles(memory, at + 2 * count, 2, anchors)
    room = Room(
        goals[0], y[0], y[1], header[0], header[1], goals[1], joints[0], joints[1], joints[2], joints[3],
        joints[4], left[0], x[0], layers[0], layers[1],
    )  # fmt: skip
    found = Candidates(positions, changes[0], order[0], order[1], distances[0], distances[1])
    return by_address(w), by_address(room), by_address(found)
