"""What a controller is sent keeps every rule that a joint_trajectory_controller checks, and some more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules import acceptance_problems
from std_msgs.msg import Float64MultiArray

from itnnr_ik.ros.commands import COMMAND_TYPES, SHORTEST, check_step, command_maker, make_trajectory
from itnnr_ik.ros.status import Code, RejectedError

NAMES = ("shoulder", "elbow", "wrist")

angles = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3).map(np.array)


@given(angles, angles, st.floats(1e-3, 100.0))
def test_trajectories_are_accepted_and_never_faster(
    positions: np.ndarray, current: np.ndarray, max_velocity: float
) -> None:
    """By all nine rules; the time is at least what the largest joint change takes at full speed."""
    trajectory = make_trajectory(positions, current, NAMES, max_velocity)
    assert acceptance_problems(trajectory, NAMES) == []
    (point,) = trajectory.points
    assert list(point.positions) == positions.tolist()
    seconds = point.time_from_start.sec + point.time_from_start.nanosec * 1e-9
    largest = float(np.abs(positions - current).max())
    assert largest <= max_velocity * seconds * (1 + 1e-9)
    assert seconds == pytest.approx(max(SHORTEST, largest / max_velocity), rel=1e-6)


def test_a_trajectory_starts_when_it_is_received() -> None:
    """Stamp 0: it cannot end in the past, whatever the clocks say."""
    stamp = make_trajectory(np.zeros(3), np.ones(3), NAMES, 1.0).header.stamp
    assert (stamp.sec, stamp.nanosec) == (0, 0)


def test_an_array_has_the_joints_in_order() -> None:
    """What a forward_command_controller takes."""
    make = command_maker("std_msgs/Float64MultiArray", NAMES, 1.0)
    command = make(np.array([0.1, 0.2, 0.3]), np.zeros(3))
    assert isinstance(command, Float64MultiArray)
    assert list(command.data) == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_every_type_is_made(command_type: str) -> None:
    """The message is of the type that its topic is announced with."""
    command = command_maker(command_type, NAMES, 1.0)(np.zeros(3), np.zeros(3))
    assert isinstance(command, COMMAND_TYPES[command_type][0])


def test_a_step_is_the_largest_joint_change() -> None:
    """Up to the limit it passes, beyond it is refused; NaN never passes."""
    current = np.array([0.0, 1.0, 0.0])
    check_step(np.array([0.2, 0.7, -0.3]), current, 0.3 + 1e-12)
    for positions in (np.array([0.2, 0.6, 0.0]), np.array([0.0, np.nan, 0.0])):
        with pytest.raises(RejectedError, match=r"expected at most max_joint_step = 0\.3 rad") as caught:
            check_step(positions, current, 0.3)
        assert caught.value.code is Code.STEP_TOO_LARGE
