"""Detects answers on another branch than the state before, and singular configurations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.answers import Answers
from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.recording.pairing import Array
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.reachable import task_error, task_jacobian

Mask = NDArray[np.bool_]

#: A configuration is singular if the smallest singular value of the task's Jacobian (radians times the task's
#: length) is below this share of the largest one, as for a stretched arm.
SINGULAR_RATIO = 0.02
#: Random configurations by which the usual rank of the Jacobian is found.
_RANK_SAMPLES = 256
#: An answer is on another branch where a joint moved by more than this [rad] …
BRANCH_STEP = 0.1
#: … and by more than this multiple of the motion along the Jacobian straight to the target …
BRANCH_RATIO = 2.0
#: … in this number of steps, none longer than this [rad]; relative singular values below this count as zero.
_N_STEPS, _MAX_STEP, _PINV_CUTOFF = 50, 0.1, 1e-9


def singular(solver: IKSolver, positions: Array) -> Mask:
    """Whether (b,) joint positions (b, n) are singular or nearly so.

    Directions of the task that the arm lacks in most configurations do not count.
    """
    known = np.isfinite(positions).all(axis=1)
    result = np.zeros(len(positions), dtype=bool)
    ratios = _relative_singular_values(solver, solver.arm.sample(_RANK_SAMPLES, np.random.default_rng(0)))
    rank = int((np.median(ratios, axis=0) >= SINGULAR_RATIO).sum())
    result[known] = _relative_singular_values(solver, positions[known])[:, rank - 1] < SINGULAR_RATIO
    return result


def _relative_singular_values(solver: IKSolver, positions: Array) -> Array:
    """Singular values of the task's Jacobian at joint positions (b, n), relative to the largest."""
    jacobian = solver.jacobian(positions)
    jacobian[:, 3:] *= solver.task.length
    values = np.linalg.svd(jacobian, compute_uv=False)
    ratios: Array = values / values[:, :1]
    return ratios


def changes_branch(solver: IKSolver, replay: Replay, answers: Answers) -> Mask:
    """Whether (b,) each answer is on another branch than the state from which it was solved."""
    moved = np.abs(answers.positions - answers.current).max(axis=1)
    far = np.flatnonzero(moved > BRANCH_STEP)
    result = np.zeros(len(replay), dtype=bool)
    current = answers.current[far]
    followed = _follow_jacobian(solver, current, replay.targets[far])
    needed = np.abs(followed - current).max(axis=1, initial=0.0)
    result[far] = moved[far] > BRANCH_RATIO * needed
    return result


def _follow_jacobian(solver: IKSolver, positions: Array, targets: Array) -> Array:
    """Joint positions (b, n) after moving the tool straight to targets (b, k), without joint limits."""
    for left in range(_N_STEPS, 0, -1):
        task_step = task_error(solver, positions, targets) / left
        inverse = np.linalg.pinv(task_jacobian(solver, positions), rcond=_PINV_CUTOFF)
        step = (inverse @ task_step[..., None])[..., 0]
        length = np.abs(step).max(axis=1, keepdims=True, initial=0.0)
        positions = positions + step * np.minimum(1.0, _MAX_STEP / np.maximum(length, 1e-12))
    return positions
