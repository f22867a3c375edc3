"""Follow a solution along a path of targets: predicted from the motion so far, corrected at each target."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.buffers import Search, divide, solved, unpack
from itnnr_ik.solver.problem import Problem, Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import project_to_null_space
from itnnr_ik.solver.refine import descend, factorise, refine
from itnnr_ik.solver.state import LOWER, PERIOD, UPPER, WEIGHT, clip, displacement
from itnnr_ik.task.kernels import GOAL_SIZE, ROWS, read_target

Array = NDArray[np.float64]

#: Precision of refinements as a share of the tolerance, needed near singular postures, and their most steps.
_PRECISION, _STEPS = 1e-3, 20
#: Tolerance of the prediction of a solution, as a share of the motion and in [rad], and largest step [rad]
#: from the previous posture without a motion so far.
_PREDICTION_TOLERANCE, _MIN_PREDICTION_TOLERANCE, _MAX_FIRST_STEP = 0.3, 1e-4, 0.1
#: Squared ratio of two distances between successive goals above which they are not points of one curve.
_MAX_SQUARED_SPACING_RATIO = 9.0
#: Damping [m²] of the projection on the null space.
_PROJECTION_DAMPING = 1e-12
#: Most steps of a descent to the closest point, and the step [rad, m] below which it has converged.
_DESCENT_STEPS, _MIN_STEP = 400, 1e-9
#: Smallest substep between two targets, as a share of their distance.
_MIN_SUBSTEP = 1.0 / 64.0


@kernel
def precise(p: Problem) -> Problem:
    """The problem with a precision far below the tolerance."""
    return Problem(
        p.elements, p.coefficients, p.order, p.joints, p.kind, p.length, _PRECISION * p.position,
        _PRECISION * p.angle, p.free_steps, _STEPS,
    )  # fmt: skip


@kernel
def _solve_at_prediction(
    s: Search, problem: Problem, goal: Array, bounds: Array, now: Array, predicted: Array, is_reliable: bool,
    q: Array, w: Workspace,
) -> bool:  # fmt: skip
    """Write the solution (n,) for a goal (12,) near ``predicted`` (n,); whether there is one.

    If the prediction is not reliable, a solution near ``now`` (n,) is accepted, too.
    """
    for i in range(q.shape[0]):
        q[i] = predicted[i]
    clip(bounds[0], bounds[1], q)
    position, angle = refine(
        problem, goal, bounds[0], bounds[1], q, 2 * problem.free_steps, problem.max_steps, w
    )
    if not solved(s, position, angle):
        return False
    moved = displacement(problem.joints, q, now)
    if not is_reliable and moved <= _MAX_FIRST_STEP:
        return True
    return (
        displacement(problem.joints, q, predicted)
        <= _PREDICTION_TOLERANCE * moved + _MIN_PREDICTION_TOLERANCE
    )


@kernel
def _extrapolate(joints: Array, n_known: int, past: Array, motion: Array, predicted: Array) -> bool:
    """Write the cubic extrapolation of four postures (4, n); whether it is near that of the last two."""
    if n_known < 4:
        return False
    n = predicted.shape[0]
    deviation = 0.0
    for i in range(n):
        predicted[i] = 4.0 * past[0, i] - 6.0 * past[1, i] + 4.0 * past[2, i] - past[3, i]
        deviation = max(deviation, joints[WEIGHT, i] * abs(predicted[i] - past[0, i] - motion[i]))
    return deviation <= _PREDICTION_TOLERANCE * displacement(joints, predicted, past[0])


@kernel
def _interpolate(goals: Array, k: int, side: int, substep: float, goal: Array) -> None:
    """Write the goal (12,) at a fraction ``substep`` between one and the next (Catmull-Rom spline).

    Neighbouring goals that are much farther away are not used.
    """
    last, following = goals[k], goals[k + side]
    before = goals[min(max(k - side, 0), goals.shape[0] - 1)]
    after = goals[min(max(k + 2 * side, 0), goals.shape[0] - 1)]
    square, before_square, after_square = 0.0, 0.0, 0.0
    for i in range(GOAL_SIZE):
        square += (following[i] - last[i]) ** 2
        before_square += (last[i] - before[i]) ** 2
        after_square += (after[i] - following[i]) ** 2
    for i in range(GOAL_SIZE):
        c = following[i] - last[i]
        a = 0.5 * (following[i] - before[i]) if before_square <= _MAX_SQUARED_SPACING_RATIO * square else c
        b = 0.5 * (after[i] - last[i]) if after_square <= _MAX_SQUARED_SPACING_RATIO * square else c
        goal[i] = last[i] + substep * (a + substep * (3.0 * c - 2.0 * a - b + substep * (a + b - 2.0 * c)))


@kernel
def _follow_step(
    s: Search, problem: Problem, goals: Array, k: int, side: int, bounds: Array, n_known: int, past: Array,
    scratch: Array, w: Workspace,
) -> bool:  # fmt: skip
    """Write the posture (n,) at goal ``k + side`` into ``scratch[2]``, from that at ``k``; False if it ends.

    ``scratch[0]`` is the motion from one target to the next, known if ``n_known`` > 1.
    """
    n = past.shape[1]
    motion, predicted, q, now = scratch[0, :n], scratch[1, :n], scratch[2, :n], scratch[3, :n]
    between = scratch[4, :GOAL_SIZE]
    has_motion = n_known > 1
    if _extrapolate(problem.joints, n_known, past, motion, predicted) and _solve_at_prediction(
        s, problem, goals[k + side], bounds, past[0], predicted, True, q, w
    ):
        for i in range(n):
            motion[i] = q[i] - past[0, i]
        return True
    done, substep = 0.0, 1.0
    for i in range(n):
        now[i] = past[0, i]
    while done < 1.0:
        substep = min(substep, 1.0 - done)
        _interpolate(goals, k, side, done + substep, between)
        for i in range(n):
            predicted[i] = now[i] + substep * motion[i] if has_motion else now[i]
        # Near the end of a branch the joints accelerate: predictions of the smallest substep are unreliable.
        is_reliable = has_motion and substep > _MIN_SUBSTEP
        if _solve_at_prediction(s, problem, between, bounds, now, predicted, is_reliable, q, w):
            for i in range(n):
                motion[i] = (q[i] - now[i]) / substep
                now[i] = q[i]
            has_motion = True
            done += substep
            substep *= 2.0
        else:
            substep *= 0.5
            if substep < _MIN_SUBSTEP:
                return False
    return True


@kernel
def follow_many(
    model: Array, goals: Array, first: int, side: int, bounds: Array, n_known: int, past: Array,
    motion: Array, postures: Array, memory: Array, scratch: Array,
) -> int:  # fmt: skip
    """Follow a solution along goals until its branch ends.

    Args:
        model, memory: See `itnnr_ik.solver.calls`.
        goals: (m, 12).
        first: Index of the goal of the first posture.
        side: 1 to follow the goals forwards, −1 backwards.
        bounds: (2, n) of the joints.
        n_known, past: Number of known postures, and the last four (4, n), that at ``first`` first; written.
        motion: (n,) from a target to the next, if more than one is known; written.
        postures: (c, n), written: for the goals after ``first``.
        scratch: (5, max(n, 12)).

    Returns:
        How many were written.
    """
    s = by_address(unpack(model))
    w, _, _ = divide(s, memory)
    problem, n = by_address(precise(s.problem)), past.shape[1]
    for i in range(n):
        scratch[0, i] = motion[i]
    for c in range(postures.shape[0]):
        k = first + side * c
        if not _follow_step(s, problem, goals, k, side, bounds, n_known, past, scratch, w):
            return c
        for i in range(n):
            past[3, i], past[2, i], past[1, i], past[0, i] = past[2, i], past[1, i], past[0, i], scratch[2, i]
            postures[c, i], motion[i] = scratch[2, i], scratch[0, i]
        n_known = min(n_known + 1, 4)
    return int(postures.shape[0])


@kernel
def goals_between(goals: Array, places: Array, between: Array) -> None:
    """Write the goals (b, 12) at places (b,) along the goals (m, 12), also between them."""
    for b in range(places.shape[0]):
        k = int(places[b])
        if k + 1 < goals.shape[0] and places[b] > k:
            _interpolate(goals, k, 1, places[b] - k, between[b])
        else:
            for i in range(GOAL_SIZE):
                between[b, i] = goals[k, i]


@kernel
def read_many(model: Array, targets: Array, goals: Array) -> tuple[int, int]:
    """Write the goals (b, 12) of targets (b, …); status and row as `read_target` has them."""
    s = by_address(unpack(model))
    for b in range(targets.shape[0]):
        status = read_target(s.problem.kind, targets[b], s.axis, s.farthest, goals[b])
        if status != 0:
            return status, b
    return 0, 0


@kernel
def refine_many(model: Array, goals: Array, bounds: Array, q: Array, errors: Array, memory: Array) -> None:
    """Refine postures (b, n) in place, each to its goal (b, 12); their squared errors (b, 2)."""
    s = by_address(unpack(model))
    w, _, _ = divide(s, memory)
    problem = by_address(precise(s.problem))
    for b in range(q.shape[0]):
        position, angle = refine(
            problem, goals[b], bounds[0], bounds[1], q[b], 2 * problem.free_steps, problem.max_steps, w
        )
        errors[b, 0], errors[b, 1] = position, angle


@kernel
def descend_many(
    model: Array, goals: Array, start: Array, postures: Array, errors: Array, memory: Array
) -> None:
    """Write the postures (b, n) closest to goals (b, 12), each found from the previous one.

    Args:
        model: What `pack` wrote.
        goals: In their order.
        start: The posture (n,) before the first.
        postures: Written: local minima of the error within the limits.
        errors: (b,) [m], written; radians are multiplied by the task's length.
        memory: Scratch memory of one thread.
    """
    s = by_address(unpack(model))
    w, _, _ = divide(s, memory)
    p = s.problem
    for b in range(goals.shape[0]):
        for i in range(start.shape[0]):
            postures[b, i] = start[i] if b == 0 else postures[b - 1, i]
        position, angle = descend(
            p, goals[b], p.joints[LOWER], p.joints[UPPER], postures[b], _DESCENT_STEPS, _MIN_STEP, w
        )
        errors[b] = math.sqrt(position + p.length * p.length * angle)


def n_rows(search: Search) -> int:
    """Number of controlled coordinates."""
    return ROWS[search.problem.kind]


@kernel
def trace_self_motion(
    model: Array, goal: Array, bounds: Array, start: Array, spacing: float, postures: Array, memory: Array,
    scratch: Array,
) -> int:  # fmt: skip
    """Trace the curve of solutions of a goal (12,), to both sides of one, until it ends or closes.

    Args:
        bounds: (2, n) of the joints.
        start: (n,), a solution.
        spacing: Largest joint change [rad] from a posture to the next.
        postures: (c, n), written.
        scratch: (2, n).

    Returns:
        How many were written; tracing ends when ``postures`` is full.
    """
    s = by_address(unpack(model))
    w, _, _ = divide(s, memory)
    problem, n, joints = by_address(precise(s.problem)), start.shape[0], s.problem.joints
    direction, q, count = scratch[0], scratch[1], 0
    for side in (1.0, -1.0):
        for i in range(n):
            q[i], direction[i] = start[i], side * (1.0 + 0.1 * i)
        begun = count
        while count < postures.shape[0]:
            if not _follow_tangent(problem, goal, q, spacing, direction, w):
                break
            beyond = 0.0
            for i in range(n):
                trial = q[i] + direction[i]
                beyond = max(beyond, bounds[0, i] - trial, trial - bounds[1, i])
                postures[count, i] = trial
            clip(bounds[0], bounds[1], postures[count])
            free, steps = 2 * problem.free_steps, problem.max_steps
            position, angle = refine(problem, goal, bounds[0], bounds[1], postures[count], free, steps, w)
            moved = displacement(joints, postures[count], q)
            if not solved(s, position, angle) or moved > 2.0 * spacing or moved < 0.1 * spacing:
                break
            for i in range(n):
                direction[i] = postures[count, i] - q[i]
                q[i] = postures[count, i]
            count += 1
            if beyond > 0.0:
                break
            if count - begun > 3 and _joint_distance(joints, bounds, q, start) < 0.75 * spacing:
                return count
    return count


@inlined
def _follow_tangent(
    problem: Problem, goal: Array, q: Array, spacing: float, direction: Array, w: Workspace
) -> bool:
    """Project ``direction`` (n,) to the tangent of the curve at ``q``, and scale it to ``spacing`` [rad].

    Returns:
        Whether there is one.
    """
    joints, n = problem.joints, q.shape[0]
    evaluate(problem, goal, q, w)
    differentiate(problem, w)
    for i in range(n):
        w.active[i] = 1.0
    factorise(w.jacobian, w.active, _PROJECTION_DAMPING, w.normal)
    project_to_null_space(w, direction)
    largest = 0.0
    for i in range(n):
        largest = max(largest, joints[WEIGHT, i] * abs(direction[i]))
    if largest == 0.0:
        return False
    for i in range(n):
        direction[i] *= spacing / largest
    return True


@kernel
def _joint_distance(joints: Array, bounds: Array, q: Array, other: Array) -> float:
    """Displacement [rad] between postures (n,), modulo the period of unbounded joints."""
    largest = 0.0
    for i in range(q.shape[0]):
        change = q[i] - other[i]
        if joints[PERIOD, i] > 0.0 and bounds[1, i] == np.inf:
            change -= joints[PERIOD, i] * math.floor(change / joints[PERIOD, i] + 0.5)
        largest = max(largest, joints[WEIGHT, i] * abs(change))
    return largest
