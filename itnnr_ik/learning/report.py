"""What was found out in learning, as JSON types."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from itnnr_ik.learning.cleaning import MAD
from itnnr_ik.learning.forward import HarmonicFit
from itnnr_ik.learning.preparing import Prepared
from itnnr_ik.robot import LearnedArm
from itnnr_ik.solver.coverage import Coverage

#: The model explains a recording if the residual is at most this many times the noise, or this share of the
#: reach: without noise, joint positions between two joint states are not that certain.
_EXPLAINED, _FINE = 1.1, 1e-4
#: Gaps: postures that are looked at, cells along the reach, and how many are told.
_GAP_SAMPLES, _GAP_CELLS, _GAPS = 20_000, 10, 5


def describe(
    prepared: Prepared, fit: HarmonicFit, arm: LearnedArm, coverage: Coverage, seed: int
) -> dict[str, Any]:
    """What the recording holds, how well the fit explains it, and where it tells nothing.

    Args:
        prepared: The recording.
        fit: The forward function.
        arm: The arm with that function.
        coverage: Postures that it is known for.
        seed: Of the postures by which gaps are looked for.
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
