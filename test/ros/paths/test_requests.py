"""Whole paths asked of a running node over DDS, beside everything else that it does."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import configured
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from lifecycle_msgs.msg import Transition
from probe import SILENCE, START_TIMEOUT, Probe, values_of
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header
from std_srvs.srv import SetBool
from test_ik_node_changes import change as change_parameters
from test_ik_node_lifecycle import change as change_state
from test_joint_path import elbow_path, poses_of, positions_of, refusals
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.ros.status import stamp_text

#: Targets of a path that takes seconds, and for how long it may [s].
LONG, LONG_TIMEOUT = 1500, 120.0


class Asker:
    """Sends paths to a running node, and keeps what comes back."""

    def __init__(self, probe: Probe) -> None:
        messages = pytest.importorskip("nav_msgs.msg", reason="needs nav_msgs")
        self._probe, self._path = probe, messages.Path
        self.statuses: list[DiagnosticStatus] = []
        self.found: list[JointTrajectory] = []
        node = probe.node
        node.create_subscription(JointTrajectory, "itnnr_ik/path_solution", self.found.append, 10)
        node.create_subscription(DiagnosticStatus, "itnnr_ik/path_status", self.statuses.append, 10)
        self._sender = node.create_publisher(messages.Path, "itnnr_ik/solve_path", 10)
        self._sent = 0

    def connect(self) -> None:
        """Wait until the node and this hear each other."""
        count = self._probe.node.count_publishers
        self._probe.repeat_until(
            lambda: self.send([]),
            lambda: bool(self.statuses) and count("itnnr_ik/path_solution") > 0,
            "a status of an empty path",
        )
        self._probe.spin_for(SILENCE)
        self.statuses.clear()

    def send(self, poses: list[PoseStamped]) -> str:
        """Send a path; the stamp that its status is known by."""
        message = self._path(header=Header(frame_id="base_link"), poses=poses)
        self._sent += 1
        message.header.stamp.sec = self._sent
        self._sender.publish(message)
        return stamp_text(message.header.stamp)

    def answers(self, stamp: str) -> list[DiagnosticStatus]:
        return [status for status in self.statuses if values_of(status)["stamp"] == stamp]

    def codes(self, stamp: str) -> list[str]:
        return [values_of(status)["code"] for status in self.answers(stamp)]

    def wait(self, stamp: str) -> DiagnosticStatus:
        """The status for a path."""
        self._probe.spin_until(lambda: bool(self.answers(stamp)), LONG_TIMEOUT, "a status of a path")
        return self.answers(stamp)[0]

    def ask(self, poses: list[PoseStamped]) -> dict[str, str]:
        return values_of(self.wait(self.send(poses)))


def long_path(probe: Probe) -> tuple[list[PoseStamped], np.ndarray]:
    """Of an arm with a joint to spare, and where its joints begin (n,)."""
    middle, rates = np.array([0.0, -0.6, 0.2, -1.8, 0.1, 1.6, 0.4]), np.linspace(0.3, 0.9, 7)
    path = middle + 0.3 * np.sin(np.linspace(0.0, 20.0, LONG)[:, None] * rates)
    return poses_of(probe, configured("panda").solver.target_at(path), "panda_link0"), path[0]


def start_panda(probe: Probe, asker: Asker, *options: str) -> list[PoseStamped]:
    """A node that may be asked for the long path, which is returned."""
    poses, start = long_path(probe)
    probe.start_ik_node(*("-p", "model:=panda"), *(word for option in options for word in ("-p", option)))
    stand(probe, start)
    asker.connect()
    return poses


def stand(probe: Probe, positions: np.ndarray) -> None:
    names = configured("panda").solver.arm.joint_names
    probe.send_first_joint_state(names, positions.tolist(), frame="panda_link0")


def begin(asker: Asker, poses: list[PoseStamped]) -> str:
    """Ask for the long path, and see that it has been begun: a second one is refused."""
    stamp = asker.send(poses)
    assert asker.ask(poses[:2])["code"] == "busy"
    assert asker.answers(stamp) == []
    return stamp


def test_the_node_answers_paths_beside_targets(probe: Probe) -> None:
    """One status for each, a trajectory for the good one, targets before and after as ever."""
    asker, path = Asker(probe), elbow_path()
    solver = configured("two_link").solver
    probe.start_ik_node()
    probe.send_first_joint_state(solver.arm.joint_names, path[0].tolist())
    asker.connect()
    good = poses_of(probe, solver.target_at(path), "")
    bad, code, text = refusals(probe)["nan"]
    refused = asker.wait(asker.send(bad))
    assert values_of(refused)["code"] == code.value
    assert text in refused.message
    assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=True)).success
    assert asker.ask(good)["code"] == "paused"
    assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=False)).success
    assert asker.found == []
    values = asker.ask(good)
    assert (values["code"], values["poses"]) == ("solved", str(len(path)))
    probe.spin_until(lambda: bool(asker.found), START_TIMEOUT, "a trajectory")
    np.testing.assert_allclose(positions_of(asker.found[0]), path, atol=1e-3)
    assert probe.ask(probe.target(1.5, 0.3))[0]["code"] == "solved"
    assert probe.solutions != []
    assert not probe.node.count_publishers("joint_trajectory_controller/joint_trajectory")


def test_targets_are_answered_meanwhile(probe: Probe) -> None:
    """Many of them before the path is solved; a second path is refused, and the first one is answered."""
    asker = Asker(probe)
    poses = start_panda(probe, asker)
    stamp, answered = begin(asker, poses), 0
    while not asker.answers(stamp):
        target = poses[answered % 10]
        target.header.stamp = probe.target(0.0, 0.0).header.stamp
        assert values_of(probe.answer(target))["code"] == "solved"
        answered += 1
    assert asker.codes(stamp) == ["solved"]
    assert answered >= 20
    probe.spin_until(lambda: bool(asker.found), START_TIMEOUT, "a trajectory")
    assert [len(found.points) for found in asker.found] == [LONG]
    assert asker.ask(poses[:2])["code"] == "solved"


@pytest.mark.parametrize("why", ["deactivated", "paused", "parameters were changed"])
def test_a_path_is_cancelled(probe: Probe, why: str) -> None:
    """At once, and nothing comes of it; the next one is solved when the thread is free."""
    asker = Asker(probe)
    poses = start_panda(probe, asker)
    stamp = begin(asker, poses)
    if why == "deactivated":
        assert change_state(probe, Transition.TRANSITION_DEACTIVATE)
    elif why == "paused":
        assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=True)).success
    else:
        assert change_parameters(probe, tolerance=1e-5) == ""
    status = asker.wait(stamp)
    assert values_of(status)["code"] == "cancelled"
    assert why in status.message
    if why == "deactivated":
        assert change_state(probe, Transition.TRANSITION_ACTIVATE)
        probe.wait_for_ik_node()
        stand(probe, long_path(probe)[1])
    elif why == "paused":
        assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=False)).success
    later: list[str] = []
    probe.repeat_until(
        lambda: later.append(asker.send(poses[:2])),
        lambda: any(asker.codes(sent) == ["solved"] for sent in later),
        "the next path",
    )
    probe.spin_until(lambda: bool(asker.found), START_TIMEOUT, "a trajectory")
    # The thread came to the end of the first path before it could begin the next.
    assert {len(found.points) for found in asker.found} == {2}
    assert asker.codes(stamp) == ["cancelled"]


def test_commands_go_on_meanwhile(probe: Probe) -> None:
    """An arm that is moved moves on while a path is solved, which is sent to no controller."""
    asker, commands = Asker(probe), list[Float64MultiArray]()
    probe.node.create_subscription(Float64MultiArray, "arm/positions", commands.append, 100)
    poses = start_panda(
        probe,
        asker,
        "command_out_type:=std_msgs/Float64MultiArray",
        "command_out_topic:=arm/positions",
        "max_velocity:=0.001",
    )
    solver, start = configured("panda").solver, long_path(probe)[1]
    state = JointState(name=list(solver.arm.joint_names), position=start.tolist())
    probe.node.create_timer(0.02, lambda: probe.states.publish(state))
    away = probe.pose(solver.target_at(start + 0.1), frame="panda_link0")
    probe.repeat_until(lambda: probe.ask(away), lambda: bool(commands), "a command")
    stamp = begin(asker, poses)
    before = len(commands)
    assert values_of(asker.wait(stamp))["code"] == "solved"
    assert len(commands) - before >= 20
    sent = np.array([command.data for command in commands])
    assert np.abs(np.diff(sent, axis=0)).max() <= 0.001 / 100 * 1.1
