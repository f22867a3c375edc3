"""Reading the text of a latched topic by a node that is not spinning yet."""

from __future__ import annotations

import time

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from itnnr_ik.ros.receiving import take_pending

#: Polling period of the topic [s].
_PERIOD = 0.02


def latched_text(node: Node, topic: str, timeout: float) -> str:
    """Text of a std_msgs/String that its publisher keeps for late subscribers (transient local).

    Args:
        node: Subscribes meanwhile.
        topic: Name of the topic.
        timeout: In [s].

    Raises:
        TimeoutError: None came; the message names the topic in full.
        ExternalShutdownException: ROS was shut down meanwhile.
    """
    qos = QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
    )
    subscription = node.create_subscription(String, topic, lambda _: None, qos)
    try:
        deadline = time.monotonic() + timeout
        where = subscription.topic_name
        # Taken without an executor: a node that is being configured is not spinning.
        while rclpy.ok(context=node.context):
            for message, _ in take_pending(subscription, 1):
                return str(message.data)
            if time.monotonic() >= deadline:
                raise TimeoutError(f"no latched std_msgs/String came on {where} within {timeout:g} s")
            time.sleep(_PERIOD)
        raise ExternalShutdownException(f"shut down while it waited for {where}")
    finally:
        node.destroy_subscription(subscription)
