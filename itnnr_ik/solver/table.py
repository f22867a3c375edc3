"""Lookup table of all postures for points on a grid, for position tasks of arms with few joints.

Where the first joint turns the whole arm about its axis, the other joints determine only the distance from
the axis and the height along it: one coordinate of a planar task, two in space. The grid is so fine that one
linear step from the centre of a cell to the target leaves almost no error. A cell holds all branches at its
centre, or a sample of a redundant arm's curve of solutions.
"""

from __future__ import annotations

import math
import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, kernel
from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.problem import Problem, differentiate, evaluate, workspace, workspace_size
from itnnr_ik.solver.refine import factorise, refine, substitute
from itnnr_ik.solver.spread import fill_box
from itnnr_ik.solver.state import LOWER, PERIOD, UPPER, unwrap_towards
from itnnr_ik.task import Task
from itnnr_ik.task.kernels import GOAL_SIZE, ROWS

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Cells along each of one, two or three coordinates, and number of sampled postures.
_CELLS, _POSTURES = (2048, 128, 32), 65536
#: Smallest joint difference [rad, m] of distinct postures of a cell: solutions, samples of a curve of
#: solutions, and postures in a cell whose centre is out of reach.
_DISTINCT_SOLUTIONS, _DISTINCT_ON_CURVE, _DISTINCT_OUT_OF_REACH = 0.01, 0.2, 0.03
#: Passes in which solutions of each cell are continued into its neighbours.
_NEIGHBOUR_PASSES = 2
#: Precision [m] of the solutions, and most tables that are cached.
_PRECISION, _MAX_CACHED_TABLES = 5e-7, 8
#: Damping [m²] of the slopes, which bounds them at singular postures.
_DAMPING = 1e-6
#: Largest excess of a linear step beyond a limit [rad, m], and of one along a curve of solutions.
_MAX_OVERSHOOT, _MAX_OVERSHOOT_ON_CURVE = 0.1, 0.2
#: Margin [rad, m] beyond the limits up to which postures are tabled.
_LIMIT_MARGIN = 0.2
#: Steps [rad, m] across a singular posture, from which the other branch is searched for.
_CROSSING_STEPS = (-0.6, -0.2, 0.2, 0.6)


class Table(NamedTuple):
    """Postures by cells of a grid; no rows where there is none.

    Attributes:
        grid: (2, D): smallest coordinates [m], and cells per metre.
        shape: (D,): cells along each coordinate.
        cell_starts: (cells + 1,): first row of each cell; a cell's best conditioned posture comes first.
        rows: (p, n (1 + D)): joint positions extrapolated to the coordinates 0, and slopes [rad/m].
        cylindrical: Coordinates are distance from the first joint's axis and height, and the joint's
            positions are for the azimuth 0.
    """

    grid: Array
    shape: Indices
    cell_starts: Indices
    rows: Array
    cylindrical: bool


def no_table(n: int) -> Table:
    """The table of an arm of n joints that has none."""
    return Table(np.zeros((2, 1)), np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros((0, 2 * n)), False)


@kernel
def locate(problem: Problem, table: Table, goal: Array, y: Array) -> tuple[int, float]:
    """Write the coordinates (D,) of a goal (12,); its cell, −1 for none, and its azimuth [rad]."""
    azimuth = 0.0
    if table.cylindrical:
        frame = problem.elements[0]
        x, y_, z = goal[0] - frame[3], goal[1] - frame[7], goal[2] - frame[11]
        a, b = frame[0] * x + frame[4] * y_ + frame[8] * z, frame[1] * x + frame[5] * y_ + frame[9] * z
        y[0] = math.sqrt(a * a + b * b)
        if table.shape.shape[0] > 1:
            y[1] = frame[2] * x + frame[6] * y_ + frame[10] * z
        azimuth = math.atan2(b, a)
    else:
        for d in range(table.shape.shape[0]):
            y[d] = goal[d]
    cell = 0
    for d in range(table.shape.shape[0]):
        place, size = (y[d] - table.grid[0, d]) * table.grid[1, d], table.shape[d]
        if not -1.0 < place < size + 1.0:
            return -1, azimuth
        cell = cell * size + min(max(int(place), 0), size - 1)
    return cell, azimuth


