"""A node that listens to targets, joint states, solutions and status, and records them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState

from itnnr_ik.demo.recording import Recording, SeenSolution, SeenTarget
from itnnr_ik.ros.messages import pose_values, positions_if_usable
from itnnr_ik.ros.status import stamp_from_text, values_of
from itnnr_ik.ros.time_messages import nanoseconds_of

#: Depth of the queues, large enough that no message is lost on a busy machine.
_QUEUE_DEPTH = 2000


class Monitor(Node):
    """Records the messages around one `ik_node` in `recording`, which a new run replaces.

    Args:
        namespace: Namespace of the monitored nodes.
        joints: The robot's names of the arm's joints, base to tip.
        n_coordinates: Number of coordinates of a target: 2 or 3 of its position, or all 7 of its pose.
    """

    def __init__(self, namespace: str, joints: Sequence[str], n_coordinates: int) -> None:
        super().__init__("monitor", namespace=namespace)
        self._joints = tuple(joints)
        self._n_coordinates = n_coordinates
        self.recording = Recording()
        reliable = QoSProfile(depth=_QUEUE_DEPTH)
        best_effort = QoSProfile(depth=_QUEUE_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(PoseStamped, "target_pose", self._on_target, reliable)
        self.create_subscription(JointState, "joint_solution", self._on_solution, reliable)
        self.create_subscription(DiagnosticStatus, "itnnr_ik/status", self._on_status, reliable)
        self.create_subscription(JointState, "joint_states", self._on_joint_state, best_effort)

    def node_is_up(self) -> bool:
        """Whether an `ik_node` is connected with all its topics."""
        return (
            self.count_publishers("joint_solution") > 0
            and self.count_publishers("itnnr_ik/status") > 0
            # The monitor itself is one of the subscribers.
            and self.count_subscribers("target_pose") > 1
            and self.count_subscribers("joint_states") > 1
        )

    def _on_target(self, message: PoseStamped) -> None:
        pose = np.array(pose_values(message.pose)[: self._n_coordinates])
        target = SeenTarget(nanoseconds_of(message.header.stamp), pose)
        self.recording.targets.append(target)

    def _on_solution(self, message: JointState) -> None:
        received = time.time_ns()
        positions = positions_if_usable(message, self._joints)
        if positions is not None:
            self.recording.solutions[nanoseconds_of(message.header.stamp)] = SeenSolution(received, positions)

    def _on_status(self, message: DiagnosticStatus) -> None:
        values = values_of(message)
        code, stamp = values.get("code"), stamp_from_text(values.get("stamp", ""))
        if code is not None and stamp is not None:
            self.recording.codes[stamp] = code

    def _on_joint_state(self, message: JointState) -> None:
        positions = positions_if_usable(message, self._joints)
        if positions is not None:
            self.recording.joint_states.append((nanoseconds_of(message.header.stamp), positions))
