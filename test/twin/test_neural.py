"""The plain network: learned forward function and inverse baseline."""

from __future__ import annotations

import numpy as np
import pytest
from cases import cubic, cubic_data

torch = pytest.importorskip("torch", reason="trains networks")

from itnnr_ik.twin.config import PlateauSchedule  # noqa: E402
from itnnr_ik.twin.neural import NeuralRegressor  # noqa: E402

SCHEDULE = PlateauSchedule(learning_rate=3e-3, max_epochs=60)


def _fitted(random_state: int = 0) -> NeuralRegressor:
    regressor = NeuralRegressor(hidden=(64, 64), schedule=SCHEDULE, random_state=random_state)
    return regressor.fit(*cubic_data(300, 0), *cubic_data(100, 1))


def test_it_learns_a_function() -> None:
    """The cubic to a few hundredths of its range of 12, and the best epoch is what is kept."""
    regressor = _fitted()
    x, y = cubic_data(200, 2)
    assert np.sqrt(np.mean((regressor.predict(x) - y) ** 2)) < 0.15
    x_val, y_val = cubic_data(100, 1)
    error = float(np.abs(regressor.predict(x_val) - y_val).mean())
    assert error == pytest.approx(min(regressor.validation_losses_), rel=1e-4)


def test_the_random_state_decides_the_bits() -> None:
    """The same again with the same, others with another."""
    x = cubic_data(20, 3)[0]
    first, second, third = (_fitted(state).predict(x) for state in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - third).max() > 1e-4


def test_it_is_a_forward_function_for_arrays_and_tensors() -> None:
    """Any leading shape, the same numbers, and a gradient for tensors."""
    regressor = _fitted()
    x = np.linspace(-1.5, 1.5, 12).reshape(3, 4, 1)
    assert regressor(x).shape == (3, 4, 1)
    tensor = torch.tensor(x, dtype=torch.float32, requires_grad=True)
    outputs = regressor(tensor)
    np.testing.assert_allclose(outputs.detach().numpy(), regressor(x), atol=1e-6)
    outputs.sum().backward()
    assert np.isfinite(tensor.grad.numpy()).all()
    assert tensor.grad.abs().max() > 0.1


def test_trained_the_other_way_round_it_averages_over_branches() -> None:
    """The inverse baseline of Table 1 fails where two branches meet, and serves where there is one."""
    (x, y), (x_val, y_val) = cubic_data(300, 0), cubic_data(100, 1)
    inverse = NeuralRegressor(hidden=(64, 64), schedule=SCHEDULE).fit(y, x, y_val, x_val)
    folds = np.linspace(-0.6, 0.6, 13)[:, None]
    assert np.abs(cubic(inverse.predict(folds)) - folds).max() > 0.2
    outer = np.array([[-4.0], [4.0]])
    np.testing.assert_allclose(cubic(inverse.predict(outer)), outer, atol=0.7)
