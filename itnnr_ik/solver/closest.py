"""Where no solution was found: the joint positions that come closest, or a solution after all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined
from itnnr_ik.solver.candidates import look_up
from itnnr_ik.solver.problem import Workspace
from itnnr_ik.solver.refine import MEETING, descend, refine
from itnnr_ik.solver.room import Candidates, Room, Search, solved
from itnnr_ik.solver.state import limit, turn_towards
from itnnr_ik.task.kernels import POINTING

Array = NDArray[np.float64]

#: Steps of a descent to the closest point, as a multiple of those of a refinement, and the step [rad, m]
#: with which it has found it; descents more, from the nearest anchors, where these have no slopes.
_DESCENT_STEPS, _STALLED, _DESCENTS = 6, 1e-5, 4
#: A target is taken for reachable none the less where a descent leaves less than this share of the curvature
#: and of the distance that reachable targets have from anchors, or more than so many times what the nearest
#: anchor leaves, or where that is as near as it is to others.
_ALMOST, _ALMOST_SPREAD, _POOR = 0.1, 1.7, 1.2
#: Then it is searched for from so many times as many anchors as are near (of a pointing task all: folded arms
#: point alike from postures far apart), with so many times the steps of a refinement. All of these are free
#: for the first of the anchors where solutions may meet.
_ANCHORS, _THOROUGH = 8, 4
#: Steps of the last descent, as above, and its least step [rad, m].
_LAST_STEPS, _LAST_STALLED = 40, 1e-9


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
        first = min(_ANCHORS * s.near, s.most)
        count = look_up(s, goal, reference, s.most if problem.kind == POINTING else first, room, found)
        done = False
        for c in range(count):
            q = found.positions[c]
            free = 2 * problem.free
            if left < MEETING * s.curvature and c < first:
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
