"""The compiled functions that Python calls, and how the numbers of a solver cross to them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import kernel
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import ease
from itnnr_ik.solver.refine import refine
from itnnr_ik.solver.room import Candidates, Room, Search, divide, unpack
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
from itnnr_ik.task.kernels import read_target

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Status where a joint position of the state is not finite; see `read_target` for the others.
BAD_STATE = 4


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
        ease(s, goal, now, answer, displacement(joints, answer, now), w, room)


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


@kernel
def solve_one(
    model: Array, target: Array, now: Array, answer: Array, memory: Array
) -> tuple[int, float, float, float, int]:
    """Solve for one target; no state: ``now`` is empty.

    Args:
        model: What `pack` wrote, here and below.
        memory: Room for one thread, see `memory_size`, here and below.

    Returns:
        The status of `read_target` (or `BAD_STATE`), errors [m] and [rad], displacement [rad], and what the
        answer came from.
    """
    s = unpack(model)
    w, room, found = divide(s, memory)
    goal = room.goal
    status = read_target(s.problem.kind, target, s.axis, s.farthest, goal)
    for i in range(now.shape[0]):
        if not math.isfinite(now[i]):
            status = BAD_STATE
    if status != 0:
        return status, 0.0, 0.0, 0.0, 0
    best, alone, came_from = np.inf, False, CURRENT
    if now.shape[0] > 0:
        best, alone = follow(s, goal, now, answer, w, room)
    if not alone:
        came_from = solve_anywhere(s, goal, now, answer, best, w, room, found)
    settle(s, goal, now, answer, w, room)
    position, angle = errors_at(s, goal, target, answer, w)
    change = displacement(s.problem.joints, answer, now) if now.shape[0] > 0 else 0.0
    return 0, position, angle, change, came_from


@kernel
def solve_many(
    model: Array, targets: Array, now: Array, answers: Array, errors: Array, anchors: Indices, memory: Array
) -> tuple[int, int]:
    """Solve for targets (b, …) from states (b, n or 0), as `solve_one` does each.

    Returns:
        The status of the first bad row, and which that is.
    """
    s = unpack(model)
    w, room, found = divide(s, memory)
    goal = room.goal
    for b in range(targets.shape[0]):
        status = read_target(s.problem.kind, targets[b], s.axis, s.farthest, goal)
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


@kernel
def errors_many(
    model: Array, targets: Array, positions: Array, errors: Array, memory: Array
) -> tuple[int, int]:
    """Write errors (b, 2) [m, rad] of joint positions (b, n) for targets (b, …); status and row as above."""
    s = unpack(model)
    w, room, _ = divide(s, memory)
    for b in range(targets.shape[0]):
        status = read_target(s.problem.kind, targets[b], s.axis, s.farthest, room.goal)
        if status != 0:
            return status, b
        errors[b, 0], errors[b, 1] = errors_at(s, room.goal, targets[b], positions[b], w)
    return 0, 0


@kernel
def propose_many(
    model: Array, target: Array, reference: Array, refined: bool, proposals: Array, errors: Array,
    memory: Array,
) -> int:  # fmt: skip
    """Write what the anchors nearest to a target propose (c, n), adjusted by F, and its errors (c, 2).

    With ``refined``, what refinement makes of that, at the turn nearest to ``reference`` (n,).

    Returns:
        The status of `read_target`.
    """
    s = unpack(model)
    w, room, found = divide(s, memory)
    goal, count = room.goal, proposals.shape[0]
    status = read_target(s.problem.kind, target, s.axis, s.farthest, goal)
    if status != 0:
        return status
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


@kernel
def jacobians_many(model: Array, positions: Array, rows: Array, memory: Array) -> None:
    """Write the task's Jacobian rows (b, m, n), as `task_jacobian` has them, at joint positions (b, n)."""
    s = unpack(model)
    w, room, _ = divide(s, memory)
    room.goal[:] = 0.0
    for b in range(positions.shape[0]):
        evaluate(s.problem, room.goal, positions[b], w)
        differentiate(s.problem, w)
        for a in range(rows.shape[1]):
            for i in range(rows.shape[2]):
                rows[b, a, i] = w.jacobian[a, i]
