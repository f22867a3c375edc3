"""Estimates the noise of a recording, finds standstill, and splits it into blocks of time."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.learning.series import Series

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Standard deviation of a normal distribution divided by its median absolute deviation.
MAD_TO_STD = 1.4826
#: Differences of this order remove a smooth motion and keep the noise.
_DIFFERENCE_ORDER = 4
#: Relative deviation from the median period up to which samples count as evenly spaced.
_PERIOD_TOLERANCE = 0.2
#: A joint moves at a time if its position changes, from half a window [s] before it to as long after it, by
#: more than a minimum [rad] and more than a multiple of its noise.
_HALF_WINDOW, _MIN_MOTION, _NOISE_FACTOR = 0.1, 2e-3, 4.0
#: Duration of a block [s], smallest number of blocks, and unused time [s] at the edges of held-out blocks.
_BLOCK_DURATION, _MIN_BLOCKS, _GUARD_TIME = 10.0, 20, 0.5
_HELD_OUT_SHARE = 0.2  # of the blocks


def estimate_noise(series: Series) -> Array:
    """Standard deviations (d,) of the noise from sample to sample, by fourth differences.

    No model of the motion is needed, but it must be smooth over five samples. Slowly changing noise is not
    detected.
    """
    steps = np.diff(series.times)
    even = np.abs(steps - np.median(steps)) <= _PERIOD_TOLERANCE * np.median(steps)
    evenly_spaced = np.ones(max(0, len(steps) - _DIFFERENCE_ORDER + 1), dtype=bool)
    for i in range(_DIFFERENCE_ORDER):
        evenly_spaced &= even[i : i + len(evenly_spaced)]
    differences = np.abs(np.diff(series.values, _DIFFERENCE_ORDER, axis=0)[evenly_spaced])
    if not len(differences):
        return np.zeros(series.values.shape[1])
    noise: Array = (
        MAD_TO_STD * np.median(differences, axis=0) / np.sqrt(comb(2 * _DIFFERENCE_ORDER, _DIFFERENCE_ORDER))
    )
    return noise


def is_moving(joints: Series, times: Array, noise: Array) -> Mask:
    """Whether any joint moves at each of ``times`` (k,) [s], beyond what its noise (n,) [rad] explains."""
    last = len(joints) - 1
    before = np.clip(np.searchsorted(joints.times, times - _HALF_WINDOW), 0, last)
    after = np.clip(np.searchsorted(joints.times, times + _HALF_WINDOW), 0, last)
    change = np.abs(joints.values[after] - joints.values[before])
    return np.asarray((change > np.maximum(_MIN_MOTION, _NOISE_FACTOR * noise)).any(axis=1))


def time_blocks(times: Array, seed: int) -> tuple[NDArray[np.intp], Mask, Mask]:
    """Split a recording into blocks of time, so that held-out rows have no neighbours in the training data.

    Args:
        times: Increasing, (k,) in [s].
        seed: Seed of the choice of held-out blocks.

    Returns:
        Number of the block (k,), whether a row is for training (k,), and whether it is held out (k,). Rows
        near the edges of held-out blocks are neither.
    """
    span = float(np.ptp(times)) or 1.0
    count = max(_MIN_BLOCKS, int(span / _BLOCK_DURATION))
    length = span / count
    block = np.minimum(((times - times[0]) / length).astype(np.intp), count - 1)
    chosen = np.zeros(count, dtype=bool)
    picked = np.random.default_rng(seed).permutation(count)[: max(1, round(_HELD_OUT_SHARE * count))]
    chosen[picked] = True
    held_out = chosen[block]
    guard = min(_GUARD_TIME, 0.1 * length)
    within = times - times[0] - block * length
    inner = (within >= guard) & (within <= length - guard)
    return block, ~held_out, held_out & inner
