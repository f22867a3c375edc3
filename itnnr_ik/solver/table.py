"""Every posture that puts the tool near a point, looked up in a grid: for position tasks of a few joints.

Where the first joint turns the whole arm about its axis, the distance from the axis and the height along it
are all that the other joints have to do with: one coordinate of a planar task, two in space. They are cut
into cells, fine enough that one linear step from the middle of a cell to the target leaves next to nothing.
A cell holds all branches at its middle, or a sample of the curve of solutions of an arm with joints to spare.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, kernel
from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.problem import Problem, differentiate, evaluate, workspace, workspace_size
from itnnr_ik.solver.refine import factorise, refine, substitute
from itnnr_ik.solver.spread import fill_box
from itnnr_ik.solver.state import LOWER, UPPER, turn_towards
from itnnr_ik.task import Task
from itnnr_ik.task.kernels import GOAL, ROWS

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Cells along each of one, two or three coordinates, and postures drawn.
_CELLS, _POSTURES = (2048, 128, 32), 65536
#: Postures [rad, m] of a cell that differ by less are one: solutions, samples of a curve of solutions, and
#: postures in a cell whose middle is out of reach.
_SAME, _SAME_ON_CURVE, _SAME_BESIDE = 0.01, 0.2, 0.03
#: Passes in which each cell tries the solutions of its neighbours.
_PASSES = 2
#: Precision [m] of the solutions, and tables kept.
_PRECISION, _KEPT = 5e-7, 8
#: Damping [m²] of the slopes: it bounds them at singular postures.
_DAMPING = 1e-6
#: How far [rad, m] a linear step may lead beyond a limit, and along a curve of solutions.
_BEYOND, _BEYOND_ON_CURVE = 0.1, 0.2
#: How far [rad, m] beyond the limits the table goes.
_MARGIN = 0.2
#: Steps [rad, m] across a singular posture, from which the solution on the other side is looked for.
_ACROSS = (-0.6, -0.2, 0.2, 0.6)


class Table(NamedTuple):
    """Postures by cells of a grid; no rows where there is none.

    Attributes:
        grid: (2, D): least coordinates [m], and cells per metre.
        shape: (D,): cells along each coordinate.
        starts: (cells + 1,): first row of each cell; a cell's best conditioned posture comes first.
        rows: (p, n (1 + D)): joint positions at the coordinates 0, as the slope has it, and slopes [rad/m].
        turned: The first joint is taken out: coordinates are distance from its axis and height, and its
            positions are for the azimuth 0.
    """

    grid: Array
    shape: Indices
    starts: Indices
    rows: Array
    turned: bool


def no_table(n: int) -> Table:
    """The table of an arm of n joints that has none."""
    return Table(np.zeros((2, 1)), np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros((0, 2 * n)), False)


@kernel
def locate(problem: Problem, table: Table, goal: Array, y: Array) -> tuple[int, float]:
    """Write the coordinates (D,) of a goal (12,); its cell, −1 for none, and its azimuth [rad]."""
    azimuth = 0.0
    if table.turned:
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
    """Write where a row's linear step leads (n,), at the turns nearest to ``reference``, within the limits.

    Returns:
        Whether it was within the limits, or almost.
    """
    joints, n, size = problem.joints, q.shape[0], table.shape.shape[0]
    beyond = _BEYOND if n <= ROWS[problem.kind] else _BEYOND_ON_CURVE
    for i in range(n):
        value = table.rows[row, i]
        for d in range(size):
            value += table.rows[row, n + size * i + d] * y[d]
        q[i] = value
    q[0] += azimuth
    for i in range(n):
        if q[i] < joints[LOWER, i] <= q[i] + beyond:
            q[i] = joints[LOWER, i]
        elif q[i] > joints[UPPER, i] >= q[i] - beyond:
            q[i] = joints[UPPER, i]
    turn_towards(joints, q, reference)
    inside = True
    for i in range(n):
        inside = inside and joints[LOWER, i] <= q[i] <= joints[UPPER, i]
    return inside


@kernel
def expand_many(
    problem: Problem, bounds: Array, goals: Array, steps: int, q: Array, slopes: Array,
    converged: NDArray[np.bool_], memory: Array,
) -> None:  # fmt: skip
    """Refine postures (b, n) within bounds (2, n) to goals (b, 12) and write their slopes (b, n, m) [rad/m].

    And which converged (b,); ``memory`` is as long as `workspace_size` says.
    """
    problem = by_address(problem)
    w = by_address(workspace(problem, memory)[0])
    m = w.error.shape[0]
    for b in range(q.shape[0]):
        square, _ = refine(problem, goals[b], bounds[0], bounds[1], q[b], problem.free, steps, w)
        converged[b] = square <= problem.position * problem.position
        evaluate(problem, goals[b], q[b], w)
        differentiate(problem, w)
        for i in range(q.shape[1]):
            w.free[i] = 1.0
        factorise(w.jacobian, w.free, _DAMPING, w.normal)
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
def _distinct(cells: Indices, q: Array, apart: Array) -> NDArray[np.bool_]:
    """Which postures (b, n), sorted by cell, differ from those kept before them in the cell: by ``apart``."""
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
                if largest < apart[b]:
                    kept[b] = False
                    break
    return kept


class _Postures(NamedTuple):
    """Postures in the making: cells (b,), positions (b, n), coordinates (b, D) that they are at, slopes
    (b, n, D), and which are solutions at the middle of their cells (b,)."""

    cells: Indices
    q: Array
    y: Array
    slopes: Array
    middle: NDArray[np.bool_]

    def taken(self, rows: Indices | NDArray[np.bool_]) -> _Postures:
        """Those of some rows, in their order."""
        return _Postures(self.cells[rows], self.q[rows], self.y[rows], self.slopes[rows], self.middle[rows])


def _joined(parts: list[_Postures]) -> _Postures:
    return _Postures(
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.q for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.slopes for part in parts]),
        np.concatenate([part.middle for part in parts]),
    )


class _Maker:
    """Lays the table of an arm within bounds (2, n) of its joints."""

    def __init__(self, arm: KinematicChain, task: Task, problem: Problem, bounds: Array) -> None:
        self._problem, self._memory = problem, np.empty(workspace_size(problem))
        self._arm, self._tool = arm, task.tool
        self._n, self._m = arm.n_joints, task.n_coordinates
        first = arm.elements[0]
        self.turned = _turns(arm, planar=self._m == 2)
        rotation, origin = first[:12].reshape(3, 4)[:, :3], first[[3, 7, 11]]
        #: Columns (3, 3) to the point from the coordinates, and the point [m] where these are 0.
        self._columns = rotation[:, [0, 2, 1]] if self.turned else np.eye(3)
        self._origin = origin if self.turned else np.zeros(3)
        self._size = self._m - 1 if self.turned else self._m
        # Beyond the limits, too: they may cut a cell off from its middle.
        margin = np.where(bounds[1] - bounds[0] < 2.0 * math.pi, _MARGIN, 0.0)
        self._lower, self._upper = bounds[0] - margin, bounds[1] + margin
        self._limits = problem.joints[:2] + _MARGIN * np.array([[-1.0], [1.0]])
        if self.turned:
            self._limits[:, 0] = -np.inf, np.inf

    def table(self) -> Table:
        """The table."""
        q, y = self._drawn()
        shape = np.full(self._size, _CELLS[self._size - 1])
        least, most = y.min(axis=0), y.max(axis=0)
        widths = np.maximum(most - least, 1e-9) / shape
        self._grid = np.array([least, 1.0 / widths])
        self._shape = shape
        found = self._thinned(self._across(self._beside(q, y)))
        for _ in range(_PASSES):
            found = self._thinned(self._spread(found))
        counts = np.bincount(found.cells, minlength=int(shape.prod()))
        starts = np.concatenate([[0], np.cumsum(counts)])
        at_zero = found.q - np.einsum("bnd,bd->bn", found.slopes, found.y)
        rows = np.concatenate([at_zero, found.slopes.reshape(len(at_zero), -1)], axis=1)
        return Table(self._grid, shape, starts, rows, self.turned)

    def _drawn(self) -> tuple[Array, Array]:
        """Postures (b, n) that fill the limits evenly, and their coordinates (b, D)."""
        q = np.zeros((_POSTURES, self._n))
        chosen = slice(1 if self.turned else 0, None)
        q[:, chosen] = fill_box(self._lower[chosen], self._upper[chosen], len(q))
        points = (self._arm.transforms(q) @ self._tool)[:, :3, 3]
        seen = (points - self._origin) @ self._columns
        if self.turned:
            q[:, 0] = -np.arctan2(seen[:, 2], seen[:, 0])
            seen[:, 0] = np.hypot(seen[:, 0], seen[:, 2])
        return q, seen[:, : self._size]

    def _cells(self, y: Array) -> Indices:
        places = np.clip((y - self._grid[0]) * self._grid[1], 0, self._shape - 1).astype(np.int64)
        return np.asarray(np.ravel_multi_index(tuple(places.T), tuple(self._shape)))

    def _middles(self, cells: Indices) -> Array:
        places = np.stack(np.unravel_index(cells, tuple(self._shape)), axis=1)
        return np.asarray(self._grid[0] + (places + 0.5) / self._grid[1])

    def _expanded(self, q: Array, y: Array, steps: int) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Postures refined to coordinates (b, D), their slopes by these, and which converged."""
        goals, slopes = np.zeros((len(q), GOAL)), np.empty((len(q), self._n, self._m))
        columns = self._columns[:, : self._size]
        goals[:, :3] = self._origin + y @ columns.T
        q = np.array(q)
        converged = np.empty(len(q), dtype=np.bool_)
        expand_many(self._problem, self._limits, goals, steps, q, slopes, converged, self._memory)
        return q, slopes @ columns[: self._m], converged

    def _beside(self, q: Array, y: Array) -> _Postures:
        """Each posture moved to the middle of its cell, or as it is where that is out of reach."""
        cells = self._cells(y)
        middles = self._middles(cells)
        moved, slopes, middle = self._expanded(q, middles, self._problem.steps)
        other = ~middle
        moved[other], slopes[other], _ = self._expanded(q[other], y[other], 0)
        return _Postures(cells, moved, np.where(middle[:, None], middles, y), slopes, middle)

    def _across(self, found: _Postures) -> _Postures:
        """What is there, and what is on the other side of a singular posture near it.

        Where the middle of a cell is out of reach, two branches meet nearby.
        """
        beside = found.taken(~found.middle)
        stretched = np.linalg.svd(beside.slopes)[0][:, :, 0]
        parts = [found]
        for step in _ACROSS:
            q = np.clip(beside.q + step * stretched, *self._limits)
            q, slopes, converged = self._expanded(q, beside.y, self._problem.steps)
            parts.append(beside._replace(q=q, slopes=slopes).taken(converged))
        return _joined(parts)

    def _spread(self, found: _Postures) -> _Postures:
        """What is there, and what it leads to in the cells beside it."""
        parts = [found]
        places = np.stack(np.unravel_index(found.cells, tuple(self._shape)), axis=1)
        for d in range(self._size):
            for side in (-1, 1):
                beside = places[:, d] + side
                inside = found.middle & (beside >= 0) & (beside < self._shape[d])
                chosen = places[inside]
                chosen[:, d] += side
                cells = np.asarray(np.ravel_multi_index(tuple(chosen.T), tuple(self._shape)))
                middles = self._middles(cells)
                step = np.einsum("bnd,bd->bn", found.slopes[inside], middles - found.y[inside])
                start = np.clip(found.q[inside] + step, *self._limits)
                q, slopes, middle = self._expanded(start, middles, self._problem.steps)
                parts.append(_Postures(cells, q, middles, slopes, middle).taken(middle))
        return _joined(parts)

    def _thinned(self, found: _Postures) -> _Postures:
        """Distinct postures, cell by cell, solutions before others and the best conditioned first."""
        order = np.lexsort([np.abs(found.slopes).max(axis=(1, 2)), ~found.middle, found.cells])
        found = found.taken(order)
        apart = np.where(found.middle, _SAME if self._n <= self._m else _SAME_ON_CURVE, _SAME_BESIDE)
        kept = _distinct(found.cells, found.q, apart)
        return found.taken(kept)


def _turns(arm: KinematicChain, planar: bool) -> bool:
    """Whether the first joint turns the whole arm, in the plane of a planar task."""
    elements = arm.elements[:-1]
    first = elements[0]
    alone = int((elements[:, 13] == 0).sum()) == 1
    upright = abs(first[10]) > 1.0 - 1e-12
    plain = (first[12], first[13], first[14], first[15]) == (0.0, 0.0, 1.0, 0.0)
    return arm.n_joints > 1 and alone and plain and (upright or not planar)


def lay_table(arm: KinematicChain, task: Task, problem: Problem, bounds: Array) -> Table:
    """The table of an arm for a position task, of postures within bounds (2, n) of its joints.

    It does not depend on the tolerances, and is kept for the next solver of the same arm.
    """
    tables = (problem.elements, problem.joints, bounds)
    key = (task.kind.encode(), *(table.tobytes() for table in tables))
    if key not in _laid:
        if len(_laid) == _KEPT:
            _laid.pop(next(iter(_laid)), None)
        _laid[key] = _Maker(arm, task, problem._replace(position=_PRECISION), bounds).table()
    return _laid[key]


_laid: dict[tuple[bytes, ...], Table] = {}
