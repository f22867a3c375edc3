"""How far the clock of measured poses is ahead of that of the joint states, without known kinematics."""

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

#: Poses that the offset is searched with, and the work (poses times squared harmonics) of a trial when it is
#: refined; the step [s] of the search; residuals beyond so many medians are left out.
_POSES, _WORK, _STEP, _OUTLYING = 3000, 3e7, 0.02, 5.0


@dataclass(frozen=True)
class ClockOffset:
    """How far the poses' clock is ahead of the joint states' in [s], and the standard error of that."""

    seconds: float
    error: float


def estimate_offset(joints: Series, poses: Series, limit: float) -> ClockOffset:
    """The offset that makes the poses the best function of the joints, within ± ``limit`` [s].

    The function is the harmonics' linear combination (see `itnnr_ik.robot.harmonic`), fitted anew for every
    offset that is tried: no kinematics need be known.

    Raises:
        BagError: The two do not overlap in time, or the best offset is at the limit.
    """
    coarse = _Trial.of(joints, poses, _POSES)
    steps = max(2, math.ceil(limit / _STEP))
    tried = np.linspace(-limit, limit, 2 * steps + 1)
    medians = [float(np.nanmedian(coarse.residuals(offset))) for offset in tried]
    best = int(np.argmin(medians))
    if best in (0, len(tried) - 1):
        raise BagError(
            f"the clocks of poses and joint states differ by {abs(tried[best]):.2g} s or more, "
            f"expected less than --max-offset {limit:g} s"
        )
    count = int(_WORK / harmonic.n_features(joints.values.shape[1], 1) ** 2)
    fine = _Trial.of(joints, poses, max(count, _POSES))
    fine = fine._replace(kept=fine.residuals(tried[best]) <= _OUTLYING * medians[best])
    return _refined(fine, (tried[best - 1], tried[best + 1]))


class _Trial(NamedTuple):
    """Joint states and some poses.

    Attributes:
        joints: Joint positions by their clock.
        times, tips: Of the poses (k,) [s] by theirs, and (k, m) [m].
        kept: Which of them (k,) have a say.
    """

    joints: Series
    times: Array
    tips: Array
    kept: NDArray[np.bool_]

    @classmethod
    def of(cls, joints: Series, poses: Series, count: int) -> _Trial:
        """With at most ``count`` poses, evenly over all of them."""
        chosen = np.unique(np.linspace(0, len(poses) - 1, count).astype(int))
        return cls(joints, poses.times[chosen], poses.values[chosen], np.ones(len(chosen), dtype=bool))

    def residuals(self, offset: float) -> Array:
        """Distances (k,) [m] from the best function; not a number without joint states or a say."""
        positions, valid = interpolated(self.joints, self.times - offset)
        rows = valid & self.kept
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


def _refined(trial: _Trial, bounds: tuple[float, float]) -> ClockOffset:
    """The offset within bounds [s] that leaves the least; its error by how much more others leave."""

    def loss(offset: float) -> float:
        return float(np.nanmean(trial.residuals(offset) ** 2))

    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3 * np.ptp(bounds)})
    offset, step = float(found.x), _STEP / 2
    curvature = (loss(offset + step) + loss(offset - step) - 2.0 * found.fun) / step**2
    n_coordinates = trial.tips.shape[1]
    error = np.sqrt(2.0 * found.fun / n_coordinates / max(curvature, 1e-30) / int(trial.kept.sum()))
    return ClockOffset(offset, float(error))
