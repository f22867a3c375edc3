"""The simulator as a process: what it publishes, and which commands it follows."""

from __future__ import annotations

import math
import signal
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from builtin_interfaces.msg import Duration, Time
from probe import SILENCE, Probe
from processes import ANSWER_TIMEOUT, START_TIMEOUT, Process
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.ros.interfaces import COMMAND_TYPES
from itnnr_ik.targets import curve_for, rest_positions

JOINTS = load_robot("two_link").joint_names
START = (0.1, 0.5)


@pytest.fixture(scope="module")
def process(shared_probe: Probe) -> Process:
    """One simulator for all tests that need no other parameters."""
    return shared_probe.start_simulator("-p", "initial_positions:=[0.1, 0.5]", "-p", "max_velocity:=1.0")


@pytest.fixture
def simulator(process: Process, shared_probe: Probe) -> Probe:
    """A probe of a simulator that has moved to START."""
    assert process.alive()
    command(shared_probe, JOINTS, START)
    wait_until_at(shared_probe, START)
    shared_probe.clear()
    return shared_probe


def command(probe: Probe, names: Sequence[str], positions: Sequence[float]) -> None:
    probe.commands.publish(JointState(name=list(names), position=list(positions)))


def wait_until_at(probe: Probe, positions: Sequence[float], tolerance: float = 1e-12) -> None:
    def arrived() -> bool:
        return bool(probe.joint_states) and np.allclose(
            probe.joint_states[-1].position, positions, atol=tolerance
        )

    probe.spin_until(arrived, 10.0, f"the joints at {list(positions)}")


def wait_until_moving(probe: Probe, joint: int, sign: float) -> None:
    """Until a command that turns a joint this way counts."""
    probe.spin_until(
        lambda: bool(probe.joint_states) and sign * probe.joint_states[-1].velocity[joint] > 0.0,
        ANSWER_TIMEOUT,
        f"joint {joint} on its way",
    )


def stamp_of(message: JointState) -> float:
    return float(message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec)


def test_publishes_names_positions_velocities_and_stamps(simulator: Probe) -> None:
    """At the rate asked for (100 Hz by default), standing still until commanded."""
    simulator.spin_for(1.0)
    for message in simulator.joint_states:
        assert tuple(message.name) == JOINTS
        assert tuple(message.position) == START
        assert tuple(message.velocity) == (0.0, 0.0)
    stamps = [stamp_of(message) for message in simulator.joint_states]
    # In control cycles, however busy the machine is, unless the process stood still.
    assert (np.diff(stamps) > 0.0).all()
    assert np.median(np.diff(stamps)) == pytest.approx(0.01, rel=1e-3)
    assert stamps[-1] == pytest.approx(simulator.node.get_clock().now().nanoseconds * 1e-9, abs=0.5)


def test_moves_by_name_at_limited_speed(simulator: Probe) -> None:
    """Names in another order and a joint of another device; max_velocity on the way, then at rest."""
    command(simulator, ["joint_2", "gripper", "joint_1"], [0.1, 0.0, 0.7])
    wait_until_at(simulator, (0.7, 0.1))
    stamps = np.array([stamp_of(message) for message in simulator.joint_states])
    positions = np.array([message.position for message in simulator.joint_states])
    velocities = np.array([message.velocity for message in simulator.joint_states])
    steps = np.diff(positions, axis=0) / np.diff(stamps)[:, None]
    np.testing.assert_allclose(velocities[1:], steps, atol=1e-3)
    assert np.abs(velocities).max() == pytest.approx(1.0)
    assert stamps[-1] - stamps[0] > 0.5


def test_a_command_beyond_a_limit_is_seen(simulator: Probe) -> None:
    """The joints go wherever they are sent."""
    beyond = (load_robot("two_link").upper[0] + 0.1, 0.5)
    command(simulator, JOINTS, beyond)
    wait_until_at(simulator, beyond)


