"""The search for one target: which postures are tried, in which order, and which solution is taken.

With a current state, the answer is the solution with the smallest displacement (largest joint change). The
state is the first anchor: its solution is the answer at once if no other one can be as near. Else known
postures whose tool is near the target are completed in closed form, sorted by displacement, and refined
within the box around the state that the best solution so far bounds: a solution in it is nearer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import inlined, kernel
from itnnr_ik.solver.buffers import Candidates, Scratch, Search, solved
from itnnr_ik.solver.candidates import (
    adjust_candidate,
    adjust_state,
    look_up_anchors,
    look_up_table,
    sort_by_displacement,
    tried_before,
)
from itnnr_ik.solver.nearby import search_across_singularity, search_box
from itnnr_ik.solver.problem import Workspace, differentiate, evaluate
from itnnr_ik.solver.redundancy import reduce_displacement, slide_in_null_space
from itnnr_ik.solver.refine import refine, smallest_singular_value
from itnnr_ik.solver.state import (
    LOWER,
    MIDDLE,
    UPPER,
    clip,
    copy_limits,
    displacement,
    limits_around,
    unwrap_towards,
)
from itnnr_ik.solver.table import locate, predict

Array = NDArray[np.float64]

#: Largest displacement [rad] with which the state's own solution may be the answer at once.
_MAX_FOLLOWED_DISPLACEMENT = 0.3
#: Largest error of the state, as a share of the curvature, with which its own solution is tried although all
#: branches are in a table.
_MAX_FOLLOWED_ERROR = 0.1
#: Displacement [rad] up to which redundant joints are not used to reduce it.
_NEGLIGIBLE_DISPLACEMENT = 0.02
#: Displacement [rad] up to which no nearer solution is searched for in a box around the state.
_MIN_BOX_DISPLACEMENT = 0.05

#: Origin of an answer: none found, from the current state, or from a known posture.
FAILED, CURRENT, NEIGHBOUR = 0, 1, 2


@kernel
def reduce_if_redundant(
    s: Search, goal: Array, now: Array, answer: Array, best: float, w: Workspace, scratch: Scratch
) -> float:
    """Move a redundant arm's ``answer`` (n,) nearer to the state by null-space motion; its displacement."""
    if answer.shape[0] <= w.error.shape[0]:
        return best
    return reduce_displacement(s, goal, now, answer, best, w, scratch)


@kernel
def follow(
    s: Search, goal: Array, now: Array, answer: Array, w: Workspace, scratch: Scratch
) -> tuple[float, bool]:
    """Write the solution (n,) for a goal (12,) that the state ``now`` (n,) itself leads to.

    Returns:
        Its displacement, infinite where there is none, and whether no other solution can be as near.
    """
    problem, joints = s.problem, s.problem.joints
    copy_limits(joints, scratch.lower, scratch.upper)
    for i in range(answer.shape[0]):
        answer[i] = min(max(now[i], joints[LOWER, i]), joints[UPPER, i])
    if s.table.rows.shape[0] > 0:
        # All branches are known: the state leads reliably to the nearest one only if that is near.
        square, _ = evaluate(problem, goal, answer, w)
        if square > (_MAX_FOLLOWED_ERROR * s.curvature) ** 2:
            return np.inf, False
    elif s.network_range > 0.0:
        adjust_state(s, goal, answer, w, scratch)
    position, angle = refine(
        problem, goal, scratch.lower, scratch.upper, answer, problem.free_steps, problem.max_steps, w
    )
    if not solved(s, position, angle):
        return np.inf, False
    unwrap_towards(joints, answer, now)
    best, is_unique = displacement(joints, answer, now), False
    if best <= _MAX_FOLLOWED_DISPLACEMENT:
        # Other solutions are at least as far as the smallest singular value over the curvature.
        differentiate(problem, w)
        is_unique = best * s.curvature <= smallest_singular_value(w, scratch.left, scratch.right)
        if not is_unique or best > _NEGLIGIBLE_DISPLACEMENT:
            best = reduce_if_redundant(s, goal, now, answer, best, w, scratch)
    return best, is_unique


