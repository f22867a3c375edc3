"""Forward functions from outside torch, as part of its graph."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="gradients in torch")

from itnnr_ik.twin.differentiable import apply  # noqa: E402


def _values(x: np.ndarray) -> np.ndarray:
    """(b, 2) to (b, 3): not square, and no output alike."""
    a, b = x[:, 0], x[:, 1]
    return np.stack([np.sin(a) * b, a**2 - b, np.exp(0.3 * a + b)], axis=1)


def _slopes(x: np.ndarray) -> np.ndarray:
    a, b = x[:, 0], x[:, 1]
    e = np.exp(0.3 * a + b)
    rows = [[np.cos(a) * b, np.sin(a)], [2.0 * a, -np.ones_like(b)], [0.3 * e, e]]
    return np.stack([np.stack(row, axis=1) for row in rows], axis=1)


def _inputs() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1.5, 1.5, (6, 2))


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_the_outputs_are_the_functions(kind: str) -> None:
    """In the precision of the inputs."""
    outputs = apply(torch.tensor(_inputs(), dtype=getattr(torch, kind)), _values, _slopes)
    assert outputs.dtype == getattr(torch, kind)
    np.testing.assert_allclose(outputs.numpy(), _values(_inputs()), atol=1e-6)


def test_gradients_are_those_of_finite_differences() -> None:
    """Torch's own check, of every output by every input, row by row."""
    x = torch.tensor(_inputs(), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: apply(x, _values, _slopes), x)


def test_gradients_flow_on_to_what_the_inputs_came_from() -> None:
    """Of a loss by a parameter before the function, against its difference quotient."""

    def loss(scale: torch.Tensor) -> torch.Tensor:
        outputs = apply(torch.tanh(scale * torch.tensor(_inputs())), _values, _slopes)
        return outputs.square().sum()

    scale, step = torch.tensor(0.7, dtype=torch.float64, requires_grad=True), 1e-6
    loss(scale).backward()
    assert scale.grad is not None
    quotient = (loss(scale.detach() + step) - loss(scale.detach() - step)) / (2.0 * step)
    assert scale.grad.item() == pytest.approx(quotient.item(), rel=1e-6)


def test_wrong_derivatives_are_noticed() -> None:
    """The check above can fail."""
    x = torch.tensor(_inputs(), requires_grad=True)
    wrong = [lambda x: 1.01 * _slopes(x), lambda x: _slopes(x)[:, ::-1].copy()]
    for slopes in wrong:
        assert not torch.autograd.gradcheck(
            lambda x, slopes=slopes: apply(x, _values, slopes), x, raise_exception=False
        )
