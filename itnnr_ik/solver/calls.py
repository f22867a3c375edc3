"""The compiled functions that Python calls, and how the numbers of a solver cross to them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, kernel
from itnnr_ik.solver.anchors import HEADER, Anchors, Layout
from itnnr_ik.solver.problem import Problem, Workspace, differentiate, evaluate, workspace
from itnnr_ik.solver.redundancy import ease
from itnnr_ik.solver.refine import refine
from itnnr_ik.solver.room import Candidates, Room, Search, make_candidates, make_room
from itnnr_ik.solver.search import (
    CURRENT,
    FAILED,
    NEIGHBOUR,
    adjust_candidate,
    follow,
    look_up,
    search_any,
    search_closest,
    search_near,
)
from itnnr_ik.solver.state import clip, displacement, limit, turn_towards
from itnnr_ik.task.kernels import GOAL, read_target
from itnnr_ik.twin.kernels import Network

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

#: Names of the settings, in their order in the array.
SETTINGS = (
    "kind", "length", "position", "angle", "order", "periodic", "tolerance", "orientation_tolerance",
    "curvature", "slack", "same", "count", "more", "most", "farthest", "first", "last", "axes", "range",
    "axis_x", "axis_y", "axis_z", "free", "steps",
)  # fmt: skip

#: Status where a joint position of the state is not finite; see `read_target` for the others.
BAD_STATE = 4

#: Float64, float32 and integer numbers of a solver, see `pack`.
Model = tuple[Array, Floats, Indices]


@compiled
def bundle(model: Model) -> Search:
    """A solver's numbers as a `Search`."""
    floats, singles, integers = model
    v = floats[: len(SETTINGS)]
    n, e, p, k = integers[0], integers[1], integers[2], integers[3]
    at = len(SETTINGS)
    elements = floats[at : at + 16 * integers[4]].reshape((integers[4], 16))
    at += elements.size
    coefficients = floats[at : at + integers[5] * integers[6]].reshape((integers[5], integers[6]))
    at += coefficients.size
    joints = floats[at : at + 6 * n].reshape((6, n))
    at += joints.size
    rows = floats[at : at + p * (HEADER + n)].reshape((p, HEADER + n))
    at += rows.size
    base = floats[at : at + integers[7] * k].reshape((integers[7], k))
    at += base.size
    scales = floats[at : at + integers[8]]
    at += scales.size
    starts = floats[at : at + integers[9] * n].reshape((integers[9], n))
    sizes = integers[13:]
    y = singles[: e * p].reshape((e, p))
    at = y.size
    first = singles[at : at + integers[7] * integers[10]].reshape((integers[7], integers[10]))
    at += first.size
    change = singles[at : at + integers[11] * integers[10]].reshape((integers[11], integers[10]))
    at += change.size
    known = singles[at : at + integers[12] * integers[10]].reshape((integers[12], integers[10]))
    at += known.size
    return Search(
        Problem(
            elements, coefficients, int(v[4]), joints, int(v[0]), v[1], v[2], v[3], int(v[22]), int(v[23])
        ),
        Layout(int(v[15]), v[16] != 0.0, int(v[17])),
        Anchors(y, rows),
        Network(first, base, change, known, singles[at:], sizes, scales, v[5] != 0.0),
        v[6],
        v[7],
        v[8],
        v[9],
        v[10],
        int(v[11]),
        int(v[12]),
        int(v[13]),
        v[18],
        starts,
    )


def pack(
    settings: Mapping[str, float], problem: Problem, anchors: Anchors, network: Network, starts: Array
) -> Model:
    """A solver's numbers in three arrays: each array more takes time to hand over to a compiled function."""
    parts = (
        problem.elements,
        problem.coefficients,
        problem.joints,
        anchors.rows,
        network.base,
        network.scales,
        starts,
    )
    values = np.array([settings[name] for name in SETTINGS], dtype=float)
    floats = np.concatenate([values, *(np.asarray(part, dtype=float).reshape(-1) for part in parts)])
    tables = (anchors.y, network.first, network.change, network.known, network.weights)
    singles = np.concatenate([np.asarray(table, dtype=np.float32).reshape(-1) for table in tables])
    shapes = [
        problem.joints.shape[1],
        *anchors.y.shape,
        network.base.shape[1],
        len(problem.elements),
        *problem.coefficients.shape,
        len(network.base),
        len(network.scales),
        len(starts),
        network.first.shape[1],
        len(network.change),
        len(network.known),
    ]
    return floats, singles, np.array([*shapes, *network.sizes], dtype=np.int64)


@kernel
def solve_anywhere(
    s: Search,
    goal: Array,
    now: Array,
    answer: Array,
    best: float,
    w: Workspace,
    room: Room,
    found: Candidates,
) -> int:
    """Write the answer (n,) for a goal (12,) after `follow`, or without a state (``now`` is empty)."""
    if now.shape[0] > 0:
        reference = now
        came_from = search_near(s, goal, now, answer, best, w, room, found)
    else:
        reference = s.problem.joints[4]
        came_from = search_any(s, goal, reference, answer, w, room, found)
    if came_from == FAILED:
        search_closest(s, goal, reference, answer, w, room, found)
        came_from = NEIGHBOUR
    return came_from


@kernel
def settle(s: Search, goal: Array, now: Array, answer: Array, w: Workspace, room: Room) -> None:
    """Cut an answer (n,) to the limits; spare joints of an arm that tracks a path keep room to move on."""
    joints = s.problem.joints
    clip(joints[0], joints[1], answer)
    if now.shape[0] > w.error.shape[0]:
        ease(
            s.problem, goal, now, answer, displacement(joints, answer, now), s.tolerance,
            s.orientation_tolerance, room.lower, room.upper, room.trial, room.right, w,
        )  # fmt: skip


