"""What a controller is sent keeps every rule that a joint_trajectory_controller checks, and some more."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules import acceptance_problems
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.ros.commands import (
    COMMAND_TYPES,
    STREAM_GAP,
    CommandMaker,
)
from itnnr_ik.ros.motion import SHORTEST
from itnnr_ik.ros.status import Code, RejectedError
from itnnr_ik.ros.trajectory_controller import TrajectoryController

TRAJECTORY, ARRAY = COMMAND_TYPES
NAMES = ("shoulder", "elbow", "wrist")
LIMITS = np.array([[-3.0] * 3, [3.0] * 3])

angles = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3).map(np.array)


def maker(command_type: str = TRAJECTORY) -> CommandMaker:
    return CommandMaker(command_type, NAMES, LIMITS)


def make(
    commands: CommandMaker,
    positions: Sequence[float],
    current: Sequence[float] = (0.0, 0.0, 0.0),
    now: float = 100.0,
    received: float | None = None,
    max_joint_step: float = 0.3,
    max_velocity: float = 2.0,
    max_acceleration: float = 0.0,
    streaming: bool = False,
) -> Any:
    """A command, from a joint state received just now unless said otherwise."""
    return commands.make(
        np.array(positions),
        np.array(current),
        now if received is None else received,
        now,
        max_joint_step,
        max_velocity,
        max_acceleration,
        streaming,
    )


def duration(command: JointTrajectory) -> float:
    time = command.points[0].time_from_start
    return float(time.sec + 1e-9 * time.nanosec)


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_every_type_is_made(command_type: str) -> None:
    """Of the type that its topic is announced with, joints in order."""
    command = make(maker(command_type), (0.1, 0.05, -0.1))
    assert isinstance(command, COMMAND_TYPES[command_type][0])
    sent = command.data if command_type == ARRAY else command.points[-1].positions
    assert list(sent) == [0.1, 0.05, -0.1]


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_a_step_is_the_largest_joint_change(command_type: str) -> None:
    """Up to the limit it passes, beyond it is refused; NaN never passes."""
    make(maker(command_type), (0.1, -0.1999, 0.0), max_joint_step=0.2)
    for positions in ((0.1, -0.21, 0.0), (0.0, np.nan, 0.0)):
        with pytest.raises(RejectedError, match=r"expected at most max_joint_step = 0\.2 rad") as caught:
            make(maker(command_type), positions, max_joint_step=0.2)
        assert caught.value.code is Code.STEP_TOO_LARGE


def test_what_was_sent_since_the_joint_state_counts() -> None:
    """Without a newer joint state the joints may be where they were sent: the farther place counts."""
    commands = maker()
    make(commands, (0.29, 0.0, 0.0), now=100.0, received=99.9)
    with pytest.raises(RejectedError, match=r"0\.58 rad from where the joints may be"):
        make(commands, (-0.29, 0.0, 0.0), now=100.3, received=99.9)
    back = make(commands, (0.1, 0.0, 0.0), now=100.3, received=99.9)
    assert duration(back) == pytest.approx(1.5 * 0.19 / 2.0)
    # A joint state that came after says where they are.
    make(commands, (-0.19, 0.0, 0.0), now=100.4, received=100.39)


def test_positions_without_times_are_no_faster_than_allowed() -> None:
    """A tenth of a second's way at once, and in the long run the speed; what comes faster is refused."""
    commands = maker(ARRAY)
    with pytest.raises(RejectedError, match=r"what max_velocity = 0\.5 rad/s allows by now = 0\.05 rad"):
        make(commands, (0.06, 0.0, 0.0), max_velocity=0.5)
    sent, position, now = 0, 0.0, 100.0
    for _ in range(100):
        now += 0.01
        with contextlib.suppress(RejectedError):
            make(commands, (position + 0.008, 0.0, 0.0), (position, 0.0, 0.0), now, max_velocity=0.5)
            position += 0.008
            sent += 1
    assert 40 < sent < 70
    assert position <= 0.5 * 1.0 + 0.05 + 1e-9


@given(angles, angles, st.floats(1e-3, 100.0))
def test_trajectories_are_accepted_and_take_their_time(
    positions: np.ndarray, current: np.ndarray, max_velocity: float
) -> None:
    """By all nine rules, from the moment they are received; from rest to rest at full speed at most."""
    trajectory = make(maker(), positions, current, max_joint_step=7.0, max_velocity=max_velocity)
    assert acceptance_problems(trajectory, NAMES) == []
    assert (trajectory.header.stamp.sec, trajectory.header.stamp.nanosec) == (0, 0)
    (point,) = trajectory.points
    assert list(point.positions) == positions.tolist()
    largest = float(np.abs(positions - current).max())
    assert duration(trajectory) == pytest.approx(max(SHORTEST, 1.5 * largest / max_velocity), rel=1e-6)


