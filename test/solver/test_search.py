"""Which anchors a search starts from."""

from __future__ import annotations

import numpy as np
import pytest
from exact import within_limits

from itnnr_ik import IKSolver
from itnnr_ik.arms import ARMS
from itnnr_ik.solver.model import load_model
from itnnr_ik.solver.search import MANY_NEIGHBOURS, SAME, STEPS, Searcher


@pytest.fixture(scope="module", params=list(ARMS))
def searcher(request: pytest.FixtureRequest) -> Searcher:
    arm, inverse, *_ = load_model(request.param)
    return Searcher(arm, inverse, tolerance=1e-6, precision=5e-7)


def test_only_the_planar_arm_of_three_links_is_redundant(searcher: Searcher) -> None:
    """Three joints for two coordinates."""
    assert searcher.redundant is (searcher.arm.name == "three_link")


def test_a_near_state_is_the_first_anchor(searcher: Searcher) -> None:
    """A target within range of the tip is tried from the current state, a far one is not."""
    arm = searcher.arm
    state = (arm.limits.mean(axis=0) + 0.6).tolist()
    tip = arm.forward(state)
    neighbours = searcher.inverse.anchors.nearest(tip, 3)
    near, from_current = searcher.candidates(tip.tolist(), neighbours, state)
    assert (from_current, len(near)) == (True, 4)
    np.testing.assert_allclose(near[0], state, atol=1e-5)
    beyond = tip.copy()
    beyond[0] -= 1.01 * searcher.current_range
    far, from_current = searcher.candidates(beyond.tolist(), neighbours, state)
    assert (from_current, len(far)) == (False, 3)
    without, from_current = searcher.candidates(tip.tolist(), neighbours, None)
    assert (from_current, len(without)) == (False, 3)


def _more_motion(searcher: Searcher, seed: int) -> list[float]:
    """How much more [rad] targets near by take than from the best of many neighbours; all are solved."""
    arm, rng = searcher.arm, np.random.default_rng(seed)
    from_current, more = 0, []
    for state in arm.sample(300, rng):
        goal = arm.forward(np.clip(state + rng.uniform(-0.02, 0.02, arm.n_joints), arm.lower, arm.upper))
        joints, residual, anchor = searcher.search(goal.tolist(), state.tolist())
        from_current += anchor == "current"
        assert residual <= 1e-6
        assert within_limits(arm, np.array(joints))
        neighbours = searcher.inverse.anchors.nearest(goal, MANY_NEIGHBOURS)
        others, residuals, _ = searcher.refined(goal.tolist(), neighbours, state.tolist(), STEPS)
        least = np.abs(others - state).max(axis=1)[residuals <= 1e-6].min()
        more.append(np.abs(np.subtract(joints, state)).max() - least)
    assert from_current > 240
    return more


def test_a_far_target_takes_no_more_motion_than_the_best_candidate(searcher: Searcher) -> None:
    """Of those that are tried: none is given up for one that is nearer only before redundancy is used."""
    solver = IKSolver(searcher.arm, searcher.inverse)
    arm, rng = searcher.arm, np.random.default_rng(3)
    targets, states = arm.forward(arm.sample(400, rng)), arm.sample(400, rng)
    batch = solver.solve_batch(targets, states).displacement
    single = [solver.solve(*pair).displacement for pair in zip(targets, states, strict=True)]
    assert np.max(np.subtract(single, batch)) < SAME


def test_a_target_near_by_is_followed_without_more_motion(searcher: Searcher) -> None:
    """No neighbour leads to less motion than the current state does; near a singularity they are asked."""
    if searcher.redundant:
        pytest.skip("it may move more, for a better posture")
    # A stretched arm has that much play within the tolerance.
    assert max(_more_motion(searcher, 2)) <= 1e-4


def test_a_redundant_arm_follows_with_little_more_motion(searcher: Searcher) -> None:
    """Up to 0.01 rad go into a better posture; the nearest on the curve of solutions is not looked for."""
    if not searcher.redundant:
        pytest.skip("it has nothing to spend")
    more = _more_motion(searcher, 3)
    assert np.quantile(more, 0.95) <= 0.02
    assert max(more) < 0.05


def test_adjusted_anchors_are_nearer_to_the_target_than_the_anchors(searcher: Searcher) -> None:
    """One pass of F takes away nearly all of the distance, in the median."""
    arm, anchors = searcher.arm, searcher.inverse.anchors
    before, after = [], []
    for target in arm.forward(arm.sample(200, np.random.default_rng(0))):
        neighbours = anchors.nearest(target, 3)
        candidates, _ = searcher.candidates(target.tolist(), neighbours, None)
        before += np.linalg.norm(anchors.y[neighbours] - target, axis=1).tolist()
        after += np.linalg.norm(arm.forward(candidates) - target, axis=1).tolist()
    assert np.median(after) < 0.05 * np.median(before)


def test_targets_at_the_edge_are_reached(searcher: Searcher) -> None:
    """The stretched arm and postures with joints on their limits, where few anchors are."""
    arm, rng = searcher.arm, np.random.default_rng(1)
    postures = arm.sample(200, rng)
    on_limit = rng.integers(3, size=postures.shape)
    postures = np.where(on_limit == 1, arm.lower, np.where(on_limit == 2, arm.upper, postures))
    stretched = postures.copy()
    stretched[:, arm.n_joints - len(arm.link_lengths) + 1 :] = 0.0
    for target in arm.forward(np.concatenate([postures, stretched])):
        for state in (None, arm.sample(1, rng)[0].tolist()):
            joints, residual, _ = searcher.search(target.tolist(), state)
            assert residual <= 1e-6
            assert within_limits(arm, np.array(joints))
