"""Inverse kinematics from a recording alone: no URDF, no length, no forward function (paper, section 4.2)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.learning.cleaning import MAD, moving, noise_of, time_blocks
from itnnr_ik.learning.forward import HarmonicFit, choose_order, fit_harmonics
from itnnr_ik.learning.matching import (
    ClockOffset,
    Recording,
    estimate_offset,
    interpolated,
    read_recording,
)
from itnnr_ik.learning.plane import level_plane
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError
from itnnr_ik.recording.replacing import new_folder
from itnnr_ik.robot import LearnedArm
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.solver.training import train_twin
from itnnr_ik.task import Task

Array = NDArray[np.float64]
#: Where the tip is: joint positions (p, n) [rad] to (p, m) [m].
Judge = Callable[[Array], Array]

#: What a solver is compared with.
NEAREST = "nearest recorded"
#: Limits are these quantiles of the recorded joint positions.
_LIMITS = (0.001, 0.999)
#: A posture is covered within so many times the distance of this share of the held-out postures.
_COVERED, _MARGIN = 0.99, 2.0
#: Held-out postures that are solved for when the model is measured, at most.
_MEASURED = 2000
#: The model explains a recording if the residual is at most this many times the noise, or this share of the
#: reach: without noise, joint positions between two joint states are not that certain.
_EXPLAINED, _FINE = 1.1, 1e-4
#: Gaps: postures that are looked at, cells along the reach, and how many are told.
_GAP_SAMPLES, _GAP_CELLS, _GAPS = 20_000, 10, 5
#: The task's characteristic length as a share of the reach.
_LENGTH_SHARE = 0.3


@dataclass(frozen=True)
class Pairs:
    """Postures with measured tips, cleaned: one row for each pose that is used.

    Attributes:
        times: (p,) in [s], on the joint states' clock.
        positions: (p, n) in [rad].
        tips: (p, m) in [m].
        block: Number of the block of time (p,).
        training, held_out: Which rows (p,) are learned from, and which measured on.
    """

    times: Array
    positions: Array
    tips: Array
    block: NDArray[np.intp]
    training: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Prepared:
    """A recording that can be learned from.

    Attributes:
        recording: As it was read.
        offset: Between its clocks.
        pairs: Postures and tips.
        joint_noise, pose_noise: Standard deviations (n,) [rad] and (m,) [m] from sample to sample.
        unmatched, standstill: Poses that were left out.
        plane: Height [m] of the plane that the tip stays in; None for an arm in space.
        notes: What the reader of a report should know, a sentence each.
    """

    recording: Recording
    offset: ClockOffset
    pairs: Pairs
    joint_noise: Array
    pose_noise: Array
    unmatched: int
    standstill: int
    plane: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Learned:
    """A model from a recording, and what was found out on the way.

    Attributes:
        solver: The model.
        prepared: What it was learned from.
        report: As JSON types; also in the model's metadata.
    """

    solver: IKSolver
    prepared: Prepared
    report: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write a model folder for `IKSolver.load`, whole or not at all."""
        with new_folder(folder) as written:
            self.solver.save(written)


def prepare(
    bag: Bag,
    *,
    selection: Selection | None = None,
    max_offset: float = 0.5,
    seed: int = 0,
    warn: Callable[[str], None] = warnings.warn,
) -> Prepared:
    """Pair joint states with poses, leave out standstill, and hold out blocks of time.

    Args:
        bag: An open recording.
        selection: See `read_recording`.
        max_offset: Bound of the offset between the clocks, in [s].
        seed: Of the blocks.
        warn: Called with a sentence on what is unusual.

    Raises:
        BagError: The recording does not hold enough to learn from; the message says what is missing.
    """
    recording = read_recording(bag, selection or Selection(), warn)
    joint_noise, pose_noise = noise_of(recording.joints), noise_of(recording.poses)
    offset = estimate_offset(recording.joints, recording.poses, max_offset)
    times = recording.poses.times - offset.seconds
    positions, matched = interpolated(recording.joints, times)
    kept = matched & moving(recording.joints, times, joint_noise)
    if kept.sum() < 2:
        raise BagError(f"the joints of {', '.join(recording.joint_names)} stand still all the time")
    tips = recording.poses.values[kept]
    plane = level_plane(tips, pose_noise, recording.frame)
    if plane is not None:
        tips = tips[:, :2]
    if positions.shape[1] < tips.shape[1]:
        raise BagError(
            f"expected at least {tips.shape[1]} joints for a tip that moves in {tips.shape[1]} coordinates, "
            f"got {', '.join(recording.joint_names)}: most targets would be out of reach"
        )
    block, training, held_out = time_blocks(times[kept], seed)
    if not training.any() or not held_out.any():
        raise BagError("the recording is too short, or moves too little, to hold a part of it out")
    pairs = Pairs(times[kept], positions[kept], tips, block, training, held_out)
    return Prepared(
        recording,
        offset,
        pairs,
        joint_noise,
        pose_noise[: tips.shape[1]],
        int((~matched).sum()),
        int((matched & ~kept).sum()),
        plane,
    )


