"""Points that fill a box evenly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from itnnr_ik.solver.spread import fill_box


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5, 8])
def test_more_even_than_random_points(dimensions: int) -> None:
    """By the discrepancy, as SciPy computes it."""
    zero, one = np.zeros(dimensions), np.ones(dimensions)
    random = [np.random.default_rng(seed).random((1024, dimensions)) for seed in range(5)]
    evenness = [qmc.discrepancy(fill_box(zero, one, 1024, seed)) for seed in range(5)]
    assert max(evenness) < 0.5 * min(qmc.discrepancy(points) for points in random)


def test_within_the_box_and_the_same_for_a_seed() -> None:
    lower, upper = np.array([-2.0, 0.0, 1.0]), np.array([-1.0, 5.0, 1.0])
    points = fill_box(lower, upper, 500, seed=3)
    assert points.shape == (500, 3)
    assert ((lower <= points) & (points <= upper)).all()
    assert (np.ptp(points, axis=0) >= 0.99 * (upper - lower)).all()
    np.testing.assert_array_equal(points, fill_box(lower, upper, 500, seed=3))
    assert (points[:, :2] != fill_box(lower, upper, 500, seed=4)[:, :2]).any()


@pytest.mark.parametrize(("count", "dimensions"), [(0, 3), (4, 0)])
def test_no_points_or_no_coordinates(count: int, dimensions: int) -> None:
    assert fill_box(np.zeros(dimensions), np.ones(dimensions), count).shape == (count, dimensions)
