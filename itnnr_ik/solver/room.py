"""What a search reads, and the room it needs, as tuples of arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled
from itnnr_ik.solver.anchors import HEADER, Anchors, Layout
from itnnr_ik.solver.problem import Problem
from itnnr_ik.task.kernels import GOAL, ROWS
from itnnr_ik.twin.kernels import Network

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class Search(NamedTuple):
    """All that a search reads.

    Attributes:
        tolerance, orientation_tolerance: What counts as a solution [m], [rad].
        curvature: Bound of the second derivative of the task by the joints [m].
        slack: How much nearer [rad] to the state a candidate may come by refinement.
        same: Candidates this near [rad] to each other lead to one solution.
        near, more, most: Anchors looked up; where none of them leads to a solution; where a solution is
            almost found.
        range: Distance [m] of a target from the tool up to which F adjusts the state; 0 for never.
        starts: (S, n) within ±1, evenly spread: where in a box around the state a search starts.
    """

    problem: Problem
    layout: Layout
    anchors: Anchors
    network: Network
    tolerance: float
    orientation_tolerance: float
    curvature: float
    slack: float
    same: float
    near: int
    more: int
    most: int
    range: float
    starts: Array


class Room(NamedTuple):
    """Room of a search in one thread, beyond the `Workspace`: coordinates and headers of anchors, bounds and
    postures (n,), singular vectors, and layers of the network."""

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


@compiled
def make_room(s: Search) -> Room:
    """Room for a search, cut from two pieces of memory: to ask for many takes longer than a solve."""
    n, m, size, k = (
        s.problem.joints.shape[1],
        ROWS[s.problem.kind],
        s.anchors.y.shape[0],
        s.network.base.shape[1],
    )
    widest = 1
    for i in range(s.network.sizes.shape[0]):
        widest = max(widest, s.network.sizes[i])
    memory = np.empty(2 * size + 2 * HEADER + GOAL + 5 * n + m + k)
    y, header = (
        memory[: 2 * size].reshape((2, size)),
        memory[2 * size : 2 * size + 2 * HEADER].reshape((2, HEADER)),
    )
    start = 2 * size + 2 * HEADER + GOAL
    joints, rest = memory[start : start + 5 * n].reshape((5, n)), memory[start + 5 * n :]
    singles = np.empty((2, widest), np.float32)
    return Room(
        y[0],
        y[1],
        header[0],
        header[1],
        memory[start - GOAL : start],
        joints[0],
        joints[1],
        joints[2],
        joints[3],
        joints[4],
        rest[:m],
        rest[m:],
        singles[0],
        singles[1],
    )


@compiled
def make_candidates(s: Search, count: int) -> Candidates:
    """Room for at most ``count`` candidates."""
    indices, singles = np.empty((2, count), np.int64), np.empty((2, s.anchors.y.shape[1]), np.float32)
    positions = np.empty((count, s.problem.joints.shape[1]))
    return Candidates(positions, np.empty(count), indices[0], indices[1], singles[0], singles[1])
