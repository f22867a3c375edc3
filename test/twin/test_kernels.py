"""The compiled network: single anchors and batches against the network in torch."""

from __future__ import annotations

import numpy as np
import pytest
from cases import SPECS, random_inverse

from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.kernels import adjust, adjust_many, adjust_precomputed

#: The forms whose single anchors are adjusted.
SINGLE = [name for name, spec in SPECS.items() if spec.zero_anchored and spec.activation == "silu"]
#: Rounding in single precision of sums of some 16 products near 1.
ROUNDING = 5e-6


def _scratch(inverse: TwinInverse) -> tuple[np.ndarray, np.ndarray]:
    widest = max(inverse.evaluator.spec.layer_sizes[1:])
    return np.empty(widest, np.float32), np.empty(widest, np.float32)


def _expected(inverse: TwinInverse, y_new: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """x + F (b, n) with F from torch, in single precision."""
    torch = pytest.importorskip("torch", reason="the network in torch")
    from itnnr_ik.twin.network import TwinNetwork

    network = TwinNetwork(inverse.evaluator.spec, torch.Generator())
    network.load_state_dict(
        {name: torch.from_numpy(value) for name, value in inverse.evaluator.weights.items()}
    )
    with torch.no_grad():
        adjustment = network(*(torch.tensor(values, dtype=torch.float32) for values in (y_new, y, x)))
    return x + adjustment.numpy()


@pytest.mark.parametrize("name", SINGLE)
def test_a_precomputed_anchor_is_adjusted_as_torch_does(name: str) -> None:
    """Precomputed values of anchors do not change the result."""
    inverse = random_inverse(SPECS[name])
    y, x = inverse.anchors.y, inverse.anchors.x
    y_new = np.random.default_rng(2).normal(size=y.shape)
    found = np.empty_like(x)
    for i in range(len(x)):
        adjust_precomputed(inverse.network, i, y_new[i], *_scratch(inverse), found[i])
    np.testing.assert_allclose(found, _expected(inverse, y_new, y, x), atol=ROUNDING)


@pytest.mark.parametrize("name", SINGLE)
def test_any_anchor_is_adjusted_as_torch_does(name: str) -> None:
    """Points that the twin was not made with, one by one and as a batch with the same bits."""
    inverse = random_inverse(SPECS[name])
    rng = np.random.default_rng(3)
    y_new, y = rng.normal(size=(2, 100, 2))
    x = rng.uniform(-4.0, 4.0, (100, 3))
    found, unchanged, together = np.empty_like(x), np.empty(3), np.empty_like(x)
    for i in range(len(x)):
        adjust(inverse.network, y_new[i], y[i], x[i], *_scratch(inverse), found[i], unchanged)
    np.testing.assert_allclose(found, _expected(inverse, y_new, y, x), atol=ROUNDING)
    adjust_many(inverse.network, False, True, y_new, y, x, together)
    np.testing.assert_array_equal(x + together, found)


@pytest.mark.parametrize("name", SINGLE)
def test_no_change_of_y_leaves_an_anchor_where_it_is(name: str) -> None:
    """To the last bit for any anchor; to rounding for a precomputed one."""
    inverse = random_inverse(SPECS[name])
    found, unchanged = np.empty(3), np.empty(3)
    for i, (x, y) in enumerate(zip(inverse.anchors.x, inverse.anchors.y, strict=True)):
        adjust(inverse.network, y, y, x, *_scratch(inverse), found, unchanged)
        np.testing.assert_array_equal(found, x)
        adjust_precomputed(inverse.network, i, y, *_scratch(inverse), found)
        np.testing.assert_allclose(found, x, atol=ROUNDING)


@pytest.mark.parametrize("name", [name for name in SPECS if name not in SINGLE])
def test_other_forms_have_no_single_anchors(name: str) -> None:
    """The message says which have."""
    with pytest.raises(ValueError, match="by zero-anchored networks with SiLU only"):
        _ = random_inverse(SPECS[name]).network
