"""The network F with fixed weights."""

from __future__ import annotations

import numpy as np
import pytest
from cases import SPECS, random_weights

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.spec import NetworkSpec

ZERO_ANCHORED = [name for name, spec in SPECS.items() if spec.zero_anchored]


def _inputs(spec: NetworkSpec, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    y_new, y_anchor = rng.normal(size=(2, count, spec.n_y))
    return y_new, y_anchor, rng.uniform(-4.0, 4.0, (count, spec.n_x))


def test_a_network_small_enough_to_work_out_by_hand() -> None:
    """One hidden unit: 2 · relu(1·y_new − 1·y_anchor + 0.5·x + 0.25) − 1."""
    spec = NetworkSpec(n_x=1, n_y=1, hidden=(1,))
    weights = {
        "layers.0.weight": np.array([[1.0, -1.0, 0.5]]),
        "layers.0.bias": np.array([0.25]),
        "layers.2.weight": np.array([[2.0]]),
        "layers.2.bias": np.array([-1.0]),
    }
    evaluator = TwinEvaluator(spec, weights)
    y_new, y_anchor, x = np.array([[3.0], [0.0]]), np.array([[1.0], [1.0]]), np.array([[2.0], [1.0]])
    assert evaluator.adjust(y_new, y_anchor, x)[:, 0].tolist() == [5.5, -1.0]


@pytest.mark.parametrize("name", ZERO_ANCHORED)
def test_no_change_of_y_gives_no_change_of_x(name: str) -> None:
    """Zero-anchored, exactly: the shortest loop of equation 3."""
    evaluator = TwinEvaluator(SPECS[name], random_weights(SPECS[name]))
    y, _, x = _inputs(SPECS[name], 300)
    np.testing.assert_array_equal(evaluator.adjust(y, y, x), 0.0)


@pytest.mark.parametrize("name", [name for name in ZERO_ANCHORED if SPECS[name].periodic])
def test_angles_count_modulo_a_turn(name: str) -> None:
    """A full turn of every joint of the anchor changes nothing."""
    evaluator = TwinEvaluator(SPECS[name], random_weights(SPECS[name]))
    y_new, y_anchor, x = _inputs(SPECS[name], 50)
    turned = evaluator.adjust(y_new, y_anchor, x + 2.0 * np.pi)
    np.testing.assert_allclose(turned, evaluator.adjust(y_new, y_anchor, x), atol=1e-5)


@pytest.mark.parametrize("name", SPECS)
def test_a_long_batch_is_its_rows(name: str) -> None:
    """Thousands of rows are evaluated as each alone, to the last bit, and none is no error."""
    evaluator = TwinEvaluator(SPECS[name], random_weights(SPECS[name]))
    y_new, y_anchor, x = _inputs(SPECS[name], 5000)
    together = evaluator.adjust(y_new, y_anchor, x)
    assert together.shape == x.shape
    for i in [*range(0, 5000, 499), 4999]:
        alone = evaluator.adjust(y_new[i : i + 1], y_anchor[i : i + 1], x[i : i + 1])
        np.testing.assert_array_equal(together[i : i + 1], alone)
    assert evaluator.adjust(y_new[:0], y_anchor[:0], x[:0]).shape == (0, SPECS[name].n_x)


@pytest.mark.parametrize("activation", ["relu", "silu"])
def test_huge_inputs_do_not_overflow(activation: str) -> None:
    """The activation of a large negative number is zero, not NaN."""
    spec = SPECS[f"published-{activation}"]
    evaluator = TwinEvaluator(spec, random_weights(spec))
    outputs = evaluator.adjust(np.full((1, 2), -1e6), np.full((1, 2), 1e6), np.zeros((1, 3)))
    assert np.isfinite(outputs).all()


def test_weights_that_do_not_fit_are_refused() -> None:
    """Missing, superfluous, of another shape, or not finite."""
    spec = SPECS["published-relu"]
    good = random_weights(spec)
    missing = {name: weight for name, weight in good.items() if name != "layers.2.bias"}
    transposed = {**good, "layers.0.weight": good["layers.0.weight"].T}
    for bad in (missing, {**good, "layers.6.bias": np.zeros(1)}, transposed, {}):
        with pytest.raises(ValueError, match=r"network weights do not fit: expected .* got"):
            TwinEvaluator(spec, bad)
    for value in (np.nan, np.inf):
        broken = {**good, "layers.4.bias": np.full(3, value)}
        with pytest.raises(ValueError, match="not all finite"):
            TwinEvaluator(spec, broken)


@pytest.mark.parametrize(
    "shapes", [((2,), (5, 2), (5, 3)), ((5, 2), (4, 2), (5, 3)), ((5, 2), (5, 2), (5, 2))]
)
def test_inputs_that_do_not_fit_are_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    """The message says what was expected and what came: compiled code would read beyond their end."""
    evaluator = TwinEvaluator(SPECS["periodic-silu"], random_weights(SPECS["periodic-silu"]))
    with pytest.raises(
        ValueError, match=r"expected y_new \(b, 2\), y_anchor \(b, 2\) and x_anchor \(b, 3\), got"
    ):
        evaluator.adjust(*map(np.zeros, shapes))


@pytest.mark.parametrize("name", SPECS)
def test_weights_that_are_accepted_never_overflow(name: str) -> None:
    """The same network with weights ten times as large again and again: refused, or finite however far."""
    spec, rng = SPECS[name], np.random.default_rng(1)
    accepted = 0
    signs = rng.choice([-1.0, 1.0], size=(3, 500, spec.n_y + spec.n_x))
    size = 10.0 ** rng.integers(-3, 13, size=(3, 500, 1))
    y_new, y_anchor, x = (part[:, :2] if i < 2 else part[:, 2:] for i, part in enumerate(signs * size))
    for exponent in range(40):
        weights = {key: value * np.float32(10.0**exponent) for key, value in random_weights(spec).items()}
        try:
            evaluator = TwinEvaluator(spec, weights)
        except ValueError as error:
            assert "so large that what F computes might not be finite" in str(error)
            break
        accepted += 1
        assert np.isfinite(evaluator.adjust(y_new, y_anchor, x)).all()
    assert 2 < accepted < 30
    for key, value in random_weights(spec).items():
        for huge in (3e38, -3e38, 1e300):
            with pytest.raises(ValueError, match="so large that what F computes might not be finite"):
                TwinEvaluator(spec, {**random_weights(spec), key: np.full(value.shape, huge)})


def test_a_network_too_large_for_its_anchors_is_refused() -> None:
    """Each precomputed anchor takes a pass through the network."""
    spec = SPECS["periodic-silu"]
    evaluator = TwinEvaluator(spec, random_weights(spec))
    most = 2**28 // spec.n_parameters
    x = np.zeros((most + 1, 1)) + np.zeros(3)
    with pytest.raises(
        ValueError, match=f"a network of {spec.n_parameters} weights can have {most} anchors, got"
    ):
        evaluator.network_at(Anchors(x, x[:, :2]))
