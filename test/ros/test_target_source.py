"""The target source as a process: what it publishes, when, and how it ends."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from probe import Probe
from processes import START_TIMEOUT, Process
from rcl_interfaces.srv import DescribeParameters, ListParameters
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.ros.setup.robot import ROBOT_PARAMETERS
from itnnr_ik.targets import curve_for, random_targets

RECORDED_JOINTS = ("wheel", "elbow", "gripper", "shoulder")
SECOND = 10**9
#: Parameters that are numbers within a range.
RANGED = {"rate", "period", "size", "seed", "count", "subscribers", "robot_description_timeout"}


class Listener:
    """Target poses that a probe heard."""

    def __init__(self, probe: Probe, reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE) -> None:
        self._probe = probe
        self.targets: list[PoseStamped] = []
        qos = QoSProfile(depth=1000, reliability=reliability)
        probe.node.create_subscription(PoseStamped, "target_pose", self.targets.append, qos)

    def run(self, *parameters: str) -> Process:
        """Start a target source and listen until it has ended."""
        arguments = [word for parameter in parameters for word in ("-p", parameter)]
        process = self._probe.start("target_source", *arguments)
        self._probe.spin_until(lambda: not process.alive(), START_TIMEOUT, "the end of the target source")
        self._probe.spin_for(0.2)
        return process

    @property
    def positions(self) -> np.ndarray:
        """Positions (b, 3) [m]."""
        points = [target.pose.position for target in self.targets]
        return np.array([(point.x, point.y, point.z) for point in points])

    @property
    def quaternions(self) -> np.ndarray:
        """Orientations (b, 4) as x, y, z, w."""
        turns = [target.pose.orientation for target in self.targets]
        return np.array([(turn.x, turn.y, turn.z, turn.w) for turn in turns])

    @property
    def times(self) -> np.ndarray:
        """Stamps (b,) in [s] since the first."""
        stamps = [target.header.stamp for target in self.targets]
        nanoseconds = np.array([stamp.sec * SECOND + stamp.nanosec for stamp in stamps])
        return 1e-9 * (nanoseconds - nanoseconds[0])


@pytest.fixture
def listener(probe: Probe) -> Listener:
    return Listener(probe)


@pytest.mark.parametrize("arm_name", ["two_link", "three_link", "yaw_pitch_pitch"])
def test_a_curve_is_published_from_its_start_at_the_rate_asked_for(arm_name: str, listener: Listener) -> None:
    """Every point in order, stamped, in the base link, with an orientation that is one; then it ends."""
    process = listener.run(
        "pattern:=lemniscate", f"model:={arm_name}", "rate:=100", "period:=2", "count:=200"
    )
    assert process.wait() == 0
    phases = 2.0 * np.pi * np.arange(200) / 200
    expected = curve_for(IKSolver.load(arm_name), "lemniscate").at(phases)
    dimensions = expected.shape[1]
    np.testing.assert_allclose(listener.positions[:, :dimensions], expected, atol=1e-12)
    assert (listener.positions[:, dimensions:] == 0.0).all()
    assert {target.header.frame_id for target in listener.targets} == {"base_link"}
    assert {(t.pose.orientation.w, t.pose.orientation.x) for t in listener.targets} == {(1.0, 0.0)}
    # Of all of them: on a busy machine most gaps may be shorter, where it catches up with a few long ones,
    # and in all it may take longer, but never less long.
    interval, _ = np.polyfit(np.arange(200), listener.times, 1)
    assert 0.008 < interval < 0.05


@pytest.mark.parametrize("arm_name", ["panda", "so101"])
def test_a_curve_has_an_orientation_where_the_task_has_one(arm_name: str, listener: Listener) -> None:
    """That of every target, in the frame of the robot's base."""
    process = listener.run(
        "pattern:=lemniscate", f"model:={arm_name}", "rate:=100", "period:=2", "count:=200"
    )
    assert process.wait() == 0
    solver = IKSolver.load(arm_name)
    expected = curve_for(solver, "lemniscate").at(2.0 * np.pi * np.arange(200) / 200)
    np.testing.assert_allclose(listener.positions, expected[:, :3], atol=1e-12)
    np.testing.assert_allclose(listener.quaternions, expected[:, 3:], atol=1e-12)
    assert {target.header.frame_id for target in listener.targets} == {solver.arm.base_link}


