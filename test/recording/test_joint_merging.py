"""One joint state out of several messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.recording.joint_merging import JointMerger

SECOND = 10**9


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-3.0, 3.0), st.integers(0, 9)), max_size=30))
def test_merging_keeps_the_latest_of_each_joint(messages: list[tuple[str, float, int]]) -> None:
    """Positions, ages and missing joints are as by a simple loop over all messages."""
    merger = JointMerger(("a", "b"), timeout=1.0)
    latest: dict[str, tuple[float, int]] = {}
    now = 0
    for name, position, later in messages:
        now += later * SECOND // 10
        assert merger.add((name,), (position,), now) == (name in "ab")
        latest[name] = position, now
    ages = {name: (now - latest[name][1]) / SECOND if name in latest else np.inf for name in "ab"}
    np.testing.assert_allclose(merger.ages, [ages["a"], ages["b"]])
    assert merger.missing == tuple(name for name in "ab" if ages[name] > 1.0)
    state = merger.state()
    assert (state is None) == bool(merger.missing)
    if state is not None:
        assert state.positions.tolist() == [latest["a"][0], latest["b"][0]]


@pytest.mark.parametrize("message", [(("a", "a"), (1.0, 2.0)), (("a",), ()), (("a",), (np.nan,))])
def test_messages_that_cannot_be_merged(message: tuple[tuple[str, ...], tuple[float, ...]]) -> None:
    """Messages that cannot be merged are ignored."""
    merger = JointMerger(("a",), timeout=0.0)
    assert merger.add(("a",), (0.5,), 1)
    assert not merger.add(*message, 2)
    state = merger.state()
    assert state is not None
    assert state.positions.tolist() == [0.5]


def test_a_joint_that_was_never_told_is_missing_without_a_timeout() -> None:
    """Without a timeout only joints that were never received are missing."""
    merger = JointMerger(("a", "b"), timeout=0.0)
    assert merger.missing == ("a", "b")
    merger.add(("b",), (0.5,), 3 * SECOND)
    assert merger.missing == ("a",)
    assert merger.state() is None
    merger.add(("a",), (0.1,), 10**6 * SECOND)
    assert merger.missing == ()
    assert merger.newest == 10**6 * SECOND
