"""Points that fill a box evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: Newton's iterations for the root, which lies between 1 and 2; from 2 they come down to it.
_ITERATIONS = 60


def fill_box(lower: ArrayLike, upper: ArrayLike, count: int, seed: int = 0) -> Array:
    """Points (count, d) that fill a box with bounds (d,), more evenly than random ones; a seed shifts all.

    Roberts' additive recurrence (The unreasonable effectiveness of quasirandom sequences, 2018): a
    coordinate's fraction advances by a power of 1/φ, where φ is the root of φ^(d+1) = φ + 1 that exceeds 1.
    SciPy's sequences come with all of its statistics, which would double the time to import this package.
    """
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    steps = _root(len(low)) ** -np.arange(1.0, len(low) + 1.0)
    shift = np.random.default_rng(seed).random(len(low))
    shares = (shift + np.arange(count)[:, None] * steps) % 1.0
    return np.asarray(low + (high - low) * shares)


def _root(dimensions: int) -> float:
    """φ > 1 with φ^(d+1) = φ + 1."""
    power, root = max(dimensions, 1) + 1, 2.0
    for _ in range(_ITERATIONS):
        root -= (root**power - root - 1.0) / (power * root ** (power - 1) - 1.0)
    return root
