"""Training pairs and the radius of the generator."""

from __future__ import annotations

import math

import numpy as np
import pytest

from itnnr_ik.twin.sampling import neighbour_pairs, perturbation_radius


def test_each_point_is_paired_with_itself_and_its_nearest_in_x() -> None:
    """Pairs, inputs and labels of four points, worked out by hand; y plays no part in the choice."""
    x = np.array([[0.0], [1.0], [3.0], [7.0]])
    y = np.array([[10.0], [-20.0], [30.0], [-40.0]])
    y_i, y_j, x_j, label = neighbour_pairs(x, y, k=2)
    assert y_i.ravel().tolist() == [10, 10, -20, -20, 30, 30, -40, -40]
    assert y_j.ravel().tolist() == [10, -20, -20, 10, 30, -20, -40, 30]
    assert x_j.ravel().tolist() == [0, 1, 1, 0, 3, 1, 7, 3]
    assert label.ravel().tolist() == [0, -1, 0, 1, 0, 2, 0, 4]


@pytest.mark.parametrize("k", [0, 5])
def test_a_number_of_neighbours_that_there_is_not_is_refused(k: int) -> None:
    """The message says how many points there are."""
    with pytest.raises(ValueError, match=f"between 1 and the number of points, 4, got {k}"):
        neighbour_pairs(np.zeros((4, 1)), np.zeros((4, 1)), k)


def test_the_radius_follows_the_formula() -> None:
    """ε for d = 1, 2, 3 by hand: c is 1 with a multiplier of 1, then 4/π and 1 with one of 2."""
    assert perturbation_radius(4.0, 300, 1) == pytest.approx(4.0 * 1.0 * 2 / (300 * 2))
    assert perturbation_radius(math.pi, 600, 2, multiplier=2.0) == pytest.approx(
        math.pi * (4 / math.pi) * math.sqrt(2 / (600 * math.pi))
    )
    assert perturbation_radius(math.pi, 600, 3, multiplier=2.0) == pytest.approx(
        math.pi * 1.0 * (2 / (600 * 4 * math.pi / 3)) ** (1 / 3)
    )
