"""The Gaussian process as learned forward function."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the process is fitted with torch")

from itnnr_ik.paper.problems import PROBLEMS  # noqa: E402
from itnnr_ik.twin.gaussian import GaussianProcessForward  # noqa: E402

TWO_LINK = PROBLEMS["7"]


def _noisy_arm(noise: float, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = TWO_LINK.sample(count, rng)
    y = TWO_LINK.function(x)
    return x, y * rng.normal(1.0, noise, y.shape)


def test_it_averages_noise_out() -> None:
    """1 % noise on the two-link arm: the error of the mean is far below the noise, and so it says."""
    x, y = _noisy_arm(0.01)
    process = GaussianProcessForward().fit(x, y)
    inputs = TWO_LINK.sample(500, np.random.default_rng(1))
    error = process(inputs) - TWO_LINK.function(inputs)
    noise = 0.01 * np.sqrt(np.mean(TWO_LINK.function(inputs) ** 2))
    assert np.sqrt(np.mean(error**2)) < 0.5 * noise
    assert np.mean(np.abs(error) < 2 * process.deviation(inputs)) > 0.85


def test_it_finds_what_the_noise_is_like() -> None:
    """Proportional to y here, constant there."""
    x, y = _noisy_arm(0.01)
    constant, relative = GaussianProcessForward().fit(x, y).noise_
    np.testing.assert_allclose(relative, 0.01, rtol=0.3)
    assert constant.max() < 0.003
    exact = TWO_LINK.function(x)
    rng = np.random.default_rng(2)
    constant, relative = GaussianProcessForward().fit(x, exact + rng.normal(0.0, 0.02, exact.shape)).noise_
    np.testing.assert_allclose(constant, 0.02, rtol=0.3)
    assert relative.max() < 0.015


def test_a_root_is_modelled_as_its_square() -> None:
    """√(1 − x²), infinitely steep at its ends: the likelihood chooses the power 2."""
    x = np.linspace(-0.99, 0.99, 80)[:, None]
    process = GaussianProcessForward().fit(x, np.sqrt(1 - x**2))
    assert process.powers_.tolist() == [2.0]
    inputs = np.linspace(-0.985, 0.985, 200)[:, None]
    np.testing.assert_allclose(process(inputs), np.sqrt(1 - inputs**2), atol=1e-3)
    assert np.isfinite(process(np.array([[1.5], [-40.0]]))).all()


def test_it_knows_its_own_error_where_points_are_many() -> None:
    """Little noise makes an ill-conditioned matrix: deviations stay positive and true."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-3.0, 3.0, (400, 2))

    def f(x: np.ndarray) -> np.ndarray:
        return np.stack([x[:, 0] ** 3 - 2 * x[:, 0] * x[:, 1] ** 2, x[:, 1] ** 2 - 2 * x[:, 0] * x[:, 1]], -1)

    process = GaussianProcessForward().fit(x, f(x) * rng.normal(1.0, 0.01, (400, 2)))
    inputs = rng.uniform(-3.0, 3.0, (500, 2))
    deviation = process.deviation(inputs)
    assert deviation.min() > 0.0
    assert np.mean(np.abs(process(inputs) - f(inputs)) < 2 * deviation) > 0.85


def test_constant_noise_under_a_root_is_what_it_was() -> None:
    """Modelled as a square, disturbed as the output: 0.05 at y near 4, where the square has 2 · 4 · 0.05."""
    rng = np.random.default_rng(6)
    x = rng.uniform(-0.95, 0.95, (300, 1))
    y = 5 * np.sqrt(1 - x**2) + rng.normal(0.0, 0.05, x.shape)
    process = GaussianProcessForward().fit(x, y)
    scatter = process.disturb(np.full((4000, 1), 4.0), rng).std()
    assert scatter == pytest.approx(0.05, rel=0.35)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_points_are_refused(bad: float) -> None:
    """Before any fitting."""
    with pytest.raises(ValueError, match="must be finite"):
        GaussianProcessForward().fit(np.array([[0.0], [bad], [1.0]]), np.zeros((3, 1)))


def test_an_input_that_never_varies_does_no_harm() -> None:
    """Its length is as good as any."""
    x = np.column_stack([np.linspace(0.0, 3.0, 40), np.full(40, 2.0)])
    process = GaussianProcessForward().fit(x, np.sin(x[:, :1]) + 2.0)
    np.testing.assert_allclose(process(x), np.sin(x[:, :1]) + 2.0, atol=0.01)


def test_torch_and_numpy_agree_and_torch_has_gradients() -> None:
    """In single precision, as the consistency loss uses it."""
    x, y = _noisy_arm(0.01, 60)
    process = GaussianProcessForward().fit(x, y)
    inputs = TWO_LINK.sample(20, np.random.default_rng(3)).reshape(4, 5, 2)
    tensor = torch.tensor(inputs, dtype=torch.float32, requires_grad=True)
    outputs = process(tensor)
    np.testing.assert_allclose(outputs.detach().numpy(), process(inputs), atol=1e-4)
    outputs.sum().backward()
    step = 1e-5
    moved = inputs + np.array([step, 0.0])
    slope = (process(moved) - process(inputs)).sum(axis=-1) / step
    np.testing.assert_allclose(tensor.grad[..., 0].numpy(), slope, atol=1e-2)


def test_disturbed_outputs_scatter_like_the_data() -> None:
    """Noise as it was found."""
    x, y = _noisy_arm(0.01)
    process = GaussianProcessForward().fit(x, y)
    outputs = np.full((5000, 2), 2.0)
    scatter = (process.disturb(outputs, np.random.default_rng(4)) - outputs).std(axis=0)
    np.testing.assert_allclose(scatter, np.hypot(*(process.noise_ * [[1.0], [2.0]])), rtol=0.05)
