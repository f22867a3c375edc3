"""Gaps of stretches that are given, without an arm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from itnnr_ik.paths.gaps import explain


def test_a_single_target_that_is_reached_is_no_gap() -> None:
    """Also where no stretch leads to it: there is no step that could be told."""
    arm: Any = SimpleNamespace(count=1, weights=np.ones(1))
    assert explain(arm, [], np.zeros((1, 1)), np.zeros(1), None, np.ones(1, dtype=np.bool_)) == ()
