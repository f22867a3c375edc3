"""One inverse-kinematics problem as plain arrays: the robot, the task, and scratch memory.

Every kernel of the solver works on a `Problem` and a `Workspace`; `evaluate` and `differentiate` are the only
ones that know whether the robot's kinematics is a chain or was learned.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import kernel
from itnnr_ik.robot.harmonic import posture_features
from itnnr_ik.robot.kernels import forward
from itnnr_ik.solver.parts import doubles
from itnnr_ik.task.kernels import ROWS, task_error, task_jacobian

Array = NDArray[np.float64]

#: First steps of a refinement that may increase the error, and most steps.
FREE_STEPS, STEPS = 2, 10


class Problem(NamedTuple):
    """Robot, task and precision of a solve.

    Attributes:
        elements: (L + 1, 16) of a `KinematicChain`, the tool in its last transform; no rows for a learned
            robot.
        coefficients: (m (n + 1), F) of a learned robot, see `LearnedArm.rows`; no rows for a chain.
        order: Highest harmonic of a learned robot.
        joints: (6, n), rows by the names in `itnnr_ik.solver.state`: `LOWER` and `UPPER` limit, `PERIOD`
            (0 for none), `WEIGHT` of a unit of joint motion in a displacement [rad], the `MIDDLE` to be near
            without a state, and the posture `PREFERRED` by redundant joints (NaN for none).
        kind: Of task, see `itnnr_ik.task.kernels`.
        length: Characteristic length [m].
        position, angle: Precision [m] and [rad] at which a refinement stops.
        free_steps, max_steps: First steps of a refinement that may increase the error, and most steps. They
            are fields because constants as arguments would be compiled into separate functions.
    """

    elements: Array
    coefficients: Array
    order: int
    joints: Array
    kind: int
    length: float
    position: float
    angle: float
    free_steps: int
    max_steps: int


class Workspace(NamedTuple):
    """Scratch memory of one thread; m rows, n joints, L elements."""

    pose: Array
    axes: Array
    origins: Array
    error: Array
    jacobian: Array
    normal: Array
    dual: Array
    step: Array
    trial: Array
    active: Array
    features: Array


def workspace_size(problem: Problem) -> int:
    """Length of the memory of a `Workspace`."""
    n, m, count = problem.joints.shape[1], ROWS[problem.kind], max(problem.elements.shape[0] - 1, 0)
    return int(12 + 6 * count + m * (n + m + 2) + 3 * n + problem.coefficients.shape[1])


@kernel
def workspace(problem: Problem, memory: Array) -> tuple[Workspace, int]:
    """A `Workspace` in the first part of ``memory``, and where the rest begins."""
    n, m, count = problem.joints.shape[1], ROWS[problem.kind], max(problem.elements.shape[0] - 1, 0)
    features = problem.coefficients.shape[1]
    axes = 12
    origins = axes + 3 * count
    error = origins + 3 * count
    jacobian = error + m
    normal = jacobian + m * n
    dual = normal + m * m
    step = dual + m
    end = step + 3 * n
    scratch = Workspace(
        doubles(memory, 0, 3, 4),
        doubles(memory, axes, count, 3),
        doubles(memory, origins, count, 3),
        doubles(memory, error, 1, m)[0],
        doubles(memory, jacobian, m, n),
        doubles(memory, normal, m, m),
        doubles(memory, dual, 1, m)[0],
        doubles(memory, step, 3, n)[0],
        doubles(memory, step, 3, n)[1],
        doubles(memory, step, 3, n)[2],
        doubles(memory, end, 1, features)[0],
    )
    return scratch, end + features


@kernel
def evaluate(problem: Problem, goal: Array, q: Array, w: Workspace) -> tuple[float, float]:
    """Write the error rows at joint positions ``q`` (n,); squared position error [m²] and angle [rad²]."""
    if problem.coefficients.shape[0] == 0:
        forward(problem.elements, q, w.pose, w.axes, w.origins)
        return task_error(problem.kind, problem.length, w.pose, goal, w.error)
    posture_features(q, problem.order, w.features)
    square = 0.0
    for a in range(w.error.shape[0]):
        value = 0.0
        for f in range(w.features.shape[0]):
            value += problem.coefficients[a, f] * w.features[f]
        w.error[a] = goal[a] - value
        square += w.error[a] * w.error[a]
    return square, 0.0


@kernel
def differentiate(problem: Problem, w: Workspace) -> None:
    """Write the Jacobian (m, n) at the posture that was evaluated last."""
    if problem.coefficients.shape[0] == 0:
        task_jacobian(problem.kind, problem.length, problem.elements, w.pose, w.axes, w.origins, w.jacobian)
        return
    m, n = w.jacobian.shape
    for i in range(n):
        for a in range(m):
            value = 0.0
            row = m * (i + 1) + a
            for f in range(w.features.shape[0]):
                value += problem.coefficients[row, f] * w.features[f]
            w.jacobian[a, i] = value
