"""Detects from measured positions whether a tip moves in a plane or in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.learning.cleaning import MAD_TO_STD
from itnnr_ik.recording.records import BagError

Array = NDArray[np.float64]

#: A coordinate is constant if its standard deviation is at most this multiple of its noise, or this [m].
_NOISE_FACTOR, _MIN_DEVIATION = 1.5, 1e-4
#: The standard deviation is the distance of these quantiles over that of a standard normal distribution.
_QUANTILES, _QUANTILE_RANGE = (0.05, 0.95), 3.29
#: Iterations of the robust plane fit, its outliers in standard deviations, and the share of inliers required.
_N_ITERATIONS, _OUTLIER_FACTOR, _MIN_INLIER_SHARE = 5, 4.0, 0.8
#: A plane is level if its normal is within this angle [rad] of z, because measured frames are never exact.
_MAX_TILT = np.radians(1.0)


def level_plane(tips: Array, noise: Array, frame: str) -> float | None:
    """Height z [m] of the level plane that tips (p, 3) [m] with ``noise`` (3,) [m] are in; None in space.

    Raises:
        BagError: They are in a plane that is not level, whose third coordinate would be learned from noise.
    """
    vertical = np.array([0.0, 0.0, 1.0])
    height = float(np.median(tips[:, 2]))
    if _is_flat(tips, np.abs(tips[:, 2] - height), vertical, noise):
        return height
    distances, normal = np.zeros(len(tips)), vertical
    for _ in range(_N_ITERATIONS):
        inliers = _inliers_of(distances)
        centroid = tips[inliers].mean(axis=0)
        normal = np.linalg.svd(tips[inliers] - centroid, full_matrices=False)[2][-1]
        distances = np.abs((tips - centroid) @ normal)
    if not _is_flat(tips, distances, normal, noise):
        return None
    tilt = np.arccos(min(1.0, abs(float(normal[2]))))
    if tilt <= _MAX_TILT:
        return height
    direction = ", ".join(f"{value:.3f}" for value in normal * np.sign(normal[np.argmax(np.abs(normal))]))
    raise BagError(
        f"the tip stays in a plane that is not level: its normal is ({direction}) in the frame {frame!r}, "
        f"{np.degrees(tilt):.1f}° off z; expected poses in space, or in a frame whose z axis is that normal"
    )


def _is_flat(tips: Array, distances: Array, normal: Array, noise: Array) -> bool:
    """Whether most tips (p, 3), ``distances`` (p,) from a plane, vary along its normal (3,) only by noise."""
    inliers = _inliers_of(distances)
    deviation = np.ptp(np.quantile(tips[inliers] @ normal, _QUANTILES)) / _QUANTILE_RANGE
    bound = max(_NOISE_FACTOR * float(np.linalg.norm(normal * noise)), _MIN_DEVIATION)
    return bool(inliers.mean() >= _MIN_INLIER_SHARE and deviation <= bound)


def _inliers_of(distances: Array) -> NDArray[np.bool_]:
    """Which distances (p,) from a plane are no outliers."""
    return np.asarray(distances <= _OUTLIER_FACTOR * MAD_TO_STD * np.median(distances))
