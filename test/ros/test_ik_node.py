"""The node as its users see it: over DDS, in a process of its own."""

from __future__ import annotations

import math
import signal

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from probe import SILENCE, Probe, values_of
from processes import START_TIMEOUT, Process
from rclpy.qos import QoSProfile, ReliabilityPolicy

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, load_robot
from itnnr_ik.ros.status import stamp_text

#: Two elbow branches of the two-link arm around one target, in [rad].
ELBOW_UP, ELBOW_DOWN = (-0.2, 0.9), (0.7, -0.9)
ARM = load_robot("two_link")
JOINTS = ARM.joint_names


def tip(*positions: float) -> tuple[float, float]:
    x, y = ARM.forward(positions)[:2]
    return float(x), float(y)


#: A target that both branches reach from near by, in [m].
TARGET = tip(-0.2, 0.95)


@pytest.fixture(scope="module")
def node(shared_probe: Probe) -> Process:
    """One node for all tests that need no parameters; it must survive them all."""
    process = shared_probe.start_ik_node("-p", "warn_period:=0")
    shared_probe.send_first_joint_state(JOINTS, ELBOW_UP)
    return process


@pytest.fixture
def ready(node: Process, shared_probe: Probe) -> Probe:
    """A probe that the running node has had a joint state from: elbow up."""
    shared_probe.send_joint_state(JOINTS, ELBOW_UP)
    shared_probe.clear()
    return shared_probe


def displacement_from(current: tuple[float, ...], positions: list[float]) -> float:
    return float(np.abs(np.subtract(current, positions)).max())


def assert_current_is(probe: Probe, current: tuple[float, ...]) -> None:
    """The node solves from ``current``: the displacement that it reports is the one from there."""
    values, _, solution = probe.ask(probe.target(*TARGET))
    assert solution is not None
    assert float(values["displacement"]) == displacement_from(current, list(solution.position))


def test_waits_for_a_first_joint_state(probe: Probe) -> None:
    """Until then no solution, and a status that says which joints it needs and what has come."""
    probe.start_ik_node()
    values, status, solution = probe.ask(probe.target(*TARGET))
    assert (values["code"], solution) == ("no_joint_state", None)
    assert status.message == (
        "no joint state yet: expected joints ['joint_1', 'joint_2'] "
        f"on {probe.namespace}/joint_states, no message has come"
    )

    probe.repeat_until(
        lambda: probe.send_joint_state(["gripper", "lift"], [0.1, 0.2]),
        lambda: "the last message named ['gripper', 'lift']" in probe.ask(probe.target(*TARGET))[1].message,
        "a status that names the other device's joints",
    )

    probe.send_joint_state(["joint_2"], [0.2])
    values, status, solution = probe.ask(probe.target(*TARGET))
    assert (values["code"], solution) == ("no_joint_state", None)
    assert "only ['joint_1'] have not come" in status.message

    probe.send_joint_state(JOINTS, ELBOW_UP)
    values, _, solution = probe.ask(probe.target(*TARGET))
    assert values["code"] == "solved"
    assert solution is not None


def test_answers_a_target(ready: Probe) -> None:
    """A solution with the joint names and the target's header, and a status with all that is known of it."""
    target = ready.target(*TARGET)
    values, status, solution = ready.ask(target)
    assert solution is not None
    assert solution.header == target.header
    assert tuple(solution.name) == JOINTS
    residual = math.dist(tip(*solution.position), TARGET)
    assert residual <= 1e-6
    assert (status.level, status.name) == (DiagnosticStatus.OK, "itnnr_ik")
    assert set(values) == {"code", "stamp", "residual", "displacement", "anchor", "solve_time"}
    assert float(values["residual"]) == pytest.approx(residual, abs=1e-12)
    assert float(values["displacement"]) == displacement_from(ELBOW_UP, list(solution.position))
    assert values["anchor"] in ("current", "neighbour")
    assert 0.0 < float(values["solve_time"]) < 1.0


@pytest.mark.parametrize(
    "reliability",
    [ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE],
    ids=["best effort", "reliable"],
)
def test_hears_every_sender_of_targets(ready: Probe, reliability: ReliabilityPolicy) -> None:
    """A camera that tracks and a joystick send best effort, most others reliably: both are answered."""
    sender = ready.node.create_publisher(
        PoseStamped, "target_pose", QoSProfile(depth=1, reliability=reliability)
    )
    target = ready.target(*TARGET)
    stamp = stamp_text(target.header.stamp)
    ready.repeat_until(
        lambda: sender.publish(target),
        lambda: any(values_of(status).get("stamp") == stamp for status in ready.statuses),
        "an answer to a target",
    )
    assert values_of(ready.statuses[0])["code"] == "solved"
    ready.node.destroy_publisher(sender)
    ready.spin_for(SILENCE)


