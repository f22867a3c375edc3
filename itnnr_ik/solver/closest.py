"""Fallback where no solution was found: a more thorough search, and else the closest joint positions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined
from itnnr_ik.solver.buffers import Candidates, Scratch, Search, solved
from itnnr_ik.solver.candidates import look_up_anchors
from itnnr_ik.solver.nearby import search_box
from itnnr_ik.solver.problem import Workspace
from itnnr_ik.solver.refine import NEAR_SINGULAR_ERROR, descend, refine
from itnnr_ik.solver.state import copy_limits, unwrap_towards
from itnnr_ik.task.kernels import POINTING

Array = NDArray[np.float64]

#: Steps of a descent to the closest point, as a multiple of those of a refinement, the step [rad, m] below
#: which it has converged, and additional descents, from the nearest anchors, where these have no slopes.
_DESCENT_STEPS, _MIN_STEP, _EXTRA_DESCENTS = 6, 1e-5, 4
#: A target may be reachable where a descent leaves less than the first share of the curvature and the second
#: of the anchor distance of reachable targets, or more than the third of the nearest anchor's distance.
_REACHABLE_ERROR, _REACHABLE_ANCHOR_RATIO, _POOR_DESCENT_RATIO = 0.1, 1.7, 1.2
#: Then more anchors are refined (in a pointing task all: folded arms point alike from postures far apart),
#: with more steps than usual: multiples of both. Near singular postures, steps need not make progress.
_CANDIDATE_FACTOR, _STEP_FACTOR = 8, 4
#: Steps of the final descent, as above, and its smallest step [rad, m].
_FINAL_STEPS, _FINAL_MIN_STEP = 40, 1e-9


@inlined
def search_closest(
    s: Search, goal: Array, reference: Array, answer: Array, w: Workspace, scratch: Scratch, found: Candidates
) -> None:
    """Write the joint positions (n,) closest to a goal (12,) for which no solution was found, or a solution.

    ``answer`` holds a posture close to it, ``found`` the anchors nearest to it.
    """
    problem, joints = s.problem, s.problem.joints
    n, scale = joints.shape[1], problem.length * problem.length
    lower, upper = scratch.lower, scratch.upper
    copy_limits(joints, lower, upper)
    nearest_anchor = math.sqrt(found.distances[found.indices[0]])
    smallest = _descend_from_all(s, goal, answer, w, scratch, found)
    residual = math.sqrt(smallest)
    reachable_error = min(_REACHABLE_ERROR * s.curvature, _REACHABLE_ANCHOR_RATIO * s.anchor_distance)
    if (
        residual < reachable_error
        or residual > _POOR_DESCENT_RATIO * nearest_anchor
        or nearest_anchor < s.anchor_distance
    ) and not _refine_more_anchors(s, goal, reference, answer, smallest, w, scratch, found):
        steps = _FINAL_STEPS * problem.max_steps
        position, angle = descend(problem, goal, lower, upper, answer, steps, _FINAL_MIN_STEP, w)
        if position + scale * angle < (NEAR_SINGULAR_ERROR * s.curvature) ** 2 and s.seeds.shape[0] > 0:
            # Near a singular posture a descent ends early: there may be a solution around its end.
            q = found.positions[0]
            for i in range(n):
                q[i] = answer[i]
            search_box(s, goal, q, answer, np.inf, w, scratch)
    unwrap_towards(joints, answer, reference)


@inlined
def _descend_from_all(
    s: Search, goal: Array, answer: Array, w: Workspace, scratch: Scratch, found: Candidates
) -> float:
    """Write the end of the best descent, from ``answer`` or an anchor; its squared error [m²]."""
    problem, q = s.problem, scratch.q
    n, scale, smallest = answer.shape[0], problem.length * problem.length, np.inf
    # Without slopes, an anchor's descent may end in a poor local minimum.
    for c in range(1 + (min(_EXTRA_DESCENTS, s.n_candidates) if s.anchors.slopes.shape[0] == 0 else 0)):
        for i in range(n):
            q[i] = answer[i] if c == 0 else found.positions[c - 1, i]
        steps = _DESCENT_STEPS * problem.max_steps
        position, angle = descend(problem, goal, scratch.lower, scratch.upper, q, steps, _MIN_STEP, w)
        if position + scale * angle < smallest:
            smallest = position + scale * angle
            for i in range(n):
                answer[i] = q[i]
    return smallest


@inlined
def _refine_more_anchors(
    s: Search, goal: Array, reference: Array, answer: Array, smallest: float, w: Workspace, scratch: Scratch,
    found: Candidates,
) -> bool:  # fmt: skip
    """Write a solution, or what is closer than ``smallest`` [m²], from more anchors; whether it is one."""
    problem = s.problem
    n, scale, residual = answer.shape[0], problem.length * problem.length, math.sqrt(smallest)
    n_first = min(_CANDIDATE_FACTOR * s.n_candidates, s.max_candidates)
    count = look_up_anchors(
        s, goal, reference, s.max_candidates if problem.kind == POINTING else n_first, scratch, found
    )
    done = False
    for c in range(count):
        posture = found.positions[c]
        free, steps = 2 * problem.free_steps, _STEP_FACTOR * problem.max_steps
        if residual < NEAR_SINGULAR_ERROR * s.curvature and c < n_first:
            free = steps
        position, angle = refine(problem, goal, scratch.lower, scratch.upper, posture, free, steps, w)
        done = solved(s, position, angle)
        if done or position + scale * angle < smallest:
            smallest = position + scale * angle
            for i in range(n):
                answer[i] = posture[i]
        if done:
            break
    return done
