"""The target source as a process: what it publishes, when, and how it ends."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag
from geometry_msgs.msg import PoseStamped
from probe import START_TIMEOUT, Probe, Process
from rcl_interfaces.srv import DescribeParameters, ListParameters

from itnnr_ik.arms import ARMS
from itnnr_ik.targets import curve_for, random_targets

RECORDED_JOINTS = ("wheel", "elbow", "gripper", "shoulder")
SECOND = 10**9


class Listener:
    """Target poses that a probe heard."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.targets: list[PoseStamped] = []
        probe.node.create_subscription(PoseStamped, "target_pose", self.targets.append, 1000)

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
    def times(self) -> np.ndarray:
        """Stamps (b,) in [s] since the first."""
        stamps = [target.header.stamp for target in self.targets]
        nanoseconds = np.array([stamp.sec * SECOND + stamp.nanosec for stamp in stamps])
        return 1e-9 * (nanoseconds - nanoseconds[0])


@pytest.fixture
def listener(probe: Probe) -> Listener:
    return Listener(probe)


@pytest.mark.parametrize("arm_name", ARMS)
def test_a_curve_is_published_from_its_start_at_the_rate_asked_for(arm_name: str, listener: Listener) -> None:
    """Every point in order, stamped, in the base link, with an orientation that is one; then it ends."""
    process = listener.run(
        "pattern:=lemniscate", f"model:={arm_name}", "rate:=100", "period:=0.5", "count:=50"
    )
    assert process.wait() == 0
    phases = 2.0 * np.pi * np.arange(50) / 50
    expected = curve_for(ARMS[arm_name], "lemniscate").at(phases)
    dimensions = expected.shape[1]
    np.testing.assert_allclose(listener.positions[:, :dimensions], expected, atol=1e-12)
    assert (listener.positions[:, dimensions:] == 0.0).all()
    assert {target.header.frame_id for target in listener.targets} == {"base_link"}
    assert {(t.pose.orientation.w, t.pose.orientation.x) for t in listener.targets} == {(1.0, 0.0)}
    assert np.median(np.diff(listener.times)) == pytest.approx(0.01, rel=0.2)


def test_center_size_and_frame_are_as_given(listener: Listener) -> None:
    """A circle of 0.1 m where it was asked for, in the frame that was asked for."""
    listener.run("center:=[1.6, 0.2]", "size:=0.1", "frame:=world", "rate:=200", "period:=1", "count:=200")
    assert len(listener.targets) == 200
    np.testing.assert_allclose(np.linalg.norm(listener.positions - [1.6, 0.2, 0.0], axis=1), 0.1)
    assert {target.header.frame_id for target in listener.targets} == {"world"}


def test_random_targets_repeat_with_their_seed(listener: Listener) -> None:
    """Those of the same generator in this process."""
    listener.run("pattern:=random", "model:=yaw_pitch_pitch", "seed:=7", "rate:=200", "count:=60")
    expected = random_targets(ARMS["yaw_pitch_pitch"], 256, np.random.default_rng(7))
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


def test_recorded_joints_become_targets_and_joint_states(
    probe: Probe, listener: Listener, tmp_path: Path
) -> None:
    """The tip at the two joints that were named, after the whole state before it, with the same stamp."""
    rng = np.random.default_rng(2)
    recorded = rng.uniform(-1.5, 1.5, size=(10, 4))
    messages = [
        (SECOND + i * SECOND // 50, joint_state(3, RECORDED_JOINTS, q)) for i, q in enumerate(recorded)
    ]
    bag = write_bag(tmp_path / "bag", "db3", {"/joint_states": messages})
    assert listener.run("pattern:=bag", f"bag:={bag}", "joints:=[shoulder, elbow]").wait() == 0
    assert [tuple(state.name) for state in probe.joint_states] == [RECORDED_JOINTS] * 9
    np.testing.assert_array_equal([state.position for state in probe.joint_states], recorded[:-1])
    np.testing.assert_array_equal(listener.positions[:, :2], ARMS["two_link"].forward(recorded[1:, [3, 1]]))
    assert [s.header.stamp for s in probe.joint_states] == [t.header.stamp for t in listener.targets]


def test_it_waits_for_a_subscriber(probe: Probe) -> None:
    """Who comes late misses nothing, and the log says what it waits for."""
    process = probe.start("target_source", "-p", "count:=5", "-p", "rate:=100")
    probe.spin_until(
        lambda: "waiting for 1 subscriber(s) of /" in process.output, START_TIMEOUT, "a log line"
    )
    probe.spin_for(1.0)
    assert process.alive()
    listener = Listener(probe)
    probe.spin_until(lambda: not process.alive(), START_TIMEOUT, "the end of the target source")
    assert process.wait() == 0
    probe.spin_for(0.2)
    assert len(listener.targets) == 5
    assert "done: 5 targets" in process.output


def test_an_endless_pattern_ends_when_interrupted(probe: Probe, listener: Listener) -> None:
    """Without a word of complaint."""
    process = probe.start("target_source", "-p", "rate:=100")
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
    assert names == {"pattern", "model", "frame", "count", "subscribers"} | own
    request = DescribeParameters.Request(names=sorted(names))
    for descriptor in probe.call(
        DescribeParameters, "target_source/describe_parameters", request
    ).descriptors:
        assert len(descriptor.description) > 20, descriptor.name
        assert len(descriptor.floating_point_range) == (
            descriptor.name in {"rate", "period", "size", "seed", "count", "subscribers"}
        ), descriptor.name


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
    states = [(1, joint_state(1, ARMS["two_link"].joint_names, (0, 0)))]
    bag = write_bag(tmp_path / "bag", "mcap", {"/joint_states": states})
    process = probe.start("target_source", "-p", "pattern:=bag", "-p", f"bag:={bag}")
    assert process.wait() == 1
    (line,) = process.output.strip().splitlines()
    assert "no target in" in line
    assert "at least two joint states" in line
