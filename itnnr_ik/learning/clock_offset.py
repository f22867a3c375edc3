"""Estimates the offset between the clocks of measured poses and joint states without known kinematics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from itnnr_ik.learning.series import Array, Series, interpolated
from itnnr_ik.recording.records import BagError
from itnnr_ik.robot import harmonic

_MAX_SEARCH_POSES = 3000  # poses in the search on a grid
_SEARCH_STEP = 0.02  # [s] of that grid
#: Work of one trial of the refinement: number of poses times squared number of harmonics.
_REFINEMENT_WORK = 3e7
#: Poses with residuals beyond this multiple of the median are left out of the refinement.
_OUTLIER_FACTOR = 5.0


@dataclass(frozen=True)
class ClockOffset:
    """How far the poses' clock is ahead of that of the joint states [s], and its standard error [s]."""

    seconds: float
    error: float


def estimate_offset(joints: Series, poses: Series, limit: float) -> ClockOffset:
    """The offset within ± ``limit`` [s] for which the poses are best explained as a function of the joints.

    The function is a linear combination of harmonics (see `itnnr_ik.robot.harmonic`), fitted for every offset
    that is tried.

    Raises:
        BagError: Joints and poses do not overlap in time, or the best offset is at the limit.
    """
    coarse = _Trial.of(joints, poses, _MAX_SEARCH_POSES)
    steps = max(2, math.ceil(limit / _SEARCH_STEP))
    offsets = np.linspace(-limit, limit, 2 * steps + 1)
    medians = [float(np.nanmedian(coarse.residuals(offset))) for offset in offsets]
    best = int(np.argmin(medians))
    if best in (0, len(offsets) - 1):
        raise BagError(
            f"the clocks of poses and joint states differ by {abs(offsets[best]):.2g} s or more, "
            f"expected less than --max-offset {limit:g} s"
        )
    count = int(_REFINEMENT_WORK / harmonic.n_features(joints.values.shape[1], 1) ** 2)
    fine = _Trial.of(joints, poses, max(count, _MAX_SEARCH_POSES))
    fine = fine._replace(inliers=fine.residuals(offsets[best]) <= _OUTLIER_FACTOR * medians[best])
    return _refine(fine, (offsets[best - 1], offsets[best + 1]))


class _Trial(NamedTuple):
    """Joint states and a subset of the poses, for which offsets are tried.

    Attributes:
        joints: Joint positions on their clock.
        times, tips: Times of the poses (k,) [s] on their clock, and positions (k, m) [m].
        inliers: Which poses (k,) are used.
    """

    joints: Series
    times: Array
    tips: Array
    inliers: NDArray[np.bool_]

    @classmethod
    def of(cls, joints: Series, poses: Series, count: int) -> _Trial:
        """A trial with at most ``count`` poses, evenly chosen."""
        chosen = np.unique(np.linspace(0, len(poses) - 1, count).astype(int))
        return cls(joints, poses.times[chosen], poses.values[chosen], np.ones(len(chosen), dtype=bool))

    def residuals(self, offset: float) -> Array:
        """Distances (k,) [m] of the poses from the fitted function; NaN for outliers and in gaps."""
        positions, valid = interpolated(self.joints, self.times - offset)
        rows = valid & self.inliers
        products = harmonic.features(positions[rows], 1)
        if len(products) < 2 * products.shape[1]:
            raise BagError(
                f"{len(products)} poses were recorded while joint states were: too few to learn from, "
                f"expected at least {2 * products.shape[1]}"
            )
        gram = products.T @ products
        weights = np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ (products.T @ self.tips[rows])
        distances: Array = np.full(len(self.times), np.nan)
        distances[rows] = np.linalg.norm(self.tips[rows] - products @ weights, axis=1)
        return distances


def _refine(trial: _Trial, bounds: tuple[float, float]) -> ClockOffset:
    """The offset within bounds [s] of least mean square; its standard error by the curvature there."""

    def loss(offset: float) -> float:
        return float(np.nanmean(trial.residuals(offset) ** 2))

    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3 * np.ptp(bounds)})
    offset, step = float(found.x), _SEARCH_STEP / 2
    curvature = (loss(offset + step) + loss(offset - step) - 2.0 * found.fun) / step**2
    n_coordinates = trial.tips.shape[1]
    error = np.sqrt(2.0 * found.fun / n_coordinates / max(curvature, 1e-30) / int(trial.inliers.sum()))
    return ClockOffset(offset, float(error))
