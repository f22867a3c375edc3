"""The compiled functions that Python calls; a solver is passed to them as the array that `pack` wrote."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.buffers import Candidates, Scratch, Search, divide, solved, unpack
from itnnr_ik.solver.candidates import adjust_candidate, look_up_anchors
from itnnr_ik.solver.closest import search_closest
from itnnr_ik.solver.momentum import continue_motion
from itnnr_ik.solver.nearby import cross_singularity
from itnnr_ik.solver.parts import doubles
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import step_towards_posture
from itnnr_ik.solver.refine import NEAR_SINGULAR_ERROR, refine
from itnnr_ik.solver.search import (
    CURRENT,
    FAILED,
    NEIGHBOUR,
    follow,
    search_nearest,
    search_table,
    search_without_state,
)
from itnnr_ik.solver.state import LOWER, MIDDLE, UPPER, clip, copy_limits, displacement, unwrap_towards
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
    scratch: Scratch,
    found: Candidates,
) -> int:
    """Write the answer (n,) for a goal (12,) after `follow`, or without a state (``now`` is empty)."""
    if now.shape[0] > 0:
        reference = now
        origin = search_nearest(s, goal, now, answer, best, w, scratch, found)
    else:
        reference = s.problem.joints[MIDDLE]
        origin = search_without_state(s, goal, reference, answer, w, scratch, found)
        if origin == FAILED:
            for i in range(answer.shape[0]):
                answer[i] = found.positions[0, i]
    if origin == FAILED:
        search_closest(s, goal, reference, answer, w, scratch, found)
        origin = NEIGHBOUR
    return origin


@kernel
def distance(s: Search, goal: Array, target: Array, w: Workspace) -> float:
    """Position error [m] of what was evaluated last, from the target as given: `read_target` may scale it."""
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

    One function for one target and for many: both give the same bits, and compiling takes seconds.

    Args:
        model: What `pack` wrote, here and below.
        targets: (b k,), as `read_target` takes them.
        now: States (b n,); empty for none.
        answers: (b n,), written.
        errors: (b, 2) [m, rad], written; no rows where only the last one's are needed.
        anchors: (b,), origins of the answers, written; likewise.
        memory: Scratch memory of one thread, see `memory_size`, here and below.

    Returns:
        The status of the last row, or of the first bad one, as `read_target` has it, or `BAD_STATE`; its
        index; the last answer's origin, errors [m] and [rad], and displacement [rad].
    """
    s = by_address(unpack(model))
    w, scratch, found = divide(s, memory)
    goal, n = scratch.goal, s.problem.joints.shape[1]
    count = answers.shape[0] // n
    n_target, n_state = targets.shape[0] // count, now.shape[0] // count
    origin, position, angle = FAILED, 0.0, 0.0
    for b in range(count):
        target, answer = doubles(targets, b * n_target, 1, n_target)[0], doubles(answers, b * n, 1, n)[0]
        state = doubles(now, b * n_state, 1, n_state)[0]
        status = read_target(s.problem.kind, target, s.axis, s.farthest, goal)
        for i in range(n_state):
            if not math.isfinite(state[i]):
                status = BAD_STATE
        if status != 0:
            return status, b, FAILED, 0.0, 0.0, 0.0
        origin, position, angle = _solve_one(s, goal, target, state, answer, w, scratch, found)
        if errors.shape[0] > 0:
            errors[b, 0], errors[b, 1], anchors[b] = position, angle, origin
    change = displacement(s.problem.joints, answer, state) if n_state > 0 else 0.0
    return 0, count - 1, origin, position, angle, change


@inlined
def _solve_one(
    s: Search, goal: Array, target: Array, state: Array, answer: Array, w: Workspace, scratch: Scratch,
    found: Candidates,
) -> tuple[int, float, float]:  # fmt: skip
    """Write the answer (n,) to a goal (12,), from a state (n,) or none (0,); its origin and errors [m, rad].

    ``target`` is what the goal was read from.
    """
    joints, n_state = s.problem.joints, state.shape[0]
    from_table = False
    if n_state == 0 and s.table.rows.shape[0] > 0:
        from_table = search_table(s, goal, answer, w, scratch)
    if from_table:
        origin, position, angle = NEIGHBOUR, distance(s, goal, target, w), 0.0
    else:
        best, is_unique, origin = np.inf, False, CURRENT
        if n_state > 0:
            best, is_unique = follow(s, goal, state, answer, w, scratch)
        if not is_unique:
            origin = solve_anywhere(s, goal, state, answer, best, w, scratch, found)
        clip(joints[LOWER], joints[UPPER], answer)
        if n_state > w.error.shape[0]:
            step_towards_posture(s, goal, state, answer, w, scratch)
        position, angle = errors_at(s, goal, target, answer, w)
    return origin, position, angle


