"""Values between those that were recorded."""

from __future__ import annotations

import numpy as np

from itnnr_ik.learning.series import Series, interpolated, unwrapped, wrapped


def test_interpolation_stays_within_neighbours() -> None:
    """Neither beyond the ends nor across a gap."""
    times = np.array([0.0, 0.1, 0.2, 0.3, 2.0, 2.1])
    series = Series(times, np.stack([times, -times], axis=1))
    values, valid = interpolated(series, np.array([-0.01, 0.05, 0.3, 1.0, 2.05, 2.2]))
    assert valid.tolist() == [False, True, True, False, True, False]
    np.testing.assert_allclose(values[valid], [[0.05, -0.05], [0.3, -0.3], [2.05, -2.05]])


def test_a_joint_that_turns_on_is_counted_on_and_put_back() -> None:
    """Recorded within one turn; joints whose range is wider, or that cross no end, stay as they are."""
    turns = np.linspace(-4.0, 9.0, 400)
    recorded = np.stack([np.angle(np.exp(1j * turns)), 4.0 * np.sign(np.sin(turns)), np.sin(turns)], axis=1)
    counted, begins = unwrapped(recorded)
    np.testing.assert_allclose(np.diff(counted[:, 0]), np.diff(turns), atol=1e-12)
    np.testing.assert_array_equal(counted[:, 1:], recorded[:, 1:])
    assert begins.tolist() == [recorded[:, 0].min(), -np.inf, -np.inf]
    np.testing.assert_allclose(wrapped(counted, begins), recorded, atol=1e-12)
