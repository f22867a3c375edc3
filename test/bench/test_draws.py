"""Targets, states and paths that are solved."""

from __future__ import annotations

import numpy as np
import pytest

from bench.solvers import bench_arm
from itnnr_ik.bench.arms import TEST_ARMS
from itnnr_ik.bench.draws import (
    MIN_SINGULAR_VALUE,
    draws,
    of_postures,
    regular_bound,
    regular_path,
    sine_path,
    singular_values,
)
from itnnr_ik.robot import PACKAGED

_ARMS = [*PACKAGED, *TEST_ARMS]


@pytest.mark.parametrize("name", _ARMS)
def test_a_smooth_path_is_smooth(name: str) -> None:
    """A path is within the limits, at most 7 rad/s fast at 200 Hz, and the same for the same seed."""
    arm = bench_arm(name)
    lower, upper = arm.bounds
    for seed in range(5):
        path = sine_path(arm, 1000, np.random.default_rng(seed))
        assert ((path >= lower) & (path <= upper)).all()
        assert np.abs(np.diff(path, axis=0)).max() <= 7.0 / 200.0
        assert (path == sine_path(arm, 1000, np.random.default_rng(seed))).all()


def test_joints_swing_over_the_share_of_their_range() -> None:
    """Joints swing over 60 % of their range where there is time for a whole period."""
    arm = bench_arm("two_link")
    path = sine_path(arm, 2000, np.random.default_rng(0))
    swing = (path.max(axis=0) - path.min(axis=0)) / (arm.chain.upper - arm.chain.lower)
    assert swing == pytest.approx([0.6, 0.6], abs=1e-3)


@pytest.mark.parametrize("name", ["two_link", "puma560", "so101"])
def test_a_regular_path_is_off_singular_postures(name: str) -> None:
    """The smallest singular value is never below the bound, which is lower for a small arm."""
    arm, rng = bench_arm(name), np.random.default_rng(2)
    bound = regular_bound(arm, rng)
    assert bound < MIN_SINGULAR_VALUE if name == "so101" else bound == MIN_SINGULAR_VALUE
    found = regular_path(arm, 300, rng, bound)
    assert found is not None
    path, swing = found
    assert 0.1 <= swing <= 0.6
    assert singular_values(arm, path).min() >= bound


def test_a_path_that_does_not_exist_is_not_made_up() -> None:
    """No path is returned for a bound that no posture reaches."""
    assert regular_path(bench_arm("two_link"), 50, np.random.default_rng(0), bound=10.0) is None


@pytest.mark.parametrize("name", _ARMS)
def test_states_are_as_near_as_asked(name: str) -> None:
    """States are within 0.1 of the postures and within the limits, and the postures reach the targets."""
    arm = bench_arm(name)
    drawn = draws(arm, 50, np.random.default_rng(1), within=0.1)
    assert np.abs(drawn.states - drawn.postures).max() <= 0.1
    assert ((drawn.states >= arm.chain.lower) & (drawn.states <= arm.chain.upper)).all()
    assert arm.solved(drawn.postures, drawn.targets).all()
    assert drawn.transforms[:, : drawn.targets.shape[1] and 2, 3] == pytest.approx(drawn.targets[:, :2])


def test_random_states_are_elsewhere() -> None:
    """Random states do not depend on the postures."""
    drawn = draws(bench_arm("two_link"), 200, np.random.default_rng(0))
    assert np.median(np.abs(drawn.states - drawn.postures).max(axis=1)) > 0.5
    again = of_postures(bench_arm("two_link"), drawn.postures, drawn.states)
    assert (again.targets == drawn.targets).all()