@kernel
def solve_ahead(
    model: Array, target: Array, now: Array, velocity: Array, answer: Array, memory: Array
) -> tuple[bool, float, float, float]:
    """Write the solution (n,) for a target that continues the motion (n,) of the state (n,).

    Returns:
        Whether there is one, its errors [m] and [rad], and its displacement [rad].
    """
    s = by_address(unpack(model))
    w, scratch, _ = divide(s, memory)
    read_target(s.problem.kind, target, s.axis, s.farthest, scratch.goal)
    if not continue_motion(s, scratch.goal, now, velocity, answer, w, scratch):
        return False, 0.0, 0.0, 0.0
    if now.shape[0] > w.error.shape[0]:
        step_towards_posture(s, scratch.goal, now, answer, w, scratch)
    position, angle = errors_at(s, scratch.goal, target, answer, w)
    return True, position, angle, displacement(s.problem.joints, answer, now)


@kernel
def errors_many(
    model: Array, targets: Array, positions: Array, errors: Array, memory: Array
) -> tuple[int, int]:
    """Write errors (b, 2) [m, rad] of joint positions (b, n) for targets (b, …); status and row as above."""
    s = by_address(unpack(model))
    w, scratch, _ = divide(s, memory)
    for b in range(targets.shape[0]):
        status = read_target(s.problem.kind, targets[b], s.axis, s.farthest, scratch.goal)
        if status != 0:
            return status, b
        errors[b, 0], errors[b, 1] = errors_at(s, scratch.goal, targets[b], positions[b], w)
    return 0, 0


@kernel
def propose_many(
    model: Array, target: Array, reference: Array, refined: bool, proposals: Array, errors: Array,
    memory: Array,
) -> int:  # fmt: skip
    """Write proposals (c, n) of the anchors nearest to a target, adjusted by F, and their errors (c, 2).

    With ``refined``, they are refined, and unwrapped towards ``reference`` (n,).

    Returns:
        The status of `read_target`.
    """
    s = by_address(unpack(model))
    w, scratch, found = divide(s, memory)
    goal, count = scratch.goal, proposals.shape[0]
    status = read_target(s.problem.kind, target, s.axis, s.farthest, goal)
    if status != 0:
        return status
    look_up_anchors(s, goal, reference, count, scratch, found)
    copy_limits(s.problem.joints, scratch.lower, scratch.upper)
    for c in range(count):
        adjust_candidate(s, c, reference, w, scratch, found)
        if refined:
            steps = 2 * s.problem.max_steps
            position, angle = refine(
                s.problem, goal, scratch.lower, scratch.upper, scratch.q, s.problem.free_steps, steps, w
            )
            residual = position + s.problem.length * s.problem.length * angle
            if not solved(s, position, angle) and residual < (NEAR_SINGULAR_ERROR * s.curvature) ** 2:
                refine(s.problem, goal, scratch.lower, scratch.upper, scratch.q, 2 * steps, 2 * steps, w)
            unwrap_towards(s.problem.joints, scratch.q, reference)
            clip(scratch.lower, scratch.upper, scratch.q)
        for i in range(reference.shape[0]):
            proposals[c, i] = scratch.q[i]
        errors[c, 0], errors[c, 1] = errors_at(s, goal, target, scratch.q, w)
    return 0


@kernel
def cross_many(
    model: Array, target: Array, reference: Array, solutions: Array, errors: Array, memory: Array
) -> None:
    """Replace solutions (c, n) of a target by those across a nearby singular posture.

    Their errors (c, 2) are infinite where there is none.
    """
    s = by_address(unpack(model))
    w, scratch, _ = divide(s, memory)
    read_target(s.problem.kind, target, s.axis, s.farthest, scratch.goal)
    copy_limits(s.problem.joints, scratch.lower, scratch.upper)
    for c in range(solutions.shape[0]):
        errors[c, 0] = errors[c, 1] = np.inf
        if cross_singularity(s, scratch.goal, solutions[c], w, scratch):
            unwrap_towards(s.problem.joints, scratch.trial, reference)
            clip(scratch.lower, scratch.upper, scratch.trial)
            for i in range(reference.shape[0]):
                solutions[c, i] = scratch.trial[i]
            errors[c, 0], errors[c, 1] = errors_at(s, scratch.goal, target, scratch.trial, w)


@kernel
def jacobians_many(model: Array, positions: Array, rows: Array, memory: Array) -> None:
    """Write the task's Jacobian rows (b, m, n), as `task_jacobian` has them, at joint positions (b, n)."""
    s = by_address(unpack(model))
    w, scratch, _ = divide(s, memory)
    scratch.goal[:] = 0.0
    for b in range(positions.shape[0]):
        evaluate(s.problem, scratch.goal, positions[b], w)
        differentiate(s.problem, w)
        for a in range(rows.shape[1]):
            for i in range(rows.shape[2]):
                rows[b, a, i] = w.jacobian[a, i]
