"""A solution followed along a path of targets: foreseen from the motion so far, put right at each target."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import kernel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.problem import Problem, Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import project
from itnnr_ik.solver.refine import descend, factorise, refine
from itnnr_ik.solver.room import Search, divide, solved, unpack
from itnnr_ik.solver.state import LOWER, PERIOD, UPPER, WEIGHT, clip, displacement
from itnnr_ik.task.kernels import GOAL, ROWS, read_target

Array = NDArray[np.float64]

#: A solution is refined to this share of the tolerance: near a singular posture, the last digits count.
_PRECISION, _STEPS = 1e-3, 20
#: A solution counts as the one foreseen when it is this near to it, as a share of the motion and in [rad];
#: without a motion so far, when it is so near [rad] to the posture before.
_ASIDE, _ASIDE_LEAST, _BESIDE = 0.3, 1e-4, 0.1
#: Squared ratio of two ways between goals from which on they do not belong to one curve.
_UNLIKE = 9.0
#: Damping [m²] of the projection on the null space.
_LEAST_DAMPING = 1e-12
#: Steps of a descent to the closest point, at most, and the step [rad, m] with which it has found it.
_DESCENT_STEPS, _STALLED = 400, 1e-9
#: The way from a target to the next is halved until it is this short.
_LEAST_PART = 1.0 / 64.0


@kernel
def precise(p: Problem) -> Problem:
    """The problem, to be solved to far below the tolerance."""
    return Problem(
        p.elements, p.coefficients, p.order, p.joints, p.kind, p.length, _PRECISION * p.position,
        _PRECISION * p.angle, p.free, _STEPS,
    )  # fmt: skip


@kernel
def _arrives(
    s: Search, problem: Problem, goal: Array, bounds: Array, now: Array, ahead: Array, sure: bool,
    q: Array, w: Workspace,
) -> bool:  # fmt: skip
    """Write the solution (n,) for a goal (12,) that is foreseen at ``ahead``; whether there is one there.

    Where it is not ``sure`` what is foreseen, one beside ``now`` is enough.
    """
    for i in range(q.shape[0]):
        q[i] = ahead[i]
    clip(bounds[0], bounds[1], q)
    position, angle = refine(problem, goal, bounds[0], bounds[1], q, 2 * problem.free, problem.steps, w)
    if not solved(s, position, angle):
        return False
    moved = displacement(problem.joints, q, now)
    if not sure and moved <= _BESIDE:
        return True
    return displacement(problem.joints, q, ahead) <= _ASIDE * moved + _ASIDE_LEAST


@kernel
def _foresee(joints: Array, known: int, past: Array, motion: Array, ahead: Array) -> bool:
    """Write what the last four postures (4, n) extrapolate to; whether that is about what the last two do."""
    if known < 4:
        return False
    n = ahead.shape[0]
    aside = 0.0
    for i in range(n):
        ahead[i] = 4.0 * past[0, i] - 6.0 * past[1, i] + 4.0 * past[2, i] - past[3, i]
        aside = max(aside, joints[WEIGHT, i] * abs(ahead[i] - past[0, i] - motion[i]))
    return aside <= _ASIDE * displacement(joints, ahead, past[0])


@kernel
def _between(goals: Array, k: int, side: int, part: float, goal: Array) -> None:
    """Write the goal (12,) a part of the way from one to the next (Catmull-Rom spline).

    A goal beside them that is much farther away says nothing of the curve.
    """
    last, following = goals[k], goals[k + side]
    before = goals[min(max(k - side, 0), goals.shape[0] - 1)]
    after = goals[min(max(k + 2 * side, 0), goals.shape[0] - 1)]
    square, came, goes = 0.0, 0.0, 0.0
    for i in range(GOAL):
        square += (following[i] - last[i]) ** 2
        came += (last[i] - before[i]) ** 2
        goes += (after[i] - following[i]) ** 2
    for i in range(GOAL):
        c = following[i] - last[i]
        a = 0.5 * (following[i] - before[i]) if came <= _UNLIKE * square else c
        b = 0.5 * (after[i] - last[i]) if goes <= _UNLIKE * square else c
        goal[i] = last[i] + part * (a + part * (3.0 * c - 2.0 * a - b + part * (a + b - 2.0 * c)))


@kernel
def _step_on(
    s: Search, problem: Problem, goals: Array, k: int, side: int, bounds: Array, known: int, past: Array,
    room: Array, w: Workspace,
) -> bool:  # fmt: skip
    """Write the posture (n,) at goal ``k + side`` into ``room[2]``, from that at ``k``; whether it goes on.

    ``room[0]`` is the motion from one target to the next, of which so far ``known − 1`` were seen.
    """
    n = past.shape[1]
    motion, ahead, q, now, between = room[0, :n], room[1, :n], room[2, :n], room[3, :n], room[4, :GOAL]
    moving = known > 1
    if _foresee(problem.joints, known, past, motion, ahead) and _arrives(
        s, problem, goals[k + side], bounds, past[0], ahead, True, q, w
    ):
        for i in range(n):
            motion[i] = q[i] - past[0, i]
        return True
    done, part = 0.0, 1.0
    for i in range(n):
        now[i] = past[0, i]
    while done < 1.0:
        part = min(part, 1.0 - done)
        _between(goals, k, side, done + part, between)
        for i in range(n):
            ahead[i] = now[i] + part * motion[i] if moving else now[i]
        # Where branches end the joints go ever faster: foreseen from no nearer than half the motion.
        sure = moving and part > _LEAST_PART
        if _arrives(s, problem, between, bounds, now, ahead, sure, q, w):
            for i in range(n):
                motion[i] = (q[i] - now[i]) / part
                now[i] = q[i]
            moving = True
            done += part
            part *= 2.0
        else:
            part *= 0.5
            if part < _LEAST_PART:
                return False
    return True


@kernel
def follow_many(
    model: Array, goals: Array, first: int, side: int, bounds: Array, known: int, past: Array, motion: Array,
    postures: Array, memory: Array, room: Array,
) -> int:  # fmt: skip
    """Follow a solution along goals, as far as it goes.

    Args:
        model, memory: See `itnnr_ik.solver.calls`.
        goals: (m, 12).
        first: Goal that the posture is for.
        side: 1 to follow it forwards, −1 backwards.
        bounds: (2, n) of the joints.
        known, past: How many postures are known, and the last four (4, n), that at ``first`` first; written.
        motion: (n,) from a target to the next, if more than one is known; written.
        postures: (c, n), written: for the goals after ``first``.
        room: (5, max(n, 12)).

    Returns:
        How many were written.
    """
    s = by_address(unpack(model))
    w, _, _ = divide(s, memory)
    problem, n = by_address(precise(s.problem)), past.shape[1]
    for i in range(n):
        room[0, i] = motion[i]
    for c in range(postures.shape[0]):
        k = first + side * c
        if not _step_on(s, problem, goals, k, side, bounds, known, past, room, w):
            return c
        for i in range(n):
            past[3, i], past[2, i], past[1, i], past[0, i] = past[2, i], past[1, i], past[0, i], room[2, i]
            postures[c, i], motion[i] = room[2, i], room[0, i]
        known = min(known + 1, 4)
    return int(postures.shape[0])


@kernel
def goals_between(goals: Array, places: Array, between: Array) -> None:
    """Write the goals (b, 12) at places (b,) along the goals (m, 12), also between them."""
    for b in range(places.shape[0]):
        k = int(places[b])
        if k + 1 < goals.shape[0] and places[b] > k:
            _between(goals, k, 1, places[b] - k, between[b])
        else:
            for i in range(GOAL):
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
            problem, goals[b], bounds[0], bounds[1], q[b], 2 * problem.free, problem.steps, w
        )
        errors[b, 0], errors[b, 1] = position, angle


@kernel
def descend_many(
    model: Array, goals: Array, start: Array, postures: Array, errors: Array, memory: Array
) -> None:
    """Postures (b, n) that come as close to goals (b, 12) as can be, each found from the last one.

    Args:
        model: What `pack` wrote.
        goals: In their order.
        start: The posture (n,) before the first.
        postures: Written: local minima of the error within the limits.
        errors: (b,) [m], written; radians count the task's length.
        memory: Room for one thread.
    """
    s = by_address(unpack(model))
    w, _, _ = divide(s, memory)
    p = s.problem
    for b in range(goals.shape[0]):
        for i in range(start.shape[0]):
            postures[b, i] = start[i] if b == 0 else postures[b - 1, i]
        position, angle = descend(
            p, goals[b], p.joints[LOWER], p.joints[UPPER], postures[b], _DESCENT_STEPS, _STALLED, w
        )
        errors[b] = math.sqrt(position + p.length * p.length * angle)


def rows(search: Search) -> int:
    """Numbers of a target that count."""
    return ROWS[search.problem.kind]


@kernel
def walk(
    model: Array, goal: Array, bounds: Array, start: Array, spacing: float, postures: Array, memory: Array,
    room: Array,
) -> int:  # fmt: skip
    """Walk along the curve of solutions of a goal (12,), to both sides of one, until it ends or closes.

    Args:
        bounds: (2, n) of the joints.
        start: (n,), a solution.
        spacing: Largest joint change [rad] from a posture to the next.
        postures: (c, n), written.
        room: (2, n).

    Returns:
        How many were written; the walk ends where there is no more room.
    """
    s = by_address(unpack(model))
    w, _, _ = divide(s, memory)
    problem, n, joints = by_address(precise(s.problem)), start.shape[0], s.problem.joints
    direction, q, count = room[0], room[1], 0
    for side in (1.0, -1.0):
        for i in range(n):
            q[i], direction[i] = start[i], side * (1.0 + 0.1 * i)
        begun = count
        while count < postures.shape[0]:
            evaluate(problem, goal, q, w)
            differentiate(problem, w)
            for i in range(n):
                w.free[i] = 1.0
            factorise(w.jacobian, w.free, _LEAST_DAMPING, w.normal)
            project(w, direction)
            largest = 0.0
            for i in range(n):
                largest = max(largest, joints[WEIGHT, i] * abs(direction[i]))
            if largest == 0.0:
                break
            beyond = 0.0
            for i in range(n):
                direction[i] *= spacing / largest
                trial = q[i] + direction[i]
                beyond = max(beyond, bounds[0, i] - trial, trial - bounds[1, i])
                postures[count, i] = trial
            clip(bounds[0], bounds[1], postures[count])
            position, angle = refine(
                problem, goal, bounds[0], bounds[1], postures[count], 2 * problem.free, problem.steps, w
            )
            moved = displacement(joints, postures[count], q)
            if not solved(s, position, angle) or moved > 2.0 * spacing or moved < 0.1 * spacing:
                break
            for i in range(n):
                direction[i] = postures[count, i] - q[i]
                q[i] = postures[count, i]
            count += 1
            if beyond > 0.0:
                break
            if count - begun > 3 and _apart(joints, bounds, q, start) < 0.75 * spacing:
                return count
    return count


@kernel
def _apart(joints: Array, bounds: Array, q: Array, other: Array) -> float:
    """Largest joint change [rad] between postures (n,), without whole turns of joints without bounds."""
    largest = 0.0
    for i in range(q.shape[0]):
        change = q[i] - other[i]
        if joints[PERIOD, i] > 0.0 and bounds[1, i] == np.inf:
            change -= joints[PERIOD, i] * math.floor(change / joints[PERIOD, i] + 0.5)
        largest = max(largest, joints[WEIGHT, i] * abs(change))
    return largest
