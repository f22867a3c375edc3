"""The forward function that a twin network inverts: from open joints to lookup coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import kernel
from itnnr_ik.robot import ForwardModel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.anchors import HEADER, Layout, embed_posture, embedding_size
from itnnr_ik.solver.assembly import choose_layout, make_problem, search_bounds
from itnnr_ik.solver.problem import Problem, workspace
from itnnr_ik.task import Task
from itnnr_ik.task.kernels import GOAL_SIZE

Array = NDArray[np.float64]

#: Step [rad, m] of the central differences, whose error is of its square.
_DIFFERENCE_STEP = 1e-5


class TaskForward:
    """y = f(x), with x the open joints (k,) of an arm and y the coordinates (E,) of its anchors.

    Takes NumPy arrays (…, k) and torch tensors, through which gradients flow.
    """

    def __init__(self, arm: ForwardModel, task: Task) -> None:
        self.layout, self.open, size = choose_layout(arm, task)
        self._problem = make_problem(arm, task, 1.0, 1.0)
        self._n = arm.n_joints
        self.n_x, self.n_y = len(range(self._n)[self.open]), size
        lower, upper = search_bounds(arm)
        self.lower, self.upper = lower[self.open], upper[self.open]

    def __call__(self, x: Any) -> Any:
        """Coordinates (…, E) at open joints (…, k)."""
        if isinstance(x, np.ndarray):
            return self._values(x)
        from itnnr_ik.twin.differentiable import apply

        return apply(x, self._values, self._derivatives)

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Open joints (count, k), uniform within the limits."""
        return rng.uniform(self.lower, self.upper, size=(count, self.n_x))

    def _values(self, x: Array) -> Array:
        flat = np.array(x, dtype=float).reshape(-1, self.n_x)
        y = np.empty((len(flat), self.n_y))
        memory = np.empty(embedding_size(self._problem, HEADER))
        _embed_open(self._problem, self.layout, np.zeros(self._n), self.open.start, flat, y, memory)
        return y.reshape(*np.shape(x)[:-1], self.n_y)

    def _derivatives(self, x: Array) -> Array:
        """Derivatives (b, E, k) at open joints (b, k), by central differences."""
        derivatives = np.empty((len(x), self.n_y, self.n_x))
        for j in range(self.n_x):
            step = np.zeros(self.n_x)
            step[j] = _DIFFERENCE_STEP
            derivatives[:, :, j] = (self._values(x + step) - self._values(x - step)) / (
                2.0 * _DIFFERENCE_STEP
            )
        return derivatives


@kernel
def _embed_open(
    problem: Problem, layout: Layout, q: Array, start: int, x: Array, y: Array, memory: Array
) -> None:
    """Write coordinates (b, E) at open joints (b, k) of a posture ``q`` (n,)."""
    problem, layout = by_address(problem), by_address(layout)
    w, at = workspace(problem, memory)
    w = by_address(w)
    goal, header = memory[at : at + GOAL_SIZE], memory[at + GOAL_SIZE :]
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            q[start + i] = x[b, i]
        embed_posture(problem, layout, q, y[b], header, goal, w)