def test_a_task_of_ones_choice(listener: Listener) -> None:
    """The panda's positions alone: another curve than that of its poses, all upright."""
    listener.run("pattern:=random", "model:=panda", "task:=position", "rate:=200", "count:=20")
    solver = IKSolver.from_urdf(load_robot("panda").urdf, task="position")
    expected = random_targets(solver, 256, np.random.default_rng(0))
    np.testing.assert_array_equal(listener.positions, expected[:20])
    assert (listener.quaternions == [0.0, 0.0, 0.0, 1.0]).all()


def test_center_size_and_frame_are_as_given(listener: Listener) -> None:
    """A circle of 0.1 m where it was asked for, in the frame that was asked for."""
    listener.run("center:=[1.6, 0.2]", "size:=0.1", "frame:=world", "rate:=200", "period:=1", "count:=200")
    assert len(listener.targets) == 200
    np.testing.assert_allclose(np.linalg.norm(listener.positions - [1.6, 0.2, 0.0], axis=1), 0.1)
    assert {target.header.frame_id for target in listener.targets} == {"world"}


@pytest.mark.parametrize(
    ("parameters", "frame"),
    [
        (["robot_base_link:=arm_base"], "arm_base"),
        (["robot_base_link:=arm_base", "frame:=world"], "world"),
        (["robot_base_link:=''", "frame:=''"], "base_link"),
    ],
)
def test_targets_are_in_the_frame_that_ik_node_expects(
    listener: Listener, parameters: list[str], frame: str
) -> None:
    """By the parameter that both read from one file, unless another frame is asked for."""
    assert listener.run(*parameters, "rate:=200", "count:=3").wait() == 0
    assert [target.header.frame_id for target in listener.targets] == [frame] * 3


def test_random_targets_repeat_with_their_seed(listener: Listener) -> None:
    """Those of the same generator in this process."""
    listener.run("pattern:=random", "model:=yaw_pitch_pitch", "seed:=7", "rate:=200", "count:=60")
    expected = random_targets(IKSolver.load("yaw_pitch_pitch"), 256, np.random.default_rng(7))
    np.testing.assert_array_equal(listener.positions, expected[:60])


def test_recorded_poses_come_at_their_pace(listener: Listener, tmp_path: Path) -> None:
    """Positions as recorded, z included, gaps as received divided by the speed, in the arm's frame."""
    received = [0.0, 0.4, 0.6, 1.4]
    poses = [(int(SECOND * (5 + t)), pose(1, (t, 2.0, 3.0), "vicon/world")) for t in received]
    bag = write_bag(tmp_path / "bag", "mcap", {"/tracker": poses})
    assert listener.run("pattern:=bag", f"bag:={bag}", "speed:=2").wait() == 0
    np.testing.assert_array_equal(listener.positions, [(t, 2.0, 3.0) for t in received])
    np.testing.assert_allclose(listener.times, np.array(received) / 2.0, atol=0.1)
    assert {target.header.frame_id for target in listener.targets} == {"base_link"}


def test_recorded_orientations_come_along(listener: Listener, tmp_path: Path) -> None:
    """As recorded, for a task in which they count."""
    turns = [(0.0, 0.6, 0.0, 0.8), (0.0, 0.0, 0.0, 2.0)]
    place = (0.3, 0.1, 0.5)
    poses = [(SECOND * (5 + i), pose(1, place, "vicon/world", turn)) for i, turn in enumerate(turns)]
    bag = write_bag(tmp_path / "bag", "mcap", {"/tracker": poses})
    assert listener.run("pattern:=bag", f"bag:={bag}", "speed:=4", "model:=panda").wait() == 0
    np.testing.assert_array_equal(listener.quaternions, turns)


