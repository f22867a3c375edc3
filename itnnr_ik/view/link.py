"""The view's ROS node, which spins in its own thread, listens to an ik_node and can send it targets."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from rclpy.exceptions import NameValidationException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState

from itnnr_ik.forms import reason
from itnnr_ik.ros.interfaces import JOINT_SOLUTION, JOINT_STATES, STATUS, TARGET_POSE
from itnnr_ik.ros.messages import pose_values, positions_if_usable, set_pose
from itnnr_ik.ros.status import values_of
from itnnr_ik.solver import IKSolver

Array = NDArray[np.float64]

NODE = "itnnr_ik"
_SPIN_TIMEOUT = 0.1  # [s]


@dataclass(frozen=True)
class NodeSnapshot:
    """The latest messages of a node; None for what was not received yet.

    Attributes:
        joints: Joint positions (n,) in [rad] or [m].
        solution: The node's last joint solution (n,).
        target: Pose (7,) of the last target, x, y, z [m], qx, qy, qz, qw, in ``frame``.
        frame: Frame of the target.
        status: Code and values of the last status by name.
        text: The message of the last status.
        received: Time of receipt of the joints on the monotonic clock, in [s].
        senders: Number of other publishers of targets.
    """

    joints: Array | None = None
    solution: Array | None = None
    target: Array | None = None
    frame: str = ""
    status: dict[str, str] = field(default_factory=dict)
    text: str = ""
    received: float | None = None
    senders: int = 0


class NodeLink:
    """Subscribes to an ik_node within a ``with`` statement; publishes nothing until it is switched on.

    Args:
        solver: A solver of the node's arm.
        joints: The robot's names of its joints, base to tip.
        namespace: Namespace of the node.

    Raises:
        ValueError: The namespace is not valid.
    """

    def __init__(self, solver: IKSolver, joints: tuple[str, ...], namespace: str) -> None:
        self._joints, self._frame = joints, solver.arm.base_link
        self._lock = threading.Lock()
        self._snapshot = NodeSnapshot()
        self._publisher: Publisher[PoseStamped] | None = None
        self._context = rclpy.Context()
        # Ctrl-C ends the view, which shuts this node down.
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        try:
            self._node = Node("itnnr_ik_view", namespace=namespace, context=self._context)
        except NameValidationException as error:
            rclpy.shutdown(context=self._context)
            raise ValueError(f"--namespace must be a ROS namespace: {reason(error)}") from error
        node = self._node
        node.create_subscription(JointState, JOINT_STATES.name, self._on_joint_state, JOINT_STATES.qos)
        node.create_subscription(JointState, JOINT_SOLUTION.name, self._on_solution, JOINT_SOLUTION.qos)
        node.create_subscription(PoseStamped, TARGET_POSE.name, self._on_target, TARGET_POSE.qos)
        status = STATUS.name.replace("~", NODE)
        node.create_subscription(DiagnosticStatus, status, self._on_status, STATUS.qos)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name="ROS", daemon=True)

    def __enter__(self) -> NodeLink:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        rclpy.shutdown(context=self._context)
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()

    @property
    def snapshot(self) -> NodeSnapshot:
        """The latest messages."""
        with self._lock:
            snapshot = self._snapshot
        others = self._node.count_publishers(TARGET_POSE.name) - self.sending
        return replace(snapshot, senders=max(0, others))

    @property
    def sending(self) -> bool:
        """Whether targets are published; there is a publisher only then."""
        return self._publisher is not None

    def switch(self, on: bool) -> None:
        """Switch the publishing of targets on or off."""
        if on and self._publisher is None:
            self._publisher = self._node.create_publisher(PoseStamped, TARGET_POSE.name, 10)
        elif not on and self._publisher is not None:
            publisher, self._publisher = self._publisher, None
            self._node.destroy_publisher(publisher)

    def send(self, pose: Array) -> bool:
        """Publish a target (7,) in the base frame if that is switched on; whether it was published."""
        publisher = self._publisher
        if publisher is None:
            return False
        message = PoseStamped()
        message.header.frame_id = self._frame
        message.header.stamp = self._node.get_clock().now().to_msg()
        set_pose(message.pose, pose)
        publisher.publish(message)
        return True

    def _spin(self) -> None:
        try:
            while self._context.ok():
                self._executor.spin_once(timeout_sec=_SPIN_TIMEOUT)
        except ExternalShutdownException:
            pass

    def _update(self, **changes: object) -> None:
        with self._lock:
            self._snapshot = replace(self._snapshot, **changes)  # type: ignore[arg-type]

    def _on_joint_state(self, message: JointState) -> None:
        if (positions := positions_if_usable(message, self._joints)) is not None:
            self._update(joints=positions, received=time.monotonic())

    def _on_solution(self, message: JointState) -> None:
        if (positions := positions_if_usable(message, self._joints)) is not None:
            self._update(solution=positions)

    def _on_target(self, message: PoseStamped) -> None:
        pose = np.array(pose_values(message.pose))
        if not pose[3:].any():
            pose[6] = 1.0  # a position task accepts targets without orientation
        if np.isfinite(pose).all():
            pose[3:] /= np.linalg.norm(pose[3:])
            self._update(target=pose, frame=message.header.frame_id)

    def _on_status(self, message: DiagnosticStatus) -> None:
        values = values_of(message)
        self._update(status=values, text=message.message)
