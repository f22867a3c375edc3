"""The offset between two clocks, found by what was recorded alone."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.learning.clock_offset import estimate_offset
from itnnr_ik.learning.series import Series
from itnnr_ik.learning.synthetic import smooth_motion
from itnnr_ik.recording import BagError
from itnnr_ik.robot import load_robot


@pytest.mark.parametrize("offset", [-0.31, 0.0, 0.05, 0.2])
def test_the_offset_is_found_without_kinematics(offset: float) -> None:
    """With noise and outliers the offset is exact to a fraction of a millisecond, and its error honest."""
    arm = load_robot("yaw_pitch_pitch")
    rng = np.random.default_rng(0)
    times = np.arange(6000) / 50.0
    positions = smooth_motion(arm, times, rng)
    tips = arm.forward(positions)[:, :3] + rng.normal(0.0, 0.02, (len(times), 3))
    tips[rng.uniform(size=len(times)) < 0.02] += 1.0
    found = estimate_offset(Series(times, positions), Series(times + offset, tips), 0.5)
    assert found.seconds == pytest.approx(offset, abs=5 * found.error)
    assert found.error < 5e-4


def test_an_offset_beyond_the_bound_is_an_error() -> None:
    """Not the nearest value that was tried."""
    arm = load_robot("two_link")
    times = np.arange(3000) / 50.0
    positions = smooth_motion(arm, times, np.random.default_rng(0))
    with pytest.raises(BagError, match=r"expected less than --max-offset 0\.1 s"):
        estimate_offset(Series(times, positions), Series(times + 0.25, arm.forward(positions)[:, :2]), 0.1)


@pytest.mark.parametrize("limit", [0.001, 0.01, 0.015])
def test_clocks_that_agree_need_no_wide_search(limit: float) -> None:
    """The offset of clocks that agree is found within any bound."""
    arm = load_robot("two_link")
    times = np.arange(3000) / 50.0
    positions = smooth_motion(arm, times, np.random.default_rng(0))
    found = estimate_offset(Series(times, positions), Series(times, arm.forward(positions)[:, :2]), limit)
    assert abs(found.seconds) < 1e-4
