"""The plain way: nearest of 100 000 known postures, then damped least squares, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from itnnr_ik.arms import Arm

Array = NDArray[np.float64]

_POSTURES = 100_000
_DAMPING = 1e-6  # [m²]
_MAX_STEPS = 20


class NearestLeastSquares:
    """KD-tree of tips and damped least squares from the nearest posture, one target or many.

    Args:
        arm: The arm.
        tolerance: Residual [m] at which the steps stop.
        seed: Of the postures.
    """

    name = "KD-tree + least squares"

    def __init__(self, arm: Arm, tolerance: float, seed: int) -> None:
        self._arm = arm
        self._tolerance = tolerance
        self._postures = arm.sample(_POSTURES, np.random.default_rng(seed))
        self._tree = cKDTree(arm.forward(self._postures))
        self._damping = _DAMPING * np.eye(arm.n_coordinates)

    def solve(self, target: Array, start: Array) -> Array:
        """Joint positions (n,) for a target (m,); ``start`` plays no part."""
        arm = self._arm
        positions: Array = self._postures[self._tree.query(target)[1]]
        for _ in range(_MAX_STEPS):
            tip, rows = arm.tip(list(positions), np)
            error = target - tip
            if error @ error <= self._tolerance**2:
                break
            jacobian: Array = np.array(rows)
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + self._damping, error)
            positions = np.minimum(np.maximum(positions + step, arm.lower), arm.upper)
        return positions

    def solve_batch(self, targets: Array) -> Array:
        """Joint positions (b, n) for targets (b, m)."""
        arm = self._arm
        positions: Array = self._postures[self._tree.query(targets)[1]]
        active = np.arange(len(targets))
        for _ in range(_MAX_STEPS):
            error = targets[active] - arm.forward(positions[active])
            going = np.einsum("ij,ij->i", error, error) > self._tolerance**2
            active, error = active[going], error[going]
            if not len(active):
                break
            jacobian = arm.jacobian(positions[active])
            transposed = jacobian.transpose(0, 2, 1)
            weights = np.linalg.solve(jacobian @ transposed + self._damping, error[..., None])
            step = (transposed @ weights)[..., 0]
            positions[active] = np.clip(positions[active] + step, arm.lower, arm.upper)
        return positions
