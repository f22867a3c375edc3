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


def interpolated(series: Series, times: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Values (k, d) at ``times`` (k,) [s], and where two neighbours are near enough for that: (k,)."""
    within = np.clip(times, series.times[0], series.times[-1])
    after = np.clip(np.searchsorted(series.times, within), 1, len(series) - 1)
    gap = series.times[after] - series.times[after - 1]
    values = series.curve(within)
    longest = max(_GAP, _GAP_PERIODS * float(np.median(np.diff(series.times))))
    return values, (within == times) & (gap <= longest)
