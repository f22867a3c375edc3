"""Products of harmonics: their order, and the derivatives of their combinations."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.robot import harmonic


def harmonics(angle: float, order: int) -> list[float]:
    """1, cos q, sin q, cos 2q, …"""
    return [1.0, *(f(k * angle) for k in range(1, order + 1) for f in (np.cos, np.sin))]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_last_joints_harmonic_changes_fastest(n: int, order: int) -> None:
    """A row for each posture, all products of one harmonic of each joint."""
    positions = np.random.default_rng(0).uniform(-4.0, 4.0, (5, n))
    products = harmonic.features(positions, order)
    assert products.shape == (5, harmonic.n_features(n, order))
    for row, angles in zip(products, positions, strict=True):
        factors = [harmonics(float(angle), order) for angle in angles]
        np.testing.assert_allclose(row, [np.prod(chosen) for chosen in product(*factors)], atol=1e-14)


def test_no_postures_have_no_products() -> None:
    """But as many columns as ever."""
    assert harmonic.features(np.empty((0, 2)), 1).shape == (0, 9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 2))
def test_the_derivative_is_that_of_the_combination(seed: int, n: int, order: int) -> None:
    """Against central differences, by every joint."""
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(size=(2, *(2 * order + 1,) * n))
    positions = rng.uniform(-3.0, 3.0, size=(1, n))

    def combine(c: np.ndarray, q: np.ndarray) -> np.ndarray:
        values: np.ndarray = c.reshape(2, -1) @ harmonic.features(q, order)[0]
        return values

    for joint, step in enumerate(1e-5 * np.eye(n)):
        difference = (
            combine(coefficients, positions + step) - combine(coefficients, positions - step)
        ) / 2e-5
        derivative = combine(harmonic.derivative(coefficients, joint), positions)
        np.testing.assert_allclose(derivative, difference, atol=1e-6)


def test_derivative_of_constants_is_zero() -> None:
    """The constant harmonic does not change with the angle."""
    coefficients = np.zeros((2, 3, 3))
    coefficients[:, 0, 0] = 1.0
    assert not harmonic.derivative(coefficients, 1).any()
