"""Room for kernels that tests call one by one from Python."""

from __future__ import annotations

import numpy as np

from itnnr_ik.solver.problem import Problem, Workspace
from itnnr_ik.task.kernels import ROWS


def workspace_of(problem: Problem) -> Workspace:
    """A workspace of separate arrays, which Python may hold as it does any."""
    n, m, elements = problem.joints.shape[1], ROWS[problem.kind], max(len(problem.elements) - 1, 0)
    shapes = ((3, 4), (elements, 3), (elements, 3), m, (m, n), (m, m), m, n, n, n)
    return Workspace(*(np.empty(shape) for shape in (*shapes, problem.coefficients.shape[1])))