@kernel
def errors_at(s: Search, goal: Array, target: Array, q: Array, w: Workspace) -> tuple[float, float]:
    """Position error [m] and angle [rad] of joint positions ``q`` (n,), for targets however far away."""
    _, angle = evaluate(s.problem, goal, q, w)
    x, y, z = w.error[0], w.error[1], 0.0
    if s.problem.kind > 0:
        z = w.error[2]
    step = 4 if target.shape[0] == 16 else 1
    start = 3 if step == 4 else 0
    x += target[start] - goal[0]
    y += target[start + step] - goal[1]
    if s.problem.kind > 0:
        z += target[start + 2 * step] - goal[2]
    return math.hypot(math.hypot(x, y), z), math.sqrt(angle)


@compiled
def solve_one(model: Model, target: Array, now: Array, answer: Array) -> tuple[int, float, float, float, int]:
    """Solve for one target; no state: ``now`` is empty.

    Returns:
        The status of `read_target` (or `BAD_STATE`), errors [m] and [rad], displacement [rad], and what the
        answer came from.
    """
    s = bundle(model)
    goal = np.empty(GOAL)
    status = read_target(s.problem.kind, target, model[0][19:22], model[0][14], goal)
    for i in range(now.shape[0]):
        if not math.isfinite(now[i]):
            status = BAD_STATE
    if status != 0:
        return status, 0.0, 0.0, 0.0, 0
    w, room = workspace(s.problem), make_room(s)
    best, alone, came_from = np.inf, False, CURRENT
    if now.shape[0] > 0:
        best, alone = follow(s, goal, now, answer, w, room)
    if not alone:
        found = make_candidates(s, max(s.near, s.more, s.most))
        came_from = solve_anywhere(s, goal, now, answer, best, w, room, found)
    settle(s, goal, now, answer, w, room)
    position, angle = errors_at(s, goal, target, answer, w)
    change = displacement(s.problem.joints, answer, now) if now.shape[0] > 0 else 0.0
    return 0, position, angle, change, came_from


@compiled
def solve_many(
    model: Model, targets: Array, now: Array, answers: Array, errors: Array, anchors: Indices
) -> tuple[int, int]:
    """Solve for targets (b, …) from states (b, n or 0), as `solve_one` does each.

    Returns:
        The status of the first bad row, and which that is.
    """
    s = bundle(model)
    goal, w, room = np.empty(GOAL), workspace(s.problem), make_room(s)
    found = make_candidates(s, max(s.near, s.more, s.most))
    for b in range(targets.shape[0]):
        status = read_target(s.problem.kind, targets[b], model[0][19:22], model[0][14], goal)
        if status != 0:
            return status, b
        best, alone, anchors[b] = np.inf, False, CURRENT
        if now.shape[1] > 0:
            best, alone = follow(s, goal, now[b], answers[b], w, room)
        if not alone:
            anchors[b] = solve_anywhere(s, goal, now[b], answers[b], best, w, room, found)
        settle(s, goal, now[b], answers[b], w, room)
        errors[b, 0], errors[b, 1] = errors_at(s, goal, targets[b], answers[b], w)
    return 0, 0


@compiled
def errors_many(
    model: Model, targets: Array, positions: Array, errors: Array,
) -> tuple[int, int]:  # fmt: skip
    """Write errors (b, 2) [m, rad] of joint positions (b, n) for targets (b, …); status and row as above."""
    s = bundle(model)
    goal, w = np.empty(GOAL), workspace(s.problem)
    for b in range(targets.shape[0]):
        status = read_target(s.problem.kind, targets[b], model[0][19:22], model[0][14], goal)
        if status != 0:
            return status, b
        errors[b, 0], errors[b, 1] = errors_at(s, goal, targets[b], positions[b], w)
    return 0, 0


@compiled
def propose_many(
    model: Model, target: Array, reference: Array, refined: bool, proposals: Array, errors: Array,
) -> int:  # fmt: skip
    """Write what the anchors nearest to a target propose (c, n), adjusted by F, and its errors (c, 2).

    With ``refined``, what refinement makes of that, at the turn nearest to ``reference`` (n,).

    Returns:
        The status of `read_target`.
    """
    s = bundle(model)
    goal, w, count = np.empty(GOAL), workspace(s.problem), proposals.shape[0]
    status = read_target(s.problem.kind, target, model[0][19:22], model[0][14], goal)
    if status != 0:
        return status
    room, found = make_room(s), make_candidates(s, count)
    look_up(s, goal, reference, count, room, found)
    limit(s.problem.joints, room.lower, room.upper)
    for c in range(count):
        adjust_candidate(s, c, reference, w, room, found)
        if refined:
            refine(s.problem, goal, room.lower, room.upper, room.q, s.problem.free, 2 * s.problem.steps, w)
            turn_towards(s.problem.joints, room.q, reference)
            clip(room.lower, room.upper, room.q)
        for i in range(reference.shape[0]):
            proposals[c, i] = room.q[i]
        errors[c, 0], errors[c, 1] = errors_at(s, goal, target, room.q, w)
    return 0


@compiled
def jacobians_many(model: Model, positions: Array, rows: Array) -> None:
    """Write the task's Jacobian rows (b, m, n), as `task_jacobian` has them, at joint positions (b, n)."""
    s = bundle(model)
    w, goal = workspace(s.problem), np.zeros(GOAL)
    for b in range(positions.shape[0]):
        evaluate(s.problem, goal, positions[b], w)
        differentiate(s.problem, w)
        for a in range(rows.shape[1]):
            for i in range(rows.shape[2]):
                rows[b, a, i] = w.jacobian[a, i]
