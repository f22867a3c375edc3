"""The planner on postures that are given, without an arm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from itnnr_ik.paths.graph import Joints, Layers
from itnnr_ik.paths.planner import Planner


def test_a_target_may_have_any_number_of_postures() -> None:
    """The nearest of 40 000 is the one before, more than a short integer can count."""
    one = np.ones(1)
    joints = Joints(-one, 2.0 * one, 0.0 * one, one, np.ones(1, np.int64), np.zeros(1, np.bool_))
    count = 40_000
    q = np.concatenate([np.linspace(0.0, 1.0, count), [1.0]])[:, None]
    starts, pairs = np.array([0, count, count + 1]), np.array([0, count])
    nowhere, far = np.full(count + 1, -1), np.full(count + 1, 2.0)
    layers = Layers(starts, q, nowhere, far, 0.0, pairs, np.zeros(0, np.bool_))
    arm: Any = SimpleNamespace(middle=0.0 * one, weights=one)
    (stretch,) = Planner(arm, joints, layers).join(None)
    np.testing.assert_array_equal(stretch.positions, [[1.0], [1.0]])
