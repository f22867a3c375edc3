"""What a controller is sent keeps every rule that a joint_trajectory_controller checks, and some more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules import acceptance_problems
from std_msgs.msg import Float64MultiArray

from itnnr_ik.ros.commands import (
    COMMAND_TYPES,
    SHORTEST,
    STOP_TIME,
    CommandMaker,
    check_step,
    make_moving_trajectory,
    make_trajectory,
)
from itnnr_ik.ros.status import Code, RejectedError

NAMES = ("shoulder", "elbow", "wrist")
LIMITS = np.array([[-3.0] * 3, [3.0] * 3])

angles = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3).map(np.array)


@given(angles, angles, st.floats(1e-3, 100.0))
def test_trajectories_are_accepted_and_never_faster(
    positions: np.ndarray, current: np.ndarray, max_velocity: float
) -> None:
    """By all nine rules; the cubic from rest to rest has its peak at the full speed, if not below."""
    trajectory = make_trajectory(positions, current, NAMES, max_velocity)
    assert acceptance_problems(trajectory, NAMES) == []
    (point,) = trajectory.points
    assert list(point.positions) == positions.tolist()
    seconds = point.time_from_start.sec + point.time_from_start.nanosec * 1e-9
    largest = float(np.abs(positions - current).max())
    assert seconds == pytest.approx(max(SHORTEST, 1.5 * largest / max_velocity), rel=1e-6)


def test_a_trajectory_starts_when_it_is_received() -> None:
    """Stamp 0: it cannot end in the past, whatever the clocks say."""
    stamp = make_trajectory(np.zeros(3), np.ones(3), NAMES, 1.0).header.stamp
    assert (stamp.sec, stamp.nanosec) == (0, 0)


def maker(command_type: str = "trajectory_msgs/JointTrajectory") -> CommandMaker:
    return CommandMaker(command_type, NAMES, LIMITS)


def test_an_array_has_the_joints_in_order() -> None:
    """What a forward_command_controller takes."""
    command = maker("std_msgs/Float64MultiArray").make(np.array([0.1, 0.2, 0.3]), np.zeros(3), 1.0)
    assert isinstance(command, Float64MultiArray)
    assert list(command.data) == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_every_type_is_made(command_type: str) -> None:
    """The message is of the type that its topic is announced with."""
    command = maker(command_type).make(np.zeros(3), np.zeros(3), 1.0)
    assert isinstance(command, COMMAND_TYPES[command_type][0])


@given(angles, angles, angles, st.floats(1e-3, 1.0), st.floats(1e-2, 100.0))
def test_a_moving_trajectory_comes_to_rest_on_the_solution(
    positions: np.ndarray, current: np.ndarray, velocities: np.ndarray, interval: float, max_velocity: float
) -> None:
    """Accepted by all rules, no faster than allowed, and its last part stays within the limits."""
    trajectory = make_moving_trajectory(positions, velocities, interval, current, NAMES, LIMITS, max_velocity)
    assert acceptance_problems(trajectory, NAMES) == []
    through, end = trajectory.points
    assert list(through.positions) == list(end.positions) == positions.tolist()
    speeds = np.array(through.velocities)
    assert np.abs(speeds).max() <= max_velocity * (1 + 1e-9)
    np.testing.assert_allclose(np.cross(speeds, velocities), 0.0, atol=1e-9)
    share = np.linspace(0.0, 1.0, 101)[:, None]
    excursion = positions + STOP_TIME * speeds * share * (1.0 - share) ** 2
    assert (excursion >= LIMITS[0] - 1e-9).all()
    assert (excursion <= LIMITS[1] + 1e-9).all()


def test_a_stream_moves_at_its_own_speed() -> None:
    """From its second solution on, until none has come for the gap or the clock is set back."""
    make = maker()

    def command(number: int, now: float) -> list[float]:
        positions = np.array([0.01, -0.02, 0.0]) * number
        made = make.make_moving(positions, positions - 0.01, 5.0, now, gap=0.5)
        assert acceptance_problems(made, NAMES) == []
        return list(made.points[0].velocities)

    assert command(0, 10.0) == [0.0, 0.0, 0.0]
    for number in range(1, 5):
        np.testing.assert_allclose(command(number, 10.0 + 0.02 * number), [0.5, -1.0, 0.0], rtol=1e-6)
    assert command(5, 11.0) == [0.0, 0.0, 0.0]
    assert command(6, 3.0) == [0.0, 0.0, 0.0]
    assert command(7, 3.02) != [0.0, 0.0, 0.0]


def test_a_step_is_the_largest_joint_change() -> None:
    """Up to the limit it passes, beyond it is refused; NaN never passes."""
    current = np.array([0.0, 1.0, 0.0])
    check_step(np.array([0.2, 0.7, -0.3]), current, 0.3 + 1e-12)
    for positions in (np.array([0.2, 0.6, 0.0]), np.array([0.0, np.nan, 0.0])):
        with pytest.raises(RejectedError, match=r"expected at most max_joint_step = 0\.3 rad") as caught:
            check_step(positions, current, 0.3)
        assert caught.value.code is Code.STEP_TOO_LARGE