def test_limits_are_enforced_where_that_is_asked_for(probe: Probe) -> None:
    """As the controller_manager does: at the joint limit, no faster than the URDF has it, and it is said."""
    command_type = "std_msgs/Float64MultiArray"
    commander = Commander(probe, command_type, COMMAND_TYPES[command_type][1])
    process = commander.start(
        *options(command_out_type=command_type, initial_positions=list(START), enforce_command_limits="true")
    )
    arm = load_robot("two_link")
    commander.send(Float64MultiArray(data=[arm.upper[0] + 1.0, 0.4]))
    wait_until_at(probe, (arm.upper[0], 0.4))
    speeds = np.abs([message.velocity for message in probe.joint_states])
    assert speeds.max() == pytest.approx(arm.velocity[0], rel=1e-6)
    assert "the command of at least one joint is out of limits: clipped" in process.output


@pytest.mark.parametrize(
    ("names", "positions", "text"),
    [
        (["joint_1"], [0.3], "missing ['joint_2']"),
        (["joint_1", "joint_2", "joint_2"], [0.3, 0.3, 0.3], "'joint_2' is named more than once"),
        (["joint_1", "joint_2"], [0.3], "one position for each of 2 names, got 1"),
        (["joint_1", "joint_2"], [0.3, math.nan], "got [0.3, nan]"),
        (["lift", "gripper"], [0.3, 0.3], "expected joints ['joint_1', 'joint_2'], got ['lift', 'gripper']"),
        ([], [], "expected joints ['joint_1', 'joint_2'], got []"),
    ],
)
def test_invalid_command_is_ignored_with_a_warning(
    simulator: Probe, process: Process, names: list[str], positions: list[float], text: str
) -> None:
    """The joints stay where they are, and ten such commands do not make ten warnings."""
    simulator.spin_for(1.1)  # the throttle's period
    for _ in range(10):
        command(simulator, names, positions)
        simulator.spin_for(0.02)
    simulator.spin_for(SILENCE)
    assert tuple(simulator.joint_states[-1].position) == START
    new = [line for line in process.output.splitlines() if text in line]
    assert len(new) == 1
    assert "command ignored: " in new[0]


def test_every_parameter_has_its_effect(probe: Probe) -> None:
    """model, joints, rate, update_rate, max_velocity and initial_positions."""
    probe.start_simulator(
        *("-p", "model:=three_link"),
        *("-p", "joints:=[shoulder, elbow, wrist]"),
        *("-p", "rate:=25"),
        *("-p", "update_rate:=50"),
        *("-p", "max_velocity:=0.25"),
        *("-p", "initial_positions:=[0, 1, -1]"),
    )
    probe.spin_for(0.5)
    assert list(probe.joint_states[-1].name) == ["shoulder", "elbow", "wrist"]
    assert list(probe.joint_states[-1].position) == [0.0, 1.0, -1.0]
    command(probe, ["wrist", "elbow", "shoulder"], [-1.0, 1.0, 1.0])
    probe.spin_for(1.0)
    assert probe.joint_states[-1].velocity[0] == pytest.approx(0.25)
    stamps = [stamp_of(message) for message in probe.joint_states]
    assert np.median(np.diff(stamps)) == pytest.approx(0.04, rel=1e-3)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("rate:=0", "parameter 'rate' must be a number from 1 to 1000, got 0"),
        ("rate:=1e6", "parameter 'rate' must be a number from 1 to 1000, got 1000000.0"),
        ("update_rate:=0", "parameter 'update_rate' must be a number from 10 to 1000, got 0"),
        ("enforce_command_limits:=1", "parameter 'enforce_command_limits' must be true or false, got 1"),
        (
            "interpolate_from_desired_state:=yes_",
            "parameter 'interpolate_from_desired_state' must be true or false, got 'yes_'",
        ),
        (
            "max_velocity:=-1.0",
            "'max_velocity' must be a number from 0.001 to 100, or a list of one for each joint, got -1.0",
        ),
        ("max_velocity:=[1.0, 2.0, 3.0]", "'max_velocity' must be one number or 2, one for each of"),
        ("task:=grasp", "'task' must be one of ['', 'position', 'pointing', 'pose'], got 'grasp'"),
        ("robot_description:=panda", "parameter 'robot_description' must be URDF text"),
        ("initial_positions:=[0.0]", "parameter 'initial_positions' must be a list of 2 finite numbers"),
        (
            "initial_positions:=[0.0, .nan]",
            "parameter 'initial_positions' must be a list of 2 finite numbers",
        ),
        ("initial_positions:=[0.0, 3.0]", "initial positions must be within"),
        ("joints:=[a, b, c]", "parameter 'joints' must be a list of 2 distinct joint names"),
        ("model:=four_link", "four_link"),
        ("engine:=gazebo", "parameter 'engine' must be one of ['kinematic', 'mujoco'], got 'gazebo'"),
        ("start_at:=home", "parameter 'start_at' must be one of ['rest', 'circle', 'line', 'lemniscate']"),
        ("publish_clock:=1", "parameter 'publish_clock' must be true or false, got 1"),
        ("command_out_type:=std_msgs/String", "parameter 'command_out_type' must be one of ['none', "),
        ("command_out_topic:=7", "parameter 'command_out_topic' must be text"),
        ("command_out_topic:=my-arm", "'command_out_topic' must be the name of a topic, got 'my-arm'"),
    ],
)
def test_wrong_parameter_ends_the_simulator_with_one_line(probe: Probe, override: str, text: str) -> None:
    """Exit status 1 and a line that says what was expected and what came; no traceback."""
    process = probe.start("simulator", "-p", "command_out_type:=std_msgs/Float64MultiArray", "-p", override)
    assert process.wait() == 1
    assert text in process.output
    assert len(process.output.splitlines()) == 1


