"""The solution that continues the joints' motion: through a singular posture instead of back from it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.addresses import by_address
from itnnr_ik.solver.buffers import Scratch, Search, solved
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import project_to_null_space
from itnnr_ik.solver.refine import factorise, refine
from itnnr_ik.solver.state import LOWER, UPPER, WEIGHT, copy_limits
from itnnr_ik.solver.tracking import precise

Array = NDArray[np.float64]

#: Gauss-Newton steps for the time after which the tool is nearest to the target.
_GAUSS_NEWTON_STEPS = 3
#: Longest predicted motion [rad], and the shortest one of those that are tried, each twice the last.
_MAX_MOTION, _MIN_MOTION = 0.5, 0.004
#: Smallest squared cosine of the angle between the motion so far and its continuation.
_MIN_SQUARED_COSINE = 0.5
#: Largest deviation of the nearest solution from the line of the motion, as a share of its displacement and
#: as a multiple of the deviation of a solution farther along the line, which is taken otherwise.
_MAX_DEVIATION, _MAX_DEVIATION_RATIO = 0.01, 1.5


@inlined
def continue_motion(
    s: Search, goal: Array, now: Array, velocity: Array, answer: Array, w: Workspace, scratch: Scratch
) -> bool:
    """Write the solution (n,) for a goal (12,) that continues the motion of the state ``now`` (n,).

    Returns:
        Whether there is one.
    """
    problem, joints, motion = s.problem, s.problem.joints, scratch.right
    n = now.shape[0]
    copy_limits(joints, scratch.lower, scratch.upper)
    for i in range(n):
        answer[i] = min(max(now[i], joints[LOWER, i]), joints[UPPER, i])
    position, angle = evaluate(problem, goal, answer, w)
    if solved(s, position, angle):
        return False
    differentiate(problem, w)
    max_speed = _tool_motion(joints, velocity, motion, w)
    if max_speed == 0.0:
        return False
    # Near a singular posture, errors within the tolerance would change the direction of the motion.
    sharp, free = by_address(precise(problem)), 2 * problem.free_steps
    # The nearest solution if it lies ahead: beyond a singular posture there may be another one ahead, from
    # which there is no return if it is taken too early.
    deviation, allowed = np.inf, 0.0
    position, angle = refine(sharp, goal, scratch.lower, scratch.upper, answer, free, sharp.max_steps, w)
    if solved(s, position, angle) and _is_along(now, motion, answer):
        deviation, allowed = _deviation(now, motion, answer)
        if deviation <= allowed:
            return True
        for i in range(n):
            scratch.q[i] = answer[i]
    # The rate of the targets is unknown, and therefore the length of the motion.
    duration = _time_of_closest_approach(s, goal, now, motion, _MAX_MOTION / max_speed, w, scratch)
    for attempt in range(8):
        if duration > 0.0:
            for i in range(n):
                answer[i] = min(max(now[i] + duration * motion[i], joints[LOWER, i]), joints[UPPER, i])
            position, angle = refine(
                sharp, goal, scratch.lower, scratch.upper, answer, free, sharp.max_steps, w
            )
            if solved(s, position, angle) and _is_along(now, motion, answer):
                other, _ = _deviation(now, motion, answer)
                if deviation <= _MAX_DEVIATION_RATIO * other + allowed:
                    for i in range(n):
                        answer[i] = scratch.q[i]
                return True
        # Near a singular posture the tool hardly moves with the joints: try motions of all lengths.
        duration = _MIN_MOTION * 2.0**attempt / max_speed
    return False


@kernel
def _tool_motion(joints: Array, velocity: Array, motion: Array, w: Workspace) -> float:
    """Write the velocity (n,) without its null-space part, and return its largest joint's [rad/s].

    Null-space motion would continue up to a limit. The Jacobian is that of the state.
    """
    n = velocity.shape[0]
    for i in range(n):
        motion[i] = velocity[i]
    if n > w.error.shape[0]:
        for i in range(n):
            w.active[i] = 1.0
        factorise(w.jacobian, w.active, 1e-12, w.normal)
        project_to_null_space(w, motion)
        for i in range(n):
            motion[i] = velocity[i] - motion[i]
    max_speed = 0.0
    for i in range(n):
        max_speed = max(max_speed, joints[WEIGHT, i] * abs(motion[i]))
    return max_speed


@kernel
def _time_of_closest_approach(
    s: Search, goal: Array, now: Array, motion: Array, longest: float, w: Workspace, scratch: Scratch
) -> float:
    """Time [s] at which the tool is nearest to the goal (12,), at most ``longest``; 0 where it moves away."""
    joints, predicted, duration = s.problem.joints, scratch.trial, 0.0
    for _ in range(_GAUSS_NEWTON_STEPS):
        for i in range(now.shape[0]):
            predicted[i] = min(max(now[i] + duration * motion[i], joints[LOWER, i]), joints[UPPER, i])
        evaluate(s.problem, goal, predicted, w)
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
        duration = min(duration + nearing / square, longest)
        if duration <= 0.0:
            return 0.0
    return duration


@kernel
def _is_along(now: Array, motion: Array, answer: Array) -> bool:
    """Whether the displacement from the state to a posture (n,) has about the direction of a motion."""
    along, square, change = _products(now, motion, answer)
    return along > 0.0 and along * along >= _MIN_SQUARED_COSINE * square * change


@kernel
def _deviation(now: Array, motion: Array, answer: Array) -> tuple[float, float]:
    """Distance of a posture (n,) from the line of a motion from the state, and the allowed one [rad]."""
    along, square, change = _products(now, motion, answer)
    return math.sqrt(max(change - along * along / square, 0.0)), _MAX_DEVIATION * math.sqrt(change)


@kernel
def _products(now: Array, motion: Array, answer: Array) -> tuple[float, float, float]:
    """Dot product of a motion and the displacement to a posture (n,), and the squared norms of both."""
    along, square, change = 0.0, 0.0, 0.0
    for i in range(now.shape[0]):
        along += motion[i] * (answer[i] - now[i])
        square += motion[i] * motion[i]
        change += (answer[i] - now[i]) ** 2
    return along, square, change