@pytest.mark.parametrize("current", [ELBOW_UP, ELBOW_DOWN])
def test_stays_on_the_branch_of_the_current_state(ready: Probe, current: tuple[float, float]) -> None:
    """Elbow up stays up, elbow down stays down."""
    ready.send_joint_state(JOINTS, current)
    _, _, solution = ready.ask(ready.target(*TARGET))
    assert solution is not None
    assert math.copysign(1.0, solution.position[1]) == math.copysign(1.0, current[1])


def test_joints_go_by_name(ready: Probe) -> None:
    """Names in another order, among joints of another device, with and without velocities."""
    ready.send_joint_state(["joint_2", "joint_1"], [-0.8, 0.6])
    assert_current_is(ready, (0.6, -0.8))
    ready.send_joint_state(["lift", "joint_2", "gripper", "joint_1"], [9.0, -0.7, math.nan, 0.5])
    assert_current_is(ready, (0.5, -0.7))
    ready.send_joint_state(["joint_2", "joint_1"], [0.8, 0.1], velocity=[0.0, 0.0], effort=[1.0])
    assert_current_is(ready, (0.1, 0.8))
    assert {status.message for status in ready.statuses} == {"solved"}


def test_joints_in_several_messages(probe: Probe) -> None:
    """Merged by name within `joint_state_timeout`: with one part alone, or one that stays away, no target."""
    probe.start_ik_node("-p", "joint_state_timeout:=0.8")
    probe.repeat_until(
        lambda: probe.send_joint_state(["lift", "joint_2"], [9.0, -0.8]),
        lambda: "only ['joint_1'] have not come" in probe.ask(probe.target(*TARGET))[1].message,
        "a status that names the joint that has not come",
    )
    assert probe.solutions == []
    for first, second in ((0.6, -0.8), (0.2, 0.9)):
        probe.send_joint_state(["joint_2"], [second])
        probe.send_joint_state(["joint_1", "lift"], [first, 9.0])
        assert_current_is(probe, (first, second))
    for _ in range(12):
        probe.send_joint_state(["joint_1"], [0.2], settle=0.1)
    values, _, solution = probe.ask(probe.target(*TARGET))
    assert (values["code"], solution) == ("stale_joint_state", None)


def test_another_device_is_ignored_in_silence(ready: Probe, node: Process) -> None:
    """A message with none of the arm's joints changes nothing and is no reason to warn."""
    before = node.output
    ready.send_joint_state(["gripper"], [math.nan], settle=SILENCE)
    ready.send_joint_state([], [], settle=SILENCE)
    assert ready.statuses == []
    assert node.output == before
    assert_current_is(ready, ELBOW_UP)


@pytest.mark.parametrize(
    ("names", "positions", "text"),
    [
        (["joint_1"], [], "one position for each of 1 names, got 0"),
        (["joint_1", "joint_2", "joint_1"], [0.1, 0.2, 0.3], "'joint_1' is named more than once"),
        (["joint_1", "joint_2"], [0.1], "one position for each of 2 names, got 1"),
        (["joint_1", "joint_2"], [], "one position for each of 2 names, got 0"),
        (["joint_1", "joint_2"], [0.1, math.nan], "got [0.1, nan]"),
        (["joint_1", "joint_2"], [math.inf, 0.1], "got [inf, 0.1]"),
    ],
)
def test_damaged_joint_state_is_rejected_and_the_last_good_one_kept(
    ready: Probe, node: Process, names: list[str], positions: list[float], text: str
) -> None:
    """One status and one warning that say what was expected and what came."""
    ready.send_joint_state(names, positions, settle=0.0)
    ready.spin_until(lambda: bool(ready.statuses), 5.0, "a status for the joint state")
    ready.spin_for(SILENCE)
    (status,) = ready.statuses
    assert (status.level, status.values[0].value) == (DiagnosticStatus.WARN, "invalid_joint_state")
    assert text in status.message
    assert text in node.output
    assert ready.solutions == []
    assert_current_is(ready, ELBOW_UP)


@pytest.mark.parametrize(
    ("frame", "text"),
    [("map", "got frame 'map'"), ("", "got an empty frame_id"), ("Base_Link", "got frame 'Base_Link'")],
)
def test_target_in_another_frame(ready: Probe, frame: str, text: str) -> None:
    """Refused by name, the empty frame too."""
    values, status, solution = ready.ask(ready.target(*TARGET, frame=frame))
    assert (values["code"], solution) == ("wrong_frame", None)
    assert status.level == DiagnosticStatus.WARN
    assert f"expected a target in frame 'base_link', {text}" in status.message


