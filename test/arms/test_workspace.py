"""Reachable targets are found without the solver."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.arms import ARMS, Arm
from itnnr_ik.arms.workspace import find_reachable


@pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)
def test_the_tip_of_any_posture_is_reachable(arm: Arm) -> None:
    """All but very few of the targets that are reachable by construction are found to be."""
    targets = arm.forward(arm.sample(300, np.random.default_rng(1)))
    assert find_reachable(arm, targets, 1e-6).mean() > 0.99


def test_the_two_link_arm_reaches_a_ring() -> None:
    """Within ±π/2 the distance from the base is √2 to 2 m; the limits of the first joint cut the ring."""
    arm = ARMS["two_link"]
    inside = [(1.42, 0.0), (0.0, 1.9), (1.99, 0.0)]
    outside = [(1.41, 0.0), (2.01, 0.0), (0.3, 0.3), (-1.9, 0.0)]
    np.testing.assert_array_equal(
        find_reachable(arm, np.array(inside + outside), 1e-6), [True] * 3 + [False] * 4
    )


def test_no_targets_give_no_answers() -> None:
    """An empty batch is fine."""
    assert find_reachable(ARMS["two_link"], np.empty((0, 2)), 1e-6).shape == (0,)