def learn(
    prepared: Prepared,
    *,
    seed: int = 0,
    steps: int = 20_000,
    progress: bool = False,
    name: str = "learned",
    truth: Judge | None = None,
    against: Mapping[str, IKSolver] | None = None,
) -> Learned:
    """Learn the forward function and then the twin network from it, and measure them on what was held out.

    Args:
        prepared: See `prepare`.
        seed: Of the twin's training.
        steps: Of the twin's training.
        progress: Show a bar.
        name: Of the arm.
        truth: Where the tip truly is, where that is known: a second judge.
        against: Other solvers for the same joints and frame, measured beside the learned one.

    Raises:
        BagError: There are too few postures, or another solver is for another arm.
    """
    n, m = prepared.pairs.positions.shape[1], prepared.pairs.tips.shape[1]
    for label, other in (against or {}).items():
        if (other.arm.n_joints, other.task.n_coordinates) != (n, m):
            raise BagError(
                f"{label} has {other.arm.n_joints} joints and {other.task.n_coordinates} target coordinates, "
                f"the recording {n} and {m}"
            )
    pairs = prepared.pairs
    postures, tips = pairs.positions[pairs.training], pairs.tips[pairs.training]
    try:
        order = choose_order(postures, tips, pairs.block[pairs.training])
        fit = fit_harmonics(postures, tips, order)
    except ValueError as error:
        raise BagError(f"the recording is too short: {error}") from None
    inliers = postures[fit.inliers]
    low, high = np.quantile(inliers, _LIMITS, axis=0)
    arm = LearnedArm(
        name=name,
        joint_names=prepared.recording.joint_names,
        lower=low,
        upper=high,
        base_link=prepared.recording.frame or "base_link",
        coefficients=fit.coefficients,
        plane_height=prepared.plane or 0.0,
    )
    held_out = pairs.positions[pairs.held_out]
    coverage = Coverage.of_recording(inliers, held_out, _COVERED, _MARGIN)

    def sample(count: int, rng: np.random.Generator) -> Array:
        return np.clip(coverage.sample(count, rng), low, high)

    task = Task("position", planar=m == 2, length=_LENGTH_SHARE * arm.reach)
    twin, metadata = train_twin(arm, task, seed=seed, steps=steps, progress=progress, sample=sample)
    report = {
        "recording": _of_recording(prepared),
        "forward": _of_forward(prepared, fit, arm.reach),
        "coverage": _of_coverage(arm, coverage, seed),
    }
    solver = IKSolver(arm, task, twin, metadata={**metadata, "learned": report}, coverage=coverage)
    judges: dict[str, Judge | None] = {"held_out_poses": judge_of(prepared, fit), "truth": truth}
    solvers = {"learned": solver, **(against or {})}
    report["tip_error"] = {
        by: measure(prepared, fit, solvers, judge) for by, judge in judges.items() if judge is not None
    }
    return Learned(solver, prepared, report)


def judge_of(prepared: Prepared, fit: HarmonicFit) -> HarmonicFit | None:
    """A forward function from the held-out blocks alone, to judge by; None where they are too short."""
    pairs = prepared.pairs
    try:
        return fit_harmonics(pairs.positions[pairs.held_out], pairs.tips[pairs.held_out], fit.order)
    except ValueError:
        return None


