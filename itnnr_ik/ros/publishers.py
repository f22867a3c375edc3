"""The publishers of ``ik_node``, which exist from its configuration on."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode

from itnnr_ik.ros.interfaces import (
    COMMAND_QOS,
    COMMAND_TYPES,
    DIAGNOSTICS,
    JOINT_SOLUTION,
    MARKERS,
    NONE,
    PATH_SOLUTION,
    PATH_STATUS,
    SOLVE_PATH,
    STATUS,
    Interface,
)
from itnnr_ik.ros.setup.configuration import Configuration

try:
    from rclpy.event_handler import PublisherEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks

#: An executor checks each event handler in every turn, and a subscriber with incompatible QoS warns itself.
#: Commands keep theirs, as a controller may not receive them.
_WITHOUT_EVENTS = PublisherEventCallbacks(use_default_callbacks=False)


class Publishers:
    """Publishers of one configuration.

    Args:
        node: Their owner.
        configuration: Gives type and topic of commands.

    Attributes:
        solutions, statuses, diagnostics, markers: One for each topic.
        paths, path_statuses: Likewise, where there are paths to answer.
        commands: None if none are sent.
    """

    def __init__(self, node: LifecycleNode, configuration: Configuration) -> None:
        self._node = node
        self._created: list[Any] = []
        self.commands: Any = None
        try:
            self.solutions, self.statuses, self.diagnostics, self.markers = map(
                self._create_quiet, (JOINT_SOLUTION, STATUS, DIAGNOSTICS, MARKERS)
            )
            if SOLVE_PATH.type is not None:
                self.paths, self.path_statuses = map(self._create_quiet, (PATH_SOLUTION, PATH_STATUS))
            if configuration.command_out_type != NONE:
                message_type, _ = COMMAND_TYPES[configuration.command_out_type]
                topic = configuration.command_out_topic
                self.commands = self._create(message_type, topic, COMMAND_QOS)
        except BaseException:
            self.destroy()
            raise

    def destroy(self) -> None:
        """Destroy them all."""
        while self._created:
            self._node.destroy_publisher(self._created.pop())

    def _create_quiet(self, topic: Interface) -> Any:
        return self._create(topic.type, topic.name, topic.qos, event_callbacks=_WITHOUT_EVENTS)

    def _create(self, message_type: Any, topic: str, qos: Any, **options: Any) -> Any:
        publisher = self._node.create_publisher(message_type, topic, qos, **options)
        self._created.append(publisher)
        return publisher