@inlined
def search_nearest(
    s: Search,
    goal: Array,
    now: Array,
    answer: Array,
    best: float,
    w: Workspace,
    scratch: Scratch,
    found: Candidates,
) -> int:
    """Write the solution (n,) for a goal (12,) that is nearest to the state ``now`` (n,); its origin.

    ``best`` is the displacement of the solution in ``answer``, infinite for none.
    """
    joints = s.problem.joints
    origin, improved = FAILED if best == np.inf else CURRENT, best <= _MAX_FOLLOWED_DISPLACEMENT
    n_tabled = look_up_table(s, goal, now, found.displacements.shape[0], scratch, found)
    change = search_candidates(s, goal, now, answer, best, n_tabled, w, scratch, found)
    if n_tabled == 0 or change == np.inf:
        count = look_up_anchors(s, goal, now, s.n_candidates, scratch, found)
        change = search_candidates(s, goal, now, answer, best, count, w, scratch, found)
    if change < best:
        origin, best, improved = NEIGHBOUR, change, False
    if best > _MIN_BOX_DISPLACEMENT and s.seeds.shape[0] > 0:
        change = search_box(s, goal, now, answer, best, w, scratch)
        if change < best:
            origin, best, improved = CURRENT, change, False
    if best < np.inf and not improved:
        best = reduce_if_redundant(s, goal, now, answer, best, w, scratch)
    if joints.shape[1] == w.error.shape[0] and best < np.inf and n_tabled == 0:
        change = search_across_singularity(s, goal, now, answer, best, w, scratch)
        if change < best:
            origin = NEIGHBOUR
    return origin


@kernel
def search_candidates(
    s: Search,
    goal: Array,
    now: Array,
    answer: Array,
    best: float,
    count: int,
    w: Workspace,
    scratch: Scratch,
    found: Candidates,
) -> float:
    """Write a solution (n,) nearer to the state than ``best`` to which a candidate leads; its displacement.

    Redundant joints make null-space steps only, which are quick: mostly another solution is nearer.
    Without any solution, ``answer`` is the candidate closest to the goal.
    """
    problem, joints = s.problem, s.problem.joints
    scale, smallest = problem.length * problem.length, np.inf
    sort_by_displacement(count, found)
    for k in range(count):
        c = found.order[k]
        if found.displacements[c] > best + s.refinement_margin or not limits_around(
            joints, now, best, scratch.lower, scratch.upper
        ):
            break
        if (best < np.inf and displacement(joints, found.positions[c], answer) < s.distinct_distance) or (
            found.indices[c] >= 0 and tried_before(s, k, found)
        ):
            continue
        adjust_candidate(s, c, now, w, scratch, found)
        clip(scratch.lower, scratch.upper, scratch.q)
        free = problem.free_steps if best == np.inf else problem.free_steps - 1
        position, angle = refine(
            problem, goal, scratch.lower, scratch.upper, scratch.q, free, problem.max_steps, w
        )
        if not solved(s, position, angle):
            if best == np.inf and position + scale * angle < smallest:
                smallest = position + scale * angle
                for i in range(answer.shape[0]):
                    answer[i] = scratch.q[i]
            continue
        unwrap_towards(joints, scratch.q, now)
        change = displacement(joints, scratch.q, now)
        if change < best:
            for i in range(answer.shape[0]):
                answer[i] = scratch.q[i]
            best = change
            if answer.shape[0] > w.error.shape[0]:
                best = slide_in_null_space(s, goal, now, answer, change, w, scratch)
    return best


@kernel
def search_table(s: Search, goal: Array, answer: Array, w: Workspace, scratch: Scratch) -> bool:
    """Write the solution (n,) for a goal (12,) that the best conditioned posture in the table leads to.

    Returns:
        Whether there is one; its error is in the workspace.
    """
    problem, joints = s.problem, s.problem.joints
    cell, azimuth = locate(problem, s.table, goal, scratch.other)
    if cell < 0:
        return False
    for row in range(s.table.cell_starts[cell], s.table.cell_starts[cell + 1]):
        if not predict(problem, s.table, row, scratch.other, azimuth, joints[MIDDLE], answer):
            continue
        position, angle = refine(
            problem, goal, joints[LOWER], joints[UPPER], answer, problem.free_steps, problem.max_steps, w
        )
        if solved(s, position, angle):
            return True
    return False


@inlined
def search_without_state(
    s: Search, goal: Array, reference: Array, answer: Array, w: Workspace, scratch: Scratch, found: Candidates
) -> int:
    """Write the solution (n,) for a goal (12,) from the anchors nearest to it; its origin."""
    problem, joints = s.problem, s.problem.joints
    copy_limits(joints, scratch.lower, scratch.upper)
    # Mostly the nearest anchor converges without adjustment, much quicker than many.
    for attempt in range(2):
        count = look_up_anchors(s, goal, reference, 1 if attempt == 0 else s.n_candidates, scratch, found)
        for c in range(count):
            if attempt == 0:
                for i in range(answer.shape[0]):
                    scratch.q[i] = found.positions[c, i]
            else:
                adjust_candidate(s, c, reference, w, scratch, found)
            free, steps = problem.free_steps, problem.max_steps
            position, angle = refine(problem, goal, scratch.lower, scratch.upper, scratch.q, free, steps, w)
            if solved(s, position, angle):
                for i in range(answer.shape[0]):
                    answer[i] = scratch.q[i]
                unwrap_towards(joints, answer, reference)
                return NEIGHBOUR
    return FAILED
