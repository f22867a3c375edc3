"""Uncertainty measures of a twin."""

from __future__ import annotations

import numpy as np
import pytest
from cases import packaged_twin
from scipy.stats import spearmanr

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec
from itnnr_ik.twin.uncertainty import uncertainty


def _linear(slope: float) -> TwinInverse:
    """F = slope · (y_new − y_anchor) for y = x, as the difference of two relu units; 1 would be right."""
    spec = NetworkSpec(n_x=1, n_y=1, hidden=(2,))
    weights = {
        "layers.0.weight": np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]]),
        "layers.0.bias": np.zeros(2),
        "layers.2.weight": np.array([[slope, -slope]]),
        "layers.2.bias": np.zeros(1),
    }
    points = np.array([[0.0], [1.0], [2.0], [3.0]])
    return TwinInverse(TwinEvaluator(spec, weights), Anchors(points, points))


def test_a_perfect_twin_has_no_doubt() -> None:
    """All measures are zero."""
    found = uncertainty(_linear(1.0), np.array([[1.2]]), lambda x: x, k=3)
    np.testing.assert_allclose(found.x, [[1.2]], atol=1e-6)
    for values in (found.consistency, found.loop, found.disagreement, found.total()):
        np.testing.assert_allclose(values, 0.0, atol=1e-6)


def test_by_hand() -> None:
    """F half as long as it should be, target 1.2, anchors 1 and 2: x̂ = 1.1 and 1.6."""
    found = uncertainty(_linear(0.5), np.array([[1.2]]), lambda x: x, k=2)
    np.testing.assert_allclose(found.x, [[1.1]], atol=1e-6)
    np.testing.assert_allclose(found.consistency, 0.1, atol=1e-6)
    # There and back: 1 + 0.5 · 0.2 − 0.5 · 0.2 is the anchor again: a loop does not see a wrong slope.
    np.testing.assert_allclose(found.loop, 0.0, atol=1e-6)
    np.testing.assert_allclose(found.disagreement, 0.5, atol=1e-6)
    np.testing.assert_allclose(found.total(np.array([[0.3]])), np.hypot(0.1, 0.3), atol=1e-6)


@pytest.mark.parametrize("name", ["two_link", "yaw_pitch_pitch"])
def test_it_ranks_the_errors_of_an_arm(name: str) -> None:
    """With the exact f, consistency is the error; loop and disagreement go with it."""
    inverse, forward = packaged_twin(name)
    targets = forward(forward.sample(400, np.random.default_rng(0)))
    found = uncertainty(inverse, targets, forward)
    error = np.linalg.norm(forward(found.x) - targets, axis=1)
    np.testing.assert_allclose(found.consistency, error, atol=1e-9)
    assert spearmanr(found.loop, error)[0] > 0.2
    assert spearmanr(found.disagreement, error)[0] > 0.2


def test_one_anchor_is_too_few() -> None:
    """None to disagree with."""
    with pytest.raises(ValueError, match="k ≥ 2 anchors, got 1"):
        uncertainty(_linear(1.0), np.zeros((1, 1)), lambda x: x, k=1)
