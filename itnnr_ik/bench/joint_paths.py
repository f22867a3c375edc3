"""Smooth joint paths: their targets can be followed without a jump by construction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.robot import ForwardModel

Array = NDArray[np.float64]


def smooth_path(arm: ForwardModel, seed: int, count: int = 500, swing: float = 0.95) -> Array:
    """Joint positions (count, n): three sines a joint, over a share of its range (continuous joints: ±π)."""
    rng, n = np.random.default_rng(seed), arm.n_joints
    lower = np.where(np.isfinite(arm.lower), arm.lower, -np.pi)
    upper = np.where(np.isfinite(arm.upper), arm.upper, np.pi)
    time = np.linspace(0.0, 1.0, count)[:, None, None]
    frequency, phase = rng.uniform(0.5, 2.0, (1, n, 3)), rng.uniform(0.0, 2.0 * np.pi, (1, n, 3))
    sines = (rng.uniform(0.3, 1.0, (1, n, 3)) * np.sin(2.0 * np.pi * frequency * time + phase)).sum(axis=2)
    low, high = sines.min(axis=0), sines.max(axis=0)
    share = 2.0 * (sines - low) / (high - low) - 1.0
    path: Array = 0.5 * (lower + upper) + 0.5 * swing * (upper - lower) * share
    return path


def largest_step(path: Array) -> float:
    """Largest displacement of a joint [rad, m] from one posture of a path (m, n) to the next."""
    return float(np.abs(np.diff(path, axis=0)).max(initial=0.0))