def measure(
    prepared: Prepared, fit: HarmonicFit, solvers: Mapping[str, IKSolver], judge: Judge
) -> dict[str, dict[str, float]]:
    """How far from a target the tip ends, for targets at held-out postures.

    Args:
        prepared: The recording.
        fit: Says which recorded poses are no outliers.
        solvers: To be measured, by name.
        judge: Says where the tip is at a posture.

    Returns:
        ``median_m`` and ``p95_m`` [m] for each solver, and for `NEAREST`: taking the recorded posture whose
        measured tip is nearest to the target (kNN lookup).
    """
    pairs = prepared.pairs
    held_out = pairs.positions[pairs.held_out]
    targets = judge(held_out[np.unique(np.linspace(0, len(held_out) - 1, _MEASURED).astype(int))])
    found = {name: solver.solve_batch(targets).positions for name, solver in solvers.items()}
    recorded = cKDTree(pairs.tips[pairs.training][fit.inliers])
    found[NEAREST] = pairs.positions[pairs.training][fit.inliers][recorded.query(targets)[1]]
    result = {}
    for name, positions in found.items():
        errors = np.linalg.norm(judge(positions) - targets, axis=1)
        median, p95 = np.quantile(errors, [0.5, 0.95]).tolist()
        result[name] = {"median_m": median, "p95_m": p95}
    return result


def _of_recording(prepared: Prepared) -> dict[str, Any]:
    recording, pairs = prepared.recording, prepared.pairs
    return {
        "joints": list(recording.joint_names),
        "frame": recording.frame,
        "plane_z_m": prepared.plane,
        "duration_s": float(np.ptp(recording.poses.times)),
        "joint_states": len(recording.joints),
        "poses": len(recording.poses),
        "skipped": dict(recording.skipped),
        "notes": list(prepared.notes),
        "clock": recording.clock,
        "clock_offset_s": prepared.offset.seconds,
        "clock_offset_error_s": prepared.offset.error,
        "poses_unmatched": prepared.unmatched,
        "poses_at_standstill": prepared.standstill,
        "pairs": len(pairs.times),
        "pairs_learned_from": int(pairs.training.sum()),
        "pairs_held_out": int(pairs.held_out.sum()),
        "joint_noise_rad": prepared.joint_noise.tolist(),
        "pose_noise_m": prepared.pose_noise.tolist(),
    }


def _of_forward(prepared: Prepared, fit: HarmonicFit, reach: float) -> dict[str, Any]:
    """How well the harmonics explain what was held out, compared with the noise."""
    pairs = prepared.pairs
    postures, tips = pairs.positions[pairs.held_out], pairs.tips[pairs.held_out]
    residual = float(MAD * np.median(np.abs(fit(postures) - tips)))
    step = 1e-6
    moved = [
        (fit(postures + step * axis) - fit(postures)) / step * noise
        for axis, noise in zip(np.eye(postures.shape[1]), prepared.joint_noise, strict=True)
    ]
    by_joints = np.sqrt(np.mean(np.square(moved)) * len(moved))
    noise = float(np.hypot(np.sqrt(np.mean(np.square(prepared.pose_noise))), by_joints))
    ratio = residual / max(noise, 1e-12)
    return {
        "assumption": "revolute joints and rigid links"
        if fit.order == 1
        else "revolute joints; harmonics of second order, as elastic joints need them",
        "harmonics": fit.order,
        "outliers": int((~fit.inliers).sum()),
        "held_out_residual_m": residual,
        "noise_m": noise,
        "residual_to_noise": ratio,
        "explained": bool(residual <= max(_EXPLAINED * noise, _FINE * reach)),
    }


def _of_coverage(arm: LearnedArm, coverage: Coverage, seed: int) -> dict[str, Any]:
    """Where in the workspace data is missing, as far as the recorded joint limits reach."""
    postures = arm.sample(_GAP_SAMPLES, np.random.default_rng(seed))
    covered, tips = coverage.covers(postures), arm.forward(postures)
    width = arm.reach / _GAP_CELLS
    cells, cell = np.unique(np.floor(tips / width).astype(int), axis=0, return_inverse=True)
    counts = np.bincount(cell.reshape(-1), weights=covered, minlength=len(cells))
    centers = (cells + 0.5) * width
    gaps: list[dict[str, Any]] = []
    missing = counts == 0
    if missing.any() and not missing.all():
        distance = cKDTree(centers[~missing]).query(centers)[0]
        while missing.any() and len(gaps) < _GAPS:
            worst = int(np.argmax(np.where(missing, distance, -1.0)))
            gaps.append({"around_m": centers[worst].tolist(), "radius_m": float(distance[worst])})
            missing &= np.linalg.norm(centers - centers[worst], axis=1) > max(distance[worst], width)
    return {
        "within_rad": coverage.within,
        "postures": len(coverage.postures),
        "joint_range_covered": float(covered.mean()),
        "workspace_covered": float((counts > 0).mean()),
        "cell_m": width,
        "gaps": gaps,
    }