class Commander:
    """Sends one kind of command to a simulator, and hears its clock."""

    def __init__(self, probe: Probe, command_type: str, topic: str) -> None:
        self._probe = probe
        self._publisher = probe.node.create_publisher(COMMAND_TYPES[command_type][0], topic, 10)
        self.clocks: list[Clock] = []
        probe.node.create_subscription(Clock, "clock", self.clocks.append, 100)

    def start(self, *options: str) -> Process:
        """A simulator whose /clock is in the probe's namespace, once all hear each other."""
        process = self._probe.start_simulator("-r", "/clock:=clock", *options)
        self._probe.spin_until(
            lambda: self._publisher.get_subscription_count() == 1, START_TIMEOUT, "a simulator that listens"
        )
        self._probe.spin_for(SILENCE)
        self._probe.clear()
        self.clocks.clear()
        return process

    def send(self, message: JointTrajectory | Float64MultiArray) -> None:
        self._publisher.publish(message)


def options(**parameters: object) -> list[str]:
    return [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]


engines = pytest.mark.parametrize(
    "engine",
    [
        "kinematic",
        pytest.param("mujoco", marks=pytest.mark.skipif(not find_spec("mujoco"), reason="needs MuJoCo")),
    ],
)


def one_point(positions: Sequence[float], seconds: float, names: Sequence[str] = JOINTS) -> JointTrajectory:
    due = Duration(sec=int(seconds), nanosec=round(1e9 * (seconds % 1.0)))
    point = JointTrajectoryPoint(
        positions=list(positions), velocities=[0.0] * len(positions), time_from_start=due
    )
    return JointTrajectory(joint_names=list(names), points=[point])


@engines
def test_follows_trajectories_on_its_clock(probe: Probe, engine: str) -> None:
    """By name, in the time given, on simulated time from 0; what breaks a rule is ignored with a warning."""
    topic, command_type = "arm/joint_trajectory", "trajectory_msgs/JointTrajectory"
    commander = Commander(probe, command_type, topic)
    process = commander.start(
        *options(engine=engine, publish_clock="true", initial_positions=list(START), rate=50),
        *options(command_out_type=command_type, command_out_topic=topic),
    )
    commander.send(one_point((0.2, 0.9), 1.0, names=("joint_2", "joint_1")))
    wait_until_moving(probe, 0, 1.0)
    for bad, text in (
        (one_point((0.0,), 1.0), "expected 2 positions"),
        (one_point((0.0, 0.0), 1.0, names=("joint_1", "joint_9")), "expected joints ['joint_1', 'joint_2']"),
    ):
        commander.send(bad)
        probe.spin_until(lambda text=text: text in process.output, 5.0, f"a warning with {text}")
        probe.spin_for(1.1)  # the throttle's period
    assert process.output.count("command ignored: ") == 2

    times = np.array([stamp_of(message) for message in probe.joint_states])
    joints = np.array([message.position for message in probe.joint_states])
    assert np.isfinite(joints).all()
    np.testing.assert_allclose(joints[-1], (0.9, 0.2), atol=1e-3)
    moving = times[np.abs(joints - START).max(axis=1) > 0.01]
    arrived = times[np.abs(joints - (0.9, 0.2)).max(axis=1) < 0.01]
    assert 0.6 <= arrived[0] - moving[0] <= 1.1
    # A cubic from rest to rest.
    velocities = np.array([message.velocity for message in probe.joint_states])
    assert velocities[:, 0].max() == pytest.approx(1.5 * 0.8, rel=0.1)

    clocks = np.array([message.clock.sec + 1e-9 * message.clock.nanosec for message in commander.clocks])
    assert (np.diff(clocks) > 0.0).all()
    assert clocks[0] < START_TIMEOUT
    # On a busy machine one may be lost: ten are kept for a subscriber that is late.
    assert len(set(times) - {*clocks, times[0], times[-1]}) <= 0.05 * len(times)
    assert np.median(np.diff(times)) == pytest.approx(0.02, rel=0.2)


