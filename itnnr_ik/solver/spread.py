"""Points that fill a box evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: Bases of the coordinates, as many as an arm may have joints.
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)


def fill_box(lower: ArrayLike, upper: ArrayLike, count: int, seed: int = 0) -> Array:
    """Points (count, d) that fill a box with bounds (d,), d ≤ 10, more evenly than random ones.

    Halton's sequence (Numerische Mathematik 2, 1960), shifted by the seed. Importing SciPy's, with all of its
    statistics, would double the time to import this package.
    """
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    columns = [_radical_inverse(count, prime) for prime, _ in zip(_PRIMES, low, strict=False)]
    shift = np.random.default_rng(seed).random(len(low))
    shares = (np.array(columns).reshape(len(low), count).T + shift) % 1.0
    return np.asarray(low + (high - low) * shares)


def _radical_inverse(count: int, base: int) -> Array:
    """0, 1, … count − 1 with their digits mirrored at the radix point (count,)."""
    left, inverse, unit = np.arange(count), np.zeros(count), 1.0
    while left.any():
        left, digit = np.divmod(left, base)
        unit /= base
        inverse += digit * unit
    return inverse
