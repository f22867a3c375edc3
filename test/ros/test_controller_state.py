"""What a controller tells of itself, over DDS, where control_msgs is installed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from probe import Probe, values_of
from processes import ANSWER_TIMEOUT
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.interfaces import COMMAND_TYPES, TRAJECTORY
from itnnr_ik.ros.simulation.controller_state import controller_state
from itnnr_ik.ros.simulation.trajectory_controller import TrajectoryController

messages = pytest.importorskip("control_msgs.msg", reason="needs control_msgs, which PyPI does not have")

ARM = load_robot("two_link")
START = np.array([-0.2, 0.9])
OPTIONS = ("-p", f"command_out_type:={TRAJECTORY}")
COMMANDS = COMMAND_TYPES[TRAJECTORY][1]
PERIOD = 0.01  # [s]
#: A controller that tells nothing for so long [s] may be one that never does.
GONE = 1.5


class Robot:
    """An arm without mass under a joint_trajectory_controller, in the test's own process."""

    def __init__(self, probe: Probe) -> None:
        self._probe, self.tells, self.commands, self.speed_scaling = probe, True, 0, 1.0
        self.positions, self._last = START, time.time_ns()
        self._controller = TrajectoryController(ARM.joint_names, 1.0 / PERIOD, True)
        self._controller.activate(START, np.zeros(2))
        name, kind = "joint_trajectory_controller/controller_state", messages.JointTrajectoryControllerState
        self._states = probe.node.create_publisher(kind, name, 10)
        probe.node.create_subscription(JointTrajectory, COMMANDS, self._obey, 1)
        probe.node.create_timer(PERIOD, self._cycle)

    def _obey(self, message: JointTrajectory) -> None:
        self.commands += 1
        self._controller.follow(message, time.time_ns())

    def _cycle(self) -> None:
        now, rest = time.time_ns(), np.zeros(2)
        measured = self.positions
        self.positions = self._controller.update(now, now - self._last, measured, rest)
        self._last = now
        stamp = Time(sec=now // 10**9, nanosec=now % 10**9)
        self._probe.send_joint_state(ARM.joint_names, measured.tolist(), settle=0.0)
        if self.tells:
            state = controller_state(ARM.joint_names, self._controller, measured, rest, stamp)
            state.speed_scaling_factor = self.speed_scaling
            self._states.publish(state)


def go_until(probe: Probe, goal: np.ndarray, controller: str) -> None:
    """Send targets until a status says that of the controller."""
    target = ARM.forward(goal)[:2].tolist()
    deadline = time.monotonic() + ANSWER_TIMEOUT
    probe.statuses.clear()
    while not any(values_of(status).get("controller") == controller for status in probe.statuses):
        assert time.monotonic() < deadline, [values_of(status) for status in probe.statuses[-3:]]
        probe.targets.publish(probe.target(*target))
        probe.spin_for(2.0 * PERIOD)


def test_commands_end_with_the_states(probe: Probe) -> None:
    """Though the joints are heard of as ever; with the states they begin anew, and the arm gets there."""
    probe.start_ik_node(*OPTIONS)
    robot = Robot(probe)
    go_until(probe, START, "following")
    robot.tells, stopped = False, time.monotonic()
    go_until(probe, START + 0.1, "unknown")
    commands = robot.commands
    while time.monotonic() < stopped + GONE:
        probe.targets.publish(probe.target(*ARM.forward(START + 0.2)[:2].tolist()))
        probe.spin_for(2.0 * PERIOD)
    assert robot.commands == commands
    robot.tells = True
    go_until(probe, robot.positions + 0.1, "following")
    goal = robot.positions + 0.1
    probe.repeat_until(
        lambda: probe.targets.publish(probe.target(*ARM.forward(goal)[:2].tolist())),
        lambda: bool(np.abs(robot.positions - goal).max() < 1e-4),
        "the arm at its target",
    )


def test_the_state_is_beside_a_topic_that_was_remapped(probe: Probe) -> None:
    """The simulator tells it there, and the node hears it."""
    remapped = (*OPTIONS, "-r", f"{COMMANDS}:=arm/joint_trajectory")
    simulator = ("-p", f"initial_positions:={START.tolist()}")
    probe.start_simulator(*remapped, *simulator)
    probe.start_ik_node(*remapped)
    state, listeners = f"{probe.namespace}/arm/controller_state", probe.node.get_subscriptions_info_by_topic
    assert [info.node_name for info in listeners(state)] == ["itnnr_ik"]
    go_until(probe, START, "following")


def test_a_controller_that_scales_the_speed_is_not_streamed_to(probe: Probe) -> None:
    """The arm stays where it is, and the log says why; at full speed it goes on."""
    process = probe.start_ik_node(*OPTIONS)
    robot = Robot(probe)
    go_until(probe, START, "following")
    robot.speed_scaling = 0.5
    go_until(probe, START, "not following")  # a trajectory to another place would be executed to its end
    stopped = robot.positions
    for _ in range(20):
        probe.targets.publish(probe.target(*ARM.forward(START + 0.2)[:2].tolist()))
        probe.spin_for(2.0 * PERIOD)
    assert np.abs(robot.positions - stopped).max() < 1e-4
    assert "scales its speed by 0.5" in process.output
    robot.speed_scaling = 1.0
    go_until(probe, robot.positions + 0.1, "following")
