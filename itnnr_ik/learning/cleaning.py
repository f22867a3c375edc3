"""Noise, standstill and time blocks of a recording."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.learning.series import Series

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Standard deviation of a normal distribution by its median absolute deviation.
MAD = 1.4826
#: Differences of this order leave nothing of a smooth motion and all of the noise.
_ORDER = 4
#: Periods that count as even: within this share of the median.
_EVEN = 0.2
#: Half the time [s] over which the joints must have moved, by how much at least [rad], and in units of noise.
_WINDOW, _MOVED, _ABOVE_NOISE = 0.1, 2e-3, 4.0
#: Length of a block [s], how many there are at least, and the time [s] at the edges of held-out ones that is
#: used for nothing.
_BLOCK, _MIN_BLOCKS, _GUARD = 10.0, 20, 0.5
_HELD_OUT = 0.2


def noise_of(series: Series) -> Array:
    """Standard deviations (d,) of the noise from one value to the next, by fourth differences.

    No model of the motion is needed, as long as it is smooth over five samples. Noise that changes slowly
    is not seen.
    """
    steps = np.diff(series.times)
    even = np.abs(steps - np.median(steps)) <= _EVEN * np.median(steps)
    whole = np.ones(max(0, len(steps) - _ORDER + 1), dtype=bool)
    for i in range(_ORDER):
        whole &= even[i : i + len(whole)]
    differences = np.abs(np.diff(series.values, _ORDER, axis=0)[whole])
    if not len(differences):
        return np.zeros(series.values.shape[1])
    noise: Array = MAD * np.median(differences, axis=0) / np.sqrt(comb(2 * _ORDER, _ORDER))
    return noise


def moving(joints: Series, times: Array, noise: Array) -> Mask:
    """Whether a joint moves at each of ``times`` (k,) [s], beyond what its noise (n,) [rad] explains."""
    last = len(joints) - 1
    before = np.clip(np.searchsorted(joints.times, times - _WINDOW), 0, last)
    after = np.clip(np.searchsorted(joints.times, times + _WINDOW), 0, last)
    change = np.abs(joints.values[after] - joints.values[before])
    return np.asarray((change > np.maximum(_MOVED, _ABOVE_NOISE * noise)).any(axis=1))


def time_blocks(times: Array, seed: int) -> tuple[NDArray[np.intp], Mask, Mask]:
    """The recording cut into blocks of time, so that what is held out has no neighbours in what is learned.

    Args:
        times: Rising, (k,) in [s].
        seed: Of the choice of blocks.

    Returns:
        Number of the block (k,), whether to train on it (k,), and whether it is held out (k,): neither near
        the edges of held-out blocks.
    """
    span = float(np.ptp(times)) or 1.0
    count = max(_MIN_BLOCKS, int(span / _BLOCK))
    length = span / count
    block = np.minimum(((times - times[0]) / length).astype(np.intp), count - 1)
    chosen = np.zeros(count, dtype=bool)
    picked = np.random.default_rng(seed).permutation(count)[: max(1, round(_HELD_OUT * count))]
    chosen[picked] = True
    held_out = chosen[block]
    guard = min(_GUARD, 0.1 * length)
    within = times - times[0] - block * length
    inner = (within >= guard) & (within <= length - guard)
    return block, ~held_out, held_out & inner
