"""The forward function of an arm from recorded postures and tip positions, robustly (paper, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.learning.cleaning import MAD
from itnnr_ik.robot import harmonic

Array = NDArray[np.float64]

#: Tukey's biweight: residuals beyond this many standard deviations weigh nothing.
_TUKEY = 4.685
_ITERATIONS = 30
#: Eigenvalues of the normal equations below this share of the largest are noise.
_CUTOFF = 1e-10
#: Postures a coefficient at least, and orders that are tried.
_PER_COEFFICIENT, _ORDERS = 10, (1, 2)
#: A higher order is not tried with more products than this: five joints would take half an hour.
_MOST_PRODUCTS = 1000
_FOLDS = 4
#: A higher order has to be better by this many standard errors.
_BETTER = 3.0


@dataclass(frozen=True)
class HarmonicFit:
    """A linear combination of harmonics, see `itnnr_ik.robot.harmonic`.

    Attributes:
        coefficients: (m, K, …, K) in [m].
        spread: Standard deviation of the residuals of one coordinate, robust, in [m].
        inliers: Which of the points (p,) had a say.
    """

    coefficients: Array
    spread: float
    inliers: NDArray[np.bool_]

    @property
    def order(self) -> int:
        """Highest harmonic."""
        return int(self.coefficients.shape[1] // 2)

    def __call__(self, positions: Array) -> Array:
        """Tips (p, m) [m] at joint positions (p, n) [rad]."""
        products = harmonic.features(positions, self.order)
        tips: Array = products @ self.coefficients.reshape(len(self.coefficients), -1).T
        return tips


def fit_harmonics(positions: Array, tips: Array, order: int) -> HarmonicFit:
    """Least squares with Tukey's biweight: outliers lose their say.

    Args:
        positions: (p, n) in [rad].
        tips: (p, m) in [m].
        order: Highest harmonic.

    Raises:
        ValueError: There are too few points for the coefficients.
    """
    n, m = positions.shape[1], tips.shape[1]
    products = harmonic.features(positions, order)
    if len(products) < 2 * products.shape[1]:
        raise ValueError(f"expected at least {2 * products.shape[1]} postures, got {len(products)}")
    weights = np.ones(len(products))
    spread = np.inf
    for _ in range(_ITERATIONS):
        weighted = products * weights[:, None]
        inverse = np.linalg.pinv(weighted.T @ products, rcond=_CUTOFF, hermitian=True)
        solution = inverse @ (weighted.T @ tips)
        residuals = tips - products @ solution
        last, spread = spread, max(float(MAD * np.median(np.abs(residuals))), 1e-12)
        distance = np.linalg.norm(residuals, axis=1) / (spread * np.sqrt(m))
        weights = np.maximum(0.0, 1.0 - (distance / _TUKEY) ** 2) ** 2
        if abs(spread - last) <= 1e-4 * spread:
            break
    return HarmonicFit(solution.T.reshape(m, *(2 * order + 1,) * n), spread, weights > 0.0)


def choose_order(positions: Array, tips: Array, block: NDArray[np.intp]) -> int:
    """Highest harmonic: 1, that of rigid arms, unless more is better on blocks of time that were left out.

    More is tried for up to four joints.

    The difference of the squared residuals, averaged within each ``block`` (p,), must be positive by three
    standard errors of its mean over the blocks.

    Raises:
        ValueError: There are too few points for the first order even.
    """
    order = 1
    least = _PER_COEFFICIENT * harmonic.n_features(positions.shape[1], order)
    if len(positions) < least:
        raise ValueError(f"expected at least {least} postures to learn from, got {len(positions)}")
    fold = block % _FOLDS
    n = positions.shape[1]
    for higher in _ORDERS[1:]:
        products = harmonic.n_features(n, higher)
        enough = len(positions) * (_FOLDS - 1) / _FOLDS >= _PER_COEFFICIENT * products
        if products > _MOST_PRODUCTS or not enough:
            break
        gain = np.zeros(len(positions))
        for i in range(_FOLDS):
            left_out = fold == i
            fits = [fit_harmonics(positions[~left_out], tips[~left_out], k) for k in (order, higher)]
            # Bounded, so that outliers do not decide.
            bound = 3.0 * fits[0].spread * np.sqrt(tips.shape[1])
            lower, upper = (
                np.minimum(np.linalg.norm(fit(positions[left_out]) - tips[left_out], axis=1), bound)
                for fit in fits
            )
            gain[left_out] = lower**2 - upper**2
        means = np.array([gain[block == b].mean() for b in np.unique(block)])
        if means.mean() <= _BETTER * means.std(ddof=1) / np.sqrt(len(means)):
            break
        order = higher
    return order
