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

from itnnr_ik.ros.messages import pose_values, quote
from itnnr_ik.ros.status import Code, RejectedError

try:
    import tf2_ros
except ImportError:
    tf2_ros = None

Quaternion = tuple[float, float, float, float]

#: A clock that goes back by more than a second starts again, as tf2 has it.
_BACK = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True)


class Frames:
    """Knows where other frames are, from /tf and /tf_static; may be asked on any thread.

    The newest transform counts, whatever a target's stamp is: that of a recording is old, and some senders
    give none. A transform's own stamp is not compared with a clock either.

    Args:
        node: Hears the transforms.
        base: The frame that targets are transformed to.
        timeout: Age in [s] beyond which a transform on /tf no longer counts; 0: never. It may change.
        on_both_clocks: The age on a clock of the machine counts, too, and not only that on the node's.
    """

    def __init__(self, node: Node, base: str, timeout: float, on_both_clocks: bool) -> None:
        self._base = base
        self.timeout = timeout
        self._heard: Any = None
        if tf2_ros is not None:
            self._heard = _Transforms(node, on_both_clocks)

    def pose(self, message: PoseStamped) -> list[float]:
        """Position [m] and orientation (7): x, y, z, qx, qy, qz, qw, in the base frame.

        The quaternion is of the length that the message has, and may be none at all.

        Raises:
            RejectedError: See `transform` and `transformed`.
        """
        return placed(self.transform(message.header.frame_id), message.pose)

    def transform(self, frame: str) -> Transform | None:
        """Where a frame is in the base frame; None for the base frame itself.

        Raises:
            RejectedError: It is not known where that is, or no longer (``wrong_frame``).
        """
        if frame == self._base:
            return None
        came = f"frame {quote(frame)}" if frame else "an empty frame_id"
        text = f"expected a target in frame {quote(self._base)}, got {came}"
        if self._heard is None or not frame:
            raise RejectedError(Code.WRONG_FRAME, text if frame else f"{text}, which names none")
        try:
            found: Transform = self._heard.lookup(self._base, frame)
        except tf2_ros.TransformException as error:
            raise RejectedError(Code.WRONG_FRAME, f"{text}, which tf2 cannot transform: {error}") from error
        age, child = self._heard.age(self._base, frame)
        if 0.0 < self.timeout < age:
            raise RejectedError(
                Code.WRONG_FRAME,
                f"{text}; the last new transform of {quote(child)} came {age:.3g} s ago, expected at most "
                f"transform_timeout = {self.timeout:g} s (one that never changes belongs on /tf_static)",
            )
        return found

    def close(self) -> None:
        """Stop listening."""
        if self._heard is not None:
            self._heard.close()


@dataclass
class _Link:
    """How a frame hangs on its parent.

    Attributes:
        parent: The frame that it moves in.
        newest: Stamp of the newest transform that tf2 took, in [ns].
        by_node, by_machine: When that came, in [s] on either clock; None for what never changes.
    """

    parent: str
    newest: int | None = None
    by_node: float | None = None
    by_machine: float = 0.0


class _Transforms:
    """What tf2 knows, and when each of it came.

    Stands between a TransformListener and its buffer, which keeps only the senders' stamps.
    """

    def __init__(self, node: Node, on_both_clocks: bool) -> None:
        self._clock = node.get_clock()
        self._on_both_clocks = on_both_clocks
        self._links: dict[str, _Link] = {}
        # Given the node, the buffer would offer a service of its own; so it does not see the node's clock.
        self._buffer = tf2_ros.Buffer()
        self._jumps = self._clock.create_jump_callback(_BACK, post_callback=lambda _: self._start_again())
        self._listener = tf2_ros.TransformListener(self, node, spin_thread=False)

    def close(self) -> None:
        """Stop listening."""
        self._listener.unregister()
        self._jumps.unregister()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """For the listener: a transform from /tf, which counts as new where tf2 takes it for newer."""
        self._buffer.set_transform(transform, authority)
        parent, child = _frames(transform)
        link = self._links.get(child)
        if link is None or link.parent != parent or link.by_node is None:
            link = _Link(parent)
        try:
            newest = self._buffer.get_latest_common_time(parent, child).nanoseconds
        except tf2_ros.TransformException:  # it was not taken at all
            return
        if newest != link.newest:
            link.newest, link.by_node, link.by_machine = newest, self._now(), time.monotonic()
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
        """Seconds since the oldest of the transforms between two frames came, and the frame that it is of."""
        now, at = self._now(), time.monotonic()
        oldest, child = 0.0, frame
        # What both hang on is not between them.
        ours, theirs = self._up(base), self._up(frame)
        for name in ours.keys() ^ theirs.keys():
            link = ours.get(name) or theirs[name]
            if link.by_node is None:
                continue
            link.by_node = min(link.by_node, now)  # a clock that was set back: the count starts anew
            age = now - link.by_node
            if self._on_both_clocks:
                age = max(age, at - link.by_machine)
            if age > oldest:
                oldest, child = age, name
        return oldest, child

    def _up(self, frame: str) -> dict[str, _Link]:
        """The frame and those that it hangs on, but for the last."""
        known, links = self._links, dict[str, _Link]()
        while frame in known and frame not in links:
            links[frame] = known[frame]
            frame = links[frame].parent
        return links

    def _start_again(self) -> None:
        """Forget what came on /tf: tf2 would keep it as newer than all that is to come."""
        self._buffer.clear()
        self._links = {name: link for name, link in self._links.items() if link.by_node is None}

    def _now(self) -> float:
        return float(self._clock.now().nanoseconds * 1e-9)


def _frames(transform: TransformStamped) -> tuple[str, str]:
    """Parent and child as tf2 names them."""
    return transform.header.frame_id.removeprefix("/"), transform.child_frame_id.removeprefix("/")


def placed(transform: Transform | None, pose: Pose) -> list[float]:
    """A pose (7) as `Frames.pose` has it, of the frame that `Frames.transform` says where it is.

    Raises:
        RejectedError: See `transformed`.
    """
    values = pose_values(pose)
    return values if transform is None else transformed(transform, values)


def transformed(transform: Transform, pose: list[float]) -> list[float]:
    """``pose`` (7), x, y, z [m], qx, qy, qz, qw, of the child frame in the parent frame of ``transform``.

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
    """Of quaternions x, y, z, w, of whatever length."""
    return (
        a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1],
        a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0],
        a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3],
        a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2],
    )
