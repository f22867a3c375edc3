"""Training pairs, and how far the generator perturbs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.twin.sampling import neighbour_pairs, perturbation_radius


def test_each_point_is_paired_with_itself_and_its_neighbours() -> None:
    """Three points on a line, one neighbour each."""
    x, y = np.array([[0.0], [1.0], [3.0]]), np.array([[5.0], [6.0], [8.0]])
    y_new, y_anchor, x_anchor, label = neighbour_pairs(x, y, 1)
    assert y_new[:, 0].tolist() == [5.0, 5.0, 6.0, 6.0, 8.0, 8.0]
    assert y_anchor[:, 0].tolist() == [5.0, 6.0, 6.0, 5.0, 8.0, 6.0]
    assert x_anchor[:, 0].tolist() == [0.0, 1.0, 1.0, 0.0, 3.0, 1.0]
    assert label[:, 0].tolist() == [0.0, -1.0, 0.0, 1.0, 0.0, 2.0]


def test_five_neighbours_make_six_pairs() -> None:
    """The first of each point's has the label zero, the others have none."""
    x = np.random.default_rng(0).normal(size=(20, 3))
    y_new, y_anchor, x_anchor, label = (a.reshape(20, 6, -1) for a in neighbour_pairs(x, x[:, :2], 5))
    np.testing.assert_array_equal(y_new[:, 0], y_anchor[:, 0])
    np.testing.assert_array_equal(x_anchor[:, 0], x)
    np.testing.assert_array_equal(label[:, 0], 0.0)
    assert np.abs(label[:, 1:]).max(axis=2).min() > 0.0


@pytest.mark.parametrize("k", [0, 3])
def test_neighbours_must_be_among_the_points(k: int) -> None:
    """The message says how many points there are and what was asked for."""
    with pytest.raises(ValueError, match=f"between 1 and 2, one less than there are points, got {k}"):
        neighbour_pairs(np.zeros((3, 1)), np.zeros((3, 1)), k)


@pytest.mark.parametrize(
    ("width", "n_anchors", "dimension", "multiplier", "expected"),
    [
        # d = 1: V = 2 and c = Γ(1/2) / (√π Γ(1)) = 1, hence ε = 4 · 1/300.
        (4.0, 300, 1, 1.0, 4.0 / 300),
        # d = 2: V = π and c = 2 · Γ(1) / (√π Γ(3/2)) = 2 · 2/π, hence ε = π · 4/π · √(2 / 600π).
        (math.pi, 600, 2, 2.0, 4.0 * math.sqrt(1.0 / (300.0 * math.pi))),
        # d = 3: V = 4π/3 and c = 2 · (√π/2) / (√π · 1) = 1, hence ε = π · (1 / 400π)^(1/3).
        (math.pi, 600, 3, 2.0, math.pi * (1.0 / (400.0 * math.pi)) ** (1 / 3)),
    ],
)
def test_the_radius_is_that_of_section_4_1(
    width: float, n_anchors: int, dimension: int, multiplier: float, expected: float
) -> None:
    """Worked out by hand for one, two and three dimensions."""
    assert perturbation_radius(width, n_anchors, dimension, multiplier) == pytest.approx(expected)


@given(st.floats(0.1, 10.0), st.integers(2, 10_000), st.integers(1, 6))
def test_the_radius_scales_with_the_width_and_shrinks_with_the_anchors(
    width: float, n_anchors: int, dimension: int
) -> None:
    """Proportional to the width, and to the number of anchors to the power −1/d."""
    radius = perturbation_radius(width, n_anchors, dimension)
    assert perturbation_radius(2.0 * width, n_anchors, dimension) == pytest.approx(2.0 * radius)
    denser = perturbation_radius(width, 2**dimension * n_anchors, dimension)
    assert denser == pytest.approx(radius / 2.0)
