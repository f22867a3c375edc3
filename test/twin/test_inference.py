"""Algorithm 2 with a network whose weights are known."""

from __future__ import annotations

import numpy as np
import pytest
from networks import random_evaluator, random_weights

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec


def double(x: np.ndarray) -> np.ndarray:
    """The forward function y = 2 x."""
    return 2.0 * x


def half_of_the_change(factor: float) -> TwinEvaluator:
    """F(y_new, y_anchor, x_anchor) = factor · (y_new − y_anchor), exactly, for one dimension."""
    spec = NetworkSpec(1, 1, (2,), "relu")
    # relu(Δy) − relu(−Δy) = Δy
    first = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]], np.float32)
    weights = {
        "layers.0.weight": first,
        "layers.0.bias": np.zeros(2, np.float32),
        "layers.2.weight": np.array([[factor, -factor]], np.float32),
        "layers.2.bias": np.zeros(1, np.float32),
    }
    return TwinEvaluator(spec, weights)


ANCHORS = Anchors(np.array([[0.0], [1.0], [2.0], [5.0]]), np.array([[0.0], [2.0], [4.0], [10.0]]))


def test_a_perfect_network_inverts_from_every_anchor() -> None:
    """x̂ = x_anchor + F is the preimage, whichever anchor it starts from (equation 6)."""
    inverse = TwinInverse(half_of_the_change(0.5), ANCHORS)
    assert inverse.predictions(np.array([[3.0], [7.0]]), k=3) == pytest.approx(
        np.array([[[1.5]] * 3, [[3.5]] * 3])
    )


def test_candidates_are_ranked_by_consistency() -> None:
    """An imperfect network does best from the nearest anchor, here of rank 0; residuals grow from there."""
    candidates = TwinInverse(half_of_the_change(0.4), ANCHORS).candidates(np.array([[3.9]]), double, k=4)
    assert candidates.rank.tolist() == [[0, 1, 2, 3]]
    assert (np.diff(candidates.residual, axis=1) >= 0.0).all()
    assert candidates.residual == pytest.approx(
        0.2 * np.abs(3.9 - np.array([[4.0, 2.0, 0.0, 10.0]])), abs=1e-6
    )
    assert candidates.best == pytest.approx(np.array([[2.0 - 0.04]]), abs=1e-6)


def test_ranking_needs_no_luck_with_the_nearest_anchor() -> None:
    """Where a farther anchor leads to the better preimage it comes first, with its rank."""
    inverse = TwinInverse(
        half_of_the_change(0.5), Anchors(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]]))
    )
    # The first anchor lies beside the function y = 2 x, the second one on it.
    candidates = inverse.candidates(np.array([[1.2]]), double, k=2)
    assert candidates.rank.tolist() == [[1, 0]]
    assert candidates.best == pytest.approx(np.array([[0.6]]))


def test_re_anchoring_shrinks_the_residual_in_every_pass() -> None:
    """Each pass leaves a fifth of the residual of this network."""
    inverse = TwinInverse(half_of_the_change(0.4), ANCHORS)
    residuals = [
        inverse.candidates(np.array([[9.0]]), double, k=1, passes=n).residual[0, 0] for n in (1, 2, 3)
    ]
    assert residuals == pytest.approx([0.2, 0.04, 0.008], rel=1e-3)


def test_the_published_protocol_starts_at_rank_1() -> None:
    """The nearest anchor is left out."""
    inverse = TwinInverse(half_of_the_change(0.4), ANCHORS)
    first, second = inverse.predictions(np.array([[3.9]]), k=2)[0]
    published = inverse.predictions(np.array([[3.9]]), k=1, first_rank=1)[0, 0]
    assert published == second != first


def test_anchors_of_another_dimension_are_refused() -> None:
    """The message says what the network expects."""
    spec = NetworkSpec(2, 2, (4,), "relu")
    assert random_weights(spec)
    with pytest.raises(ValueError, match=r"x \(p, 2\) and y \(p, 2\)"):
        TwinInverse(random_evaluator(spec), ANCHORS)
