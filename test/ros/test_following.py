"""Joints that follow their set-points are told from those that do not, by where they were just before."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.ros.following import ERROR, LAG, Following

SPEED = 0.5  # rad/s
SEEN = ERROR / SPEED  # s until a move is more than an error


def seen(lag: float, until: float, stopped: float = np.inf) -> bool | None:
    """At the time ``until`` [s] of set-points at a constant speed; joints stop at ``stopped`` [s]."""
    following, result = Following(), None
    following.begin(np.zeros(2), 0.0)
    for now in np.arange(0.0, until, 0.02):
        positions = np.array([SPEED * min(max(0.0, now - lag), stopped), 0.0])
        result = following.is_seen(positions, now, lambda time: np.array([SPEED * time, 0.0]), now)
    return result


@pytest.mark.parametrize("lag", [0.0, 0.05, 0.2])
def test_joints_that_move_along_are_seen_to_follow(lag: float) -> None:
    """For as long as they may lag behind, after a little way; until then nobody knows."""
    assert seen(lag, lag + SEEN + LAG) is None
    assert seen(lag, lag + SEEN + LAG + 0.05) is True
    assert seen(lag, 2.0) is True


def test_joints_that_rest_are_not() -> None:
    """Nobody knows at first; then they are behind by more than any that follow."""
    assert seen(np.inf, SEEN + LAG) is None
    assert seen(np.inf, SEEN + LAG + 0.05) is False


def test_joints_that_stop_on_the_way_are_not() -> None:
    """As after a protective stop."""
    assert seen(0.05, 1.0, stopped=1.0) is True
    assert seen(0.05, 1.5, stopped=1.0) is False


def test_an_old_joint_state_is_compared_with_its_own_time() -> None:
    """It came before the set-points moved on."""
    following = Following()
    following.begin(np.zeros(1), 0.0)
    for now in np.arange(0.0, 1.0, 0.1):
        assert following.is_seen(np.array([now]), now, lambda time: np.array([time]), now) is not False
    assert following.is_seen(np.array([0.9]), 0.9, lambda time: np.array([time]), 1.5) is True


def test_joints_moved_by_something_else_are_not() -> None:
    """Off the path of the set-points."""
    following = Following()
    following.begin(np.zeros(1), 0.0)
    assert following.is_seen(np.zeros(1), 0.0, lambda time: np.array([time]), 0.0) is None
    assert following.is_seen(np.array([-0.1]), 0.1, lambda time: np.array([time]), 0.1) is False


def test_between_rare_looks_the_path_is_known_too() -> None:
    """Joints that stopped long before the last look are not taken for where the set-points were then."""
    following = Following()
    following.begin(np.zeros(1), 0.0)
    for now in (0.2, 0.5, 0.9):
        following.is_seen(np.array([0.2 * now]), now, lambda time: np.array([0.2 * time]), now)
    assert following.is_seen(np.array([0.19]), 1.9, lambda time: np.array([0.2 * time]), 1.9) is False
