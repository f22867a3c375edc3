"""F in NumPy against F in torch, and what the zero-anchored form promises."""

from __future__ import annotations

import numpy as np
import pytest
from networks import random_evaluator, random_weights

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec

SPECS = [
    NetworkSpec(3, 2, (16, 16), "relu"),
    NetworkSpec(3, 2, (16, 16), "silu"),
    NetworkSpec(3, 2, (16,), "relu", zero_anchored=True, y_scale=0.3, x_scale=2.0),
    NetworkSpec(3, 2, (16, 8), "silu", zero_anchored=True, periodic=True, y_scale=0.3),
]


def points(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y_new (b, 2), y_anchor (b, 2) and x_anchor (b, 3)."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, 2)), rng.normal(size=(count, 2)), rng.normal(size=(count, 3))


@pytest.mark.parametrize("spec", SPECS)
def test_numpy_and_torch_agree(spec: NetworkSpec) -> None:
    """The same weights give the same adjustments to single precision, for few rows and for many."""
    torch = pytest.importorskip("torch", reason="compares with the network in torch")
    from itnnr_ik.twin.network import TwinNetwork

    network = TwinNetwork(spec, torch.Generator().manual_seed(0))
    weights = random_weights(spec)
    network.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
    for count in (1, 100, 3000):
        rows = points(count)
        with torch.no_grad():
            expected = network(*(torch.tensor(a, dtype=torch.float32) for a in rows)).numpy()
        assert TwinEvaluator(spec, weights).adjust(*rows) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("spec", SPECS[2:])
def test_no_change_of_y_is_no_change_of_x(spec: NetworkSpec) -> None:
    """The zero-anchored form answers zero, to rounding, where y_new is the anchor's y."""
    _, y, x = points(50)
    assert np.abs(random_evaluator(spec).adjust(y, y, x)).max() < 1e-6


@pytest.mark.parametrize("spec", SPECS)
def test_anchors_by_index_give_what_anchors_by_value_give(spec: NetworkSpec) -> None:
    """What is kept of an anchor beforehand changes nothing but rounding."""
    y, y_anchor, x_anchor = points(200)
    inverse = TwinInverse(random_evaluator(spec), Anchors(x_anchor, y_anchor))
    indices = np.random.default_rng(2).integers(200, size=80)
    expected = inverse.adjust(y[:80], x_anchor[indices], y_anchor[indices])
    assert inverse.adjust_anchors(y[:80], indices) == pytest.approx(expected, abs=5e-6)
    one = inverse.adjust(np.repeat(y[:1], 80, axis=0), x_anchor[indices], y_anchor[indices])
    assert inverse.adjust_anchors(y[0], indices) == pytest.approx(one, abs=5e-6)


def test_large_activations_do_not_overflow() -> None:
    """Huge inputs give finite numbers and no warning, which the tests would turn into an error."""
    spec = NetworkSpec(2, 2, (8,), "silu", zero_anchored=True, periodic=True)
    y = np.full((1, 2), 1e6)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(random_evaluator(spec).adjust(y, -y, np.ones((1, 2)))).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda weights: weights.pop("layers.0.bias"), "do not fit"),
        (lambda weights: weights.update(extra=np.zeros(1, np.float32)), "do not fit"),
        (lambda weights: weights.update({"layers.0.bias": np.zeros(3, np.float32)}), "do not fit"),
        (lambda weights: weights["layers.0.bias"].fill(np.nan), "not all finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, text: str) -> None:  # type: ignore[no-untyped-def]
    """Missing, superfluous, of another shape, or not finite."""
    weights = random_weights(SPECS[0])
    change(weights)
    with pytest.raises(ValueError, match=text):
        TwinEvaluator(SPECS[0], weights)


def test_a_spec_counts_its_weights_and_survives_json() -> None:
    """Layer sizes and number of weights by hand: published form 2·2 + 3 inputs, periodic form 2 + 2·3."""
    assert SPECS[0].layer_sizes == (7, 16, 16, 3)
    assert SPECS[0].n_parameters == 8 * 16 + 17 * 16 + 17 * 3
    assert SPECS[3].layer_sizes == (8, 16, 8, 3)
    assert all(NetworkSpec.from_dict(spec.to_dict()) == spec for spec in SPECS)


@pytest.mark.parametrize(
    "wrong",
    [{"activation": "tanh"}, {"hidden": ()}, {"n_x": 0}, {"periodic": True}],
)
def test_a_spec_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    """Unknown activation, no layer, no dimension, or angles in the published form."""
    with pytest.raises(ValueError):
        NetworkSpec(**{"n_x": 2, "n_y": 2, **wrong})  # type: ignore[arg-type]
