"""The node ``echo``, which exchanges the messages of `ik_node` without solving, to compare round trips.

It subscribes to targets and joint states as `ik_node` does, and answers each target with a JointState of the
same names and number of positions, in the same executor.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState

from itnnr_ik.ros.running.process import run_node

NAME = "echo"


class Echo(Node):
    """Answers every target with the target's position as positions of the parameter ``joints``."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._joints: list[str] = list(self.declare_parameter("joints", ["joint_1", "joint_2"]).value or [])
        self._answers = self.create_publisher(JointState, "joint_solution", 10)
        best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(JointState, "joint_states", self._on_joint_state, best_effort)
        self.create_subscription(PoseStamped, "target_pose", self._on_target, 1)

    def _on_joint_state(self, message: JointState) -> None:
        pass

    def _on_target(self, message: PoseStamped) -> None:
        point = message.pose.position
        positions = [point.x, point.y, point.z][: len(self._joints)]
        self._answers.publish(JointState(header=message.header, name=self._joints, position=positions))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted."""
    return run_node(NAME, Echo, args)


if __name__ == "__main__":
    sys.exit(main())
