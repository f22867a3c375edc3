"""Asks a joint_trajectory_controller for parameters that say what can be sent to it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.lifecycle import LifecycleNode

from itnnr_ik.ros.interfaces import beside

#: Parameter of ros2_controllers 6.8 and later, true by default: after 6.9, a trajectory that replaces another
#: one then begins when it is received, whatever earlier stamp it has.
REPLACEMENT = "allow_trajectory_replacement"
#: Parameter of ros2_controllers 4.39, 5.3 and later, whose state tells of speed scaling: before, it said 0.
SCALING = "speed_scaling.initial_scaling_factor"
#: Between two questions, as a controller may be loaded anew, and until one without an answer is given up [s].
_ANSWER_PERIOD = 1.0
#: Between two calls of `ControllerQuery.ask` [s]: the controller is to be known before it follows.
QUERY_PERIOD = 0.05


class ControllerQuery:
    """A parameter of the controller, by the service beside its topic of commands.

    Args:
        node: Owns the client.
        command_topic: The controller's, such as ``/joint_trajectory_controller/joint_trajectory``.
        parameter: Its name.
        expected: What counts from when the controller is found until it answers.
        answer: Called with whether the controller has the parameter, and it is not false.
    """

    def __init__(
        self,
        node: LifecycleNode,
        command_topic: str,
        parameter: str,
        expected: bool,
        answer: Callable[[bool], None],
    ) -> None:
        self._node, self._parameter, self._expected, self._answer = node, parameter, expected, answer
        self._client: Any = node.create_client(GetParameters, beside(command_topic, "get_parameters"))
        self._asked = -math.inf
        self._pending: Any = None

    def close(self) -> None:
        """No answer comes any more."""
        self._node.destroy_client(self._client)

    def ask(self) -> None:
        """Ask the controller if it is there and it is time."""
        if not self._client.service_is_ready():
            self._asked = -math.inf  # the next one may be another
            return
        now = time.monotonic()
        if now < self._asked + _ANSWER_PERIOD:
            return
        if self._asked == -math.inf:
            self._answer(self._expected)
        if self._pending is not None:
            self._client.remove_pending_request(self._pending)
        self._asked = now
        self._pending = self._client.call_async(GetParameters.Request(names=[self._parameter]))
        self._pending.add_done_callback(self._take)

    def _take(self, answered: Any) -> None:
        self._pending = None
        values = answered.result().values  # none where the parameter is not known
        self._answer(any(v.bool_value or v.type == ParameterType.PARAMETER_DOUBLE for v in values))
