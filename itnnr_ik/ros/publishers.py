"""What ``ik_node`` publishes on, from the time when it is configured."""

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

#: An executor looks at each handler of events in every turn, and a subscriber that asks for what is not
#: offered warns of it, too. Commands keep theirs: a controller may not be heard.
_WITHOUT_EVENTS = PublisherEventCallbacks(use_default_callbacks=False)


class Publishers:
    """Publishers of one configuration, announced at once.

    Args:
        node: Whose they are.
        configuration: What says where commands go.

    Attributes:
        solutions, statuses, diagnostics, markers: One for each topic.
        paths, path_statuses: Likewise, where there are paths to answer.
        commands: None where none are sent.
    """

    def __init__(self, node: LifecycleNode, configuration: Configuration) -> None:
        self._node = node
        self._announced: list[Any] = []
        self.commands: Any = None
        try:
            self.solutions, self.statuses, self.diagnostics, self.markers = map(
                self._announce, (JOINT_SOLUTION, STATUS, DIAGNOSTICS, MARKERS)
            )
            if SOLVE_PATH.type is not None:
                self.paths, self.path_statuses = map(self._announce, (PATH_SOLUTION, PATH_STATUS))
            if configuration.command_out_type != NONE:
                message_type, _ = COMMAND_TYPES[configuration.command_out_type]
                topic = configuration.command_out_topic
                self.commands = self._create(message_type, topic, COMMAND_QOS)
        except BaseException:
            self.withdraw()
            raise

    def withdraw(self) -> None:
        """Withdraw them all."""
        while self._announced:
            self._node.destroy_publisher(self._announced.pop())

    def _announce(self, topic: Interface) -> Any:
        return self._create(topic.type, topic.name, topic.qos, event_callbacks=_WITHOUT_EVENTS)

    def _create(self, message_type: Any, topic: str, qos: Any, **options: Any) -> Any:
        publisher = self._node.create_publisher(message_type, topic, qos, **options)
        self._announced.append(publisher)
        return publisher
