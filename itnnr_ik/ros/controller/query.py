"""Asks a joint_trajectory_controller whether trajectories that are stamped in the past can be sent to it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rcl_interfaces.srv import GetParameters
from rclpy.lifecycle import LifecycleNode

#: Parameter of ros2_controllers 6.8 and later, true by default: after 6.9, a trajectory that replaces another
#: one then begins when it is received, whatever earlier stamp it has.
_REPLACEMENT = "allow_trajectory_replacement"
#: Between two questions, as a controller may be loaded anew, and until one without an answer is given up [s].
_ANSWER_PERIOD = 1.0
#: Between two calls of `ControllerQuery.ask` [s]: the controller is to be known before it follows.
QUERY_PERIOD = 0.05


class ControllerQuery:
    """The controller's parameter, by the service beside its topic of commands.

    Args:
        node: Owns the client.
        command_topic: The controller's, such as ``/joint_trajectory_controller/joint_trajectory``.
        answer: Called with whether the controller has the parameter, and it is true; first as if it were, as
            soon as the controller is found.
    """

    def __init__(self, node: LifecycleNode, command_topic: str, answer: Callable[[bool], None]) -> None:
        self._node, self._answer = node, answer
        service = f"{command_topic.rpartition('/')[0]}/get_parameters"
        self._client: Any = node.create_client(GetParameters, service)
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
            self._answer(True)
        if self._pending is not None:
            self._client.remove_pending_request(self._pending)
        self._asked = now
        self._pending = self._client.call_async(GetParameters.Request(names=[_REPLACEMENT]))
        self._pending.add_done_callback(self._take)

    def _take(self, answered: Any) -> None:
        self._pending = None
        values = answered.result().values  # none where the parameter is not known
        self._answer(any(value.bool_value for value in values))
