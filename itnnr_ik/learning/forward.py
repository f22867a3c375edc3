"""Robust fit of an arm's forward function to recorded postures and tip positions (paper, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.learning.cleaning import MAD_TO_STD
from itnnr_ik.robot import harmonic

Array = NDArray[np.float64]

#: Cutoff of Tukey's biweight: residuals beyond this many standard deviations have weight zero.
_TUKEY_CUTOFF = 4.685
_MAX_ITERATIONS = 30
#: Eigenvalues of the normal equations below this share of the largest are taken for zero.
_EIGENVALUE_CUTOFF = 1e-10
#: Smallest number of postures for each coefficient.
_MIN_POSTURES = 10
_ORDERS = (1, 2)  # of harmonics that are tried
#: Largest number of products of harmonics for a higher order: with five joints a fit would take half an hour.
_MAX_PRODUCTS = 1000
_N_FOLDS = 4  # of the cross-validation
#: Gain of a higher order that is required, in standard errors.
_MIN_GAIN = 3.0


@dataclass(frozen=True)
class HarmonicFit:
    """A fitted linear combination of harmonics, see `itnnr_ik.robot.harmonic`.

    Attributes:
        coefficients: (m, K, …, K) in [m].
        residual_std: Robust standard deviation of the residuals of one coordinate, in [m].
        inliers: Which of the points (p,) have a weight above zero.
    """

    coefficients: Array
    residual_std: float
    inliers: NDArray[np.bool_]

    @property
    def order(self) -> int:
        """Order of the highest harmonic."""
        return int(self.coefficients.shape[1] // 2)

    def __call__(self, positions: Array) -> Array:
        """Tips (p, m) [m] at joint positions (p, n) [rad]."""
        products = harmonic.features(positions, self.order)
        tips: Array = products @ self.coefficients.reshape(len(self.coefficients), -1).T
        return tips


def fit_harmonics(positions: Array, tips: Array, order: int) -> HarmonicFit:
    """Iteratively reweighted least squares with Tukey's biweight, which gives outliers the weight zero.

    Args:
        positions: (p, n) in [rad].
        tips: (p, m) in [m].
        order: Highest harmonic.

    Raises:
        ValueError: There are too few points for the number of coefficients.
    """
    n, m = positions.shape[1], tips.shape[1]
    products = harmonic.features(positions, order)
    if len(products) < 2 * products.shape[1]:
        raise ValueError(f"expected at least {2 * products.shape[1]} postures, got {len(products)}")
    weights = np.ones(len(products))
    residual_std = np.inf
    for _ in range(_MAX_ITERATIONS):
        weighted = products * weights[:, None]
        inverse = np.linalg.pinv(weighted.T @ products, rcond=_EIGENVALUE_CUTOFF, hermitian=True)
        solution = inverse @ (weighted.T @ tips)
        residuals = tips - products @ solution
        last, residual_std = residual_std, max(float(MAD_TO_STD * np.median(np.abs(residuals))), 1e-12)
        distance = np.linalg.norm(residuals, axis=1) / (residual_std * np.sqrt(m))
        weights = np.maximum(0.0, 1.0 - (distance / _TUKEY_CUTOFF) ** 2) ** 2
        if abs(residual_std - last) <= 1e-4 * residual_std:
            break
    return HarmonicFit(solution.T.reshape(m, *(2 * order + 1,) * n), residual_std, weights > 0.0)


def choose_order(positions: Array, tips: Array, block: NDArray[np.intp]) -> int:
    """Order of the highest harmonic: 1, as rigid arms need, unless cross-validation favours a higher one.

    Folds consist of blocks of time. The squared residuals of a higher order, averaged within each ``block``
    (p,), must be smaller by three standard errors of the mean over the blocks. Higher orders are tried for up
    to four joints.

    Raises:
        ValueError: There are too few points even for the first order.
    """
    order = 1
    n_required = _MIN_POSTURES * harmonic.n_features(positions.shape[1], order)
    if len(positions) < n_required:
        raise ValueError(f"expected at least {n_required} postures to learn from, got {len(positions)}")
    fold = block % _N_FOLDS
    n = positions.shape[1]
    for higher in _ORDERS[1:]:
        products = harmonic.n_features(n, higher)
        enough = len(positions) * (_N_FOLDS - 1) / _N_FOLDS >= _MIN_POSTURES * products
        if products > _MAX_PRODUCTS or not enough:
            break
        gain = np.zeros(len(positions))
        for i in range(_N_FOLDS):
            left_out = fold == i
            fits = [fit_harmonics(positions[~left_out], tips[~left_out], k) for k in (order, higher)]
            # Bounded, so that outliers do not decide.
            bound = 3.0 * fits[0].residual_std * np.sqrt(tips.shape[1])
            lower, upper = (
                np.minimum(np.linalg.norm(fit(positions[left_out]) - tips[left_out], axis=1), bound)
                for fit in fits
            )
            gain[left_out] = lower**2 - upper**2
        means = np.array([gain[block == b].mean() for b in np.unique(block)])
        if means.mean() <= _MIN_GAIN * means.std(ddof=1) / np.sqrt(len(means)):
            break
        order = higher
    return order
