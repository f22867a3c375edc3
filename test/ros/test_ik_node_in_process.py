"""The node in the test's own process: the test says when it takes what has come, and what fails within it."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from probe import SILENCE, Probe, values_of
from processes import ANSWER_TIMEOUT
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.robot import load_robot
from itnnr_ik.ros import active, ik_node, interfaces
from itnnr_ik.ros.controller import controller as controller_module
from itnnr_ik.ros.ik_node import IKNode

ARM = load_robot("two_link")
START = np.array([-0.2, 0.9])
#: A controller whose cycles are longer [s] was held up itself, and may count as one that is not there.
LONGEST_CYCLE = 0.04
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class Broadcasters:
    """Two publishers of joint states, an arm's and a gripper's, beside targets and what comes of them."""

    def __init__(self, probe: Probe) -> None:
        self._arm, self._gripper = (
            probe.node.create_publisher(JointState, "/joint_states", 10) for _ in range(2)
        )
        self._targets = probe.node.create_publisher(PoseStamped, "/target_pose", 10)
        self._probe = probe
        self.statuses: list[DiagnosticStatus] = []
        self.solutions: list[JointState] = []
        probe.node.create_subscription(DiagnosticStatus, "/itnnr_ik/status", self.statuses.append, 10)
        probe.node.create_subscription(JointState, "/joint_solution", self.solutions.append, 10)

    def cycle(self, positions: np.ndarray) -> None:
        """One of a controller: the gripper's message always comes right after the arm's."""
        self._arm.publish(JointState(name=list(ARM.joint_names), position=positions.tolist()))
        self._gripper.publish(JointState(name=["finger"], position=[0.0]))

    def send_target(self) -> None:
        self._targets.publish(self._probe.target(*ARM.forward(START + 0.1)[:2].tolist()))

    def solved(self) -> bool:
        return bool(self.solutions and self.statuses)


@contextmanager
def serving(node: IKNode) -> Iterator[Callable[[float], None]]:
    """``serve(duration)`` lets a node take what has come and comes, for so many seconds."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin(duration: float) -> None:
        end = time.monotonic() + duration
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=0.01)  # the same each time: another one starts a new round

    yield spin
    executor.shutdown()


@pytest.fixture
def serve() -> Iterator[Callable[[float], None]]:
    """`serving` of a running node."""
    node = IKNode()
    with serving(node) as spin:
        yield spin
    node.destroy_node()


def test_the_newest_joint_state_counts_whoever_comes_after_it(
    probe: Probe, serve: Callable[[float], None]
) -> None:
    """Of five control cycles that wait beside a target the last, though each ends with the gripper's."""
    robot = Broadcasters(probe)
    probe.repeat_until(
        lambda: (robot.cycle(START), robot.send_target(), serve(0.1)), robot.solved, "an answer"
    )
    serve(SILENCE)
    probe.spin_for(SILENCE)
    robot.solutions.clear()
    robot.statuses.clear()
    for step in range(1, 6):
        robot.cycle(START + 0.02 * step)
    robot.send_target()
    probe.spin_for(SILENCE)
    serve(SILENCE)
    probe.spin_until(robot.solved, 10.0, "an answer")
    moved = float(values_of(robot.statuses[0])["displacement"])
    assert moved == np.abs(robot.solutions[0].position - (START + 0.1)).max()