@engines
def test_a_joint_whose_set_point_is_no_number_stands(probe: Probe, engine: str) -> None:
    """The controller lets it through: joint states stay finite, and with the next trajectory it moves."""
    command_type = "trajectory_msgs/JointTrajectory"
    commander = Commander(probe, command_type, COMMAND_TYPES[command_type][1])
    process = commander.start(
        *options(engine=engine, command_out_type=command_type, initial_positions=list(START))
    )
    commander.send(one_point((math.nan, 0.9), 0.3))
    wait_until_at(probe, (START[0], 0.9), tolerance=2e-3)
    commander.send(one_point((0.3, 0.6), 0.3))
    wait_until_at(probe, (0.3, 0.6), tolerance=2e-3)
    assert np.isfinite([[*message.position, *message.velocity] for message in probe.joint_states]).all()
    assert "command ignored" not in process.output


@pytest.mark.parametrize("from_set_points", ["true", "false"])
def test_a_replaced_trajectory_begins_as_the_parameter_says(probe: Probe, from_set_points: str) -> None:
    """With one double step each from the set-points, on the way at constant speed; with none else."""
    command_type = "trajectory_msgs/JointTrajectory"
    commander = Commander(probe, command_type, COMMAND_TYPES[command_type][1])
    commander.start(
        *options(command_out_type=command_type, initial_positions=list(START)),
        # On a time of its own, which knows no gap however busy the machine is.
        *options(interpolate_from_desired_state=from_set_points, publish_clock="true"),
    )
    replacements = 5
    for i in range(replacements + 1):
        if i:
            probe.spin_for(0.3)
        # Half a radian from where it is by now: at about the same speed, however late this is. The other
        # joint turns round, which shows that the simulator has the message: the next one would replace it.
        joints = probe.joint_states[-1].position if i else START
        turned = 1.0 if i % 2 else -1.0
        message = one_point((joints[0] + 0.5, joints[1] + 0.2 * turned), 1.0)
        message.points[0].velocities = []
        commander.send(message)
        wait_until_moving(probe, 1, turned)
    wait_until_at(probe, message.points[0].positions, tolerance=1e-9)
    speeds = np.array([message.velocity[0] for message in probe.joint_states])
    moving = speeds[speeds > 1e-6]
    double = moving[1:-1] > 1.5 * np.maximum(moving[:-2], moving[2:])
    assert double.sum() == (replacements if from_set_points == "true" else 0)


