"""Targets in other frames, brought into the arm's base frame by tf2 where it is installed."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import PoseStamped, Transform
from rclpy.node import Node
from rclpy.time import Time
from scipy.spatial.transform import Rotation

from itnnr_ik.ros.messages import quote
from itnnr_ik.ros.status import Code, RejectedError

try:
    import tf2_ros
except ImportError:
    tf2_ros = None


class Frames:
    """Knows where other frames are, from /tf and /tf_static.

    The newest transform counts, whatever a target's stamp is: that of a recording is old, and some senders
    give none.

    Args:
        node: Hears the transforms.
        base: The frame that targets are brought into.
    """

    def __init__(self, node: Node, base: str) -> None:
        self._base = base
        self._buffer: Any = None
        self._listener: Any = None
        if tf2_ros is not None:
            self._buffer = tf2_ros.Buffer()
            self._listener = tf2_ros.TransformListener(self._buffer, node, spin_thread=False)

    def position(self, message: PoseStamped) -> list[float]:
        """The pose's position (3) [m] in the base frame.

        Raises:
            RejectedError: The pose is in another frame, and it is not known where that is (``wrong_frame``).
        """
        point = message.pose.position
        position = [point.x, point.y, point.z]
        frame = message.header.frame_id
        if frame == self._base:
            return position
        came = f"frame {quote(frame)}" if frame else "an empty frame_id"
        text = f"expected a target in frame {quote(self._base)}, got {came}"
        if self._buffer is None or not frame:
            raise RejectedError(Code.WRONG_FRAME, text if frame else f"{text}, which names none")
        try:
            found = self._buffer.lookup_transform(self._base, frame, Time())
        except tf2_ros.TransformException as error:
            raise RejectedError(Code.WRONG_FRAME, f"{text}, which tf2 cannot transform: {error}") from error
        return transformed(found.transform, position)

    def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.unregister()


def transformed(transform: Transform, position: list[float]) -> list[float]:
    """``position`` (3) [m] of the child frame in the parent frame of ``transform``.

    Raises:
        RejectedError: The transform has no rotation (``wrong_frame``).
    """
    rotation, translation = transform.rotation, transform.translation
    quaternion = [rotation.x, rotation.y, rotation.z, rotation.w]
    try:
        turned = Rotation.from_quat(quaternion).apply(position)
    except ValueError as error:
        text = f"expected a rotation between the frames, got the quaternion {quaternion}"
        raise RejectedError(Code.WRONG_FRAME, text) from error
    offsets = (translation.x, translation.y, translation.z)
    return [float(a + b) for a, b in zip(turned, offsets, strict=True)]
