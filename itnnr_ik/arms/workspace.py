"""Which targets an arm can reach, found without the solver under test."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from itnnr_ik.arms import Arm

_SAMPLES = 20_000
_STARTS = 8
_STEPS = 60
_DAMPING = 1e-6


def find_reachable(arm: Arm, targets: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether joint positions within the limits were found for each of ``targets`` (b, m) [m]: (b,).

    Damped Gauss–Newton, cut to the limits, from the nearest of many random postures. A target that it
    reaches to within ``tolerance`` [m] is reachable for certain; one that it misses, most likely not.
    """
    if not len(targets):
        return np.zeros(0, dtype=bool)
    postures = arm.sample(_SAMPLES, np.random.default_rng(0))
    _, nearest = KDTree(arm.forward(postures)).query(targets, k=_STARTS)
    positions = postures[nearest]  # (b, starts, n)
    goals = targets[:, None, :]
    for _ in range(_STEPS):
        jacobian = arm.jacobian(positions)
        transposed = jacobian.swapaxes(-1, -2)
        normal = jacobian @ transposed + _DAMPING * np.eye(arm.n_coordinates)
        error = (goals - arm.forward(positions))[..., None]
        positions = positions + (transposed @ np.linalg.solve(normal, error))[..., 0]
        positions = np.clip(positions, arm.lower, arm.upper)
    distances = np.linalg.norm(goals - arm.forward(positions), axis=-1)
    reachable: np.ndarray = (distances <= tolerance).any(axis=1)
    return reachable


def far_apart(points: np.ndarray, count: int) -> list[int]:
    """Indices of at most ``count`` of the points (p, m), each far from those before it."""
    if not len(points):
        return []
    chosen = [0]
    distances = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < count and distances.max() > 0.0:
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen
