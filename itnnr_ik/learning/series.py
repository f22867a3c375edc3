"""Values over time, and what they are in between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

Array = NDArray[np.float64]

#: Values farther apart than this many periods, and this many [s], are not interpolated between.
_GAP_PERIODS, _GAP = 5.0, 0.05
#: A turn is recorded as so much more at most [rad]: drivers' π has few digits.
_ROUNDING = 0.01
#: But for rare outliers, values are between these quantiles.
_MOST = (0.01, 0.99)


@dataclass(frozen=True)
class Series:
    """Values (k, d) at strictly rising times (k,) [s]."""

    times: Array
    values: Array

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def curve(self) -> Akima1DInterpolator:
        """Through the values; a straight line would be off by more than the noise of good measurements."""
        return Akima1DInterpolator(self.times, self.values)


def unwrapped(positions: Array) -> tuple[Array, Array]:
    """Joint positions (k, n) [rad], those of a joint that is recorded within one turn counted on at its end.

    Returns:
        The positions, and where the turn begins (n,) [rad], -inf for a joint that crosses none. What is not
        recorded of the turn is half before and half behind what is: curves go a little beyond their values.
    """
    turn = 2.0 * np.pi + _ROUNDING
    # A few values that are wrong do not make more than a turn.
    low, high = np.quantile(positions, _MOST, axis=0)
    usual = ((positions >= high - turn) & (positions <= low + turn)) | (high - low > turn)
    least = np.where(usual, positions, np.inf).min(axis=0)
    most = np.where(usual, positions, -np.inf).max(axis=0)
    counted = np.where(most - least <= turn, np.unwrap(positions, axis=0), positions)
    crosses = (counted != positions).any(axis=0)
    return counted, np.where(crosses, 0.5 * (least + most) - np.pi, -np.inf)


def wrapped(positions: Array, begins: Array) -> Array:
    """Positions (k, n) [rad] back within the turns of `unwrapped`."""
    turns = np.isfinite(begins)
    within: Array = positions.copy()
    within[:, turns] = begins[turns] + (positions[:, turns] - begins[turns]) % (2.0 * np.pi)
    return within


def interpolated(series: Series, times: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Values (k, d) at ``times`` (k,) [s], and where two neighbours are near enough for that: (k,)."""
    within = np.clip(times, series.times[0], series.times[-1])
    after = np.clip(np.searchsorted(series.times, within), 1, len(series) - 1)
    gap = series.times[after] - series.times[after - 1]
    values = series.curve(within)
    longest = max(_GAP, _GAP_PERIODS * float(np.median(np.diff(series.times))))
    return values, (within == times) & (gap <= longest)
