"""The node ``target_marker``: publishes ``target_pose`` as its marker is dragged in RViz."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from visualization_msgs.msg import InteractiveMarkerFeedback

from itnnr_ik.ros.answering.joint_memory import JointMemory
from itnnr_ik.ros.interfaces import JOINT_STATES, TARGET_POSE
from itnnr_ik.ros.running.process import run_node
from itnnr_ik.ros.setup.robot import JOINTS, ROBOT_BASE_LINK, solver_from_parameters
from itnnr_ik.ros.status import RejectedError
from itnnr_ik.ros.targets.interactive_target import interactive_target, target_of

NAME = "target_marker"


class TargetMarker(Node):
    """Shows a marker at the tool, once joint states are received, and publishes the poses of its drags.

    Nothing is published before.

    Raises:
        RuntimeError: interactive_markers is not installed.
        ValueError: A parameter's value cannot be used.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        self._solver = solver_from_parameters(self)
        self._frame = ROBOT_BASE_LINK.get(self) or self._solver.arm.base_link
        joints = JOINTS.of(self._solver.arm, JOINTS.get(self))
        self._memory = JointMemory(joints, JOINT_STATES.name, timeout=0.0)
        try:
            from interactive_markers import InteractiveMarkerServer
        except ImportError as error:
            raise RuntimeError(
                f"{NAME} needs the ROS package interactive_markers, as in "
                f"apt install ros-$ROS_DISTRO-interactive-markers: {error}"
            ) from error
        self._targets = self.create_publisher(PoseStamped, TARGET_POSE.name, 10)
        self._server = InteractiveMarkerServer(self, "~")
        self._states = self.create_subscription(
            JointState, JOINT_STATES.name, self._on_joints, JOINT_STATES.qos
        )
        self.get_logger().info(f"waiting for {self._states.topic_name}, to put the marker where the tool is")

    def _on_joints(self, message: JointState) -> None:
        """Put the marker at the tool, once."""
        try:
            self._memory.take(message, 1e-9 * self.get_clock().now().nanoseconds)
        except RejectedError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        positions = self._memory.positions
        if positions is None:
            return
        self.destroy_subscription(self._states)
        solver = self._solver
        pose = np.concatenate([solver.point_at(positions), [0.0, 0.0, 0.0, 1.0]])
        if solver.task.has_orientation:
            pose = solver.forward(positions)
        marker = interactive_target(solver, self._frame, pose)
        self._server.insert(marker, feedback_callback=self._on_feedback)
        self._server.applyChanges()
        self.get_logger().info(f"drag {NAME}: targets go to {self._targets.topic_name}")

    def _on_feedback(self, feedback: InteractiveMarkerFeedback) -> None:
        target = target_of(feedback, self.get_clock().now().to_msg())
        if target is not None:
            self._targets.publish(target)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted."""
    return run_node(NAME, TargetMarker, args)


if __name__ == "__main__":
    sys.exit(main())
