"""The search for one target: which postures are tried, in which order, and which solution is taken.

With a current state, the answer is the solution nearest to it in the largest joint change. The state is
the first anchor: what it leads to is the answer at once where no other solution can be as near. Else known
postures whose tool is near the target are completed in closed form, ordered by the nearness to the state,
and refined within the box that the best solution so far leaves around it: what converges there is nearer.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.anchors import complete, embed, embed_posture, follow_slopes, nearest, spread_direction
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import improve
from itnnr_ik.solver.refine import descend, least_singular, refine
from itnnr_ik.solver.room import Candidates, Room, Search, solved
from itnnr_ik.solver.state import clip, displacement, limit, surround, turn_towards
from itnnr_ik.solver.table import locate, predict
from itnnr_ik.twin.kernels import adjust, adjust_known

Array = NDArray[np.float64]

#: Displacement [rad] up to which the state's own solution may be the answer at once.
_FOLLOWED = 0.3
#: Distance of the target from the tool, as a share of the curvature, up to which the state is followed where
#: all branches are in a table.
_FOLLOWED_TABLE = 0.1
#: Displacement [rad] up to which the state's own solution is near enough for any use of spare joints.
_CLOSE = 0.02
#: Solutions in a box of this half-width [rad] around the state are searched for where a few steps within it
#: leave less than the first share of the curvature; then from as many starts in it as there are, where
#: a descent leaves less than the second share, or from one in so many.
_AROUND, _AROUND_SOME, _AROUND_ALL, _AROUND_FEW = 0.5, 0.5, 0.05, 8
#: A state's solution this near [rad] has none around it that would be nearer by anything that counts.
_AROUND_LEAST = 0.05
#: Steps of a descent to the closest point, as a multiple of those of a refinement, and the step [rad, m]
#: with which it has found it; descents more, from the nearest anchors, where these have no slopes.
_DESCENT_STEPS, _STALLED, _DESCENTS = 6, 1e-5, 4
#: A target is taken for reachable none the less where a descent leaves less than this share of the curvature
#: and of the distance that reachable targets have from anchors, or more than so many times what the nearest
#: anchor leaves, or where that is as near as it is to others.
_ALMOST, _ALMOST_SPREAD, _POOR = 0.1, 1.7, 1.2
#: Then it is searched for from many anchors, with so many times the steps of a refinement. All of these are
#: free for so many times as many anchors as are near where less than this share of the curvature is left:
#: there, solutions meet and convergence is slow.
_THOROUGH, _FREED, _THERE = 4, 8, 5e-3
#: Steps of the last descent, as above, and its least step [rad, m].
_LAST_STEPS, _LAST_STALLED = 40, 1e-9
#: Longest way [rad] to a solution on the other side of a singular posture that is looked for, and the step
#: [rad] of its difference quotient.
_ACROSS, _DIFFERENCE = 1.5, 1e-4

#: Share of F's range within which a damped least-squares step is as good and cheaper.
_STEP_RANGE = 0.2

#: What an answer came from.
FAILED, CURRENT, NEIGHBOUR = 0, 1, 2


@kernel
def look_up(s: Search, goal: Array, reference: Array, count: int, room: Room, found: Candidates) -> int:
    """Write candidates (k, n) for a goal (12,), nearest anchor first, and their changes from ``reference``.

    Returns:
        How many.
    """
    joints = s.problem.joints
    n = joints.shape[1]
    count = min(count, s.anchors.y.shape[1])
    for a in range(12):
        room.oriented[a] = goal[a]
    if s.problem.kind == 2:
        spread_direction(room.oriented)
    embed(s.problem, s.layout, room.oriented, room.y, room.header)
    indices = found.indices[:count]
    nearest(s.anchors.y, room.y, found.distances, found.minima, indices)
    for c in range(count):
        row, q = s.anchors.rows[indices[c]], found.positions[c]
        for i in range(n):
            q[i] = row[10 + i]
        complete(s.layout, row[:10], room.header, q)
        if s.anchors.slopes.shape[0] > 0:
            follow_slopes(s.anchors, indices[c], room.y, room.other, room.trial, q)
        turn_towards(joints, q, reference)
        for i in range(n):
            q[i] = min(max(q[i], joints[0, i]), joints[1, i])
        found.changes[c] = displacement(joints, q, reference)
    return count


@kernel
def look_up_table(s: Search, goal: Array, reference: Array, count: int, room: Room, found: Candidates) -> int:
    """Write at most ``count`` candidates (k, n) for a goal (12,) as `look_up` does, from the table.

    Their anchors' indices are −1: they need no adjustment.

    Returns:
        How many.
    """
    if s.table.rows.shape[0] == 0:
        return 0
    joints, filled = s.problem.joints, 0
    cell, azimuth = locate(s.problem, s.table, goal, room.other)
    if cell < 0:
        return 0
    for row in range(s.table.starts[cell], s.table.starts[cell + 1]):
        q = found.positions[filled]
        if predict(s.problem, s.table, row, room.other, azimuth, reference, q):
            found.indices[filled], found.changes[filled] = -1, displacement(joints, q, reference)
            filled += 1
            if filled == count:
                break
    return filled


@kernel
def adjust_candidate(
    s: Search, c: int, reference: Array, w: Workspace, room: Room, found: Candidates
) -> None:
    """Write candidate ``c`` into ``room.q`` (n,), adjusted by F where there is a network (equation 6)."""
    joints, q = s.problem.joints, room.q
    n = q.shape[0]
    for i in range(n):
        q[i] = found.positions[c, i]
    if s.network.first.shape[0] == 0 or found.indices[c] < 0:
        return
    adjust_known(s.network, found.indices[c], room.y, room.a, room.b, room.x)
    offset = 1 if s.layout.first == 1 or s.layout.first == 2 else 0
    for i in range(room.x.shape[0]):
        q[offset + i] = room.x[i]
    if s.layout.first != 3:
        # The closed form of the adjusted posture: that of the anchor no longer fits.
        if offset:
            q[0] = 0.0
        if s.layout.last:
            q[n - 1] = 0.0
        embed_posture(s.problem, s.layout, q, room.other, room.other_header, room.oriented, w)
        complete(s.layout, room.other_header, room.header, q)
        turn_towards(joints, q, reference)
    for i in range(n):
        q[i] = min(max(q[i], joints[0, i]), joints[1, i])


@inlined
def adjust_state(s: Search, goal: Array, q: Array, w: Workspace, room: Room) -> None:
    """Let F adjust the state ``q`` (n,) where the target is in its range and beyond that of a step."""
    joints = s.problem.joints
    square, _ = evaluate(s.problem, goal, q, w)
    if not (_STEP_RANGE * s.range) ** 2 < square < s.range**2:
        return
    for e in range(room.y.shape[0]):
        room.y[e], room.other[e] = goal[e], goal[e] - w.error[e]
    adjust(s.network, room.y, room.other, q, room.a, room.b, room.trial, room.x)
    for i in range(q.shape[0]):
        q[i] = min(max(room.trial[i], joints[0, i]), joints[1, i])


@kernel
def sort_by_change(count: int, found: Candidates) -> None:
    """Write the order of the candidates by their changes."""
    for c in range(count):
        j = c
        while j > 0 and found.changes[found.order[j - 1]] > found.changes[c]:
            found.order[j] = found.order[j - 1]
            j -= 1
        found.order[j] = c


@kernel
def tried_before(s: Search, k: int, found: Candidates) -> bool:
    """Whether a candidate that came earlier in the order is about the same as the k-th."""
    q = found.positions[found.order[k]]
    for j in range(k):  # noqa: SIM110 - no generators in compiled code
        if displacement(s.problem.joints, q, found.positions[found.order[j]]) < s.same:
            return True
    return False


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
        answer[i] = min(max(now[i], joints[0, i]), joints[1, i])
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
    if best <= _FOLLOWED and (not alone or best > _CLOSE):
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
    came_from = FAILED if best == np.inf else CURRENT
    known = look_up_table(s, goal, now, found.changes.shape[0], room, found)
    change = search_candidates(s, goal, now, answer, best, known, w, room, found)
    if known == 0 or change == np.inf:
        count = look_up(s, goal, now, s.near, room, found)
        change = search_candidates(s, goal, now, answer, best, count, w, room, found)
    if change < best:
        came_from, best = NEIGHBOUR, change
    if best > _AROUND_LEAST and s.starts.shape[0] > 0:
        change = search_around(s, goal, now, answer, best, w, room)
        if change < best:
            came_from, best = CURRENT, nearer(s, goal, now, answer, change, w, room)
    if came_from == CURRENT and best > _FOLLOWED:
        # Not done before: mostly something else is nearer.
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
            best = nearer(s, goal, now, answer, change, w, room)
    return best


@inlined
def search_around(
    s: Search, goal: Array, now: Array, answer: Array, best: float, w: Workspace, room: Room
) -> float:
    """Write a solution (n,) nearer to the state than ``best`` and `_AROUND`; its displacement or ``best``."""
    problem, joints = s.problem, s.problem.joints
    n, scale = joints.shape[1], problem.length * problem.length
    half = min(best, _AROUND)
    if not surround(joints, now, half, room.lower, room.upper):
        return best
    for i in range(n):
        room.q[i] = min(max(now[i], room.lower[i]), room.upper[i])
    free = 3 * problem.free
    position, angle = refine(problem, goal, room.lower, room.upper, room.q, problem.free, problem.free, w)
    if position + scale * angle > (_AROUND_SOME * s.curvature) ** 2:
        return best
    position, angle = descend(problem, goal, room.lower, room.upper, room.q, 2 * problem.steps, _STALLED, w)
    near = position + scale * angle <= (_AROUND_ALL * s.curvature) ** 2
    if near:
        # Where solutions meet, a descent is slow.
        position, angle = refine(
            problem, goal, room.lower, room.upper, room.q, 2 * problem.steps, 2 * problem.steps, w
        )
    change = displacement(joints, room.q, now)
    if solved(s, position, angle) and change < best:
        best = half = change
        for i in range(n):
            answer[i] = room.q[i]
    count = s.starts.shape[0]
    if not near:
        count //= _AROUND_FEW
    for k in range(count):
        if not surround(joints, now, half, room.lower, room.upper):
            break
        for i in range(n):
            room.q[i] = min(max(now[i] + half / joints[3, i] * s.starts[k, i], room.lower[i]), room.upper[i])
        position, angle = refine(problem, goal, room.lower, room.upper, room.q, free, 2 * problem.steps, w)
        if not solved(s, position, angle):
            continue
        change = displacement(joints, room.q, now)
        if change < best:
            best = half = change
            for i in range(n):
                answer[i] = room.q[i]
    return best


@inlined
def search_across(
    s: Search, goal: Array, now: Array, q: Array, best: float, w: Workspace, room: Room
) -> float:
    """Replace ``q`` (n,) by the solution on the other side of a singular posture nearby, if that is nearer.

    Along the joint direction v that moves the tool least, the task is σ s + h s² / 2: zero again at s = −2 σ
    / h.

    Returns:
        The displacement of what ``q`` is now.
    """
    problem = s.problem
    n, m = q.shape[0], w.error.shape[0]
    evaluate(problem, goal, q, w)
    differentiate(problem, w)
    sigma = least_singular(w, room.left, room.right)
    curvature = 0.0
    for side in (-1.0, 1.0):
        for i in range(n):
            room.trial[i] = q[i] + side * _DIFFERENCE * room.right[i]
        evaluate(problem, goal, room.trial, w)
        differentiate(problem, w)
        for a in range(m):
            for i in range(n):
                curvature += side * room.left[a] * w.jacobian[a, i] * room.right[i]
    curvature /= 2.0 * _DIFFERENCE
    if abs(curvature) * _ACROSS < 2.0 * sigma or not surround(
        problem.joints, now, best, room.lower, room.upper
    ):
        return best
    for i in range(n):
        room.trial[i] = q[i] - 2.0 * sigma / curvature * room.right[i]
    clip(room.lower, room.upper, room.trial)
    position, angle = refine(
        problem, goal, room.lower, room.upper, room.trial, problem.free, problem.steps, w
    )
    change = displacement(problem.joints, room.trial, now)
    if not solved(s, position, angle) or change >= best:
        return best
    for i in range(n):
        q[i] = room.trial[i]
    return change


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
        if not predict(problem, s.table, row, room.other, azimuth, joints[4], answer):
            continue
        position, angle = refine(problem, goal, joints[0], joints[1], answer, problem.free, problem.steps, w)
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


@inlined
def search_closest(
    s: Search, goal: Array, reference: Array, answer: Array, w: Workspace, room: Room, found: Candidates
) -> None:
    """Write the joint positions (n,) that come closest to a goal (12,) that no solution was found for.

    ``answer`` holds a posture close to it, ``found`` the anchors nearest to it.
    """
    problem, joints = s.problem, s.problem.joints
    n, scale = joints.shape[1], problem.length * problem.length
    limit(joints, room.lower, room.upper)
    known = math.sqrt(found.distances[found.indices[0]])
    least = np.inf
    # Without slopes an anchor says little of where its descent ends.
    for c in range(1 + (min(_DESCENTS, s.near) if s.anchors.slopes.shape[0] == 0 else 0)):
        for i in range(n):
            room.q[i] = answer[i] if c == 0 else found.positions[c - 1, i]
        position, angle = descend(
            problem, goal, room.lower, room.upper, room.q, _DESCENT_STEPS * problem.steps, _STALLED, w
        )
        if position + scale * angle < least:
            least = position + scale * angle
            for i in range(n):
                answer[i] = room.q[i]
    left = math.sqrt(least)
    almost = min(_ALMOST * s.curvature, _ALMOST_SPREAD * s.spread)
    if left < almost or left > _POOR * known or known < s.spread:
        count = look_up(s, goal, reference, s.most, room, found)
        done = False
        for c in range(count):
            q = found.positions[c]
            free = 2 * problem.free
            if left < _THERE * s.curvature and c < _FREED * s.near:
                free = _THOROUGH * problem.steps
            position, angle = refine(
                problem, goal, room.lower, room.upper, q, free, _THOROUGH * problem.steps, w
            )
            done = solved(s, position, angle)
            if done or position + scale * angle < least:
                least = position + scale * angle
                for i in range(n):
                    answer[i] = q[i]
            if done:
                break
        if not done:
            descend(
                problem, goal, room.lower, room.upper, answer, _LAST_STEPS * problem.steps, _LAST_STALLED, w
            )
    turn_towards(joints, answer, reference)
