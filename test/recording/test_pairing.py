"""Joint states are matched with other messages by time, and never across a gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.recording import RecordedJoints
from itnnr_ik.recording.clocks import StampSurvey, match_by_stamps
from itnnr_ik.recording.pairing import (
    MAX_STATE_AGE,
    JointTrack,
    interpolate_positions,
    is_stale,
    joint_track,
    last_before,
    usable_positions,
)

SECOND = 10**9
times = st.lists(st.integers(1, 50), min_size=2, max_size=30).map(np.cumsum)


def track(received: np.ndarray, offset: int = 0) -> JointTrack:
    """Joint states of one joint, whose position is the stamp in seconds."""
    states = [RecordedJoints(int(t) + offset, int(t), ("a",), np.array([1e-9 * t])) for t in received]
    return joint_track(states, ("a",))[0]


def found_at(joints: JointTrack, stamps: list[int], offset: int = 0) -> tuple[np.ndarray, str]:
    """Joint positions at poses with these stamps, and a phrase on the clock."""
    at = np.array(stamps, dtype=np.int64)
    of_joints, of_poses = StampSurvey("joint states"), StampSurvey("poses")
    of_joints.add(joints.received, joints.stamps)
    of_poses.add(at + offset, at)
    stamped, clock = match_by_stamps(of_joints, of_poses, MAX_STATE_AGE)
    times, moments = (joints.stamps, at) if stamped else (joints.received, at + offset)
    return interpolate_positions(times, joints.positions, moments, np.array([False])), clock


@given(times, st.lists(st.integers(0, 1600), max_size=20).map(sorted))
def test_the_state_before_is_the_last_that_was_received_earlier(received: np.ndarray, at: list[int]) -> None:
    """The index is that of a linear search, -1 before the first state."""
    found = last_before(track(received), np.array(at, dtype=np.int64))
    assert found.tolist() == [sum(t < moment for t in received) - 1 for moment in at]


@given(times, st.floats(0.0, 1.0))
def test_positions_lie_between_the_states_around(received: np.ndarray, share: float) -> None:
    """The position of a joint in uniform motion is exact at any delay of receipt on either topic."""
    stamps = received * SECOND // 100
    at = int(stamps[0] + share * (stamps[-1] - stamps[0]))
    positions, clock = found_at(track(stamps, 12_345), [at], 999)
    assert clock == "matched by header stamps"
    assert abs(positions[0, 0] - 1e-9 * at) < 1e-6


def test_no_position_outside_or_across_a_gap() -> None:
    """The position is unknown before the first state, after the last, and within a long gap."""
    stamps = np.array([10, 11, 14, 15]) * SECOND
    moments = [int(t * SECOND) for t in (9.9, 10.5, 11.0, 12.5, 14.0, 14.5, 15.1)]
    positions, _ = found_at(track(stamps), moments)
    assert np.isnan(positions[:, 0]).tolist() == [True, False, False, True, False, False, True]


def test_clocks_that_differ_are_not_compared() -> None:
    """If poses have another clock, times of receipt are used, with a reason."""
    stamps = np.arange(10, 20) * SECOND
    positions, clock = found_at(track(stamps), [500 * SECOND], -485 * SECOND)
    assert clock.endswith("the stamps of poses and of joint states are of different clocks")
    np.testing.assert_allclose(positions, [[15.0]])


def test_old_states_are_told_from_new_ones() -> None:
    """A state is stale only beyond the largest age."""
    stamps = np.array([1, 2]) * SECOND
    received = np.array([2 * SECOND + int(MAX_STATE_AGE * SECOND) + late for late in (0, 1)])
    joints = track(stamps)
    assert is_stale(joints, last_before(joints, received), received).tolist() == [False, True]


@pytest.mark.parametrize(
    ("names", "positions", "reason"),
    [
        (("b", "wheel", "a"), (0.2, 9.0, 0.1), ""),
        (("", ""), (0.1, 0.2), "joint state without joint names"),
        (("a", "b"), (0.1,), "joint names and positions differ in number"),
        (("gripper",), (0.1,), "joint state of other joints"),
        (("a", "gripper"), (0.1, 0.2), "joint state without some of the joints"),
        (("a", "b", "a"), (0.1, 0.2, 0.3), "joint named more than once"),
        (("a", "b"), (0.1, np.inf), "joint positions not finite"),
    ],
)
def test_a_joint_state_is_usable_or_not_by_itself(
    names: tuple[str, ...], positions: tuple[float, ...], reason: str
) -> None:
    """A joint state is judged independently of others, with the reason that is counted."""
    found, why = usable_positions(RecordedJoints(1, 1, names, np.array(positions)), ("a", "b"))
    assert why == reason
    assert (found is None) == bool(reason)
    if found is not None:
        assert found.tolist() == [0.1, 0.2]
