"""Values between those that were recorded."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.learning.series import Series, interpolated, unwrapped, wrapped


def test_interpolation_stays_within_neighbours() -> None:
    """There is no interpolation beyond the ends or across a gap."""
    times = np.array([0.0, 0.1, 0.2, 0.3, 2.0, 2.1])
    series = Series(times, np.stack([times, -times], axis=1))
    values, valid = interpolated(series, np.array([-0.01, 0.05, 0.3, 1.0, 2.05, 2.2]))
    assert valid.tolist() == [False, True, True, False, True, False]
    np.testing.assert_allclose(values[valid], [[0.05, -0.05], [0.3, -0.3], [2.05, -2.05]])


def test_a_joint_that_turns_on_is_counted_on_and_put_back() -> None:
    """Recorded within one turn; joints whose range is wider, or that cross no end, stay as they are."""
    turns = np.linspace(-4.0, 9.0, 400)
    recorded = np.stack([np.angle(np.exp(1j * turns)), 4.0 * np.sign(np.sin(turns)), np.sin(turns)], axis=1)
    counted, turn_starts = unwrapped(recorded)
    np.testing.assert_allclose(np.diff(counted[:, 0]), np.diff(turns), atol=1e-12)
    np.testing.assert_array_equal(counted[:, 1:], recorded[:, 1:])
    assert turn_starts.tolist() == [pytest.approx(-np.pi, abs=0.02), -np.inf, -np.inf]
    np.testing.assert_allclose(wrapped(counted, turn_starts), recorded, atol=1e-12)


def test_a_wrong_value_does_not_hide_that_a_joint_turns_on() -> None:
    """Outliers, beyond a turn or in its unrecorded part, do not change the other values."""
    turns = np.linspace(-4.0, 9.0, 400)
    recorded = np.angle(np.exp(1j * turns))[:, None]
    spoiled = recorded.copy()
    spoiled[[50, 300]] = [[-60.0], [3.5]]
    counted, turn_starts = unwrapped(spoiled)
    others = np.delete(np.arange(400), [50, 300])
    back = wrapped(counted, turn_starts)
    np.testing.assert_allclose(back[others], recorded[others], atol=1e-12)
    assert np.abs(back).max() < 3.2
    np.testing.assert_allclose(np.exp(1j * back), np.exp(1j * spoiled), atol=1e-9)
    np.testing.assert_allclose(np.diff(counted[51:300, 0]), np.diff(turns[51:300]), atol=1e-12)


def test_a_curve_beyond_its_values_is_not_a_turn_away() -> None:
    """A joint that moved by more than half a turn while nothing was recorded, then back to and fro."""
    recorded = np.array([[-2.9], [-3.0], [-2.9], [2.9], [3.0], [2.9]])
    counted, turn_starts = unwrapped(recorded)
    assert counted[-1, 0] < -3.0
    between = counted + np.array([[0.0], [-0.01], [0.0], [0.0], [0.01], [0.0]])
    np.testing.assert_allclose(wrapped(between, turn_starts)[[1, 4], 0], [-3.01, 3.01])
