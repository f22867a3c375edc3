"""The search for one target: which postures are tried, in which order, and which solution is taken.

With a current state, the answer is the solution nearest to it in the largest joint change. The state is
the first anchor: what it leads to is the answer at once where no other solution can be as near. Else known
postures whose tool is near the target are completed in closed form, ordered by the nearness to the state,
and refined within the box that the best solution so far leaves around it: what converges there is nearer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.candidates import (
    adjust_candidate,
    adjust_state,
    look_up,
    look_up_table,
    sort_by_change,
    tried_before,
)
from itnnr_ik.solver.nearby import search_across, search_around
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import improve, slide
from itnnr_ik.solver.refine import least_singular, refine
from itnnr_ik.solver.room import Candidates, Room, Search, solved
from itnnr_ik.solver.state import LOWER, MIDDLE, UPPER, clip, displacement, limit, surround, turn_towards
from itnnr_ik.solver.table import locate, predict

Array = NDArray[np.float64]

#: Displacement [rad] up to which the state's own solution may be the answer at once.
_FOLLOWED = 0.3
#: Distance of the target from the tool, as a share of the curvature, up to which the state is followed where
#: all branches are in a table.
_FOLLOWED_TABLE = 0.1
#: Displacement [rad] up to which the state's own solution is near enough for any use of spare joints.
_CLOSE = 0.02
#: A state's solution this near [rad] has none around it that would be nearer by anything that counts.
_AROUND_LEAST = 0.05

#: What an answer came from.
FAILED, CURRENT, NEIGHBOUR = 0, 1, 2


@kernel
def nearer(s: Search, goal: Array, now: Array, answer: Array, best: float, w: Workspace, room: Room) -> float:
    """Let a redundant arm's ``answer`` (n,) come nearer to the state; its displacement."""
    if answer.shape[0] <= w.error.shape[0]:
        return best
    return improve(s, goal, now, answer, best, w, room)


@kernel
def follow(s: Search, goal: Array, now: Array, answer: Array, w: Workspace, room: Room) -> tuple[float, bool]:
    """Write the solution (n,) for a goal (12,) that the state ``now`` (n,) itself leads to.

    Returns:
        Its displacement, infinite where there is none, and whether no other solution can be as near.
    """
    problem, joints = s.problem, s.problem.joints
    limit(joints, room.lower, room.upper)
    for i in range(answer.shape[0]):
        answer[i] = min(max(now[i], joints[LOWER, i]), joints[UPPER, i])
    if s.table.rows.shape[0] > 0:
        # All branches are known: the state leads to the nearest one only where that is near.
        square, _ = evaluate(problem, goal, answer, w)
        if square > (_FOLLOWED_TABLE * s.curvature) ** 2:
            return np.inf, False
    elif s.range > 0.0:
        adjust_state(s, goal, answer, w, room)
    position, angle = refine(problem, goal, room.lower, room.upper, answer, problem.free, problem.steps, w)
    if not solved(s, position, angle):
        return np.inf, False
    turn_towards(joints, answer, now)
    best, alone = displacement(joints, answer, now), False
    if best <= _FOLLOWED:
        # Other solutions are as far as the smallest singular value is from zero, over the curvature.
        differentiate(problem, w)
        alone = best * s.curvature <= least_singular(w, room.left, room.right)
        if not alone or best > _CLOSE:
            best = nearer(s, goal, now, answer, best, w, room)
    return best, alone


@inlined
def search_near(
    s: Search,
    goal: Array,
    now: Array,
    answer: Array,
    best: float,
    w: Workspace,
    room: Room,
    found: Candidates,
) -> int:
    """Write the solution (n,) for a goal (12,) that is nearest to the state ``now`` (n,); what it came from.

    ``best`` is the displacement of what ``answer`` holds, infinite for nothing. `FAILED` where none is found.
    """
    joints = s.problem.joints
    came_from, improved = FAILED if best == np.inf else CURRENT, best <= _FOLLOWED
    known = look_up_table(s, goal, now, found.changes.shape[0], room, found)
    change = search_candidates(s, goal, now, answer, best, known, w, room, found)
    if known == 0 or change == np.inf:
        count = look_up(s, goal, now, s.near, room, found)
        change = search_candidates(s, goal, now, answer, best, count, w, room, found)
    if change < best:
        came_from, best, improved = NEIGHBOUR, change, False
    if best > _AROUND_LEAST and s.starts.shape[0] > 0:
        change = search_around(s, goal, now, answer, best, w, room)
        if change < best:
            came_from, best, improved = CURRENT, change, False
    if best < np.inf and not improved:
        best = nearer(s, goal, now, answer, best, w, room)
    if joints.shape[1] == w.error.shape[0] and best < np.inf and known == 0:
        change = search_across(s, goal, now, answer, best, w, room)
        if change < best:
            came_from = NEIGHBOUR
    return came_from


