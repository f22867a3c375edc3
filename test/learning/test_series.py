"""Values between those that were recorded."""

from __future__ import annotations

import numpy as np

from itnnr_ik.learning.series import Series, interpolated


def test_interpolation_stays_within_neighbours() -> None:
    """Neither beyond the ends nor across a gap."""
    times = np.array([0.0, 0.1, 0.2, 0.3, 2.0, 2.1])
    series = Series(times, np.stack([times, -times], axis=1))
    values, valid = interpolated(series, np.array([-0.01, 0.05, 0.3, 1.0, 2.05, 2.2]))
    assert valid.tolist() == [False, True, True, False, True, False]
    np.testing.assert_allclose(values[valid], [[0.05, -0.05], [0.3, -0.3], [2.05, -2.05]])