def test_a_node_that_was_held_up_has_not_lost_its_controller(
    probe: Probe, dormant: IKNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the controller told meanwhile waits, though the timer of commands comes first."""
    # Stands in for JointTrajectoryControllerState, whose package need not be installed.
    monkeypatch.setattr(JointTrajectory, "reference", property(lambda m: m.points[0]), raising=False)
    monkeypatch.setattr(JointTrajectory, "speed_scaling_factor", 1.0, raising=False)
    for module in (interfaces, controller_module):
        monkeypatch.setattr(
            module, "CONTROLLER_STATE", replace(interfaces.CONTROLLER_STATE, type=JointTrajectory)
        )
    robot = Broadcasters(probe)
    states = probe.node.create_publisher(JointTrajectory, "/joint_trajectory_controller/controller_state", 10)
    commands = "/joint_trajectory_controller/joint_trajectory"
    probe.node.create_subscription(JointTrajectory, commands, lambda _: None, 1)

    cycles: list[float] = []

    def cycle() -> None:
        """An arm that stands where its tool is to be, and its controller."""
        cycles.append(time.monotonic())
        robot.cycle(START + 0.1)
        state = JointTrajectory(
            joint_names=list(ARM.joint_names),
            points=[JointTrajectoryPoint(positions=(START + 0.1).tolist())],
        )
        state.header.stamp = probe.node.get_clock().now().to_msg()
        states.publish(state)
        probe.spin_for(0.01)

    def controller() -> str:
        return values_of(robot.statuses[-1]).get("controller", "") if robot.statuses else ""

    kind = Parameter("command_out_type", value=interfaces.TRAJECTORY)
    assert all(result.successful for result in dormant.set_parameters([kind]))
    assert dormant.trigger_configure() == dormant.trigger_activate() == SUCCESS
    with serving(dormant) as serve:

        def go_on_until(condition: Callable[[], bool]) -> None:
            deadline = time.monotonic() + ANSWER_TIMEOUT
            while not condition():
                assert time.monotonic() < deadline
                cycle()
                robot.send_target()
                serve(0.01)

        judged = 0
        for _ in range(50):
            go_on_until(lambda: controller() == "following")
            cycles.clear()
            for _ in range(20):
                cycle()
            serve(0.005)
            robot.statuses.clear()
            go_on_until(lambda: bool(robot.statuses))
            if np.diff([*cycles, time.monotonic()]).max() < LONGEST_CYCLE:
                judged += 1
                assert controller() == "following"
            if judged == 5:
                return
    pytest.skip("the machine is too busy: the controller itself was held up most of the time")


@pytest.fixture
def dormant(monkeypatch: pytest.MonkeyPatch) -> Iterator[IKNode]:
    """A node that waits for transitions."""
    with monkeypatch.context() as patch:
        patch.setattr(ik_node, "AUTOSTART", replace(ik_node.AUTOSTART, default=False))
        node = IKNode()
    yield node
    node.destroy_node()


def test_a_target_that_waits_is_answered_with_the_joint_state(dormant: IKNode, probe: Probe) -> None:
    """At once, not in the executor's next turn: here it has none."""
    assert dormant.trigger_configure() == dormant.trigger_activate() == SUCCESS
    robot, state = Broadcasters(probe), JointState(name=list(ARM.joint_names), position=START.tolist())
    node = dormant._active
    assert node is not None

    def send() -> None:
        robot.send_target()
        probe.spin_for(0.1)
        node._on_joint_state(state, None)

    probe.repeat_until(send, robot.solved, "an answer")


@pytest.mark.parametrize("kind", interfaces.COMMAND_TYPES)
def test_a_continuous_joint_stays_in_its_turn_when_activated_anew(dormant: IKNode, kind: str) -> None:
    """Set-points outlive a deactivation: in another turn, the first command would be a whole turn away."""
    urdf = ARM.urdf.replace('"revolute"', '"continuous"')
    given = [Parameter("robot_description", value=urdf), Parameter("command_out_type", value=kind)]
    assert all(result.successful for result in dormant.set_parameters(given))
    assert dormant.trigger_configure() == SUCCESS
    for angles in (np.arange(0.0, 4.1, 0.5), [4.0 + 2.0 * np.pi]):
        assert dormant.trigger_activate() == SUCCESS
        node = dormant._active
        assert node is not None
        for angle in angles:
            node._on_joint_state(JointState(name=list(ARM.joint_names), position=[angle, 0.9]), None)
        np.testing.assert_allclose(node._joints.positions, [4.0, 0.9])
        np.testing.assert_allclose(node._joints.positions + node._joints.turns, [angles[-1], 0.9])
        assert dormant.trigger_deactivate() == SUCCESS


def fail(*_: object) -> None:
    raise LookupError("no such\n thing")


def opened(node: IKNode) -> tuple[int, ...]:
    kinds = (node.subscriptions, node.services, node.timers, node.clients)
    return tuple(len(list(kind)) for kind in kinds)


@pytest.mark.parametrize("part", ["JointMemory", "Frames", "Scene"])
def test_an_activation_that_fails_leaves_nothing_open(
    dormant: IKNode, part: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Wherever it fails, one line says why; the node stays inactive, and can be activated later."""
    assert dormant.trigger_configure() == SUCCESS
    before = opened(dormant)
    with monkeypatch.context() as patch:
        patch.setattr(active, part, fail)
        for _ in range(2):
            assert dormant.trigger_activate() == FAILURE
            assert opened(dormant) == before
    assert capfd.readouterr().err.count("cannot be activated: no such thing") == 2
    assert dormant.trigger_activate() == SUCCESS
    assert opened(dormant) > before
    assert dormant.trigger_deactivate() == SUCCESS
    assert opened(dormant) == before


def test_a_controller_that_fails_leaves_nothing_open(
    dormant: IKNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even its first question, where the second one fails."""
    kind = Parameter("command_out_type", value=interfaces.TRAJECTORY)
    assert all(result.successful for result in dormant.set_parameters([kind]))
    assert dormant.trigger_configure() == SUCCESS
    before, questions = opened(dormant), [controller_module.ControllerQuery, fail]
    monkeypatch.setattr(controller_module, "ControllerQuery", lambda *given: questions.pop(0)(*given))
    assert dormant.trigger_activate() == FAILURE
    assert opened(dormant) == before


def test_an_activation_at_start_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception itself ends the process."""
    monkeypatch.setattr(active, "Scene", fail)
    with pytest.raises(LookupError, match="no such"):
        IKNode()


def test_what_was_configured_before_is_let_go(dormant: IKNode) -> None:
    """Configured anew time and again, the node does not grow; shut down, it announces nothing."""
    before = len(list(dormant.publishers))
    earlier = []
    for _ in range(3):
        assert dormant.trigger_configure() == SUCCESS
        assert dormant.trigger_activate() == SUCCESS
        assert dormant._configuration is not None
        earlier.append(weakref.ref(dormant._configuration.solver))
        earlier.append(weakref.ref(dormant._active))
        assert dormant.trigger_deactivate() == SUCCESS
        assert dormant.trigger_cleanup() == SUCCESS
    assert dormant.trigger_configure() == SUCCESS
    assert [reference() for reference in earlier] == [None] * 6
    assert len(list(dormant.publishers)) > before
    assert dormant.trigger_shutdown() == SUCCESS
    assert len(list(dormant.publishers)) == before


def test_a_parameter_is_not_deleted(dormant: IKNode) -> None:
    """It would come back as one that cannot be set."""
    (result,) = dormant.set_parameters([Parameter("joints", Parameter.Type.NOT_SET)])
    assert not result.successful
    assert result.reason == "expected a value of joints: parameters cannot be deleted"
    assert dormant.has_parameter("joints")