steps = st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3).map(np.array)
small_steps = st.lists(st.floats(-0.02, 0.02), min_size=3, max_size=3).map(np.array)


@given(
    angles,
    st.lists(steps | small_steps, min_size=2, max_size=12),
    st.floats(0.002, 0.25),
    st.floats(0.2, 5.0),
    st.booleans(),
    st.sampled_from([0.0, 5.0, 50.0]),
)
def test_no_sequence_of_solutions_leads_beyond_limits_or_speed(
    start: np.ndarray,
    changes: list[np.ndarray],
    interval: float,
    max_velocity: float,
    streaming: bool,
    max_acceleration: float,
) -> None:
    """As a joint_trajectory_controller moves along it, whatever comes when; at the end it rests."""
    commands, controller = maker(), TrajectoryController(NAMES, start)
    now, goal, fastest = 0.0, start, 0.0
    moved = []
    for change in changes:
        goal = np.clip(goal + change, *LIMITS)
        command = make(
            commands,
            goal,
            controller.sample(int(1e9 * now))[0],
            now,
            max_joint_step=10.0,
            max_velocity=max_velocity,
            max_acceleration=max_acceleration,
            streaming=streaming,
        )
        assert acceptance_problems(command, NAMES) == []
        controller.follow(command, int(1e9 * now))
        sampled = [controller.sample(int(1e9 * (now + s))) for s in np.linspace(0.0, interval, 8)]
        moved += [positions for positions, _ in sampled]
        fastest = max(fastest, *(np.abs(velocities).max() for _, velocities in sampled))
        now += interval
    times = now + np.linspace(0.0, 60.0, 400)
    moved += [controller.sample(int(1e9 * time))[0] for time in times]
    # Times in messages are whole nanoseconds.
    assert (np.array(moved) >= LIMITS[0] - 1e-6).all()
    assert (np.array(moved) <= LIMITS[1] + 1e-6).all()
    np.testing.assert_allclose(moved[-1], goal, atol=1e-9)
    assert fastest <= max_velocity * (1.0 + 1e-4)


def test_a_joint_on_its_way_to_its_limit_is_not_carried_beyond_it() -> None:
    """A new target that lets another joint move on for long does not make it late to stop."""
    limit = LIMITS[1, 0]
    commands, controller = maker(), TrajectoryController(NAMES, [limit - 0.29, 0.0, 0.0])
    controller.follow(make(commands, (limit, 0.0, 0.0), (limit - 0.29, 0.0, 0.0), 1.0), 10**9)
    current = controller.sample(1_200_000_000)[0]
    assert 0.005 < limit - current[0] < 0.02
    controller.follow(make(commands, (limit, 0.29, 0.0), current, 1.2), 1_200_000_000)
    positions = np.array([controller.sample(1_200_000_000 + t * 10**6)[0] for t in range(400)])
    assert positions[:, 0].max() <= limit + 1e-6
    np.testing.assert_allclose(positions[-1], (limit, 0.29, 0.0))


def test_a_moving_arm_is_not_stopped_harder_than_allowed() -> None:
    """A target where the joints are: a short way to a stop, and back, takes time."""
    commands, controller = maker(), TrajectoryController(NAMES, [0.0, 0.0, 0.0])
    controller.follow(make(commands, (0.29, 0.0, 0.0), max_acceleration=10.0, now=1.0), 10**9)
    at = 1_200_000_000
    here, speed = controller.sample(at)
    assert speed[0] > 0.5
    stop = make(commands, here, here, 1.2, max_acceleration=10.0)
    controller.follow(stop, at)
    speeds = np.array([controller.sample(at + t * 10**6)[1][0] for t in range(int(1e3 * duration(stop)))])
    assert np.abs(np.diff(speeds)).max() <= 10.0 * 1e-3 * 1.01


def test_a_stream_moves_at_its_own_speed() -> None:
    """From its second solution on, until none has come for a while or one was not answered."""
    commands = maker()

    def speed(number: int, now: float) -> list[float]:
        positions = np.array([0.01, -0.02, 0.0]) * number
        lag = np.array([0.01, -0.02, 0.0])
        return list(make(commands, positions, positions - lag, now, streaming=True).points[0].velocities)

    assert speed(0, 10.0) == [0.0, 0.0, 0.0]
    for number in range(1, 5):
        np.testing.assert_allclose(speed(number, 10.0 + 0.02 * number), [0.5, -1.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(speed(4, 10.08), [0.5, -1.0, 0.0], rtol=0.5)
    assert speed(5, 10.08 + 1.01 * STREAM_GAP) == [0.0, 0.0, 0.0]
    assert speed(6, 10.10 + 1.01 * STREAM_GAP) != [0.0, 0.0, 0.0]
    commands.interrupt()
    assert speed(7, 10.12 + 1.01 * STREAM_GAP) != [0.0, 0.0, 0.0]
