"""Known points and the search for those nearest in y."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from itnnr_ik.twin.anchors import Anchors

X = np.array([[10.0], [11.0], [12.0], [13.0]])
Y = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [7.0, 0.0]])


def test_anchors_come_in_the_order_of_their_distance() -> None:
    """From (1.4, 0): 0.4, 1.4, 1.6 and 5.6 away."""
    assert Anchors(X, Y).nearest([1.4, 0.0], 4).tolist() == [1, 0, 2, 3]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_first_rank_can_be_left_out(k: int) -> None:
    """As the paper's published results do: the nearest anchor plays no part."""
    assert Anchors(X, Y).nearest([1.4, 0.0], k, first_rank=1).tolist() == [0, 2, 3][:k]


@pytest.mark.parametrize("k", [1, 3])
def test_many_targets_are_looked_up_at_once(k: int) -> None:
    """Shape (b, k), row by row what each target gives alone."""
    anchors = Anchors(X, Y)
    targets = np.array([[1.4, 0.0], [6.0, 0.0]])
    found = anchors.nearest(targets, k)
    assert found.shape == (2, k)
    assert found.tolist() == [anchors.nearest(target, k).tolist() for target in targets]


def test_the_search_agrees_with_all_distances() -> None:
    """Against sorting every distance, for random points."""
    rng = np.random.default_rng(0)
    anchors = Anchors(rng.normal(size=(500, 3)), rng.normal(size=(500, 2)))
    for target in rng.normal(size=(50, 2)):
        order = np.argsort(np.linalg.norm(anchors.y - target, axis=1))
        assert anchors.nearest(target, 7, first_rank=2).tolist() == order[2:9].tolist()


@pytest.mark.parametrize(("k", "first_rank"), [(0, 0), (-1, 0), (5, 0), (4, 1), (1, -1)])
def test_more_anchors_than_there_are_is_an_error(k: int, first_rank: int) -> None:
    """The message says how many there are and what was asked for."""
    with pytest.raises(ValueError, match=f"≤ 4 anchors, got k = {k} and first_rank = {first_rank}"):
        Anchors(X, Y).nearest([0.0, 0.0], k, first_rank)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, Y[:3], r"got \(4, 1\) and \(3, 2\)"),
        (X[:, 0], Y, r"got \(4,\) and \(4, 2\)"),
        (X[:0], Y[:0], r"p ≥ 1, got \(0, 1\) and \(0, 2\)"),
        (X, np.where(Y == 7.0, np.nan, Y), "anchors must be finite"),
        (np.where(X == 10.0, np.inf, X), Y, "anchors must be finite"),
    ],
)
def test_unusable_points_are_refused(x: Any, y: Any, message: str) -> None:
    """Shapes that do not fit, no point at all, values that are not finite."""
    with pytest.raises(ValueError, match=message):
        Anchors(x, y)
