"""What anybody can do to an arm on an open graph, and that SROS2 lets nobody but its operator do it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from enclaves import enclave, environment, make_keystore
from intruder import DENIED, FAR
from probe import START_TIMEOUT, Probe
from trajectory_msgs.msg import JointTrajectory

import itnnr_ik
from itnnr_ik.ros.settings import MAX_JOINT_STEP

COMMANDING = ("-p", "command_out_type:=trajectory_msgs/JointTrajectory")
FOLLOWING = (*COMMANDING, "-p", "trajectory_start:=set_point")
#: What an intruder tries, the harmless first.
ATTACKS = ("nodes", "positions", "target", "lie", "command", "raise_limits", "pause", "deactivate")
_OPEN_NODE = "import rclpy; rclpy.init(); rclpy.create_node('nobody')"


def run(code: Sequence[str], keystore: Path | None, name: str = "") -> subprocess.CompletedProcess[str]:
    """A Python process, with an enclave of a keystore or without."""
    path = [str(Path(itnnr_ik.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    secured = environment(keystore) if keystore is not None else {"ROS_SECURITY_ENABLE": "false"}
    ros_args = ("--ros-args", *enclave(name)) if keystore is not None else ()
    return subprocess.run(
        [sys.executable, *code, *ros_args],
        env={**os.environ, **secured, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
    )


def act(probe: Probe, actions: Sequence[str], keystore: Path | None = None, name: str = "") -> list[Any]:
    """What came of the actions of a participant of its own."""
    script = str(Path(__file__).with_name("intruder.py"))
    result = run([script, probe.namespace, *actions], keystore, name)
    assert result.returncode == 0, result.stderr
    return list(json.loads(result.stdout))


def test_on_an_open_graph_anybody_moves_the_arm(probe: Probe) -> None:
    """By a target, by joint states that are not so, and past the node and its limits by a trajectory."""
    sent: list[JointTrajectory] = []
    topic = "joint_trajectory_controller/joint_trajectory"
    probe.node.create_subscription(JointTrajectory, topic, sent.append, 100)
    probe.start_simulator(*COMMANDING)
    probe.start_ik_node(*FOLLOWING)
    moves = act(probe, ["nodes", "positions", "target", "positions", "lie", "positions", "command"])
    nodes, start, hearing_targets, by_target, hearing_states, by_lie, controllers = moves
    assert nodes == ["itnnr_ik", "probe", "simulator"]
    # The simulator hears the commands, and so does the probe, which hears the joint states besides.
    assert (hearing_targets, hearing_states, controllers) == (1, 2, 2)
    np.testing.assert_allclose(by_target, np.add(start, 0.1), atol=1e-3)
    moved = np.abs(np.subtract(by_lie, by_target)).max()
    assert moved > 2.0 * float(MAX_JOINT_STEP.default), "the node believed that this was a small step"
    probe.spin_until(
        lambda: any(np.allclose(state.position, FAR, atol=1e-3) for state in probe.joint_states[-1:]),
        START_TIMEOUT,
        "the end of the intruder's own trajectory",
    )


def test_on_an_open_graph_anybody_changes_the_node(probe: Probe) -> None:
    """Its limits, while it sends commands; it is paused, and deactivated."""
    probe.start_ik_node(*FOLLOWING)
    looks = ("max_velocity", "state")
    assert act(probe, looks) == [2.0, "active"]
    assert act(probe, ["raise_limits", "pause", "deactivate"]) == [True, "paused", True]
    assert act(probe, looks) == [100.0, "inactive"]


def test_on_an_open_graph_anybody_says_which_arm_it_is(probe: Probe) -> None:
    """A node that waits for the robot's description takes the first one, whoever sends it."""
    process = probe.start("ik_node", "-p", "robot_description_topic:=robot_description")
    assert act(probe, ["description"]) == [1]
    probe.spin_until(lambda: "solving" in process.output, START_TIMEOUT, "a configured node")
    assert "targets for three_link" in process.output


@pytest.fixture
def secured(probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The keystore of a graph on which an arm follows a circle, each process in its enclave."""
    keystore = make_keystore(tmp_path, probe.namespace)
    tried = run(["-c", _OPEN_NODE], keystore, "operator")
    if "doesn't have the security libraries" in tried.stderr:
        pytest.skip("needs a middleware built with security, which the one of this ROS was not")
    assert tried.returncode == 0, tried.stderr
    for name, value in environment(keystore).items():
        monkeypatch.setenv(name, value)
    probe.start("simulator", *enclave("simulator"), *COMMANDING, "-p", "start_at:=circle")
    probe.start("ik_node", *enclave("ik_node"), *FOLLOWING)
    probe.start("target_source", *enclave("target_source"), "-p", "pattern:=circle")
    yield keystore


@pytest.fixture
def look(probe: Probe, secured: Path) -> Callable[[], list[Any]]:
    """``look()`` is what the operator sees: the nodes, largest speed, state, and whether the joints move."""

    def ask() -> list[Any]:
        *seen, before, after = act(
            probe, ["nodes", "max_velocity", "state", "positions", "positions"], secured, "operator"
        )
        return [*seen, before is not None and before != after]

    probe.repeat_until(lambda: None, lambda: ask()[-1], "joints that move")
    return ask


WELL = [["itnnr_ik", "simulator", "target_source"], 2.0, "active", True]


@pytest.mark.parametrize("keys", ["none", "another keystore's"])
def test_on_a_secured_graph_a_stranger_is_nobody(
    probe: Probe, look: Callable[[], list[Any]], tmp_path_factory: pytest.TempPathFactory, keys: str
) -> None:
    """Without keys, or with those of another keystore for the same enclave, nothing comes of it."""
    assert look() == WELL
    theirs = None
    if keys != "none":
        theirs = make_keystore(tmp_path_factory.mktemp("another"), probe.namespace)
    assert act(probe, ATTACKS, theirs, "operator") == [[], *[None] * (len(ATTACKS) - 1)]
    assert look() == WELL


def test_on_a_secured_graph_each_enclave_has_its_own_rights(
    probe: Probe, secured: Path, look: Callable[[], list[Any]]
) -> None:
    """Whoever has the source's keys sends targets and no more; the operator pauses, and sends no target."""
    may = [
        attack for attack in ATTACKS if attack != "lie"
    ]  # a recording's joint states are the source's to send
    assert dict(zip(may, act(probe, may, secured, "target_source"), strict=True)) == {
        "nodes": WELL[0],
        "target": 1,
        **dict.fromkeys(["positions", "command", "raise_limits", "pause", "deactivate"], DENIED),
    }
    assert look() == WELL
    denied = act(probe, ["target", "lie", "command"], secured, "operator")
    assert denied == [DENIED] * 3
    assert look() == WELL
    assert act(probe, ["raise_limits", "pause", "deactivate"], secured, "operator") == [True, "paused", True]
    assert look()[1:3] == [100.0, "inactive"]
