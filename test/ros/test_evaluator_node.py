"""The node `evaluator` between a recording that is played and the node, as `replay.launch.py` uses it."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from probe import Probe
from processes import START_TIMEOUT, Process
from sensor_msgs.msg import JointState

from itnnr_ik.robot import load_robot

COUNT = 40


class Player:
    """Publishes what an evaluator, started here, hears as a recording.

    Args:
        probe: Starts it, and publishes.
        targets: Its parameter; joint states are heard anyway, poses only where targets come from them.
        parameters: Further ones.
    """

    def __init__(self, probe: Probe, targets: str, *parameters: str) -> None:
        self._probe = probe
        arguments = [word for p in (f"targets:={targets}", *parameters) for word in ("-p", p)]
        self.evaluator: Process = probe.start("evaluator", *arguments)
        self._states = probe.node.create_publisher(JointState, "recorded/joint_states", 100)
        self._poses = probe.node.create_publisher(PoseStamped, "recorded/poses", 100)
        probe.spin_until(
            lambda: (
                all(publisher.get_subscription_count() for publisher in (self._states, self._poses))
                and probe.node.count_publishers("target_pose") >= 2
            ),
            START_TIMEOUT,
            "a running evaluator",
        )
        probe.spin_for(1.0)

    def joints(self, names: Sequence[str], positions: Sequence[float]) -> None:
        self._states.publish(JointState(name=list(names), position=list(positions)))
        self._probe.spin_for(0.01)

    def pose(self, x: float, y: float, z: float = 0.0, *quaternion: float) -> None:
        pose = PoseStamped()
        pose.header.frame_id = "base_link"
        pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = x, y, z
        turn = pose.pose.orientation
        turn.x, turn.y, turn.z, turn.w = quaternion or (0.0, 0.0, 0.0, 1.0)
        self._poses.publish(pose)
        self._probe.spin_for(0.01)

    def end(self, answers: int) -> int:
        """The evaluator's exit status, after that many answers."""
        self._probe.spin_until(
            lambda: len(self._probe.solutions) >= answers, START_TIMEOUT, "an answer to each target"
        )
        self._probe.spin_for(1.0)  # the evaluator hears the last one from another process
        return self.evaluator.interrupt(signal.SIGINT)


@pytest.mark.parametrize(
    "targets", ["joints", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("poses", "poses_alone"))]
)
def test_what_is_played_is_measured(probe: Probe, targets: str) -> None:
    """Each message is passed on in order, every target answered, and the report printed at the end."""
    arm = load_robot("two_link")
    phase = np.linspace(0.0, np.pi, COUNT)
    path = np.column_stack([0.4 * np.sin(phase), 0.8 + 0.3 * np.cos(phase)])
    probe.start_ik_node()
    player = Player(probe, targets, "model:=two_link")
    for q, tip in zip(path, arm.forward(path)[:, :2], strict=True):
        player.joints(["wheel", *arm.joint_names], [9.0, *q.tolist()])
        if targets != "joints":
            player.pose(*tip.tolist())
    expected = COUNT - 1 if targets == "joints" else COUNT
    assert player.end(expected) == 0
    output = player.evaluator.output
    assert "Traceback" not in output
    assert f"solved          100 % of the reachable targets ({expected})" in output
    assert ("from recorded joints" in output) == (targets != "poses_alone")
    assert "another joint state" not in output


@pytest.mark.parametrize("targets", ["joints", pytest.param("poses_alone", marks=pytest.mark.slow)])
def test_poses_of_an_arm_of_seven_joints_are_measured(probe: Probe, targets: str) -> None:
    """The panda's, with their orientation; one whose quaternion is zero is left out."""
    arm = load_robot("panda")
    phase = np.linspace(0.0, np.pi, COUNT)[:, None]
    path = np.array([0.1, 0.2, 0.0, -1.9, 0.1, 1.9, 0.3]) + 0.3 * np.sin(phase + np.arange(7))
    probe.start_ik_node("-p", "model:=panda")
    player = Player(probe, targets, "model:=panda")
    for q, pose in zip(path, arm.forward(path), strict=True):
        player.joints(arm.joint_names, q.tolist())
        if targets != "joints":
            player.pose(*pose.tolist())
    if targets != "joints":
        player.pose(0.3, 0.1, 0.5, 0.0, 0.0, 0.0, 0.0)
    expected = COUNT - 1 if targets == "joints" else COUNT
    assert player.end(expected) == 0
    output = player.evaluator.output
    assert "Traceback" not in output
    assert f"solved          100 % of the reachable targets ({expected})" in output


def test_joint_states_that_cannot_be_used_are_counted(probe: Probe) -> None:
    """Of some joints, of others, not finite: targets come from the rest, in the frame that ik_node has."""
    probe.start_ik_node("-p", "robot_base_link:=arm_base")
    player = Player(probe, "joints", "robot_base_link:=arm_base")
    names = load_robot("two_link").joint_names
    player.joints(names, (0.1, 0.8))
    player.joints(names[:1], (0.11,))
    player.joints(["finger"], (0.02,))
    player.joints(names, (np.nan, 0.8))
    player.joints(names, (0.12, 0.81))
    player.joints(names, (0.13, 0.82))
    assert player.end(2) == 0
    output = " ".join(player.evaluator.output.split())
    assert "Traceback" not in output
    assert "solved 100 % of the reachable targets (2)" in output
    for reason in (
        "1 joint state without some of the joints",
        "1 joint state of other joints",
        "1 joint positions not finite",
    ):
        assert reason in output
    assert {solution.header.frame_id for solution in probe.solutions} == {"arm_base"}


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("poses", "expected joint states beside the poses, got none that can be used; targets:=poses_alone"),
        ("poses_alone", "expected ik_node to take the poses, got no connection to it"),
    ],
)
def test_poses_that_nothing_can_be_solved_from_end_it_with_one_line(
    probe: Probe, targets: str, message: str
) -> None:
    """No joint states, and where they are not needed no node: status 1 and the reason."""
    player = Player(probe, targets)
    for i in range(3):
        player.pose(1.5, 0.1 * i)
    assert player.end(0) == 1
    assert f"evaluator: {message}" in player.evaluator.output
    assert "Traceback" not in player.evaluator.output


def test_a_solution_that_cannot_be_read_is_left_out(probe: Probe) -> None:
    """Another node's, without positions."""
    probe.start_ik_node()
    player = Player(probe, "joints")
    names = load_robot("two_link").joint_names
    for q in np.linspace((0.1, 0.8), (0.2, 0.9), 4):
        player.joints(names, q.tolist())
        probe.commands.publish(JointState(name=names))
    assert player.end(7) == 0
    assert "Traceback" not in player.evaluator.output
    assert "targets (3)" in player.evaluator.output


def test_a_page_that_cannot_be_written_at_the_end_is_told_in_one_line(
    probe: Probe, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its folder went away while it was played: the numbers are printed, status 1 and the reason."""
    folder = tmp_path_factory.mktemp("pages")
    probe.start_ik_node()
    player = Player(probe, "joints", f"html:={folder / 'page.html'}")
    for q in np.linspace((0.1, 0.8), (0.2, 0.9), 4):
        player.joints(load_robot("two_link").joint_names, q.tolist())
    folder.rmdir()
    assert player.end(3) == 1
    output = player.evaluator.output
    assert "targets (3)" in output
    assert "evaluator: " in output
    assert str(folder) in output.splitlines()[-1]
    assert "Traceback" not in output


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