def test_recorded_joints_of_any_arm_become_poses(listener: Listener, tmp_path: Path) -> None:
    """The panda's tool at its recorded joints, position and orientation."""
    arm = load_robot("panda")
    joints = arm.sample(5, np.random.default_rng(3))
    states = [(SECOND * (10 + i) // 10, joint_state(3, arm.joint_names, q)) for i, q in enumerate(joints)]
    bag = write_bag(tmp_path / "bag", "mcap", {"/joint_states": states})
    assert listener.run("pattern:=bag", f"bag:={bag}", "model:=panda").wait() == 0
    expected = arm.forward(joints[1:])
    np.testing.assert_array_equal(listener.positions, expected[:, :3])
    np.testing.assert_array_equal(listener.quaternions, expected[:, 3:])


RECORDED = np.random.default_rng(2).uniform(-1.5, 1.5, size=(10, 4))
TIPS = load_robot("two_link").forward(RECORDED[1:, [3, 1]])[:, :2]


@pytest.fixture
def recorded_joints(tmp_path: Path) -> tuple[str, ...]:
    """Parameters to follow RECORDED, between a gripper's own joint states."""
    messages: list[tuple[int, Any]] = []
    for i, q in enumerate(RECORDED):
        received = SECOND + i * SECOND // 50
        messages.append((received - SECOND // 100, joint_state(3, ("finger",), (0.01,))))
        messages.append((received, joint_state(3, RECORDED_JOINTS, q)))
    bag = write_bag(tmp_path / "bag", "db3", {"/joint_states": messages})
    return "pattern:=bag", f"bag:={bag}", "joints:=[shoulder, elbow]"


def test_recorded_joints_become_targets_and_joint_states(
    probe: Probe, listener: Listener, recorded_joints: tuple[str, ...]
) -> None:
    """The tip at the two joints that were named, after the whole state before it, with the same stamp."""
    probe.node.destroy_publisher(probe.states)
    assert listener.run(*recorded_joints, "publish_joint_states:=true").wait() == 0
    assert [tuple(state.name) for state in probe.joint_states] == [RECORDED_JOINTS] * 9
    np.testing.assert_array_equal([state.position for state in probe.joint_states], RECORDED[:-1])
    np.testing.assert_array_equal(listener.positions[:, :2], TIPS)
    assert [s.header.stamp for s in probe.joint_states] == [t.header.stamp for t in listener.targets]


def test_recorded_joint_states_stay_in_the_recording_unasked(
    probe: Probe, listener: Listener, recorded_joints: tuple[str, ...]
) -> None:
    """Only targets come: a robot may be there, whose joints are elsewhere."""
    probe.node.destroy_publisher(probe.states)
    process = listener.run(*recorded_joints)
    assert process.wait() == 0
    np.testing.assert_array_equal(listener.positions[:, :2], TIPS)
    assert probe.joint_states == []
    assert "not published" not in process.output


def test_recorded_joint_states_are_not_published_beside_a_robots(
    probe: Probe, listener: Listener, recorded_joints: tuple[str, ...]
) -> None:
    """Asked for or not: one error says who is in the way, and targets come without them."""
    process = listener.run(*recorded_joints, "publish_joint_states:=true")
    assert process.wait() == 0
    np.testing.assert_array_equal(listener.positions[:, :2], TIPS)
    assert probe.joint_states == []
    (line,) = [line for line in process.output.splitlines() if "not published" in line]
    assert f"expected no other publisher of {probe.namespace}/joint_states, got 1" in line


def test_a_robot_that_comes_later_ends_recorded_joint_states(
    probe: Probe, listener: Listener, recorded_joints: tuple[str, ...]
) -> None:
    """For good, also when it goes again."""
    probe.node.destroy_publisher(probe.states)
    arguments = (*recorded_joints, "publish_joint_states:=true", "speed:=0.1")
    process = probe.start("target_source", *(word for p in arguments for word in ("-p", p)))
    probe.spin_until(lambda: bool(probe.joint_states), START_TIMEOUT, "a recorded joint state")
    robot = probe.node.create_publisher(JointState, "joint_states", 10)
    probe.spin_until(lambda: "not published" in process.output, START_TIMEOUT, "the refusal")
    probe.node.destroy_publisher(robot)
    probe.spin_until(lambda: not process.alive(), START_TIMEOUT, "the end of the target source")
    assert process.wait() == 0
    assert len(listener.targets) == 9
    assert len(probe.joint_states) < 9
    assert process.output.count("not published") == 1


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT])
def test_it_waits_for_a_subscriber(probe: Probe, reliability: ReliabilityPolicy) -> None:
    """Who comes late misses nothing, nor the last target at its end, and the log says what it waits for."""
    process = probe.start("target_source", "-p", "count:=5", "-p", "rate:=100")
    probe.spin_until(
        lambda: "waiting for 1 subscriber(s) of /" in process.output, START_TIMEOUT, "a log line"
    )
    probe.spin_for(1.0)
    assert process.alive()
    listener = Listener(probe, reliability)
    probe.spin_until(lambda: not process.alive(), START_TIMEOUT, "the end of the target source")
    assert process.wait() == 0
    probe.spin_for(0.2)
    assert len(listener.targets) == 5
    assert "done: 5 targets" in process.output


def test_the_stream_goes_on_where_simulated_time_starts_again(probe: Probe, listener: Listener) -> None:
    """At its own pace, and not once the time before the reset has come again."""
    clock = probe.node.create_publisher(Clock, "clock", QoSProfile(depth=1))
    probe.start("target_source", "-p", "rate:=10", "-p", "use_sim_time:=true", "-r", "/clock:=clock")

    def run_from(start: float, count: int) -> float:
        """Simulated time [s] that goes by from ``start`` until ``count`` more targets have come."""
        listener.targets.clear()
        steps = 0

        def step() -> bool:
            nonlocal steps
            steps += 1
            seconds = start + 0.05 * steps
            clock.publish(Clock(clock=Time(sec=int(seconds), nanosec=int(1e9 * (seconds % 1.0)))))
            probe.spin_for(0.02)
            return len(listener.targets) >= count

        probe.spin_until(step, START_TIMEOUT, f"{count} targets from {start} s on")
        return 0.05 * steps

    run_from(1000.0, 20)
    assert 0.4 < run_from(1.0, 10) < 30.0


def test_an_endless_pattern_ends_when_interrupted(probe: Probe, listener: Listener) -> None:
    """Without a word of complaint."""
    process = probe.start("target_source", "-p", "rate:=100", fresh=True)
    probe.spin_until(lambda: len(listener.targets) > 10, START_TIMEOUT, "targets")
    assert process.interrupt(signal.SIGINT) == 0
    assert "Traceback" not in process.output


@pytest.mark.parametrize(
    ("pattern", "own"),
    [("circle", {"rate", "period", "center", "size"}), ("random", {"rate", "seed"})],
)
def test_a_pattern_declares_its_own_parameters_and_describes_them(
    probe: Probe, pattern: str, own: set[str]
) -> None:
    """None that would have no effect, and a sentence for each."""
    probe.start("target_source", "-p", f"pattern:={pattern}")
    listing = probe.call(
        ListParameters, "target_source/list_parameters", ListParameters.Request()
    ).result.names
    names = {n for n in listing if not n.startswith(("qos_overrides.", "use_sim_time", "start_type_desc"))}
    robot = {parameter.name for parameter in ROBOT_PARAMETERS}
    assert names == {"pattern", "frame", "count", "subscribers"} | robot | own
    request = DescribeParameters.Request(names=sorted(names))
    for descriptor in probe.call(
        DescribeParameters, "target_source/describe_parameters", request
    ).descriptors:
        assert len(descriptor.description) > 20, descriptor.name
        assert len(descriptor.floating_point_range) == (descriptor.name in RANGED), descriptor.name


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            ["pattern:=square"],
            "must be one of ['circle', 'line', 'lemniscate', 'random', 'bag'], got 'square'",
        ),
        (["rate:=0"], "parameter 'rate' must be a number from 0.01 to 1000, got 0"),
        (["count:=1.5"], "parameter 'count' must be a whole number from 0 to 2147483647, got 1.5"),
        (["center:=[1.0]"], "parameter 'center' must be a list of 2 finite numbers, or empty, got"),
        (["center:=[9.0, 9.0]"], "two_link has no room for a circle around [9.0, 9.0]"),
        (["pattern:=bag"], "parameter 'bag' must be the path of a recording, got ''"),
        (["pattern:=bag", "bag:=/nowhere"], "no recording at /nowhere"),
        (["model:=four_link"], "four_link"),
    ],
)
def test_a_bad_parameter_ends_it_with_one_line(probe: Probe, parameters: list[str], message: str) -> None:
    """Exit status 1, and what was expected and what came."""
    process = probe.start("target_source", *(word for p in parameters for word in ("-p", p)))
    assert process.wait() == 1
    (line,) = process.output.strip().splitlines()
    assert message in line


def test_a_joint_that_was_not_recorded_is_named(probe: Probe, tmp_path: Path) -> None:
    """The line says which joints the recording has."""
    states = [(i, joint_state(i, RECORDED_JOINTS, (0, 0, 0, 0))) for i in (1, 2)]
    bag = write_bag(tmp_path / "bag", "mcap", {"/joint_states": states})
    process = probe.start("target_source", "-p", "pattern:=bag", "-p", f"bag:={bag}")
    assert process.wait() == 1
    (line,) = process.output.strip().splitlines()
    assert "no joint joint_1, joint_2 in the recording; recorded: wheel, elbow, gripper, shoulder" in line


def test_a_single_joint_state_gives_no_target(probe: Probe, tmp_path: Path) -> None:
    """It only says where the arm stands, and the line says that one is not enough."""
    states = [(1, joint_state(1, load_robot("two_link").joint_names, (0, 0)))]
    bag = write_bag(tmp_path / "bag", "mcap", {"/joint_states": states})
    process = probe.start("target_source", "-p", "pattern:=bag", "-p", f"bag:={bag}")
    assert process.wait() == 1
    (line,) = process.output.strip().splitlines()
    assert "no target in" in line
    assert "at least two joint states" in line
