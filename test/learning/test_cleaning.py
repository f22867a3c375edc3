"""Noise without a model, standstill, and blocks of time."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.learning.cleaning import estimate_noise, is_moving, time_blocks
from itnnr_ik.learning.series import Series
from itnnr_ik.learning.synthetic import smooth_motion
from itnnr_ik.robot import load_robot

TIMES = np.arange(6000) / 50.0


@pytest.mark.parametrize("noise", [1e-3, 0.02])
def test_noise_is_told_from_motion(noise: float) -> None:
    """The noise is found within a tenth, in spite of missing messages."""
    rng = np.random.default_rng(0)
    positions = smooth_motion(load_robot("two_link"), TIMES, rng)
    kept = rng.uniform(size=len(TIMES)) > 0.05
    series = Series(TIMES[kept], (positions + rng.normal(0.0, noise, positions.shape))[kept])
    np.testing.assert_allclose(estimate_noise(series), noise, rtol=0.1)


def test_too_few_values_have_no_noise() -> None:
    """Without enough samples the noise is zero."""
    assert estimate_noise(Series(TIMES[:4], np.ones((4, 2)))).tolist() == [0.0, 0.0]


def test_standstill_is_recognised_in_noise() -> None:
    """Noise alone is no motion, a slow displacement is."""
    rng = np.random.default_rng(0)
    positions = np.zeros((6000, 2))
    positions[3000:, 1] = 0.5 * (TIMES[3000:] - TIMES[3000])
    noise = np.array([1e-3, 1e-3])
    series = Series(TIMES, positions + rng.normal(0.0, 1e-3, positions.shape))
    moves = is_moving(series, TIMES, noise)
    assert moves[:2990].mean() < 0.02
    assert moves[3010:].all()


@pytest.mark.parametrize("length", [20.0, 120.0, 1000.0])
def test_what_is_held_out_has_no_neighbours_in_time(length: float) -> None:
    """A fifth is held out, separated by a guard time, and chosen by the seed."""
    times = np.arange(0.0, length, 0.02)
    block, training, held_out = time_blocks(times, 0)
    assert len(np.unique(block)) >= 20
    assert 0.1 < held_out.mean() < 0.2
    assert training.mean() == pytest.approx(0.8, abs=0.02)
    learned = times[training]
    after = np.searchsorted(learned, times[held_out]).clip(1, len(learned) - 1)
    distance = np.abs(times[held_out] - learned[[after - 1, after]]).min()
    assert distance >= min(0.5, 0.1 * length / 20.0) - 0.12
    assert (time_blocks(times, 1)[1] != training).any()
