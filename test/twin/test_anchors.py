"""Anchors and the search for those nearest in y."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.nearest import NearestInverse

_X = np.array([[0.0], [1.0], [2.0], [3.0]])
_Y = np.array([[0.0], [10.0], [11.0], [30.0]])


def test_anchors_are_ranked_by_distance_in_y() -> None:
    """Nearest first, for one target and for many."""
    anchors = Anchors(_X, _Y)
    assert anchors.nearest([10.4], 3).tolist() == [1, 2, 0]
    assert anchors.nearest([[10.4], [29.0]], 2).tolist() == [[1, 2], [3, 2]]
    assert anchors.nearest([[10.4], [29.0]], 1).tolist() == [[1], [3]]


def test_the_published_protocol_leaves_out_rank_0() -> None:
    """Ranks 1 to k instead of 0 to k − 1."""
    anchors = Anchors(_X, _Y)
    assert anchors.nearest([10.4], 3, first_rank=1).tolist() == [2, 0, 3]
    assert anchors.nearest([10.4], 1, first_rank=1).tolist() == [2]


@pytest.mark.parametrize(("k", "first_rank"), [(0, 0), (5, 0), (4, 1), (1, -1)])
def test_ranks_that_there_are_not_are_refused(k: int, first_rank: int) -> None:
    """The message says how many anchors there are and what was asked for."""
    with pytest.raises(ValueError, match=f"4 anchors, got k = {k} and first_rank = {first_rank}"):
        Anchors(_X, _Y).nearest([0.0], k, first_rank)


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (_X, _Y[:3], "p, n"),
        (_X[:, 0], _Y, "p, n"),
        (np.empty((0, 1)), np.empty((0, 1)), "p ≥ 1"),
        (_X, np.where(_Y == 0.0, np.nan, _Y), "finite"),
    ],
)
def test_points_that_do_not_fit_are_refused(x: np.ndarray, y: np.ndarray, text: str) -> None:
    """Different numbers, wrong dimensions, none at all, or not finite."""
    with pytest.raises(ValueError, match=text):
        Anchors(x, y)


def test_the_lookup_baseline_answers_with_the_input_of_a_neighbour() -> None:
    """The nearest one, or the second nearest as in the paper's published results."""
    assert NearestInverse().fit(_X, _Y).predict(np.array([[10.4]])).tolist() == [[1.0]]
    assert NearestInverse(rank=1).fit(_X, _Y).predict(np.array([[10.4]])).tolist() == [[2.0]]