@kernel
def search_candidates(
    s: Search,
    goal: Array,
    now: Array,
    answer: Array,
    best: float,
    count: int,
    w: Workspace,
    room: Room,
    found: Candidates,
) -> float:
    """Write a solution (n,) nearer to the state than ``best`` to which a candidate leads; its displacement.

    Spare joints move along the null space only, which is soon done: mostly another one is nearer.
    Where there is none at all, ``answer`` is what comes closest to the goal.
    """
    problem, joints = s.problem, s.problem.joints
    scale, least = problem.length * problem.length, np.inf
    sort_by_change(count, found)
    for k in range(count):
        c = found.order[k]
        if found.changes[c] > best + s.slack or not surround(joints, now, best, room.lower, room.upper):
            break
        if (best < np.inf and displacement(joints, found.positions[c], answer) < s.same) or (
            found.indices[c] >= 0 and tried_before(s, k, found)
        ):
            continue
        adjust_candidate(s, c, now, w, room, found)
        clip(room.lower, room.upper, room.q)
        free = problem.free if best == np.inf else problem.free - 1
        position, angle = refine(problem, goal, room.lower, room.upper, room.q, free, problem.steps, w)
        if not solved(s, position, angle):
            if best == np.inf and position + scale * angle < least:
                least = position + scale * angle
                for i in range(answer.shape[0]):
                    answer[i] = room.q[i]
            continue
        turn_towards(joints, room.q, now)
        change = displacement(joints, room.q, now)
        if change < best:
            for i in range(answer.shape[0]):
                answer[i] = room.q[i]
            best = change
            if answer.shape[0] > w.error.shape[0]:
                best = slide(s, goal, now, answer, change, w, room)
    return best


@kernel
def search_table(s: Search, goal: Array, answer: Array, w: Workspace, room: Room) -> bool:
    """Write the solution (n,) for a goal (12,) that the best conditioned posture in the table leads to.

    Returns:
        Whether there is one. The workspace holds its error, then.
    """
    problem, joints = s.problem, s.problem.joints
    cell, azimuth = locate(problem, s.table, goal, room.other)
    if cell < 0:
        return False
    for row in range(s.table.starts[cell], s.table.starts[cell + 1]):
        if not predict(problem, s.table, row, room.other, azimuth, joints[MIDDLE], answer):
            continue
        position, angle = refine(
            problem, goal, joints[LOWER], joints[UPPER], answer, problem.free, problem.steps, w
        )
        if solved(s, position, angle):
            return True
    return False


@inlined
def search_any(
    s: Search, goal: Array, reference: Array, answer: Array, w: Workspace, room: Room, found: Candidates
) -> int:
    """Write the solution (n,) for a goal (12,) that the anchor nearest to it leads to; what it came from."""
    problem, joints = s.problem, s.problem.joints
    limit(joints, room.lower, room.upper)
    # Most often the first anchor is enough as it is, and much quicker than many.
    for attempt in range(2):
        count = look_up(s, goal, reference, 1 if attempt == 0 else s.near, room, found)
        for c in range(count):
            if attempt == 0:
                for i in range(answer.shape[0]):
                    room.q[i] = found.positions[c, i]
            else:
                adjust_candidate(s, c, reference, w, room, found)
            position, angle = refine(
                problem, goal, room.lower, room.upper, room.q, problem.free, problem.steps, w
            )
            if solved(s, position, angle):
                for i in range(answer.shape[0]):
                    answer[i] = room.q[i]
                turn_towards(joints, answer, reference)
                return NEIGHBOUR
    return FAILED