@pytest.mark.parametrize("position", [(math.nan, 0.5, 0.0), (1.0, math.inf, 0.0), (1.0, 0.5, -math.inf)])
def test_target_that_is_not_finite(ready: Probe, position: tuple[float, float, float]) -> None:
    """Refused, in the coordinate that a planar arm does not use as well."""
    values, status, solution = ready.ask(ready.target(*position))
    assert (values["code"], solution) == ("invalid_target", None)
    assert f"got {list(position)} m" in status.message


@pytest.mark.parametrize("position", [(3.0, 0.0), (-1.5, 0.0), (1e300, -1e300), (0.0, 1.7e308)])
def test_target_out_of_reach(ready: Probe, position: tuple[float, float]) -> None:
    """No solution, and a status that says how far the closest point is, for absurd distances too."""
    values, status, solution = ready.ask(ready.target(*position))
    assert (values["code"], solution) == ("unreachable", None)
    assert set(values) == {"code", "stamp", "residual", "solve_time"}
    at_most = math.hypot(position[0] - TARGET[0], position[1] - TARGET[1])
    assert math.dist(position, (0.0, 0.0)) - 2.0 <= float(values["residual"]) <= at_most
    assert f"the closest point found is {float(values['residual']):.6g} m away" in status.message


def test_current_state_beyond_every_limit(ready: Probe) -> None:
    """Huge but finite joint positions are the robot's business; solutions stay within limits."""
    ready.send_joint_state(JOINTS, (1e300, -1e300))
    values, _, solution = ready.ask(ready.target(*TARGET))
    assert values["code"] == "solved"
    assert solution is not None
    assert np.abs(solution.position).max() <= math.pi / 2


def test_orientation_and_height_do_not_matter_to_a_planar_arm(ready: Probe) -> None:
    """A pose with a NaN orientation and some z gives the same solution as the bare position."""
    _, _, expected = ready.ask(ready.target(*TARGET))
    odd = ready.target(*TARGET, z=0.7)
    odd.pose.orientation.x = math.nan
    values, _, solution = ready.ask(odd)
    assert values["code"] == "solved"
    assert expected is not None
    assert solution is not None
    assert solution.position == expected.position


def test_height_matters_to_an_arm_in_space(probe: Probe) -> None:
    """The yaw-pitch-pitch arm takes x, y and z."""
    arm = load_robot("yaw_pitch_pitch")
    probe.start_ik_node("-p", "model:=yaw_pitch_pitch")
    probe.send_first_joint_state(arm.joint_names, (0.1, 0.3, 0.7))
    target = arm.forward((0.2, 0.4, 0.6))[:3]
    _, _, solution = probe.ask(probe.target(*(float(value) for value in target)))
    assert solution is not None
    np.testing.assert_allclose(arm.forward(solution.position)[:3], target, atol=1e-6)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_quietly_on_a_signal(probe: Probe, number: signal.Signals) -> None:
    """Exit status 0 and no traceback, in the middle of a stream of targets."""
    process = probe.start_ik_node("-p", "require_joint_states:=false", fresh=True)
    for _ in range(50):
        probe.targets.publish(probe.target(*TARGET))
    assert process.interrupt(number) == 0
    assert "Traceback" not in process.output


def test_ends_on_a_signal_while_nothing_happens(probe: Probe) -> None:
    """Eight idle nodes all end: an unlimited wait in rclpy sleeps through one SIGTERM in five."""
    processes = [probe.start("ik_node") for _ in range(8)]
    probe.spin_until(
        lambda: probe.targets.get_subscription_count() == len(processes), START_TIMEOUT, "all eight nodes"
    )
    for process in processes:
        assert process.interrupt(signal.SIGTERM) == 0


@pytest.mark.parametrize("name", PACKAGED)
def test_follows_a_path_of_each_arm(probe: Probe, name: str) -> None:
    """The answers are IKSolver's own, seeded with the joint state sent."""
    solver = IKSolver.load(name)
    arm = solver.arm
    probe.start_ik_node("-p", f"model:={name}")
    rng = np.random.default_rng(3)
    probe.send_first_joint_state(arm.joint_names, arm.sample(1, rng)[0].tolist(), arm.base_link)
    for current, goal in zip(arm.sample(5, rng), arm.sample(5, rng), strict=True):
        target = solver.target_at(goal)
        probe.send_joint_state(arm.joint_names, current.tolist())
        values, _, solution = probe.ask(probe.pose(target, frame=arm.base_link))
        assert values["code"] == "solved"
        assert solution is not None
        np.testing.assert_array_equal(solution.position, solver.solve(target, current).positions)


def test_node_survived_all_of_it(ready: Probe, node: Process) -> None:
    """The one node of this module still lives and answers, and has printed no traceback."""
    values, _, _ = ready.ask(ready.target(*TARGET))
    assert values["code"] == "solved"
    assert node.alive()
    assert "Traceback" not in node.output
