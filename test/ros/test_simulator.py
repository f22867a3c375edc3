"""The kinematic simulator as a process: what it publishes, and which commands it follows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from probe import SILENCE, Probe, Process
from sensor_msgs.msg import JointState

from itnnr_ik.arms import get_arm

JOINTS = get_arm("two_link").joint_names
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


def wait_until_at(probe: Probe, positions: Sequence[float]) -> None:
    def arrived() -> bool:
        return bool(probe.joint_states) and np.allclose(
            probe.joint_states[-1].position, positions, atol=1e-12
        )

    probe.spin_until(arrived, 10.0, f"the joints at {list(positions)}")


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
    assert (np.diff(stamps) > 0.0).all()
    assert np.median(np.diff(stamps)) == pytest.approx(0.01, rel=0.2)
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


def test_command_beyond_a_limit_stops_at_the_limit(simulator: Probe) -> None:
    """An arm cannot move farther."""
    command(simulator, JOINTS, (1e300, 0.5))
    wait_until_at(simulator, (get_arm("two_link").upper[0], 0.5))


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
    """model, joints, rate, max_velocity and initial_positions."""
    probe.start_simulator(
        *("-p", "model:=three_link"),
        *("-p", "joints:=[shoulder, elbow, wrist]"),
        *("-p", "rate:=25"),
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
    assert np.median(np.diff(stamps)) == pytest.approx(0.04, rel=0.2)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("rate:=0", "parameter 'rate' must be a number from 1 to 1000, got 0"),
        ("rate:=1e6", "parameter 'rate' must be a number from 1 to 1000, got 1000000.0"),
        ("max_velocity:=-1.0", "parameter 'max_velocity' must be a number from 0.001 to 100, got -1.0"),
        ("initial_positions:=[0.0]", "parameter 'initial_positions' must be a list of 2 finite numbers"),
        (
            "initial_positions:=[0.0, .nan]",
            "parameter 'initial_positions' must be a list of 2 finite numbers",
        ),
        ("initial_positions:=[0.0, 3.0]", "initial positions must be within"),
        ("joints:=[a, b, c]", "parameter 'joints' must be a list of 2 distinct joint names"),
        ("model:=four_link", "four_link"),
    ],
)
def test_wrong_parameter_ends_the_simulator_with_one_line(probe: Probe, override: str, text: str) -> None:
    """Exit status 1 and a line that says what was expected and what came; no traceback."""
    process = probe.start("simulator", "-p", override)
    assert process.wait() == 1
    assert text in process.output
    assert len(process.output.splitlines()) == 1
