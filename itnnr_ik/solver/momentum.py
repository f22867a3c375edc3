"""The solution that goes on as the joints move: through a singular posture, not back from it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import project
from itnnr_ik.solver.refine import factorise, refine
from itnnr_ik.solver.room import Room, Search, solved
from itnnr_ik.solver.state import LOWER, UPPER, WEIGHT, limit
from itnnr_ik.solver.tracking import precise

Array = NDArray[np.float64]

#: Gauss-Newton steps for the time after which the tool is nearest to the target.
_TIMINGS = 3
#: Longest motion [rad] that is foreseen, and the shortest one of those tried in turn, each twice the last.
_LONGEST, _SHORTEST = 0.5, 0.004
#: Least squared cosine of the angle between the motion so far and the one that goes on.
_ALONG = 0.5
#: How far a solution may lie beside the line of the motion, as a share of the way to it and as a multiple of
#: what one beyond it does, and still be taken before that.
_ASIDE, _TIMES_ASIDE = 0.01, 1.5


@inlined
def go_on(
    s: Search, goal: Array, now: Array, velocity: Array, answer: Array, w: Workspace, room: Room
) -> bool:
    """Write the solution (n,) for a goal (12,) that lies ahead of the state ``now`` (n,) as it moves.

    Returns:
        Whether there is one.
    """
    problem, joints, motion = s.problem, s.problem.joints, room.right
    n = now.shape[0]
    limit(joints, room.lower, room.upper)
    for i in range(n):
        answer[i] = min(max(now[i], joints[LOWER, i]), joints[UPPER, i])
    position, angle = evaluate(problem, goal, answer, w)
    if solved(s, position, angle):
        return False
    differentiate(problem, w)
    fastest = _moving(joints, velocity, motion, w)
    if fastest == 0.0:
        return False
    # Close to a singular posture a tolerance is wide: what is left of the error would bend the motion.
    sharp, free = by_address(precise(problem)), 2 * problem.free
    # The nearest solution where it lies ahead: beyond a singular posture there may be another one ahead, and
    # whoever takes that too early never comes back.
    aside, allowed = np.inf, 0.0
    position, angle = refine(sharp, goal, room.lower, room.upper, answer, free, sharp.steps, w)
    if solved(s, position, angle) and _goes_along(now, motion, answer):
        aside, allowed = _apart(now, motion, answer)
        if aside <= allowed:
            return True
        for i in range(n):
            room.q[i] = answer[i]
    # The rate of the targets is not known, so neither is how far the joints go.
    length = _nearest(s, goal, now, motion, _LONGEST / fastest, w, room)
    for attempt in range(8):
        if length > 0.0:
            for i in range(n):
                answer[i] = min(max(now[i] + length * motion[i], joints[LOWER, i]), joints[UPPER, i])
            position, angle = refine(sharp, goal, room.lower, room.upper, answer, free, sharp.steps, w)
            if solved(s, position, angle) and _goes_along(now, motion, answer):
                other, _ = _apart(now, motion, answer)
                if aside <= _TIMES_ASIDE * other + allowed:
                    for i in range(n):
                        answer[i] = room.q[i]
                return True
        # Near a singular posture the joints move and the tool hardly does: try motions of all lengths.
        length = _SHORTEST * 2.0**attempt / fastest
    return False


@kernel
def _moving(joints: Array, velocity: Array, motion: Array, w: Workspace) -> float:
    """Write the motion (n,) that moves the tool, and return its fastest joint's [rad].

    What spare joints do for themselves would go on to a limit. The Jacobian is that of the state.
    """
    n = velocity.shape[0]
    for i in range(n):
        motion[i] = velocity[i]
    if n > w.error.shape[0]:
        for i in range(n):
            w.free[i] = 1.0
        factorise(w.jacobian, w.free, 1e-12, w.normal)
        project(w, motion)
        for i in range(n):
            motion[i] = velocity[i] - motion[i]
    fastest = 0.0
    for i in range(n):
        fastest = max(fastest, joints[WEIGHT, i] * abs(motion[i]))
    return fastest


@kernel
def _nearest(
    s: Search, goal: Array, now: Array, motion: Array, longest: float, w: Workspace, room: Room
) -> float:
    """The length of a motion after which the tool is nearest to the goal (12,); 0 where it only goes away."""
    joints, ahead, length = s.problem.joints, room.trial, 0.0
    for _ in range(_TIMINGS):
        for i in range(now.shape[0]):
            ahead[i] = min(max(now[i] + length * motion[i], joints[LOWER, i]), joints[UPPER, i])
        evaluate(s.problem, goal, ahead, w)
        differentiate(s.problem, w)
        nearing, square = 0.0, 0.0
        for a in range(w.error.shape[0]):
            speed = 0.0
            for i in range(now.shape[0]):
                speed += w.jacobian[a, i] * motion[i]
            nearing += speed * w.error[a]
            square += speed * speed
        if square == 0.0:
            break
        length = min(length + nearing / square, longest)
        if length <= 0.0:
            return 0.0
    return length


@kernel
def _goes_along(now: Array, motion: Array, answer: Array) -> bool:
    """Whether the way from the state to a posture (n,) goes about the way of a motion."""
    along, square, change = _compare(now, motion, answer)
    return along > 0.0 and along * along >= _ALONG * square * change


@kernel
def _apart(now: Array, motion: Array, answer: Array) -> tuple[float, float]:
    """How far a posture (n,) lies beside the line of a motion from the state, and how far it may [rad]."""
    along, square, change = _compare(now, motion, answer)
    return math.sqrt(max(change - along * along / square, 0.0)), _ASIDE * math.sqrt(change)


@kernel
def _compare(now: Array, motion: Array, answer: Array) -> tuple[float, float, float]:
    """The product of a motion and the way to a posture (n,), and the squares of both."""
    along, square, change = 0.0, 0.0, 0.0
    for i in range(now.shape[0]):
        along += motion[i] * (answer[i] - now[i])
        square += motion[i] * motion[i]
        change += (answer[i] - now[i]) ** 2
    return along, square, change
