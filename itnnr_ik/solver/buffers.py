"""Input and scratch memory of a search, as tuples of arrays.

Both are views of one array each, which the caller holds: passing many arrays to a compiled function, or
allocating them, takes longer than a solve for a target near the state.
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
from itnnr_ik.task.kernels import GOAL_SIZE, ROWS
from itnnr_ik.twin.kernels import Network

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class Search(NamedTuple):
    """Input of a search.

    Attributes:
        tolerance, orientation_tolerance: Largest errors of a solution [m], [rad].
        farthest: Targets farther [m] from the origin are scaled down to this, see `read_target`.
        axis: (3,) of the tool, to be pointed in a pointing task.
        curvature: Bound of the second derivative of the task by the joints [m].
        refinement_margin: Decrease [rad] of a candidate's displacement that refinement may bring.
        distinct_distance: Candidates nearer [rad] to each other lead to the same solution.
        n_candidates, max_candidates: Anchors looked up for a solution, and at most.
        network_range: Distance [m] of a target from the tool up to which F adjusts the state; 0 for never.
        anchor_distance: Distance [m] from most reachable targets to their nearest anchor.
        seeds: (S, n) within ±1, evenly spread: seeds of a search in a box around the state.
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
    refinement_margin: float
    distinct_distance: float
    n_candidates: int
    max_candidates: int
    network_range: float
    anchor_distance: float
    seeds: Array
    table: Table


class Scratch(NamedTuple):
    """Scratch memory of a search in one thread, beyond the `Workspace`: the goal, coordinates and headers of
    anchors, bounds and postures (n,), singular vectors, and layers of the network."""

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
    """Candidates: positions (k, n), displacements from a state and their order, anchors' indices (k,), and
    all anchors' distances (p,) with the minima of blocks of these."""

    positions: Array
    displacements: Array
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
    """A search as one array: its settings, the places and shapes of its tables, and the tables themselves."""
    p, a, f = s.problem, s.anchors, s.network
    numbers = [
        p.order, p.kind, p.length, p.position, p.angle, p.free_steps, p.max_steps, *s.layout, f.periodic,
        s.tolerance, s.orientation_tolerance, s.farthest, s.curvature, s.refinement_margin,
        s.distinct_distance, s.n_candidates, s.max_candidates, s.network_range, s.anchor_distance,
        s.table.cylindrical,
    ]  # fmt: skip
    t = s.table
    in_double = (
        *(p.elements, p.coefficients, p.joints, a.rows, f.base, f.scales, s.axis, s.seeds, t.grid, t.rows),
    )
    in_single = (a.y, a.slopes, f.first_values, f.change_weights, f.anchor_weights, f.weights)
    places, parts, start = [], [], _NUMBERS + 3 * _TABLES
    for table in (*in_double, *in_single, f.sizes, t.shape, t.cell_starts):
        flat = np.ascontiguousarray(table).reshape(-1)
        if flat.itemsize == 4:
            flat = np.pad(flat, (0, flat.size % 2))
        rows, columns = table.shape if table.ndim == 2 else (1, table.size)
        places += [start, rows, columns]
        parts.append(flat.view(np.float64))
        start += parts[-1].size
    return np.concatenate([np.array([*numbers, *places], dtype=float), *parts])


#: Number of settings and of tables that `pack` writes.
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
    """The search that `pack` wrote; its tables are views of the array."""
    v, at = packed, doubles(packed, _NUMBERS, _TABLES, 3)
    elements, coefficients, joints = _doubles(v, at[0]), _doubles(v, at[1]), _doubles(v, at[2])
    rows, base, scales = _doubles(v, at[3]), _doubles(v, at[4]), _doubles(v, at[5])
    axis, seeds = _doubles(v, at[6]), _doubles(v, at[7])
    grid, branches = _doubles(v, at[8]), _doubles(v, at[9])
    y, slopes, first_values = _singles(v, at[10]), _singles(v, at[11]), _singles(v, at[12])
    change_weights, anchor_weights, weights = _singles(v, at[13]), _singles(v, at[14]), _singles(v, at[15])
    sizes, shape, cell_starts = _integers(v, at[16]), _integers(v, at[17]), _integers(v, at[18])
    return Search(
        Problem(elements, coefficients, int(v[0]), joints, int(v[1]), v[2], v[3], v[4], int(v[5]), int(v[6])),
        Layout(int(v[7]), v[8] != 0.0, int(v[9])),
        Anchors(y, rows, slopes),
        Network(
            first_values, base, change_weights, anchor_weights, weights[0], sizes[0], scales[0], v[10] != 0.0
        ),
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
        seeds,
        Table(grid, shape[0], cell_starts[0], branches, v[21] != 0.0),
    )


def memory_size(s: Search) -> int:
    """Length of the memory that one thread needs, see `divide`."""
    n, m, (size, anchors) = s.problem.joints.shape[1], ROWS[s.problem.kind], s.anchors.y.shape
    count = max(s.n_candidates, s.max_candidates)
    joints = 5 * n + m + s.network.base.shape[1]
    rest = 2 * GOAL_SIZE + 2 * HEADER + 2 * size + int(s.network.sizes.max()) + count * (n + 3) + anchors
    return int(workspace_size(s.problem) + joints + rest)


@inlined
def divide(s: Search, memory: Array) -> tuple[Workspace, Scratch, Candidates]:
    """Views of one thread's memory."""
    n, m, size = s.problem.joints.shape[1], ROWS[s.problem.kind], s.anchors.y.shape[0]
    k, anchors = s.network.base.shape[1], s.anchors.y.shape[1]
    count = max(s.n_candidates, s.max_candidates)
    widest = 1
    for i in range(s.network.sizes.shape[0]):
        widest = max(widest, s.network.sizes[i])
    w, at = workspace(s.problem, memory)
    goals = doubles(memory, at, 2, GOAL_SIZE)
    at += 2 * GOAL_SIZE
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
    scratch = Scratch(
        goals[0], y[0], y[1], header[0], header[1], goals[1], joints[0], joints[1], joints[2], joints[3],
        joints[4], left[0], x[0], layers[0], layers[1],
    )  # fmt: skip
    found = Candidates(positions, changes[0], order[0], order[1], distances[0], distances[1])
    return by_address(w), by_address(scratch), by_address(found)
