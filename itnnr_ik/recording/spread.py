"""Numbers of a recording of any length, in bounded memory: quantiles, and an even choice of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: So many values are kept as they are.
_EXACT = 1 << 17
#: Of more values the logarithms are counted in bins of this width, from the smallest on: quantiles are then
#: true to half of that.
_WIDTH, _SMALLEST, _LARGEST = 1e-3, 1e-20, 1e20


@dataclass(frozen=True)
class Spread:
    """Number of values and their median, 99 % quantile and maximum."""

    count: int
    median: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Array) -> Spread | None:
        """That of the finite ones of ``values``; None without any."""
        spread = SpreadOf()
        spread.add(values)
        return spread.result()


class SpreadOf:
    """Collects values that are not negative, for a `Spread` of them."""

    def __init__(self) -> None:
        self._values: list[Array] = []
        self._kept = self._count = 0
        self._max = 0.0
        self._bins: NDArray[np.int64] | None = None

    def add(self, values: Array) -> None:
        """Count the finite ones of ``values`` (k,)."""
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self._count += len(values)
        self._max = max(self._max, float(values.max()))
        self._values.append(values)
        self._kept += len(values)
        if self._kept > _EXACT:
            self._fold()

    def _fold(self) -> None:
        values = np.clip(np.concatenate(self._values), _SMALLEST, _LARGEST)
        bins = np.floor((np.log(values) - np.log(_SMALLEST)) / _WIDTH).astype(np.intp)
        if self._bins is None:
            self._bins = np.zeros(int((np.log(_LARGEST) - np.log(_SMALLEST)) / _WIDTH) + 2, dtype=np.int64)
        self._bins += np.bincount(bins, minlength=len(self._bins))
        self._values, self._kept = [], 0

    def result(self) -> Spread | None:
        """The spread of all values; None without any."""
        if not self._count:
            return None
        if self._bins is None:
            values = np.concatenate(self._values)
            median, p99, largest = np.quantile(values, [0.5, 0.99, 1.0]).tolist()
            return Spread(self._count, median, p99, largest)
        if self._values:
            self._fold()
        before = np.cumsum(self._bins)
        median, p99 = (self._quantile(before, share) for share in (0.5, 0.99))
        return Spread(self._count, median, p99, self._max)

    def _quantile(self, before: NDArray[np.int64], share: float) -> float:
        place = int(np.searchsorted(before, share * (self._count - 1), side="right"))
        value = float(np.exp(np.log(_SMALLEST) + (place + 0.5) * _WIDTH))
        return 0.0 if place == 0 else min(value, self._max)


class Thinned:
    """Keeps an even choice of rows, at most so many: every one, every second, every fourth.

    Args:
        most: How many rows to keep.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._stride, self._seen, self._kept = 1, 0, 0
        self._parts: list[tuple[NDArray[np.generic], ...]] = []

    def add(self, *columns: NDArray[np.generic]) -> None:
        """Take rows of several columns, each (k, …)."""
        count = len(columns[0])
        first = -self._seen % self._stride
        self._seen += count
        part = tuple(column[first :: self._stride] for column in columns)
        self._parts.append(part)
        self._kept += len(part[0])
        while self._kept > self._most:
            self._parts = [tuple(column[::2].copy() for column in self.columns())]
            self._stride *= 2
            self._kept = len(self._parts[0][0])

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """The columns of what is kept; none before anything came."""
        return tuple(np.concatenate(column) for column in zip(*self._parts, strict=True))
