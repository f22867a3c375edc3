"""The view's own ROS node, in a thread of its own: hears a running ik_node, and can send it targets."""

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
_POLL = 0.1  # [s]


@dataclass(frozen=True)
class Heard:
    """What was heard last; None for what has not come yet.

    Attributes:
        joints: Where the joints are (n,) in [rad] or [m].
        solution: The node's last answer (n,).
        target: Pose (7,) of the last target, x, y, z [m], qx, qy, qz, qw, in the frame ``frame``.
        frame: Of the target.
        status: Code and values of the last status, text by name, and the sentence that came with it.
        received: When the joints came, on the monotonic clock, in [s].
        senders: How many others publish targets.
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
    """Hears the topics of an ik_node within a ``with`` statement; sends nothing until it is switched on.

    Args:
        solver: Of the node's arm.
        joints: The robot's names of its joints, base to tip.
        namespace: Of the node.

    Raises:
        ValueError: The namespace is none.
    """

    def __init__(self, solver: IKSolver, joints: tuple[str, ...], namespace: str) -> None:
        self._joints, self._frame = joints, solver.arm.base_link
        self._lock = threading.Lock()
        self._heard = Heard()
        self._publisher: Publisher[PoseStamped] | None = None
        self._context = rclpy.Context()
        # Ctrl-C ends the view, and with it this.
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        try:
            self._node = Node("itnnr_ik_view", namespace=namespace, context=self._context)
        except NameValidationException as error:
            rclpy.shutdown(context=self._context)
            raise ValueError(f"--namespace must be a ROS namespace: {reason(error)}") from error
        node = self._node
        node.create_subscription(JointState, JOINT_STATES.name, self._on_joints, JOINT_STATES.qos)
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
    def heard(self) -> Heard:
        """What was heard last."""
        with self._lock:
            heard = self._heard
        others = self._node.count_publishers(TARGET_POSE.name) - self.sending
        return replace(heard, senders=max(0, others))

    @property
    def sending(self) -> bool:
        """Whether targets may be sent: only then is there a publisher of them."""
        return self._publisher is not None

    def switch(self, on: bool) -> None:
        """Let targets be sent, or no longer."""
        if on and self._publisher is None:
            self._publisher = self._node.create_publisher(PoseStamped, TARGET_POSE.name, 10)
        elif not on and self._publisher is not None:
            publisher, self._publisher = self._publisher, None
            self._node.destroy_publisher(publisher)

    def send(self, pose: Array) -> bool:
        """Send a target (7,) in the base frame, if that is switched on; whether it was."""
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
                self._executor.spin_once(timeout_sec=_POLL)
        except ExternalShutdownException:
            pass

    def _hear(self, **changes: object) -> None:
        with self._lock:
            self._heard = replace(self._heard, **changes)  # type: ignore[arg-type]

    def _on_joints(self, message: JointState) -> None:
        if (positions := positions_if_usable(message, self._joints)) is not None:
            self._hear(joints=positions, received=time.monotonic())

    def _on_solution(self, message: JointState) -> None:
        if (positions := positions_if_usable(message, self._joints)) is not None:
            self._hear(solution=positions)

    def _on_target(self, message: PoseStamped) -> None:
        pose = np.array(pose_values(message.pose))
        if not pose[3:].any():
            pose[6] = 1.0  # what a position task may be sent
        if np.isfinite(pose).all():
            pose[3:] /= np.linalg.norm(pose[3:])
            self._hear(target=pose, frame=message.header.frame_id)

    def _on_status(self, message: DiagnosticStatus) -> None:
        values = values_of(message)
        self._hear(status=values, text=message.message)
