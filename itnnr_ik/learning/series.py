"""Time series of joint positions or poses, with interpolation and unwrapping."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

Array = NDArray[np.float64]

#: No interpolation between values that are farther apart than this many median periods and this time [s].
_MIN_GAP_PERIODS, _MIN_GAP = 5.0, 0.05
#: A recorded turn may exceed 2π by this much [rad], because drivers use rounded values of π.
_TURN_ROUNDING = 0.01
#: Quantiles between which positions are no outliers.
_QUANTILES = (0.01, 0.99)


@dataclass(frozen=True)
class Series:
    """Values (k, d) at strictly increasing times (k,) [s]."""

    times: Array
    values: Array

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def curve(self) -> Akima1DInterpolator:
        """Akima interpolation; errors of linear interpolation would exceed the noise of good measurements."""
        return Akima1DInterpolator(self.times, self.values)


def unwrapped(positions: Array) -> tuple[Array, Array]:
    """Joint positions (k, n) [rad], made continuous for joints that are recorded within one turn.

    Returns:
        The positions, and the lower end of the turn (n,) [rad], -inf for a joint that crosses no end. The
        turn is centred on the recorded range, because interpolation may exceed that a little.
    """
    turn = 2.0 * np.pi + _TURN_ROUNDING
    # Outliers must not make the range of a joint larger than a turn.
    low, high = np.quantile(positions, _QUANTILES, axis=0)
    inliers = ((positions >= high - turn) & (positions <= low + turn)) | (high - low > turn)
    lowest = np.where(inliers, positions, np.inf).min(axis=0)
    highest = np.where(inliers, positions, -np.inf).max(axis=0)
    continuous = np.where(highest - lowest <= turn, np.unwrap(positions, axis=0), positions)
    crosses = (continuous != positions).any(axis=0)
    return continuous, np.where(crosses, 0.5 * (lowest + highest) - np.pi, -np.inf)


def wrapped(positions: Array, turn_starts: Array) -> Array:
    """Positions (k, n) [rad] wrapped back into the turns of `unwrapped`."""
    turns = np.isfinite(turn_starts)
    within: Array = positions.copy()
    within[:, turns] = turn_starts[turns] + (positions[:, turns] - turn_starts[turns]) % (2.0 * np.pi)
    return within


def interpolated(series: Series, times: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Values (k, d) interpolated at ``times`` (k,) [s], and which (k,) are in the series but not in a gap."""
    within = np.clip(times, series.times[0], series.times[-1])
    after = np.clip(np.searchsorted(series.times, within), 1, len(series) - 1)
    gap = series.times[after] - series.times[after - 1]
    values = series.curve(within)
    longest = max(_MIN_GAP, _MIN_GAP_PERIODS * float(np.median(np.diff(series.times))))
    return values, (within == times) & (gap <= longest)