def test_the_controller_tells_its_state_every_cycle(probe: Probe) -> None:
    """Beside the topic of its trajectories: where it is, where the joints are, and what it sends next."""
    messages = pytest.importorskip("control_msgs.msg", reason="needs control_msgs, which PyPI does not have")
    command_type, topic = "trajectory_msgs/JointTrajectory", "arm/joint_trajectory"
    commander = Commander(probe, command_type, topic)
    states: list[Any] = []
    kind = messages.JointTrajectoryControllerState
    probe.node.create_subscription(kind, "arm/controller_state", states.append, 1000)
    commander.start(
        *options(command_out_type=command_type, command_out_topic=topic, initial_positions=list(START)),
        *options(rate=50, publish_clock="true"),
    )
    probe.spin_until(lambda: bool(states), START_TIMEOUT, "a state of the controller")
    commander.send(one_point((0.6, 0.2), 0.5))
    wait_until_at(probe, (0.6, 0.2), tolerance=1e-9)
    probe.spin_for(0.1)
    assert {tuple(state.joint_names) for state in states} == {JOINTS}
    assert {state.speed_scaling_factor for state in states} == {1.0}
    stamps = np.array([stamp_of(state) for state in states])
    np.testing.assert_allclose(np.diff(stamps), 0.01, atol=1e-9)
    # The newest joint states may come before what their cycles tell of the controller.
    assert {at for at in map(stamp_of, probe.joint_states) if at <= stamps[-1]} <= {*stamps}
    reference, feedback, error, output = (
        np.array([getattr(state, name).positions for state in states])
        for name in ("reference", "feedback", "error", "output")
    )
    np.testing.assert_allclose(error, reference - feedback, atol=1e-12)
    # The joints are where they were sent a cycle before.
    np.testing.assert_array_equal(feedback[1:], output[:-1])
    # A cubic from rest to rest, begun a cycle early: its largest speed is 1.5 times the mean.
    speeds = np.array([state.reference.velocities for state in states])
    assert speeds[:, 0].max() == pytest.approx(1.5 * 0.5 / 0.51, rel=1e-3)
    elapsed = [s.reference.time_from_start.sec + 1e-9 * s.reference.time_from_start.nanosec for s in states]
    begun = int(np.argmax(speeds[:, 0] > 0.0))
    np.testing.assert_allclose(elapsed[begun : begun + 50], 0.01 * np.arange(50), atol=1e-9)


def test_a_clock_that_is_set_back_ends_what_runs(probe: Probe) -> None:
    """A simulation or a recording began again: the joints stay, and the next trajectory counts."""
    command_type = "trajectory_msgs/JointTrajectory"
    commander = Commander(probe, command_type, COMMAND_TYPES[command_type][1])
    clock = probe.node.create_publisher(Clock, "clock", 10)
    time = 100.0

    def tick() -> None:
        nonlocal time
        time += 0.01
        clock.publish(Clock(clock=Time(sec=int(time), nanosec=round(1e9 * (time % 1.0)))))
        probe.spin_for(0.01)

    process = probe.start(
        *("simulator", "-r", "/clock:=clock"),
        *options(use_sim_time="true", command_out_type=command_type, initial_positions=list(START)),
    )
    probe.repeat_until(tick, lambda: bool(probe.joint_states), "a running simulator")
    commander.send(one_point((1.1, 0.5), 1.0))
    probe.repeat_until(tick, lambda: probe.joint_states[-1].position[0] > 0.5, "the joints half way")
    time = 7.0
    probe.repeat_until(tick, lambda: stamp_of(probe.joint_states[-1]) < 10.0, "a clock set back")
    held = probe.joint_states[-1].position
    for _ in range(20):
        tick()
    assert stamp_of(probe.joint_states[-1]) > 7.1
    np.testing.assert_allclose(probe.joint_states[-1].position, held, atol=1e-12)
    commander.send(one_point((0.3, 0.6), 0.2))
    probe.repeat_until(
        tick, lambda: np.allclose(probe.joint_states[-1].position, (0.3, 0.6)), "the joints at the next goal"
    )
    assert process.alive()


@engines
def test_follows_arrays_of_positions(probe: Probe, engine: str) -> None:
    """In the order of its joints; a wrong number and what is not finite is ignored with a warning."""
    command_type = "std_msgs/Float64MultiArray"
    commander = Commander(probe, command_type, COMMAND_TYPES[command_type][1])
    process = commander.start(
        *options(engine=engine, command_out_type=command_type, initial_positions=list(START))
    )
    commander.send(Float64MultiArray(data=[0.3, 0.4]))
    wait_until_at(probe, (0.3, 0.4), tolerance=1e-3)
    for data in ([], [0.1], [0.1, 0.2, 0.3], [math.nan, 0.2], [0.1, -math.inf]):
        commander.send(Float64MultiArray(data=data))
        probe.spin_for(0.05)
    probe.spin_for(SILENCE)
    np.testing.assert_allclose(probe.joint_states[-1].position, (0.3, 0.4), atol=1e-3)
    assert np.isfinite([[*message.position, *message.velocity] for message in probe.joint_states]).all()
    warning = "command ignored: expected 2 finite commanded positions in [rad] or [m], got"
    assert process.output.count(warning) == 1
    assert commander.clocks == []
    # On the node's own clock, which is this one's too.
    now = probe.node.get_clock().now().nanoseconds * 1e-9
    assert stamp_of(probe.joint_states[-1]) == pytest.approx(now, abs=0.5)


