"""Two answers an anchor, near it and on another branch, of which f chooses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from itnnr_ik.paper.problems import PROBLEMS
from itnnr_ik.twin.anchors import Anchors

torch = pytest.importorskip("torch", reason="the networks are trained")

from itnnr_ik.paper.branch_training import fit_branches  # noqa: E402
from itnnr_ik.paper.branches import BranchingInverse  # noqa: E402

pytestmark = pytest.mark.slow

TWO_LINK, CUBIC = PROBLEMS["7"], PROBLEMS["1"]


@pytest.fixture(scope="module")
def two_link() -> BranchingInverse:
    x = TWO_LINK.sample(600, np.random.default_rng(0))
    return fit_branches(TWO_LINK, Anchors(x, TWO_LINK.function(x)), 0, 400)


def _targets(count: int = 300) -> np.ndarray:
    return TWO_LINK.function(TWO_LINK.sample(count, np.random.default_rng(1)))


def test_the_remainder_makes_the_step_more_exact(two_link: BranchingInverse) -> None:
    """The trained N reduces the residual that the Gauss–Newton step alone, with N = 0, leaves."""
    y, anchors = _targets(), two_link.anchors
    nearest = anchors.nearest(y, 1)[:, 0]
    x, known = anchors.x[nearest], anchors.y[nearest]
    weights = {name: np.zeros_like(weight) for name, weight in two_link.near.weights.items()}
    linear = BranchingInverse(two_link, type(two_link.near)(two_link.near.spec, weights), TWO_LINK.function)
    left = [
        np.median(np.linalg.norm(TWO_LINK.function(twin.adjust_near(y, x, known)) - y, axis=1))
        for twin in (linear, two_link)
    ]
    assert left[1] < 0.5 * left[0]


def test_no_change_of_y_is_no_near_change_of_x(two_link: BranchingInverse) -> None:
    """Near answers for an anchor's own y are exactly the anchor."""
    x, y = two_link.anchors.x, two_link.anchors.y
    np.testing.assert_array_equal(two_link.adjust_near(y, x, y), x)
    np.testing.assert_array_equal(two_link.adjust(y, x, y), x)


def test_the_better_answer_counts(two_link: BranchingInverse) -> None:
    """The answer whose f is nearer to the target is chosen in each row, and both kinds are chosen."""
    y, anchors = _targets(), two_link.anchors
    indices = np.random.default_rng(2).integers(len(anchors), size=len(y))  # far anchors, so that both fail
    arguments = (y, anchors.x[indices], anchors.y[indices])
    answers = [two_link.adjust_near(*arguments), two_link.adjust_far(*arguments)]
    left = [np.linalg.norm(TWO_LINK.function(x) - y, axis=1) for x in answers]
    chosen = np.where((left[0] <= left[1])[:, None], *answers)
    np.testing.assert_array_equal(two_link.adjust(*arguments), chosen)
    assert 0 < np.sum(left[0] <= left[1]) < len(y)


def test_far_answers_reach_branches_that_have_no_anchor() -> None:
    """Anchors on the cubic's middle branch, targets that only the right one reaches: no slope leads there."""
    x = np.linspace(-0.55, 0.55, 12)[:, None]
    rare = replace(CUBIC, in_domain=lambda x: (np.abs(x[:, 0]) < 0.55) | (x[:, 0] > 1.99))
    inverse = fit_branches(rare, Anchors(x, CUBIC.function(x)), 0, 700)
    targets = CUBIC.function(np.linspace(1.99, 2.0, 20)[:, None])
    nearest = inverse.anchors.nearest(targets, 1)[:, 0]
    arguments = (targets, inverse.anchors.x[nearest], inverse.anchors.y[nearest])
    near, better = (
        np.abs(CUBIC.function(adjust(*arguments)) - targets).max()
        for adjust in (inverse.adjust_near, inverse.adjust)
    )
    assert better < 1.5 < 4.0 < near
