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
    BURST,
    COMMAND_TYPES,
    JOINT_STATE,
    SET_POINT,
    SHOWN,
    STREAM_GAP,
    Allowed,
    CommandMaker,
)
from itnnr_ik.ros.motion import SHORTEST, Motion
from itnnr_ik.ros.status import Code, RejectedError

TRAJECTORY, ARRAY = COMMAND_TYPES
NAMES = ("shoulder", "elbow", "wrist")
LIMITS = np.array([[-3.0] * 3, [3.0] * 3])

angles = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3).map(np.array)


def maker(command_type: str = TRAJECTORY, trajectory_start: str = SET_POINT) -> CommandMaker:
    return CommandMaker(command_type, NAMES, LIMITS, trajectory_start)


def make(
    commands: CommandMaker,
    positions: Sequence[float],
    current: Sequence[float] = (0.0, 0.0, 0.0),
    now: float = 100.0,
    age: float = 0.0,
    max_joint_step: float | Sequence[float] = 0.3,
    max_velocity: float | Sequence[float] = 2.0,
    max_acceleration: float = 0.0,
    streaming: bool = False,
    velocities: Sequence[float] = (0.0, 0.0, 0.0),
    turns: float = 0.0,
) -> Any:
    """A command, from a joint state received just now unless said otherwise."""
    allowed = Allowed(
        *(np.broadcast_to(limit, 3) for limit in (max_joint_step, max_velocity, max_acceleration or np.inf))
    )
    return commands.make(
        np.array(positions),
        np.array(current),
        np.array(velocities),
        age,
        now,
        allowed,
        streaming,
        turns,
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


@pytest.mark.parametrize("age", [0.301, 0.29])
def test_where_a_command_has_brought_the_joints_counts(age: float) -> None:
    """Until a joint state has had the time to show it: one that came just after shows them at rest."""
    commands = maker()
    make(commands, (0.29, 0.0, 0.0), now=100.0)
    with pytest.raises(RejectedError, match=r"0\.58 rad from where the joints may be"):
        make(commands, (-0.29, 0.0, 0.0), now=100.3, age=age)
    back = make(commands, (0.1, 0.0, 0.0), now=100.3, age=age)
    assert duration(back) == pytest.approx(1.5 * 0.19 / 2.0)


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_a_joint_state_that_came_later_says_where_the_joints_are(command_type: str) -> None:
    """Something else may have moved them since, or nothing followed the command."""
    commands = maker(command_type)
    make(commands, (0.19, 0.0, 0.0), now=100.0)
    make(commands, (-0.19, 0.0, 0.0), now=100.5, age=0.1)


def test_what_nobody_heard_does_not_count() -> None:
    """Nor does what was sent in a simulation that has begun again."""
    commands = maker()
    make(commands, (0.29, 0.0, 0.0), now=100.0)
    commands.forget()
    make(commands, (-0.29, 0.0, 0.0), now=100.3)
    make(commands, (0.29, 0.0, 0.0), now=1.0)
    arrays = maker(ARRAY)
    make(arrays, (0.1, 0.0, 0.0), now=100.0)
    arrays.forget()
    for i in range(1, 4):
        make(arrays, (0.05, 0.0, 0.0), (0.04, 0.0, 0.0), now=float(i))


def test_positions_without_times_are_no_faster_than_allowed() -> None:
    """A tenth of a second's way at once, and in the long run the speed; what comes faster is refused."""
    commands = maker(ARRAY)
    with pytest.raises(RejectedError, match=r"what its largest speed allows by now = 0\.05 rad"):
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


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_each_joint_has_limits_of_its_own(command_type: str) -> None:
    """Of the step, which says whose it is, and of the speed."""
    make(maker(command_type), (0.19, -0.04, 0.0), max_joint_step=(0.2, 0.05, 0.2))
    with pytest.raises(RejectedError, match=r"of joint 'elbow' is 0\.06 rad .* max_joint_step = 0\.05 rad"):
        make(maker(command_type), (0.19, -0.06, 0.0), max_joint_step=(0.2, 0.05, 0.2))
    if command_type == TRAJECTORY:
        command = make(maker(), (0.2, 0.2, 0.0), max_velocity=(2.0, 0.1, 2.0))
        assert duration(command) == pytest.approx(1.5 * 0.2 / 0.1)
        return
    with pytest.raises(RejectedError, match=r"of joint 'wrist' is 0\.06 rad .* its largest speed allows"):
        make(maker(command_type), (0.15, 0.0, 0.06), max_velocity=(2.0, 2.0, 0.5))


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_whole_turns_are_added_in_the_message(command_type: str) -> None:
    """The robot counts them; how far and how fast the joints go does not depend on them."""
    turn = 2.0 * np.pi
    plain, turned = (make(maker(command_type), (0.1, 0.05, -0.1), turns=more) for more in (0.0, turn))
    if command_type == ARRAY:
        np.testing.assert_allclose(turned.data, np.add(plain.data, turn))
        return
    assert duration(turned) == duration(plain)
    np.testing.assert_allclose(turned.points[-1].positions, np.add(plain.points[-1].positions, turn))


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_a_prismatic_joint_counts_in_metres(command_type: str) -> None:
    """In the text of a refusal."""
    commands = CommandMaker(command_type, NAMES, LIMITS, SET_POINT, ("rad", "rad", "m"))
    with pytest.raises(RejectedError, match=r"is 0\.4 m from .* max_joint_step = 0\.3 m; nothing was sent"):
        make(commands, (0.0, 0.0, 0.4))


def test_positions_do_not_run_away_from_joints_that_do_not_follow() -> None:
    """A controller that is inactive would be where the stream is at once when it becomes active."""
    commands, position = maker(ARRAY), 0.0
    for i in range(100):
        with contextlib.suppress(RejectedError):
            make(commands, (position + 0.004, 0.0, 0.0), now=100.0 + 0.01 * i, max_velocity=0.5)
            position += 0.004
    assert position <= 0.5 * (BURST + SHOWN) + 1e-9


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
    commands, controller = maker(), IdealController(start)
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


class IdealController:
    """Begins a trajectory at its set-point of that very time, without cycles; times are in [ns]."""

    def __init__(self, positions: Sequence[float] | np.ndarray) -> None:
        self._motion, self._begun = Motion(np.arange(2.0), np.array([positions] * 2), np.zeros((2, 3))), 0

    def follow(self, command: JointTrajectory, now: int) -> None:
        position, velocity = self.sample(now)
        times = [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in command.points]
        self._motion = Motion(
            np.array([0.0, *times]),
            np.array([position, *(p.positions for p in command.points)]),
            np.array([velocity, *(p.velocities for p in command.points)]),
        )
        self._begun = now

    def sample(self, now: int) -> tuple[np.ndarray, np.ndarray]:
        return self._motion.at(1e-9 * (now - self._begun))


class LaggingRobot:
    """Joints that follow a controller's set-points as a first-order lag of ``delay`` [s] does.

    The controller begins a new trajectory at the measured state of the joints, or at its set-point.
    """

    def __init__(self, positions: np.ndarray, delay: float, trajectory_start: str) -> None:
        self.positions, self.velocities = np.array(positions, dtype=float), np.zeros(3)
        self.set_point, self._set_velocity = self.positions, np.zeros(3)
        self.fastest = self.strongest = self.beyond = 0.0
        self._delay, self._from_set_point = delay, trajectory_start == SET_POINT
        self._motion = Motion(np.arange(2.0), np.array([self.positions] * 2), np.zeros((2, 3)))
        self._time = 0.0

    def follow(self, command: JointTrajectory) -> None:
        points = command.points
        start = self.set_point if self._from_set_point else self.positions
        speed = self._set_velocity if self._from_set_point else self.velocities
        times = [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in points]
        self._motion = Motion(
            np.array([0.0, *times]),
            np.array([start, *(p.positions for p in points)]),
            np.array([speed, *(p.velocities for p in points)]),
        )
        self._time = 0.0

    def stop(self) -> None:
        """The controller is deactivated: what it is told next begins where the joints are, at rest."""
        self.set_point, self._set_velocity = self.positions, np.zeros(3)
        self._motion = Motion(np.arange(2.0), np.array([self.positions] * 2), np.zeros((2, 3)))

    def move(self, seconds: float, most: float = 2e-3) -> None:
        steps = max(1, round(seconds / most))
        share = 1.0 - np.exp(-seconds / steps / self._delay)
        for _ in range(steps):
            self._time += seconds / steps
            before = self._set_velocity
            self.set_point, self._set_velocity = self._motion.at(self._time)
            change = np.abs(self._set_velocity - before).max() / (seconds / steps)
            self.strongest = max(self.strongest, float(change))
            way = share * (self.set_point - self.positions)
            self.positions, self.velocities = self.positions + way, way / (seconds / steps)
            self.fastest = max(self.fastest, float(np.abs(self._set_velocity).max()))
            self.beyond = max(self.beyond, float((np.abs(self.set_point) - LIMITS[1]).max()))


@given(
    angles,
    st.lists(st.tuples(steps | small_steps, st.floats(0.2, 5.0)), min_size=2, max_size=10),
    st.floats(0.004, 0.2),
    st.sampled_from([0.005, 0.03, 0.1]),
    st.booleans(),
    st.sampled_from([JOINT_STATE, SET_POINT]),
    st.integers(0, 5),
)
def test_wherever_the_controller_begins_it_gets_no_faster_than_allowed(
    start: np.ndarray,
    changes: list[tuple[np.ndarray, float]],
    interval: float,
    delay: float,
    streaming: bool,
    trajectory_start: str,
    ignored: int,
) -> None:
    """With joints that lag behind, a largest speed that changes while they move, and a controller that is
    activated in the middle of the stream: it has ignored the first commands. Where it is believed to be at
    its set-point, the first moments may be half as fast again, and end a little beyond a limit.
    """
    commands = maker(trajectory_start=trajectory_start)
    robot = LaggingRobot(start, delay, trajectory_start)
    reached = goal = start
    fastest = 0.0
    for i, (change, max_velocity) in enumerate(changes):
        goal = np.clip(goal + change, *LIMITS)
        fastest = max(fastest, max_velocity)
        with contextlib.suppress(RejectedError):
            command = make(
                commands,
                goal,
                robot.positions,
                i * interval,
                max_joint_step=10.0,
                max_velocity=max_velocity,
                streaming=streaming,
                velocities=robot.velocities,
            )
            assert acceptance_problems(command, NAMES) == []
            if i >= ignored:
                robot.follow(command)
                reached = goal
        robot.move(interval)
    robot.move(60.0, most=0.1)
    np.testing.assert_allclose(robot.positions, reached, atol=1e-6)
    believed = trajectory_start == SET_POINT and ignored > 0
    assert robot.fastest <= fastest * ((1.5 if believed else 1.0) + 1e-4)
    assert robot.beyond <= (0.02 if believed else 1e-6)


@pytest.mark.parametrize("trajectory_start", [JOINT_STATE, SET_POINT])
def test_a_lower_speed_does_not_throw_a_moving_arm_past_its_goal(trajectory_start: str) -> None:
    """It comes to rest at the goal as it would have; what comes after is slow."""
    commands = maker(trajectory_start=trajectory_start)
    robot = LaggingRobot(np.zeros(3), 1e-3, trajectory_start)
    robot.follow(make(commands, (0.29, 0.0, 0.0), now=0.0))
    robot.move(0.128)
    assert robot.velocities[0] > 1.5
    robot.follow(
        make(
            commands, (0.32, 0.0, 0.0), robot.positions, 0.128, max_velocity=0.05, velocities=robot.velocities
        )
    )
    for _ in range(200):
        robot.move(0.02)
        assert robot.positions[0] <= 0.325
    np.testing.assert_allclose(robot.positions, (0.32, 0.0, 0.0), atol=1e-6)


def test_a_stream_faster_than_the_shortest_motion_keeps_up() -> None:
    """500 solutions a second, with a limited acceleration: the set-point is some milliseconds behind."""
    commands, robot = maker(), LaggingRobot(np.zeros(3), 1e-3, SET_POINT)
    behind = []
    for i in range(1000):
        time = 2e-3 * i
        goal = np.array([0.3 * (1.0 - np.cos(2.0 * time)), 0.0, 0.0])
        command = make(commands, goal, robot.positions, time, max_acceleration=3.0, streaming=True)
        robot.follow(command)
        robot.move(2e-3)
        behind.append(goal[0] - robot.set_point[0])
    assert np.abs(behind).max() < 0.02


def test_a_joint_on_its_way_to_its_limit_is_not_carried_beyond_it() -> None:
    """A new target that lets another joint move on for long does not make it late to stop."""
    limit = LIMITS[1, 0]
    commands, controller = maker(), IdealController([limit - 0.29, 0.0, 0.0])
    controller.follow(make(commands, (limit, 0.0, 0.0), (limit - 0.29, 0.0, 0.0), 1.0), 10**9)
    current = controller.sample(1_200_000_000)[0]
    assert 0.005 < limit - current[0] < 0.02
    controller.follow(make(commands, (limit, 0.29, 0.0), current, 1.2), 1_200_000_000)
    positions = np.array([controller.sample(1_200_000_000 + t * 10**6)[0] for t in range(400)])
    assert positions[:, 0].max() <= limit + 1e-6
    np.testing.assert_allclose(positions[-1], (limit, 0.29, 0.0))


def test_a_moving_arm_is_not_stopped_harder_than_allowed() -> None:
    """A target where the joints are: a short way to a stop, and back, takes time."""
    commands, controller = maker(), IdealController([0.0, 0.0, 0.0])
    controller.follow(make(commands, (0.29, 0.0, 0.0), max_acceleration=10.0, now=1.0), 10**9)
    at = 1_200_000_000
    here, speed = controller.sample(at)
    assert speed[0] > 0.5
    stop = make(commands, here, here, 1.2, max_acceleration=10.0)
    controller.follow(stop, at)
    speeds = np.array([controller.sample(at + t * 10**6)[1][0] for t in range(int(1e3 * duration(stop)))])
    assert np.abs(np.diff(speeds)).max() <= 10.0 * 1e-3 * 1.01


@pytest.mark.parametrize("max_acceleration", [0.0, 1.0])
def test_a_controller_that_stops_following_is_given_no_jump(max_acceleration: float) -> None:
    """A protective stop in the middle of a stream, and back: the joints are taken along gently."""
    commands, robot = maker(), LaggingRobot(np.zeros(3), 0.03, SET_POINT)
    follows = [*range(100), *range(200, 400)]
    for i in range(400):
        goal = np.array([0.1 * np.sin(0.04 * i), 0.0, 0.0])
        with contextlib.suppress(RejectedError):
            command = make(
                commands,
                goal,
                robot.positions,
                0.02 * i,
                max_velocity=0.4,
                max_acceleration=max_acceleration,
                streaming=True,
                velocities=robot.velocities,
            )
            if i in follows:
                robot.follow(command)
        if i == 100:
            robot.stop()
        robot.move(0.02)
    assert robot.fastest <= 0.4 * (1.0 + 1e-4)
    assert robot.positions[0] == pytest.approx(goal[0], abs=0.03)
    if max_acceleration:
        assert robot.strongest <= 2.0 * max_acceleration


def test_a_controller_that_ended_at_rest_is_not_taken_to_follow_the_next_stream() -> None:
    """It did follow the one before, and may have been deactivated since: the joints may still be at rest."""
    commands, robot = maker(), LaggingRobot(np.zeros(3), 0.03, SET_POINT)
    for i in range(120):
        goal = np.array([0.4 * min(0.01 * i, 0.6), 0.0, 0.0])
        robot.follow(make(commands, goal, robot.positions, 0.02 * i, streaming=True))
        robot.move(0.02)
    robot.stop()
    for i in range(12):
        goal = goal + np.array([0.02, 0.0, 0.0])
        command = make(commands, goal, robot.positions, 4.0 + 0.02 * i, streaming=True)
    robot.follow(command)
    robot.move(1.0)
    assert robot.fastest <= 1.5 * 2.0
    np.testing.assert_allclose(robot.positions, goal, atol=1e-6)


def test_joints_that_hang_below_their_set_point_are_not_thrown() -> None:
    """A servo without an integral part; the target is where the tip is, again and again."""
    commands, set_point = maker(), np.zeros(3)
    droop = np.array([0.08, 0.0, 0.0])
    for i in range(10):
        current = set_point - droop
        command = make(commands, current, current, 100.0 + i, max_velocity=0.2)
        way = float(np.abs(current - set_point).max())
        if i:  # before the first command nobody knows where it holds them
            assert duration(command) >= 1.5 * way / 0.2 * (1.0 - 1e-6)
        set_point = current


def test_a_clock_that_ticks_slowly_gives_no_speed_of_its_own() -> None:
    """Ten solutions a tick: the speed is that of the ticks."""
    commands = maker()
    speeds = []
    for i in range(200):
        positions = np.array([1e-3 * i, 0.0, 0.0])
        command = make(commands, positions, positions, 0.02 * (i // 10), max_velocity=5.0, streaming=True)
        speeds.append(command.points[0].velocities[0])
    assert np.isfinite(speeds).all()
    assert max(speeds[40:]) == pytest.approx(0.5, rel=0.1)


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