@engines
def test_a_kilohertz(probe: Probe, engine: str) -> None:
    """Stamps only rise, whatever the timer does, and physics keeps up with the clock."""
    probe.start_simulator(*options(engine=engine, rate=1000, update_rate=1000))
    probe.spin_for(1.0)
    stamps = np.array([stamp_of(message) for message in probe.joint_states])
    assert (np.diff(stamps) > 0.0).all()
    assert len(stamps) > 200
    now = probe.node.get_clock().now().nanoseconds * 1e-9
    assert stamps[-1] == pytest.approx(now, abs=0.5)


def test_simulated_time_stands_still_with_its_process(probe: Probe) -> None:
    """A process that was held up goes on from where it was, and does not hurry after the clock."""
    pytest.importorskip("mujoco", reason="needs MuJoCo")
    clocks: list[Clock] = []
    probe.node.create_subscription(Clock, "clock", clocks.append, 1000)
    process = probe.start_simulator("-r", "/clock:=clock", *options(engine="mujoco", publish_clock="true"))
    process.send(signal.SIGSTOP)
    probe.spin_for(1.0)
    process.send(signal.SIGCONT)
    stopped = len(clocks)
    probe.spin_until(lambda: len(clocks) > stopped + 20, 10.0, "simulated time that goes on")
    times = np.array([message.clock.sec + 1e-9 * message.clock.nanosec for message in clocks])
    assert (np.diff(times) > 0.0).all()
    assert np.diff(times).max() < 0.5


@pytest.mark.parametrize("arm", ["two_link", "three_link", "yaw_pitch_pitch", "panda", "so101", "scara"])
def test_starts_at_a_curve(probe: Probe, arm: str) -> None:
    """The tool is where target_source starts on it."""
    probe.start_simulator(*options(model=arm, start_at="lemniscate"))
    probe.spin_until(lambda: bool(probe.joint_states), 5.0, "a joint state")
    solver = IKSolver.load(arm)
    start = curve_for(solver, "lemniscate").at(0.0)
    away, turned = solver.errors([probe.joint_states[-1].position], start[None])
    assert away[0] <= 1e-6
    assert turned is None or turned[0] <= 1e-6


@engines
def test_an_arm_from_its_description(probe: Probe, engine: str, root: Path, tmp_path: Path) -> None:
    """A robot's URDF and two of its links: its joints are moved, from rest, no faster than the URDF says."""
    text = (root / "itnnr_ik" / "robot" / "urdf" / "panda.urdf").read_text(encoding="utf-8")
    file = tmp_path / "robot.yaml"
    parameters = {"robot_description": text, "end_effector_link": "panda_link7", "max_velocity": 50.0}
    file.write_text(yaml.safe_dump({"/**": {"ros__parameters": parameters}}), encoding="utf-8")
    probe.start_simulator("--params-file", str(file), *options(engine=engine))
    probe.spin_until(lambda: bool(probe.joint_states), 5.0, "a joint state")
    solver = IKSolver.from_urdf(text, tip="panda_link7")
    assert tuple(probe.joint_states[-1].name) == solver.arm.joint_names
    rest = rest_positions(solver)
    np.testing.assert_allclose(probe.joint_states[-1].position, rest, atol=1e-6)
    goal = rest - 0.5 * np.sign(rest) * [1, 1, 0, 0, 0, 0, 1]
    command(probe, solver.arm.joint_names, goal.tolist())
    wait_until_at(probe, goal.tolist(), tolerance=2e-3)
    velocities = np.array([message.velocity for message in probe.joint_states])
    assert 0.5 < (np.abs(velocities) / solver.arm.velocity).max() <= 1.3


def test_without_mujoco_it_ends_with_what_to_install(probe: Probe, tmp_path: Path) -> None:
    """One line, exit status 1."""
    (tmp_path / "mujoco.py").write_text("raise ImportError('not here')\n")
    process = probe.start("simulator", "-p", "engine:=mujoco", python_path=tmp_path)
    assert process.wait() == 1
    (line,) = process.output.splitlines()
    assert "parameter 'engine' cannot be 'mujoco'" in line
    assert "pip install 'itnnr_ik[mujoco]'" in line
