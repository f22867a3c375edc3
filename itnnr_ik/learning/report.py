"""The report on a learned model, in JSON types."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from itnnr_ik.learning.cleaning import MAD_TO_STD
from itnnr_ik.learning.forward import HarmonicFit
from itnnr_ik.learning.preparing import Prepared
from itnnr_ik.robot import LearnedArm
from itnnr_ik.solver.coverage import Coverage

#: The model explains a recording if the residual is at most this multiple of the noise, or this share of the
#: reach, which is about the error of interpolated joint positions.
_MAX_NOISE_RATIO, _MAX_REACH_RATIO = 1.1, 1e-4
#: It explains nothing if the residual is more than this share of the spread of the tips, whatever the noise.
_MAX_SPREAD_RATIO = 0.5
#: Gaps in the workspace: random postures, cells along the reach, and largest number that is reported.
_GAP_SAMPLES, _GAP_CELLS, _MAX_GAPS = 20_000, 10, 5


def describe(
    prepared: Prepared, fit: HarmonicFit, arm: LearnedArm, coverage: Coverage, seed: int
) -> dict[str, Any]:
    """Contents of the recording, quality of the fit, and gaps in the coverage of the workspace.

    Args:
        prepared: The recording.
        fit: The forward function.
        arm: The arm with that function.
        coverage: The postures for which the function is known.
        seed: Seed of the postures by which gaps are found.
    """
    return {
        "recording": _of_recording(prepared),
        "forward": _of_forward(prepared, fit, arm.reach),
        "coverage": _of_coverage(arm, coverage, seed),
    }


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
    """Residual of the harmonics on held-out data, compared with the noise."""
    pairs = prepared.pairs
    postures, tips = pairs.positions[pairs.held_out], pairs.tips[pairs.held_out]
    residual = float(MAD_TO_STD * np.median(np.abs(fit(postures) - tips)))
    step = 1e-6
    tip_noises = [
        (fit(postures + step * axis) - fit(postures)) / step * noise
        for axis, noise in zip(np.eye(postures.shape[1]), prepared.joint_noise, strict=True)
    ]
    joint_part = np.sqrt(np.mean(np.square(tip_noises)) * len(tip_noises))
    noise = float(np.hypot(np.sqrt(np.mean(np.square(prepared.pose_noise))), joint_part))
    ratio = residual / max(noise, 1e-12)
    bound = min(
        max(_MAX_NOISE_RATIO * noise, _MAX_REACH_RATIO * reach),
        _MAX_SPREAD_RATIO * float(np.sqrt(np.mean(tips.var(axis=0)))),
    )
    return {
        "assumption": "revolute joints and rigid links"
        if fit.order == 1
        else "revolute joints; harmonics of second order, as elastic joints need them",
        "harmonics": fit.order,
        "outliers": int((~fit.inliers).sum()),
        "held_out_residual_m": residual,
        "noise_m": noise,
        "residual_to_noise": ratio,
        "explained": bool(residual <= bound),
    }


def _of_coverage(arm: LearnedArm, coverage: Coverage, seed: int) -> dict[str, Any]:
    """Coverage of, and gaps in, the workspace within the recorded joint limits."""
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
        while missing.any() and len(gaps) < _MAX_GAPS:
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
