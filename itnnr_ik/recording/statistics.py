"""Statistics of a recording of any length in bounded memory: quantiles, and decimated rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Up to this number of values quantiles are exact.
_MAX_EXACT = 1 << 17
#: The logarithms of more values are counted in bins of this width, which bounds the relative error of
#: quantiles to half of it. Values beyond the bounds are clipped.
_BIN_WIDTH, _MIN_VALUE, _MAX_VALUE = 1e-3, 1e-20, 1e20


@dataclass(frozen=True)
class Statistics:
    """Number of values and their median, 99 % quantile and maximum."""

    count: int
    median: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Array) -> Statistics | None:
        """Statistics of the finite ``values``; None if there are none."""
        stats = RunningStatistics()
        stats.add(values)
        return stats.result()


class RunningStatistics:
    """Collects non-negative values piece by piece, for their `Statistics`."""

    def __init__(self) -> None:
        self._values: list[Array] = []
        self._kept = self._count = 0
        self._max = 0.0
        self._bins: NDArray[np.int64] | None = None

    def add(self, values: Array) -> None:
        """Take ``values`` (k,); those that are not finite are ignored."""
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self._count += len(values)
        self._max = max(self._max, float(values.max()))
        self._values.append(values)
        self._kept += len(values)
        if self._kept > _MAX_EXACT:
            self._bin_values()

    def _bin_values(self) -> None:
        values = np.clip(np.concatenate(self._values), _MIN_VALUE, _MAX_VALUE)
        bins = np.floor((np.log(values) - np.log(_MIN_VALUE)) / _BIN_WIDTH).astype(np.intp)
        if self._bins is None:
            n_bins = int((np.log(_MAX_VALUE) - np.log(_MIN_VALUE)) / _BIN_WIDTH) + 2
            self._bins = np.zeros(n_bins, dtype=np.int64)
        self._bins += np.bincount(bins, minlength=len(self._bins))
        self._values, self._kept = [], 0

    def result(self) -> Statistics | None:
        """The statistics of all values; None if there are none."""
        if not self._count:
            return None
        if self._bins is None:
            values = np.concatenate(self._values)
            median, p99, largest = np.quantile(values, [0.5, 0.99, 1.0]).tolist()
            return Statistics(self._count, median, p99, largest)
        if self._values:
            self._bin_values()
        cumulative = np.cumsum(self._bins)
        median, p99 = (self._quantile(cumulative, fraction) for fraction in (0.5, 0.99))
        return Statistics(self._count, median, p99, self._max)

    def _quantile(self, cumulative: NDArray[np.int64], fraction: float) -> float:
        index = int(np.searchsorted(cumulative, fraction * (self._count - 1), side="right"))
        value = float(np.exp(np.log(_MIN_VALUE) + (index + 0.5) * _BIN_WIDTH))
        return 0.0 if index == 0 else min(value, self._max)


class Decimator:
    """Keeps at most a number of rows, evenly chosen: all, then every second, every fourth and so on.

    Args:
        max_rows: Largest number of rows that are kept.
    """

    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._stride, self._seen, self._kept = 1, 0, 0
        self._parts: list[tuple[NDArray[np.generic], ...]] = []

    def add(self, *columns: NDArray[np.generic]) -> None:
        """Take the next rows, as columns (k, …)."""
        count = len(columns[0])
        first = -self._seen % self._stride
        self._seen += count
        part = tuple(column[first :: self._stride] for column in columns)
        self._parts.append(part)
        self._kept += len(part[0])
        while self._kept > self._max_rows:
            self._parts = [tuple(column[::2].copy() for column in self.columns())]
            self._stride *= 2
            self._kept = len(self._parts[0][0])

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """The columns of the rows kept; none before the first call of `add`."""
        return tuple(np.concatenate(column) for column in zip(*self._parts, strict=True))
