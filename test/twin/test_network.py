"""The network F in torch, which computes what the evaluator computes."""

from __future__ import annotations

import numpy as np
import pytest
from cases import SPECS, random_weights

from itnnr_ik.twin.evaluator import TwinEvaluator

torch = pytest.importorskip("torch", reason="the network in torch")

from itnnr_ik.twin.network import TwinNetwork, multilayer_perceptron  # noqa: E402


def _network(name: str, seed: int) -> TwinNetwork:
    return TwinNetwork(SPECS[name], torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", SPECS)
def test_torch_and_compiled_code_agree(name: str) -> None:
    """Published and zero-anchored, relu and silu, periodic and not."""
    spec = SPECS[name]
    network = _network(name, 0)
    network.load_state_dict({key: torch.from_numpy(value) for key, value in random_weights(spec).items()})
    rng = np.random.default_rng(6)
    y_new, y_anchor = rng.normal(size=(2, 400, spec.n_y))
    x = rng.uniform(-3.0, 3.0, (400, spec.n_x))
    with torch.no_grad():
        expected = network(*(torch.tensor(a, dtype=torch.float32) for a in (y_new, y_anchor, x))).numpy()
    weights = {key: value.numpy() for key, value in network.state_dict().items()}
    np.testing.assert_allclose(TwinEvaluator(spec, weights).adjust(y_new, y_anchor, x), expected, atol=5e-6)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if spec.zero_anchored])
def test_no_change_of_y_gives_no_change_of_x(name: str) -> None:
    """Zero-anchored, before any training."""
    y, x = torch.rand((2, 50, 3), generator=torch.Generator().manual_seed(1))
    assert _network(name, 2)(y[:, :2], y[:, :2], x).abs().max() < 1e-6


def test_the_seed_decides_the_weights() -> None:
    """The same again with the same generator seed, others with another."""
    first, second, third = (_network("published-relu", seed).layers[0].weight for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_weights_start_as_glorot_uniform_and_biases_at_zero() -> None:
    """Uniform within √(6 / (n_in + n_out)), the default of the paper's library."""
    layers = multilayer_perceptron((30, 50, 20), "relu", torch.Generator().manual_seed(0))
    for layer, n_in, n_out in ((layers[0], 30, 50), (layers[2], 50, 20)):
        bound = (6.0 / (n_in + n_out)) ** 0.5
        assert 0.98 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3.0**0.5, rel=0.05)
        assert not layer.bias.any()
