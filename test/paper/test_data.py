"""Data sets: sizes, splits, noise."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.paper.data import Dataset, draw_dataset
from itnnr_ik.paper.problems import PROBLEMS


def _all(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.concatenate([data.x_train, data.x_val, data.x_test]),
        np.concatenate([data.y_train, data.y_val, data.y_test]),
    )


@pytest.mark.parametrize(("key", "sizes"), [("3", (300, 100, 100)), ("9", (600, 200, 200))])
def test_sizes(key: str, sizes: tuple[int, int, int]) -> None:
    """There are 500 points in experiments 1 to 4 and 1000 in the others, with outputs of f."""
    data = draw_dataset(PROBLEMS[key], False, 0)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == sizes
    x, y = _all(data)
    np.testing.assert_array_equal(PROBLEMS[key].function(x), y)
    assert len(np.unique(x, axis=0)) == sum(sizes)


@pytest.mark.parametrize(("key", "noise"), [("7", 0.01), ("4", 0.02)])
def test_noise_multiplies_every_output(key: str, noise: float) -> None:
    """Each output has its own noise of 1 %, or 2 % on the half ball, also of test points, not inputs."""
    clean, noisy = (draw_dataset(PROBLEMS[key], with_noise, 3) for with_noise in (False, True))
    (x, y), (x_noisy, y_noisy) = _all(clean), _all(noisy)
    np.testing.assert_array_equal(x, x_noisy)
    factors = y_noisy / y
    assert factors.mean() == pytest.approx(1.0, abs=noise / 5)
    assert factors.std() == pytest.approx(noise, rel=0.1)
    assert (noisy.y_test / clean.y_test).std() == pytest.approx(noise, rel=0.25)
    if key == "7":
        assert abs(np.corrcoef(factors.T)[0, 1]) < 0.15


@pytest.mark.parametrize(("key", "noisy"), [("4", False), ("4", True), ("2", False), ("5", False)])
def test_runs_with_points_of_their_own(key: str, noisy: bool) -> None:
    """Runs differ on the half ball and where the paper's points are unknown; the sixth repeats the first."""
    first, again, other = (draw_dataset(PROBLEMS[key], noisy, run) for run in (0, 5, 1))
    np.testing.assert_array_equal(first.y_train, again.y_train)
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert not np.isin(other.x_train, first.x_train).any()


@pytest.mark.parametrize(("key", "noisy"), [("7", True), ("2", True), ("1", False)])
def test_elsewhere_all_runs_have_the_same_points(key: str, noisy: bool) -> None:
    """Elsewhere the points of all runs are the same, and only weights and pairs differ."""
    first, other = (draw_dataset(PROBLEMS[key], noisy, run) for run in (0, 1))
    np.testing.assert_array_equal(first.y_train, other.y_train)
    np.testing.assert_array_equal(first.y_test, other.y_test)
