"""Targets in other frames, transformed to the arm's base frame by tf2 where it is installed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Pose, PoseStamped, Transform, TransformStamped
from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time

from itnnr_ik.robot.frame_names import without_slash
from itnnr_ik.ros.messages import pose_values, quote
from itnnr_ik.ros.status import Code, RejectedError

try:
    import tf2_ros
except ImportError:
    tf2_ros = None

Quaternion = tuple[float, float, float, float]

#: A clock that goes back by more than a second was reset, as tf2 has it.
_CLOCK_SET_BACK = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True)


class Frames:
    """Transforms of other frames, from /tf and /tf_static; may be looked up on any thread.

    A leading slash of a frame's name does not count.

    The newest transform counts, whatever a target's timestamp is: that of a recording is old, and some
    senders give none. A transform's own timestamp is not compared with a clock either.

    Args:
        node: Subscribes to the transforms.
        base: The frame that targets are transformed to.
        timeout: Age in [s] beyond which a transform on /tf no longer counts; 0: never. It may change.
        on_both_clocks: The age on the steady clock counts, too, and not only that on the node's clock.
    """

    def __init__(self, node: Node, base: str, timeout: float, on_both_clocks: bool) -> None:
        self._base = without_slash(base)
        self.timeout = timeout
        self._transforms: Any = None
        if tf2_ros is not None:
            self._transforms = _Transforms(node, on_both_clocks)

    def pose(self, message: PoseStamped) -> list[float]:
        """Position [m] and orientation (7): x, y, z, qx, qy, qz, qw, in the base frame.

        The quaternion is not normalised, and may be zero.

        Raises:
            RejectedError: See `transform` and `transformed`.
        """
        return to_base_frame(self.transform(message.header.frame_id), message.pose)

    def transform(self, frame: str) -> Transform | None:
        """The transform of a frame to the base frame; None for the base frame itself.

        Raises:
            RejectedError: There is none, or it is too old (``wrong_frame``).
        """
        frame = without_slash(frame)
        if frame == self._base:
            return None
        came = f"frame {quote(frame)}" if frame else "an empty frame_id"
        text = f"expected a target in frame {quote(self._base)}, got {came}"
        if self._transforms is None or not frame:
            raise RejectedError(Code.WRONG_FRAME, text if frame else f"{text}, which names none")
        try:
            found: Transform = self._transforms.lookup(self._base, frame)
        except tf2_ros.TransformException as error:
            raise RejectedError(Code.WRONG_FRAME, f"{text}, which tf2 cannot transform: {error}") from error
        age, child = self._transforms.age(self._base, frame)
        if 0.0 < self.timeout < age:
            raise RejectedError(
                Code.WRONG_FRAME,
                f"{text}; the last new transform of {quote(child)} came {age:.3g} s ago, expected at most "
                f"transform_timeout = {self.timeout:g} s (one that never changes belongs on /tf_static)",
            )
        return found

    def close(self) -> None:
        """Stop listening."""
        if self._transforms is not None:
            self._transforms.close()


@dataclass
class _Link:
    """The reception of a frame's transform to its parent.

    Attributes:
        parent: The parent frame.
        newest: Timestamp of the newest transform that tf2 took, in [ns].
        received, received_steady: Its reception time in [s] on the node's clock, None for a static
            transform, and on the steady clock.
    """

    parent: str
    newest: int | None = None
    received: float | None = None
    received_steady: float = 0.0


class _Transforms:
    """A tf2 buffer with the reception time of each transform.

    Stands between a TransformListener and its buffer, which keeps only the senders' timestamps.
    """

    def __init__(self, node: Node, on_both_clocks: bool) -> None:
        self._clock = node.get_clock()
        self._on_both_clocks = on_both_clocks
        self._links: dict[str, _Link] = {}
        # Given the node, the buffer would offer a service of its own; so it does not see the node's clock.
        self._buffer = tf2_ros.Buffer()
        self._jumps = self._clock.create_jump_callback(_CLOCK_SET_BACK, post_callback=lambda _: self._clear())
        self._listener = tf2_ros.TransformListener(self, node, spin_thread=False)

    def close(self) -> None:
        """Stop listening."""
        self._listener.unregister()
        self._jumps.unregister()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """For the listener: a transform from /tf, which counts as new if it is newer for tf2."""
        self._buffer.set_transform(transform, authority)
        parent, child = _frames(transform)
        link = self._links.get(child)
        if link is None or link.parent != parent or link.received is None:
            link = _Link(parent)
        try:
            newest = self._buffer.get_latest_common_time(parent, child).nanoseconds
        except tf2_ros.TransformException:  # it was not taken at all
            return
        if newest != link.newest:
            link.newest, link.received, link.received_steady = newest, self._now(), time.monotonic()
            self._links[child] = link

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """For the listener: a transform from /tf_static."""
        self._buffer.set_transform_static(transform, authority)
        parent, child = _frames(transform)
        self._links[child] = _Link(parent)

    def lookup(self, base: str, frame: str) -> Transform:
        """The newest transform from ``frame`` to ``base``.

        Raises:
            tf2_ros.TransformException: There is none.
        """
        return self._buffer.lookup_transform(base, frame, Time()).transform

    def age(self, base: str, frame: str) -> tuple[float, str]:
        """The largest age [s] of the transforms between two frames, and the child frame of that one."""
        now, at = self._now(), time.monotonic()
        oldest, child = 0.0, frame
        # Common ancestors are not between them.
        ours, theirs = self._ancestors(base), self._ancestors(frame)
        for name in ours.keys() ^ theirs.keys():
            link = ours.get(name) or theirs[name]
            if link.received is None:
                continue
            link.received = min(link.received, now)  # against a clock that was set back
            age = now - link.received
            if self._on_both_clocks:
                age = max(age, at - link.received_steady)
            if age > oldest:
                oldest, child = age, name
        return oldest, child

    def _ancestors(self, frame: str) -> dict[str, _Link]:
        """The frame and its ancestors but the root."""
        known, links = self._links, dict[str, _Link]()
        while frame in known and frame not in links:
            links[frame] = known[frame]
            frame = links[frame].parent
        return links

    def _clear(self) -> None:
        """Forget the transforms of /tf: tf2 would keep them as newer than all that follow."""
        self._buffer.clear()
        self._links = {name: link for name, link in self._links.items() if link.received is None}

    def _now(self) -> float:
        return float(self._clock.now().nanoseconds * 1e-9)


def _frames(transform: TransformStamped) -> tuple[str, str]:
    """Parent and child as tf2 names them."""
    return without_slash(transform.header.frame_id), without_slash(transform.child_frame_id)


def to_base_frame(transform: Transform | None, pose: Pose) -> list[float]:
    """A pose in the base frame (7), see `Frames.pose`, by the result of `Frames.transform`.

    Raises:
        RejectedError: See `transformed`.
    """
    values = pose_values(pose)
    return values if transform is None else transformed(transform, values)


def transformed(transform: Transform, pose: list[float]) -> list[float]:
    """``pose`` (7), x, y, z [m], qx, qy, qz, qw, from the child frame of ``transform`` to its parent frame.

    Raises:
        RejectedError: The transform has no rotation (``wrong_frame``).
    """
    q, t = transform.rotation, transform.translation
    norm = math.hypot(q.x, q.y, q.z, q.w)
    if not (math.isfinite(norm) and norm > 0.0):
        text = f"expected a rotation between the frames, got the quaternion {[q.x, q.y, q.z, q.w]}"
        raise RejectedError(Code.WRONG_FRAME, text)
    turn = (q.x / norm, q.y / norm, q.z / norm, q.w / norm)
    back = (-turn[0], -turn[1], -turn[2], turn[3])
    x, y, z, _ = _product(_product(turn, (pose[0], pose[1], pose[2], 0.0)), back)
    return [x + t.x, y + t.y, z + t.z, *_product(turn, (pose[3], pose[4], pose[5], pose[6]))]


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    """The product of quaternions x, y, z, w of any length."""
    return (
        a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1],
        a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0],
        a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3],
        a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2],
    )
