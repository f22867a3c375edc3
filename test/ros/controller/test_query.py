"""A controller whose parameter says whether trajectories that are stamped in the past can be sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from probe import SILENCE, Probe, values_of
from rclpy.node import Node
from rclpy.parameter import Parameter
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.controller.query import REPLACEMENT, SCALING, ControllerQuery
from itnnr_ik.ros.interfaces import COMMAND_TYPES, TRAJECTORY

ARM = load_robot("two_link")
START = (-0.2, 0.9)
#: The set-point goes back and forth between these, 0.01 rad from the joints.
TARGETS = ARM.forward(np.add(START, [[-0.01], [0.01]]))[:, :2].tolist()
COMMANDS = COMMAND_TYPES[TRAJECTORY][1]


class Controller:
    """A node in the place of a joint_trajectory_controller, and the joints, which stand still."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.node = Node("joint_trajectory_controller", namespace=probe.namespace)
        self.received: list[JointTrajectory] = []
        self._targets = cycle(TARGETS)
        self.node.create_subscription(JointTrajectory, COMMANDS, self.received.append, 10)
        probe.serve(self.node)

    def stamps(self) -> list[Time]:
        """Of the trajectories received."""
        return [message.header.stamp for message in self.received]

    def send_until(self, timing: str) -> None:
        """Send stamped joint states and targets until trajectories are followed with that timing."""

        def send() -> None:
            header = self._probe.target(0.0, 0.0).header
            header.stamp = self._probe.node.get_clock().now().to_msg()
            self._probe.send_joint_state(ARM.joint_names, START, 0.0, header=header)
            self._probe.targets.publish(self._probe.target(*next(self._targets)))

        def followed() -> bool:
            last = values_of(self._probe.statuses[-1]) if self._probe.statuses else {}
            return last.get("timing") == timing and last.get("controller") == "following"

        self._probe.clear()
        self._probe.repeat_until(send, followed, f"a controller that follows, timing {timing!r}")
        self._probe.spin_for(SILENCE)  # trajectories from before may wait beside the status
        self.received.clear()
        self._probe.repeat_until(send, lambda: len(self.received) > 2, "trajectories")
        assert followed()


@pytest.fixture
def controller(probe: Probe) -> Iterator[Controller]:
    """In the probe's namespace."""
    controller = Controller(probe)
    yield controller
    controller.node.destroy_node()


def start(probe: Probe) -> None:
    probe.start_ik_node("-p", f"command_out_type:={TRAJECTORY}")


def test_trajectories_begin_on_receipt_where_the_controller_replaces_them(
    probe: Probe, controller: Controller
) -> None:
    """And are anchored once it does not any more, as if it were loaded anew."""
    controller.node.declare_parameter(REPLACEMENT, True)
    start(probe)
    controller.send_until(f"from receipt: the controller has {REPLACEMENT}")
    assert all(stamp.sec == stamp.nanosec == 0 for stamp in controller.stamps())
    controller.node.set_parameters([Parameter(REPLACEMENT, value=False)])
    controller.send_until("anchored")
    assert all(stamp.sec > 0 for stamp in controller.stamps())


def test_trajectories_are_anchored_where_the_controller_does_not_know_the_parameter(
    probe: Probe, controller: Controller
) -> None:
    """As before ros2_controllers 6.8."""
    start(probe)
    controller.send_until("anchored")
    assert all(stamp.sec > 0 for stamp in controller.stamps())


def test_a_controller_that_is_loaded_anew_may_be_another_one(probe: Probe) -> None:
    """As soon as it is found, it counts as one that replaces trajectories, whatever the last one answered."""
    answers: list[bool] = []
    query = ControllerQuery(probe.node, f"{probe.namespace}/{COMMANDS}", REPLACEMENT, True, answers.append)

    def load() -> Node:
        node = Node("joint_trajectory_controller", namespace=probe.namespace)
        node.declare_parameter(REPLACEMENT, False)
        probe.serve(node)
        return node

    first = load()
    probe.repeat_until(query.ask, lambda: answers == [True, False], "an answer")
    first.destroy_node()
    probe.repeat_until(query.ask, lambda: not query._client.service_is_ready(), "the controller's end")
    query.ask()
    second = load()
    probe.repeat_until(query.ask, lambda: answers[2:] == [True, False], "an answer of the next one")
    query.close()
    second.destroy_node()


@pytest.mark.parametrize("known", [True, False])
def test_a_parameter_that_is_a_number_is_there_or_not(probe: Probe, known: bool) -> None:
    """It says that the controller's state tells of speed scaling."""
    answers: list[bool] = []
    query = ControllerQuery(probe.node, f"{probe.namespace}/{COMMANDS}", SCALING, False, answers.append)
    controller = Node("joint_trajectory_controller", namespace=probe.namespace)
    if known:
        controller.declare_parameter(SCALING, 1.0)
    probe.serve(controller)
    probe.repeat_until(query.ask, lambda: answers == [False, known], "an answer")
    query.close()
    controller.destroy_node()
