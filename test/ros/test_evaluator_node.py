"""The node `evaluator` between a recording that is played and the node, as `replay.launch.py` uses it."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from probe import START_TIMEOUT, Probe
from sensor_msgs.msg import JointState

from itnnr_ik.arms import ARMS

COUNT = 40


@pytest.mark.parametrize(
    "targets", ["joints", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("poses", "poses_alone"))]
)
def test_what_is_played_is_measured(probe: Probe, targets: str) -> None:
    """Each message is passed on in order, every target answered, and the report printed at the end."""
    arm = ARMS["two_link"]
    phase = np.linspace(0.0, np.pi, COUNT)
    path = np.column_stack([0.4 * np.sin(phase), 0.8 + 0.3 * np.cos(phase)])
    probe.start_ik_node()
    evaluator = probe.start("evaluator", "-p", f"targets:={targets}", "-p", "model:=two_link")
    states = probe.node.create_publisher(JointState, "recorded/joint_states", 100)
    poses = probe.node.create_publisher(PoseStamped, "recorded/poses", 100)
    heard = [states] if targets == "joints" else [states, poses]
    probe.spin_until(
        lambda: (
            all(publisher.get_subscription_count() for publisher in heard)
            and probe.targets.get_subscription_count() >= 1
            and probe.node.count_publishers("target_pose") >= 2
        ),
        START_TIMEOUT,
        "a running evaluator",
    )
    probe.spin_for(1.0)
    for q, tip in zip(path, arm.forward(path), strict=True):
        states.publish(JointState(name=["wheel", *arm.joint_names], position=[9.0, *q.tolist()]))
        probe.spin_for(0.01)
        if targets != "joints":
            pose = PoseStamped()
            pose.header.frame_id = "base_link"
            pose.pose.position.x, pose.pose.position.y = tip.tolist()
            poses.publish(pose)
            probe.spin_for(0.01)
    expected = COUNT - 1 if targets == "joints" else COUNT
    probe.spin_until(lambda: len(probe.solutions) >= expected, START_TIMEOUT, "an answer to each target")
    probe.spin_for(1.0)  # the evaluator hears the last one from another process
    assert evaluator.interrupt(signal.SIGINT) == 0
    output = evaluator.output
    assert "Traceback" not in output
    assert f"solved          100 % of the reachable targets ({expected})" in output
    assert ("from recorded joints" in output) == (targets != "poses_alone")
    assert "another joint state" not in output


def test_without_messages_there_is_one_line(probe: Probe) -> None:
    """Nothing was played: status 1 and the reason."""
    evaluator = probe.start("evaluator", "-p", "model:=two_link")
    probe.spin_until(lambda: bool(evaluator.output), START_TIMEOUT, "its first words")
    probe.spin_for(0.5)
    assert evaluator.interrupt(signal.SIGINT) == 1
    assert "evaluator: no target in played recording" in evaluator.output
    assert "Traceback" not in evaluator.output


def test_a_folder_that_exists_is_refused_at_once(
    probe: Probe, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Before the recording is played, not after it."""
    folder = tmp_path_factory.mktemp("there")
    evaluator = probe.start("evaluator", "-p", f"record:={folder}")
    assert evaluator.wait() == 1
    assert f"{folder} exists already" in evaluator.output
