"""Which answers are on another branch than the state before, and which postures are singular."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.answers import Answers
from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.recording.pairing import Array
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.reachable import missing, missing_rate

Mask = NDArray[np.bool_]

#: A posture is singular, as that of a stretched arm, where the least singular value of the task's Jacobian
#: (radians times the task's length) is below this share of its largest: a residual moves the joints that
#: much farther than elsewhere.
SINGULAR = 0.02
#: Postures that tell how many directions of the task the arm has.
_SAMPLES = 256
#: An answer is on another branch where a joint went farther than this [rad] …
BRANCH_STEP = 0.1
#: … and this many times as far as when it follows the Jacobian straight to the target …
BRANCH_RATIO = 2.0
#: … in so many steps, none longer than this [rad]; singular values below this share of the largest are zero.
_STEPS, _LONGEST_STEP, _CUTOFF = 50, 0.1, 1e-9


def singular(solver: IKSolver, positions: Array) -> Mask:
    """Whether (b,) the posture is singular, or nearly so, at joint positions (b, n).

    An arm that lacks a direction of the task in most postures is not singular for that.
    """
    known = np.isfinite(positions).all(axis=1)
    result = np.zeros(len(positions), dtype=bool)
    shares = _shares(solver, solver.arm.sample(_SAMPLES, np.random.default_rng(0)))
    rank = int((np.median(shares, axis=0) >= SINGULAR).sum())
    result[known] = _shares(solver, positions[known])[:, rank - 1] < SINGULAR
    return result


def _shares(solver: IKSolver, positions: Array) -> Array:
    """Singular values of the task's Jacobian at joint positions (b, n) as shares of the largest."""
    jacobian = solver.jacobian(positions)
    jacobian[:, 3:] *= solver.task.length
    values = np.linalg.svd(jacobian, compute_uv=False)
    shares: Array = values / values[:, :1]
    return shares


def changes_branch(solver: IKSolver, replay: Replay, answers: Answers) -> Mask:
    """Whether (b,) an answer is on another branch than the state that it was solved from."""
    moved = np.abs(answers.positions - answers.current).max(axis=1)
    far = np.flatnonzero(moved > BRANCH_STEP)
    result = np.zeros(len(replay), dtype=bool)
    current = answers.current[far]
    needed = np.abs(_follow(solver, current, replay.targets[far]) - current).max(axis=1, initial=0.0)
    result[far] = moved[far] > BRANCH_RATIO * needed
    return result


def _follow(solver: IKSolver, positions: Array, targets: Array) -> Array:
    """Joint positions (b, n) after moving the tool straight to targets (b, k), limits aside."""
    for left in range(_STEPS, 0, -1):
        share = missing(solver, positions, targets) / left
        inverse = np.linalg.pinv(missing_rate(solver, positions), rcond=_CUTOFF)
        step = (inverse @ share[..., None])[..., 0]
        length = np.abs(step).max(axis=1, keepdims=True, initial=0.0)
        positions = positions + step * np.minimum(1.0, _LONGEST_STEP / np.maximum(length, 1e-12))
    return positions
