"""The compiled functions that Python calls, and how the numbers of a solver cross to them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.candidates import adjust_candidate, look_up
from itnnr_ik.solver.closest import search_closest
from itnnr_ik.solver.momentum import go_on
from itnnr_ik.solver.nearby import cross
from itnnr_ik.solver.parts import doubles
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import ease
from itnnr_ik.solver.refine import MEETING, refine
from itnnr_ik.solver.room import Candidates, Room, Search, divide, solved, unpack
from itnnr_ik.solver.search import CURRENT, FAILED, NEIGHBOUR, follow, search_any, search_near, search_table
from itnnr_ik.solver.state import LOWER, MIDDLE, UPPER, clip, displacement, limit, turn_towards
from itnnr_ik.task.kernels import read_target

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Status where a joint position of the state is not finite; see `read_target` for the others.
BAD_STATE = 4


@inlined
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
        reference = s.problem.joints[MIDDLE]
        came_from = search_any(s, goal, reference, answer, w, room, found)
        if came_from == FAILED:
            for i in range(answer.shape[0]):
                answer[i] = found.positions[0, i]
    if came_from == FAILED:
        search_closest(s, goal, reference, answer, w, room, found)
        came_from = NEIGHBOUR
    return came_from


@kernel
def distance(s: Search, goal: Array, target: Array, w: Workspace) -> float:
    """Position error [m] of what was evaluated last, for targets however far away."""
    x, y, z = w.error[0], w.error[1], 0.0
    if s.problem.kind > 0:
        z = w.error[2]
    step = 4 if target.shape[0] == 16 else 1
    start = 3 if step == 4 else 0
    x += target[start] - goal[0]
    y += target[start + step] - goal[1]
    if s.problem.kind > 0:
        z += target[start + 2 * step] - goal[2]
    return math.hypot(math.hypot(x, y), z)


@kernel
def errors_at(s: Search, goal: Array, target: Array, q: Array, w: Workspace) -> tuple[float, float]:
    """Position error [m] and angle [rad] of joint positions ``q`` (n,)."""
    _, angle = evaluate(s.problem, goal, q, w)
    return distance(s, goal, target, w), math.sqrt(angle)


@kernel
def solve_many(
    model: Array, targets: Array, now: Array, answers: Array, errors: Array, anchors: Indices, memory: Array
) -> tuple[int, int, int, float, float, float]:  # fmt: skip
    """Solve for b targets, each from its state, all row by row in arrays of one dimension.

    One function for one target and for many, so that both give the same bits; it takes seconds to compile.

    Args:
        model: What `pack` wrote, here and below.
        targets: (b k,), as `read_target` takes them.
        now: States (b n,); empty for none.
        answers: (b n,), written.
        errors: (b, 2) [m, rad], written; no rows where the last one's are enough.
        anchors: (b,), what the answers came from, written; likewise.
        memory: Room for one thread, see `memory_size`, here and below.

    Returns:
        The status of the last row, or of the first bad one, as `read_target` has it, or `BAD_STATE`; its
        index; what the answer came from, its errors [m] and [rad], and its displacement [rad].
    """
    s = by_address(unpack(model))
    w, room, found = divide(s, memory)
    joints, goal = s.problem.joints, room.goal
    n = joints.shape[1]
    count = answers.shape[0] // n
    n_target, n_state = targets.shape[0] // count, now.shape[0] // count
    came_from, position, angle = FAILED, 0.0, 0.0
    for b in range(count):
        target, answer = doubles(targets, b * n_target, 1, n_target)[0], doubles(answers, b * n, 1, n)[0]
        state = doubles(now, b * n_state, 1, n_state)[0]
        status = read_target(s.problem.kind, target, s.axis, s.farthest, goal)
        for i in range(n_state):
            if not math.isfinite(state[i]):
                status = BAD_STATE
        if status != 0:
            return status, b, FAILED, 0.0, 0.0, 0.0
        known = False
        if n_state == 0 and s.table.rows.shape[0] > 0:
            known = search_table(s, goal, answer, w, room)
        if known:
            came_from, position, angle = NEIGHBOUR, distance(s, goal, target, w), 0.0
        else:
            best, alone, came_from = np.inf, False, CURRENT
            if n_state > 0:
                best, alone = follow(s, goal, state, answer, w, room)
            if not alone:
                came_from = solve_anywhere(s, goal, state, answer, best, w, room, found)
            clip(joints[LOWER], joints[UPPER], answer)
            if n_state > w.error.shape[0]:
                ease(s, goal, state, answer, w, room)
            position, angle = errors_at(s, goal, target, answer, w)
        if errors.shape[0] > 0:
            errors[b, 0], errors[b, 1], anchors[b] = position, angle, came_from
    change = displacement(joints, answer, state) if n_state > 0 else 0.0
    return 0, count - 1, came_from, position, angle, change


@kernel
def solve_ahead(
    model: Array, target: Array, now: Array, velocity: Array, answer: Array, memory: Array
) -> tuple[bool, float, float, float]:
    """Write the solution (n,) for a target that lies ahead of the state (n,) as it moves (n,).

    Returns:
        Whether there is one, its errors [m] and [rad], and its displacement [rad].
    """
    s = by_address(unpack(model))
    w, room, _ = divide(s, memory)
    read_target(s.problem.kind, target, s.axis, s.farthest, room.goal)
    if not go_on(s, room.goal, now, velocity, answer, w, room):
        return False, 0.0, 0.0, 0.0
    if now.shape[0] > w.error.shape[0]:
        ease(s, room.goal, now, answer, w, room)
    position, angle = errors_at(s, room.goal, target, answer, w)
    return True, position, angle, displacement(s.problem.joints, answer, now)


@kernel
def errors_many(
    model: Array, targets: Array, positions: Array, errors: Array, memory: Array
) -> tuple[int, int]:
    """Write errors (b, 2) [m, rad] of joint positions (b, n) for targets (b, …); status and row as above."""
    s = by_address(unpack(model))
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
    s = by_address(unpack(model))
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
            steps = 2 * s.problem.steps
            position, angle = refine(
                s.problem, goal, room.lower, room.upper, room.q, s.problem.free, steps, w
            )
            left = position + s.problem.length * s.problem.length * angle
            if not solved(s, position, angle) and left < (MEETING * s.curvature) ** 2:
                refine(s.problem, goal, room.lower, room.upper, room.q, 2 * steps, 2 * steps, w)
            turn_towards(s.problem.joints, room.q, reference)
            clip(room.lower, room.upper, room.q)
        for i in range(reference.shape[0]):
            proposals[c, i] = room.q[i]
        errors[c, 0], errors[c, 1] = errors_at(s, goal, target, room.q, w)
    return 0


@kernel
def cross_many(
    model: Array, target: Array, reference: Array, solutions: Array, errors: Array, memory: Array
) -> None:
    """Replace solutions (c, n) of a target by those on the other side of a singular posture near each.

    Their errors (c, 2) are infinite where there is none.
    """
    s = by_address(unpack(model))
    w, room, _ = divide(s, memory)
    read_target(s.problem.kind, target, s.axis, s.farthest, room.goal)
    limit(s.problem.joints, room.lower, room.upper)
    for c in range(solutions.shape[0]):
        errors[c, 0] = errors[c, 1] = np.inf
        if cross(s, room.goal, solutions[c], w, room):
            turn_towards(s.problem.joints, room.trial, reference)
            clip(room.lower, room.upper, room.trial)
            for i in range(reference.shape[0]):
                solutions[c, i] = room.trial[i]
            errors[c, 0], errors[c, 1] = errors_at(s, room.goal, target, room.trial, w)


@kernel
def jacobians_many(model: Array, positions: Array, rows: Array, memory: Array) -> None:
    """Write the task's Jacobian rows (b, m, n), as `task_jacobian` has them, at joint positions (b, n)."""
    s = by_address(unpack(model))
    w, room, _ = divide(s, memory)
    room.goal[:] = 0.0
    for b in range(positions.shape[0]):
        evaluate(s.problem, room.goal, positions[b], w)
        differentiate(s.problem, w)
        for a in range(rows.shape[1]):
            for i in range(rows.shape[2]):
                rows[b, a, i] = w.jacobian[a, i]
