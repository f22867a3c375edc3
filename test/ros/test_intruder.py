"""What anybody can do to an arm on an open graph, and that SROS2 lets nobody but its operator do it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from enclaves import enclave, environment, make_keystore
from intruder import DENIED, FAR
from probe import Probe, values_of
from processes import START_TIMEOUT

import itnnr_ik
from itnnr_ik.ros.setup.settings import MAX_JOINT_STEP

COMMANDING = ("-p", "command_out_type:=trajectory_msgs/JointTrajectory")
#: What an intruder tries, the harmless first.
ATTACKS = ("nodes", "positions", "target", "lie", "command", "raise_limits", "pause", "deactivate")
_SCRIPT = str(Path(__file__).with_name("intruder.py"))


def act(
    probe: Probe, actions: Sequence[str], keystore: Path | None = None, name: str = "operator"
) -> list[Any]:
    """What came of each action of a participant of its own, with an enclave of a keystore or without."""
    path = [str(Path(itnnr_ik.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    secured = environment(keystore) if keystore is not None else {"ROS_SECURITY_ENABLE": "false"}
    ros_args = ("--ros-args", *enclave(name)) if keystore is not None else ()
    result = subprocess.run(
        [sys.executable, _SCRIPT, probe.namespace, *actions, *ros_args],
        env={**os.environ, **secured, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
    )
    assert result.returncode == 0, result.stderr
    return list(json.loads(result.stdout))


def test_on_an_open_graph_anybody_moves_the_arm(probe: Probe) -> None:
    """By a target, by joint states that are not so, and past the node and its limits by a trajectory."""
    probe.start_simulator(*COMMANDING)
    probe.start_ik_node(*COMMANDING)
    moves = act(probe, ["nodes", "positions", "target", "positions", "lie", "positions", "command"])
    nodes, start, hearing_targets, by_target, hearing_states, by_lie, controllers = moves
    assert nodes == ["itnnr_ik", "simulator"]
    assert (hearing_targets, controllers) == (1, 1)
    assert hearing_states == 2, "the node and the probe"
    np.testing.assert_allclose(by_target, np.add(start, 0.1), atol=1e-3)
    moved = np.abs(np.subtract(by_lie, by_target)).max()
    believed = moved > 2.0 * float(MAX_JOINT_STEP.default)  # for a small step
    # The true joint states come in between: the node may see both before the target, or a true one last.
    refused = {"conflicting_joint_states", "step_too_large"}
    probe.spin_until(
        lambda: believed or any(values_of(status)["code"] in refused for status in probe.statuses),
        START_TIMEOUT,
        "an arm that was moved by the lie, or a node that saw through it",
    )
    probe.spin_until(
        lambda: any(np.allclose(state.position, FAR, atol=1e-3) for state in probe.joint_states[-1:]),
        START_TIMEOUT,
        "the end of the intruder's own trajectory",
    )


def test_on_an_open_graph_anybody_changes_the_node(probe: Probe) -> None:
    """Its limits, while it sends commands; it is paused, goes on, and is deactivated."""
    probe.start_ik_node(*COMMANDING)
    looks = ("max_velocity", "state")
    assert act(probe, looks) == [2.0, "active"]
    going_on = "going on from the present joint state"
    changes = act(probe, ["raise_limits", "pause", "resume", "deactivate"])
    assert changes == [True, "paused", going_on, True]
    assert act(probe, looks) == [100.0, "inactive"]


def test_on_an_open_graph_anybody_says_which_arm_it_is(probe: Probe) -> None:
    """A node that waits for the robot's description takes the first one, whoever sends it."""
    process = probe.start("ik_node", "-p", "robot_description_topic:=robot_description")
    assert act(probe, ["description"]) == [1]
    probe.spin_until(lambda: "solving" in process.output, START_TIMEOUT, "a configured node")
    assert "targets for three_link" in process.output


@pytest.fixture
def wait_for(probe: Probe, secured: Path) -> Callable[..., None]:
    """Of an arm on a circle: ``wait_for(speed, state, moves)`` ends once the operator sees that."""
    probe.start("simulator", *enclave("simulator"), *COMMANDING, "-p", "start_at:=circle")
    probe.start("ik_node", *enclave("ik_node"), *COMMANDING)
    probe.start("target_source", *enclave("target_source"), "-p", "pattern:=circle", "-p", "period:=30")

    def seen() -> list[Any]:
        looks = ["nodes", "max_velocity", "state", "positions", "positions"]
        *found, before, after = act(probe, looks, secured)
        return [*found, before is not None and before != after]

    def wait(*expected: Any) -> None:
        whole = [["itnnr_ik", "simulator"], *expected]
        probe.repeat_until(lambda: None, lambda: seen() == whole, f"a graph on which {whole} is seen")

    wait(*WELL)
    return wait


#: Largest speed, state, and whether the joints move.
WELL = (2.0, "active", True)


@pytest.mark.parametrize("keys", ["none", "another keystore's"])
def test_on_a_secured_graph_a_stranger_is_nobody(
    probe: Probe, wait_for: Callable[..., None], tmp_path_factory: pytest.TempPathFactory, keys: str
) -> None:
    """Without keys, or with keys and all the rights of another keystore, nothing comes of it."""
    theirs = None
    if keys != "none":
        theirs = make_keystore(tmp_path_factory.mktemp("another"), all_rights=True)
    results = dict(zip(ATTACKS, act(probe, ATTACKS, theirs), strict=True))
    # The probe itself has no keys either, and hears joint states of its kind.
    own = {"lie": 1} if theirs is None else {}
    assert results == {**dict.fromkeys(ATTACKS), "nodes": [], **own}
    wait_for(*WELL)


def test_on_a_secured_graph_each_enclave_has_its_own_rights(
    probe: Probe, secured: Path, wait_for: Callable[..., None]
) -> None:
    """Whoever has the source's keys sends targets and no more; the operator pauses, and sends no target."""
    # A recording's joint states are the source's to send, by the sample.
    tried = [attack for attack in ATTACKS if attack != "lie"]
    assert dict(zip(tried, act(probe, tried, secured, "target_source"), strict=True)) == {
        "nodes": ["itnnr_ik", "simulator"],
        "target": 1,
        **dict.fromkeys(["positions", "command", "raise_limits", "pause", "deactivate"], DENIED),
    }
    assert act(probe, ["target", "lie", "command"], secured) == [DENIED] * 3
    wait_for(*WELL)
    assert act(probe, ["raise_limits", "pause", "deactivate"], secured) == [True, "paused", True]
    wait_for(100.0, "inactive", False)
