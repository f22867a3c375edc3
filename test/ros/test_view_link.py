"""The view's own node beside a real ik_node: what it hears, and that it sends nothing unasked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from probe import Probe
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver
from itnnr_ik.view.link import NodeLink, NodeSnapshot

SOLVER = IKSolver.load("two_link")
POSTURE = [0.3, 0.6]
STATE = JointState(name=["other", "joint_2", "joint_1"], position=[9.0, POSTURE[1], POSTURE[0]])


@pytest.fixture
def link(probe: Probe) -> Iterator[NodeLink]:
    with NodeLink(SOLVER, SOLVER.arm.joint_names, probe.namespace) as link:
        yield link


def test_it_hears_joints_target_solution_and_status(probe: Probe, link: NodeLink) -> None:
    """Of a running ik_node, by name and in the arm's order."""
    probe.start_ik_node("-p", "model:=two_link")
    goal = SOLVER.forward([0.4, 0.5])

    def send() -> None:
        probe.states.publish(STATE)
        probe.targets.publish(probe.target(*goal[:2]))

    probe.repeat_until(send, lambda: link.snapshot.status.get("code") == "solved", "a status")
    probe.repeat_until(send, lambda: link.snapshot.solution is not None, "a solution")
    heard = link.snapshot
    assert heard.joints is not None
    assert heard.joints.tolist() == POSTURE
    assert heard.solution is not None
    assert np.allclose(SOLVER.forward(heard.solution)[:2], goal[:2], atol=1e-5)
    assert heard.target is not None
    assert np.allclose(heard.target[:2], goal[:2])
    assert float(heard.status["residual"]) < 1e-5
    assert heard.senders == 1  # the probe


def test_it_sends_only_while_that_is_switched_on(probe: Probe, link: NodeLink) -> None:
    """Without a publisher before and after: nobody on the graph sees one."""
    targets: list[PoseStamped] = []
    probe.node.create_subscription(PoseStamped, "target_pose", targets.append, 10)
    goal = np.array([1.2, 0.3, 0.0, 0.0, 0.0, 0.0, 1.0])
    assert not link.send(goal)
    probe.repeat_until(
        lambda: probe.states.publish(STATE), lambda: link.snapshot.joints is not None, "joint states"
    )
    assert probe.node.count_publishers("target_pose") == 1
    link.switch(True)
    probe.repeat_until(lambda: link.send(goal), lambda: bool(targets), "the target")
    assert targets[0].header.frame_id == SOLVER.arm.base_link
    assert (targets[0].pose.position.x, targets[0].pose.orientation.w) == (1.2, 1.0)
    assert link.snapshot.senders == 1  # itself is not counted
    link.switch(False)
    probe.spin_until(
        lambda: probe.node.count_publishers("target_pose") == 1, 10.0, "the end of the publisher"
    )
    assert not link.send(goal)


def test_a_namespace_that_is_none_is_refused() -> None:
    """In one line that says why."""
    with pytest.raises(ValueError, match="--namespace must be a ROS namespace: Invalid namespace"):
        NodeLink(SOLVER, SOLVER.arm.joint_names, "/a b")


def test_broken_messages_change_nothing(probe: Probe, link: NodeLink) -> None:
    """Joint states with a joint missing, and targets that are not finite."""
    broken = JointState(name=["joint_1"], position=[1.0])
    probe.repeat_until(
        lambda: (probe.states.publish(broken), probe.states.publish(STATE)),
        lambda: link.snapshot.joints is not None,
        "joint states",
    )
    assert link.snapshot.joints is not None
    assert link.snapshot.joints.tolist() == POSTURE
    probe.repeat_until(
        lambda: (
            probe.targets.publish(probe.target(float("nan"), 0.0)),
            probe.targets.publish(probe.target(1.0, 0.5)),
        ),
        lambda: link.snapshot.target is not None,
        "a target",
    )
    assert link.snapshot.target is not None
    assert link.snapshot.target[:2].tolist() == [1.0, 0.5]


def test_the_panel_says_how_the_node_is() -> None:
    """Nothing heard, no joint states any more, a target out of reach, and a second sender of targets."""
    pytest.importorskip("viser", reason="needs viser")
    from itnnr_ik.view.live_view import describe

    joints = np.zeros(2)
    assert "Waiting for joint states" in describe(NodeSnapshot(), False, 0.0)
    assert "No joint states for 7 s" in describe(NodeSnapshot(joints=joints, received=3.0), False, 10.0)
    assert "No target yet" in describe(NodeSnapshot(joints=joints, received=10.0), False, 10.0)
    missed = NodeSnapshot(
        joints=joints,
        received=10.0,
        status={"code": "unreachable", "residual": "0.25", "displacement": "0.7104", "solve_time": "1.8e-4"},
        text="too far",
        senders=2,
    )
    said = describe(missed, True, 10.0)
    assert "Unreachable" in said
    for value in ("250.0 mm", "0.710 rad", "180 µs"):
        assert value in said
    assert "somebody else publishes targets, too; too far" in said
    assert "somebody else" not in describe(missed, False, 10.0)
