"""Algorithm 2: anchors adjusted, candidates ranked."""

from __future__ import annotations

import numpy as np
import pytest
from cases import SPECS, packaged_twin, random_anchors, random_inverse, random_weights

from itnnr_ik.solver.model import trained_models
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse

ARMS = trained_models()


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if spec.zero_anchored])
def test_an_anchor_asked_for_its_own_output_stays(name: str) -> None:
    """Zero-anchored: x_anchor comes back, to the last bit."""
    inverse = random_inverse(SPECS[name])
    x, y = inverse.anchors.x, inverse.anchors.y
    np.testing.assert_array_equal(inverse.adjust(y, x, y), x)


@pytest.mark.parametrize("first_rank", [0, 1])
def test_predictions_come_in_the_order_of_the_anchors(first_rank: int) -> None:
    """One for each of the k anchors nearest in y, the ranks before ``first_rank`` left out."""
    inverse = random_inverse(SPECS["published-silu"])
    targets = np.random.default_rng(3).normal(size=(12, 2))
    predictions = inverse.predictions(targets, k=4, first_rank=first_rank)
    assert predictions.shape == (12, 4, 3)
    for target, row in zip(targets, predictions, strict=True):
        nearest = np.argsort(np.linalg.norm(inverse.anchors.y - target, axis=1))[first_rank : first_rank + 4]
        expected = inverse.adjust(
            np.tile(target, (4, 1)), inverse.anchors.x[nearest], inverse.anchors.y[nearest]
        )
        np.testing.assert_allclose(row, expected, atol=1e-6)


@pytest.mark.parametrize("name", ARMS)
def test_candidates_are_ranked_by_consistency(name: str) -> None:
    """Residuals rise along a row, belong to their candidates, and the ranks name the anchors."""
    inverse, forward = packaged_twin(name)
    targets = forward(forward.sample(100, np.random.default_rng(4)))
    found = inverse.candidates(targets, forward, k=6)
    assert (np.diff(found.residual, axis=1) >= 0.0).all()
    distance = np.linalg.norm(forward(found.x) - targets[:, None], axis=2)
    np.testing.assert_allclose(found.residual, distance, atol=1e-12)
    np.testing.assert_array_equal(np.sort(found.rank, axis=1), np.tile(np.arange(6), (100, 1)))
    predictions = inverse.predictions(targets, k=6)
    np.testing.assert_array_equal(np.take_along_axis(predictions, found.rank[..., None], axis=1), found.x)
    np.testing.assert_array_equal(found.best, found.x[:, 0])


@pytest.mark.parametrize("name", ARMS)
def test_re_anchoring_lowers_the_residual(name: str) -> None:
    """A second pass from the answers of the first improves the median tenfold."""
    inverse, forward = packaged_twin(name)
    targets = forward(forward.sample(500, np.random.default_rng(5)))
    one, two = (inverse.candidates(targets, forward, passes=n).residual[:, 0] for n in (1, 2))
    assert np.median(two) < 0.1 * np.median(one)


def test_anchors_of_another_problem_are_refused() -> None:
    """The message has the dimensions of network and anchors."""
    evaluator = TwinEvaluator(SPECS["published-relu"], random_weights(SPECS["published-relu"]))
    other = random_anchors(type(evaluator.spec)(n_x=2, n_y=2))
    with pytest.raises(ValueError, match=r"expects anchors with x \(p, 3\) and y \(p, 2\), got \(200, 2\)"):
        TwinInverse(evaluator, other)
