"""The sources of training pairs."""

from __future__ import annotations

import numpy as np
import pytest
from cases import cubic, cubic_data

from itnnr_ik.twin.anchors import Anchors

torch = pytest.importorskip("torch", reason="pairs are torch tensors")

from itnnr_ik.twin.pairs import AnchoredPairs, DataPairs, PerturbedPairs  # noqa: E402

EPSILON = 0.05


def _sample(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-2.0, 2.0, (count, 1))


def _numpy(batch: tuple) -> list[np.ndarray]:
    return [values.double().numpy() for values in batch]


@pytest.mark.parametrize("all_distances", [False, True])
def test_perturbed_pairs_follow_section_4_3(all_distances: bool) -> None:
    """b = a + U(−ε, ε): inputs (f(a), f(b), b), label a − b; at all distances many labels are short."""
    pairs = PerturbedPairs(cubic, _sample, EPSILON, all_distances)
    y_new, y_anchor, x_anchor, label = _numpy(pairs.draw(4000, np.random.default_rng(0)))
    np.testing.assert_allclose(y_anchor, cubic(x_anchor), atol=1e-5)
    np.testing.assert_allclose(y_new, cubic(x_anchor + label), atol=1e-5)
    assert np.abs(label).max() <= EPSILON
    assert np.abs(label.mean()) < EPSILON / 20
    spread = EPSILON / 3**0.5 / (3**0.5 if all_distances else 1.0)
    assert label.std() == pytest.approx(spread, rel=0.05)
    assert np.abs(x_anchor).max() > 2.0 - EPSILON / 4


def test_perturbed_points_may_leave_the_domain() -> None:
    """They are not clipped."""
    batch = PerturbedPairs(cubic, _sample, 0.5, False).draw(4000, np.random.default_rng(0))
    assert 2.0 < np.abs(_numpy(batch)[2]).max() <= 2.5


def test_a_boundary_brings_perturbed_points_back() -> None:
    """The label is the difference to where they are then."""
    pairs = PerturbedPairs(cubic, _sample, 0.5, False, boundary=lambda x: x.clip(-2.0, 2.0))
    y_new, y_anchor, x_anchor, label = _numpy(pairs.draw(4000, np.random.default_rng(0)))
    assert np.abs(x_anchor).max() == 2.0
    np.testing.assert_allclose(y_anchor, cubic(x_anchor), atol=1e-5)
    np.testing.assert_allclose(y_new, cubic(x_anchor + label), atol=1e-5)


def test_anchored_pairs_are_what_inference_meets() -> None:
    """A target with each of its anchors, nearest first, from the first rank on."""
    anchors = Anchors(*cubic_data(50, 0))
    pairs = AnchoredPairs(cubic, _sample, anchors, k=3, first_rank=1)
    y_new, y_anchor, x_anchor, label = _numpy(pairs.draw(30, np.random.default_rng(0)))
    np.testing.assert_allclose(cubic(x_anchor + label), y_new, atol=1e-4)
    indices = anchors.nearest(y_new[::3], 3, first_rank=1).reshape(-1)
    np.testing.assert_allclose(x_anchor, anchors.x[indices], atol=1e-6)
    np.testing.assert_allclose(y_anchor, anchors.y[indices], atol=1e-6)
    np.testing.assert_array_equal(y_new[0::3], y_new[2::3])


def test_anchored_targets_are_disturbed_where_asked_for() -> None:
    """A shift of every target comes out in the batch."""
    anchors = Anchors(*cubic_data(50, 0))
    plain, shifted = (
        AnchoredPairs(cubic, _sample, anchors, 2, disturb=disturb).draw(10, np.random.default_rng(1))[0]
        for disturb in (None, lambda y, rng: y + 1.0)
    )
    np.testing.assert_allclose(shifted - plain, 1.0, atol=1e-6)


def test_an_epoch_of_drawn_pairs_has_the_batches_asked_for() -> None:
    """Also where their number is no multiple of the anchors of a target."""
    anchors = Anchors(*cubic_data(50, 0))
    for pairs in (AnchoredPairs(cubic, _sample, anchors, 5), PerturbedPairs(cubic, _sample, EPSILON, False)):
        sizes = [len(batch[0]) for batch in pairs.epoch(3, 32, np.random.default_rng(0))]
        assert sizes == [32, 32, 32]


def test_an_epoch_of_data_has_every_pair_once() -> None:
    """In batches of the size asked for, however many those are."""
    pairs = DataPairs(*cubic_data(20, 0), 3)
    batches = list(pairs.epoch(1, 32, np.random.default_rng(0)))
    assert [len(batch[0]) for batch in batches] == [32, 32, 16]
    rows = np.concatenate([batch[2].numpy() for batch in batches])
    np.testing.assert_array_equal(np.sort(rows[:, 0]), np.sort(pairs.batch[2].numpy()[:, 0]))


def test_a_generated_epoch_has_the_batches_asked_for() -> None:
    """Count and size."""
    batches = list(PerturbedPairs(cubic, _sample, EPSILON, False).epoch(7, 32, np.random.default_rng(0)))
    assert [len(batch[3]) for batch in batches] == [32] * 7