@kernel
def predict(
    problem: Problem, table: Table, row: int, y: Array, azimuth: float, reference: Array, q: Array
) -> bool:
    """Write the posture (n,) after a row's linear step, unwrapped towards ``reference``, within the limits.

    Returns:
        Whether it was within the limits, or almost.
    """
    joints, n, size = problem.joints, q.shape[0], table.shape.shape[0]
    overshoot = _MAX_OVERSHOOT if n <= ROWS[problem.kind] else _MAX_OVERSHOOT_ON_CURVE
    for i in range(n):
        value = table.rows[row, i]
        for d in range(size):
            value += table.rows[row, n + size * i + d] * y[d]
        q[i] = value
    q[0] += azimuth
    unwrap_towards(joints, q, reference)
    for i in range(n):
        lower, upper = joints[LOWER, i], joints[UPPER, i]
        if lower <= q[i] <= upper:
            continue
        # Unwrapping ends above the limits where no turn is within them; one less may be almost.
        below = q[i] if q[i] < lower else q[i] - joints[PERIOD, i]
        if q[i] > upper >= q[i] - overshoot:
            q[i] = upper
        elif below < lower <= below + overshoot:
            q[i] = lower
        else:
            return False
    return True


@kernel
def refine_with_slopes(
    problem: Problem, bounds: Array, goals: Array, steps: int, q: Array, slopes: Array,
    converged: NDArray[np.bool_], memory: Array,
) -> None:  # fmt: skip
    """Refine postures (b, n) within bounds (2, n) to goals (b, 12) and write their slopes (b, n, m) [rad/m].

    Also writes which converged (b,); ``memory`` has `workspace_size` numbers.
    """
    problem = by_address(problem)
    w = by_address(workspace(problem, memory)[0])
    m = w.error.shape[0]
    for b in range(q.shape[0]):
        square, _ = refine(problem, goals[b], bounds[0], bounds[1], q[b], problem.free_steps, steps, w)
        converged[b] = square <= problem.position * problem.position
        evaluate(problem, goals[b], q[b], w)
        differentiate(problem, w)
        for i in range(q.shape[1]):
            w.active[i] = 1.0
        factorise(w.jacobian, w.active, _DAMPING, w.normal)
        for e in range(m):
            for a in range(m):
                w.error[a] = 1.0 if a == e else 0.0
            substitute(w.normal, w.error, w.dual)
            for i in range(q.shape[1]):
                total = 0.0
                for a in range(m):
                    total += w.jacobian[a, i] * w.dual[a]
                slopes[b, i, e] = total


@compiled
def _distinct(cells: Indices, q: Array, min_distance: Array) -> NDArray[np.bool_]:
    """Which postures (b, n), sorted by cell, are ``min_distance`` apart from those kept before in it."""
    kept = np.zeros(cells.shape[0], np.bool_)
    start = 0
    for b in range(cells.shape[0]):
        if cells[b] != cells[start]:
            start = b
        kept[b] = True
        for other in range(start, b):
            if kept[other]:
                largest = 0.0
                for i in range(q.shape[1]):
                    largest = max(largest, abs(q[b, i] - q[other, i]))
                if largest < min_distance[b]:
                    kept[b] = False
                    break
    return kept


class _Postures(NamedTuple):
    """Entries of a table: cells (b,), positions (b, n), their coordinates (b, D), slopes (b, n, D), and which
    are solutions at the centre of their cells (b,)."""

    cells: Indices
    q: Array
    y: Array
    slopes: Array
    at_centre: NDArray[np.bool_]

    def selected(self, rows: Indices | NDArray[np.bool_]) -> _Postures:
        """The selected rows, in their order."""
        return _Postures(
            self.cells[rows], self.q[rows], self.y[rows], self.slopes[rows], self.at_centre[rows]
        )


def _concatenated(parts: list[_Postures]) -> _Postures:
    return _Postures(
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.q for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.slopes for part in parts]),
        np.concatenate([part.at_centre for part in parts]),
    )


