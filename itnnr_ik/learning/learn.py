"""Inverse kinematics from a recording alone: no URDF, no length, no forward function (paper, section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from itnnr_ik.learning.forward import HarmonicFit, choose_order, fit_harmonics
from itnnr_ik.learning.measuring import ReferenceForward, fit_reference, measure
from itnnr_ik.learning.preparing import Prepared, prepare
from itnnr_ik.learning.report import describe
from itnnr_ik.learning.series import Array
from itnnr_ik.recording.records import BagError
from itnnr_ik.recording.replacing import new_folder
from itnnr_ik.robot import LearnedArm
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.solver.training import train_twin
from itnnr_ik.task import Task

__all__ = ["Learned", "learn", "prepare"]

#: Joint limits are these quantiles of the recorded joint positions.
_LIMIT_QUANTILES = (0.001, 0.999)
#: A posture is covered if it is as near to the training data as this share of the held-out postures, times a
#: margin.
_COVERED_SHARE, _MARGIN = 0.99, 2.0


@dataclass(frozen=True)
class Learned:
    """A model learned from a recording, with a report on it.

    Attributes:
        solver: The model.
        prepared: The data it was learned from.
        report: In JSON types, as in the model's metadata.
    """

    solver: IKSolver
    prepared: Prepared
    report: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write a model folder for `IKSolver.load`, which appears only when it is complete."""
        with new_folder(folder) as written:
            self.solver.save(written)


def learn(
    prepared: Prepared,
    *,
    seed: int = 0,
    steps: int = 20_000,
    progress: bool = False,
    name: str = "learned",
    truth: ReferenceForward | None = None,
    against: Mapping[str, IKSolver] | None = None,
) -> Learned:
    """Learn a forward function and from it a twin network, and measure both on held-out data.

    Args:
        prepared: See `prepare`.
        seed: Seed of the twin's training.
        steps: Number of training steps of the twin.
        progress: Show a progress bar.
        name: Name of the arm.
        truth: The true forward kinematics, if known: a second reference for the errors.
        against: Other solvers for the same joints and frame, measured for comparison.

    Raises:
        BagError: There are too few postures, or another solver is for another arm.
    """
    others = dict(against or {})
    _check_others(prepared, others)
    fit = _fit(prepared)
    pairs = prepared.pairs
    inliers = pairs.positions[pairs.training][fit.inliers]
    arm = _arm(prepared, fit, inliers, name)
    coverage = Coverage.of_recording(inliers, pairs.positions[pairs.held_out], _COVERED_SHARE, _MARGIN)

    def sample(count: int, rng: np.random.Generator) -> Array:
        return np.clip(coverage.sample(count, rng), arm.lower, arm.upper)

    task = Task.of_learned(arm)
    twin, metadata = train_twin(arm, task, seed=seed, steps=steps, progress=progress, sample=sample)
    report = describe(prepared, fit, arm, coverage, seed)
    solver = IKSolver(arm, task, twin, metadata={**metadata, "learned": report}, coverage=coverage)
    report["tip_error"] = _tip_errors(prepared, fit, {"learned": solver, **others}, truth)
    return Learned(solver, prepared, report)


def _tip_errors(
    prepared: Prepared, fit: HarmonicFit, solvers: Mapping[str, IKSolver], truth: ReferenceForward | None
) -> dict[str, Any]:
    """Errors of the tip, see `measure`, by each reference that is known."""
    references = {"held_out_poses": fit_reference(prepared, fit), "truth": truth}
    return {
        by: measure(prepared, fit, solvers, reference)
        for by, reference in references.items()
        if reference is not None
    }


def _check_others(prepared: Prepared, others: Mapping[str, IKSolver]) -> None:
    """Raise BagError if another solver has other numbers of joints or coordinates, or another order."""
    joints = prepared.recording.joint_names
    n, m = prepared.pairs.positions.shape[1], prepared.pairs.tips.shape[1]
    for label, other in others.items():
        if (other.arm.n_joints, other.task.n_coordinates) != (n, m):
            raise BagError(
                f"{label} has {other.arm.n_joints} joints and {other.task.n_coordinates} target coordinates, "
                f"the recording {n} and {m}"
            )
        names = other.arm.joint_names
        if names != joints and set(names) == set(joints):
            raise BagError(
                f"{label} has the joints {', '.join(names)}, the recording the same in the order "
                f"{', '.join(joints)}"
            )


def _fit(prepared: Prepared) -> HarmonicFit:
    """The forward function, fitted to the training data."""
    pairs = prepared.pairs
    postures, tips = pairs.positions[pairs.training], pairs.tips[pairs.training]
    try:
        order = choose_order(postures, tips, pairs.block[pairs.training])
        return fit_harmonics(postures, tips, order)
    except ValueError as error:
        raise BagError(f"the recording is too short: {error}") from None


def _arm(prepared: Prepared, fit: HarmonicFit, postures: Array, name: str) -> LearnedArm:
    """The arm of a forward function, with the limits of the recorded ``postures`` (p, n)."""
    lower, upper = np.quantile(postures, _LIMIT_QUANTILES, axis=0)
    return LearnedArm(
        name=name,
        joint_names=prepared.recording.joint_names,
        lower=lower,
        upper=upper,
        base_link=prepared.recording.frame or "base_link",
        coefficients=fit.coefficients,
        plane_height=prepared.plane or 0.0,
    )
