"""The plain solver that ours is compared with."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.arms import ARMS
from itnnr_ik.bench.baseline import NearestLeastSquares
from itnnr_ik.bench.tasks import solved


@pytest.mark.parametrize("name", list(ARMS))
def test_it_solves_nearly_every_target(name: str) -> None:
    """One at a time and in a batch: it must be worth the comparison."""
    arm, rng = ARMS[name], np.random.default_rng(4)
    baseline = NearestLeastSquares(arm, 1e-6, seed=1)
    targets = arm.forward(arm.sample(200, rng))
    single = np.array([baseline.solve(target, np.zeros(arm.n_joints)) for target in targets])
    assert solved(arm, single, targets, 1e-6).mean() > 0.95
    assert solved(arm, baseline.solve_batch(targets), targets, 1e-6).mean() > 0.95
