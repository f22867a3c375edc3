"""The Gauss–Newton step from an anchor."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.paper.problems import PROBLEMS
from itnnr_ik.twin.anchors import Anchors

torch = pytest.importorskip("torch", reason="derivatives are torch's")

from itnnr_ik.paper.newton import GaussNewton  # noqa: E402


def _anchors(key: str) -> Anchors:
    problem = PROBLEMS[key]
    x = problem.sample(200, np.random.default_rng(0))
    return Anchors(x, problem.function(x))


@pytest.mark.parametrize("key", ["1", "5", "6", "7", "8", "9"])
def test_small_steps_lead_to_the_target(key: str) -> None:
    """From most anchors, a step makes nearly all of a small change of y by the smallest change of x."""
    problem, anchors = PROBLEMS[key], _anchors(key)
    newton = GaussNewton(problem.function, anchors)
    target = problem.function(anchors.x + 1e-4)
    change = target - anchors.y
    inverses = newton.inverses(anchors.x)
    step = newton.step(inverses, torch.as_tensor(change)).numpy()
    left = np.linalg.norm(problem.function(anchors.x + step) - target, axis=1)
    assert np.median(left / np.linalg.norm(change, axis=1)) < 0.01
    slopes = np.stack(
        [
            (problem.function(anchors.x + 1e-6 * e) - problem.function(anchors.x - 1e-6 * e)) / 2e-6
            for e in np.eye(problem.n_x)
        ],
        axis=-1,
    )
    shortest = np.einsum("bnm,bm->bn", np.linalg.pinv(slopes), change)
    assert np.median(np.linalg.norm(step - shortest, axis=1) / np.linalg.norm(shortest, axis=1)) < 0.01


def test_long_steps_are_shortened() -> None:
    """Steps are shorter than 0.3 of the domain, also where the gradient of f vanishes."""
    problem, anchors = PROBLEMS["4"], _anchors("4")
    newton = GaussNewton(problem.function, anchors)
    x = np.concatenate([np.zeros((1, 2)), anchors.x])
    step = newton.step(newton.inverses(x), torch.ones(len(x), 1, dtype=torch.float64)).numpy()
    assert (np.linalg.norm(step, axis=1) <= 0.3 * np.abs(anchors.x).max()).all()
    np.testing.assert_array_equal(step[0], 0.0)