class _TableBuilder:
    """Builds the table of an arm within bounds (2, n) of its joints."""

    def __init__(self, arm: KinematicChain, task: Task, problem: Problem, bounds: Array) -> None:
        self._problem, self._memory = problem, np.empty(workspace_size(problem))
        self._arm, self._tool = arm, task.tool
        self._n, self._m = arm.n_joints, task.n_coordinates
        first = arm.elements[0]
        self.cylindrical = _is_turned_by_first_joint(arm, planar=self._m == 2)
        rotation, origin = first[:12].reshape(3, 4)[:, :3], first[[3, 7, 11]]
        #: Axes (3, 3) of the coordinates as columns, and their origin [m].
        self._columns = rotation[:, [0, 2, 1]] if self.cylindrical else np.eye(3)
        self._origin = origin if self.cylindrical else np.zeros(3)
        self._size = self._m - 1 if self.cylindrical else self._m
        # Beyond the limits, too, as they may exclude the centre of a cell that is partly within them.
        margin = np.where(bounds[1] - bounds[0] < 2.0 * math.pi, _LIMIT_MARGIN, 0.0)
        self._lower, self._upper = bounds[0] - margin, bounds[1] + margin
        self._limits = problem.joints[:2] + _LIMIT_MARGIN * np.array([[-1.0], [1.0]])
        if self.cylindrical:
            self._limits[:, 0] = -np.inf, np.inf

    def table(self) -> Table:
        """Build the table."""
        q, y = self._sampled()
        shape = np.full(self._size, _CELLS[self._size - 1])
        least, most = y.min(axis=0), y.max(axis=0)
        widths = np.maximum(most - least, 1e-9) / shape
        self._grid = np.array([least, 1.0 / widths])
        self._shape = shape
        found = self._without_duplicates(self._with_other_branches(self._moved_to_centres(q, y)))
        for _ in range(_NEIGHBOUR_PASSES):
            found = self._without_duplicates(self._with_neighbours(found))
        counts = np.bincount(found.cells, minlength=int(shape.prod()))
        starts = np.concatenate([[0], np.cumsum(counts)])
        at_zero = found.q - np.einsum("bnd,bd->bn", found.slopes, found.y)
        rows = np.concatenate([at_zero, found.slopes.reshape(len(at_zero), -1)], axis=1)
        return Table(self._grid, shape, starts, rows, self.cylindrical)

    def _sampled(self) -> tuple[Array, Array]:
        """Postures (b, n) that fill the limits evenly, and their coordinates (b, D)."""
        q = np.zeros((_POSTURES, self._n))
        chosen = slice(1 if self.cylindrical else 0, None)
        q[:, chosen] = fill_box(self._lower[chosen], self._upper[chosen], len(q))
        points = (self._arm.transforms(q) @ self._tool)[:, :3, 3]
        seen = (points - self._origin) @ self._columns
        if self.cylindrical:
            q[:, 0] = -np.arctan2(seen[:, 2], seen[:, 0])
            seen[:, 0] = np.hypot(seen[:, 0], seen[:, 2])
        return q, seen[:, : self._size]

    def _cells_of(self, y: Array) -> Indices:
        places = np.clip((y - self._grid[0]) * self._grid[1], 0, self._shape - 1).astype(np.int64)
        return np.asarray(np.ravel_multi_index(tuple(places.T), tuple(self._shape)))

    def _centres(self, cells: Indices) -> Array:
        places = np.stack(np.unravel_index(cells, tuple(self._shape)), axis=1)
        return np.asarray(self._grid[0] + (places + 0.5) / self._grid[1])

    def _refined(self, q: Array, y: Array, steps: int) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Postures refined to coordinates (b, D), their slopes by these, and which converged."""
        goals, slopes = np.zeros((len(q), GOAL_SIZE)), np.empty((len(q), self._n, self._m))
        columns = self._columns[:, : self._size]
        goals[:, :3] = self._origin + y @ columns.T
        q = np.array(q)
        converged = np.empty(len(q), dtype=np.bool_)
        refine_with_slopes(self._problem, self._limits, goals, steps, q, slopes, converged, self._memory)
        return q, slopes @ columns[: self._m], converged

    def _moved_to_centres(self, q: Array, y: Array) -> _Postures:
        """Each posture moved to the centre of its cell, or unchanged where that is out of reach."""
        cells = self._cells_of(y)
        centres = self._centres(cells)
        moved, slopes, at_centre = self._refined(q, centres, self._problem.max_steps)
        other = ~at_centre
        moved[other], slopes[other], _ = self._refined(q[other], y[other], 0)
        return _Postures(cells, moved, np.where(at_centre[:, None], centres, y), slopes, at_centre)

    def _with_other_branches(self, found: _Postures) -> _Postures:
        """The postures, and solutions across a singular posture near them.

        Where the centre of a cell is out of reach, two branches meet nearby.
        """
        out_of_reach = found.selected(~found.at_centre)
        stretched = np.linalg.svd(out_of_reach.slopes)[0][:, :, 0]
        parts = [found]
        for step in _CROSSING_STEPS:
            q = np.clip(out_of_reach.q + step * stretched, *self._limits)
            q, slopes, converged = self._refined(q, out_of_reach.y, self._problem.max_steps)
            parts.append(out_of_reach._replace(q=q, slopes=slopes).selected(converged))
        return _concatenated(parts)

    def _with_neighbours(self, found: _Postures) -> _Postures:
        """The postures, and their continuation into the neighbouring cells."""
        parts = [found]
        places = np.stack(np.unravel_index(found.cells, tuple(self._shape)), axis=1)
        for d in range(self._size):
            for side in (-1, 1):
                neighbour = places[:, d] + side
                inside = found.at_centre & (neighbour >= 0) & (neighbour < self._shape[d])
                chosen = places[inside]
                chosen[:, d] += side
                cells = np.asarray(np.ravel_multi_index(tuple(chosen.T), tuple(self._shape)))
                centres = self._centres(cells)
                step = np.einsum("bnd,bd->bn", found.slopes[inside], centres - found.y[inside])
                start = np.clip(found.q[inside] + step, *self._limits)
                q, slopes, at_centre = self._refined(start, centres, self._problem.max_steps)
                parts.append(_Postures(cells, q, centres, slopes, at_centre).selected(at_centre))
        return _concatenated(parts)

    def _without_duplicates(self, found: _Postures) -> _Postures:
        """Distinct postures, cell by cell, solutions before others and the best conditioned first."""
        order = np.lexsort([np.abs(found.slopes).max(axis=(1, 2)), ~found.at_centre, found.cells])
        found = found.selected(order)
        min_distance = np.where(
            found.at_centre,
            _DISTINCT_SOLUTIONS if self._n <= self._m else _DISTINCT_ON_CURVE,
            _DISTINCT_OUT_OF_REACH,
        )
        kept = _distinct(found.cells, found.q, min_distance)
        return found.selected(kept)


def _is_turned_by_first_joint(arm: KinematicChain, planar: bool) -> bool:
    """Whether the first joint turns the whole arm, in the plane of a planar task."""
    elements = arm.elements[:-1]
    first = elements[0]
    moves_one_element = int((elements[:, 13] == 0).sum()) == 1
    is_vertical = abs(first[10]) > 1.0 - 1e-12
    is_plain_revolute = (first[12], first[13], first[14], first[15]) == (0.0, 0.0, 1.0, 0.0)
    return arm.n_joints > 1 and moves_one_element and is_plain_revolute and (is_vertical or not planar)


def build_table(arm: KinematicChain, task: Task, problem: Problem, bounds: Array) -> Table:
    """The table of an arm for a position task, of postures within bounds (2, n) of its joints.

    It does not depend on the tolerances, and is cached for other solvers of the same arm.
    """
    tables = (problem.elements, problem.joints, bounds)
    key = (bytes([task.code]), *(table.tobytes() for table in tables))
    found = _cached_tables.get(key)
    if found is None:
        built = _TableBuilder(arm, task, problem._replace(position=_PRECISION), bounds).table()
        with _cache_lock:  # threads may make solvers
            found = _cached_tables.setdefault(key, built)
            while len(_cached_tables) > _MAX_CACHED_TABLES:
                del _cached_tables[next(iter(_cached_tables))]
    return found


_cached_tables: dict[tuple[bytes, ...], Table] = {}
_cache_lock = threading.Lock()
