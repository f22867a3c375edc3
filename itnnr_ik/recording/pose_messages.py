"""Converts messages of several types, from points to odometry, to poses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from itnnr_ik.recording.joint_layout import nanoseconds
from itnnr_ik.recording.records import POSE_STAMPED, RecordedPose
from itnnr_ik.robot.frame_names import without_slash

POSE_ARRAY = "geometry_msgs/msg/PoseArray"


def _pose_stamped(received: int, message: Any, index: int | None) -> RecordedPose:
    return _record(received, message.header, message.pose.position, message.pose.orientation)


def _pose_within(received: int, message: Any, index: int | None) -> RecordedPose:
    """The pose of a PoseWithCovarianceStamped or an Odometry, in the frame of its header."""
    pose, child = message.pose.pose, getattr(message, "child_frame_id", "")
    return _record(received, message.header, pose.position, pose.orientation, child=child)


def _transform(received: int, message: Any, index: int | None) -> RecordedPose:
    transform = message.transform
    return _record(
        received, message.header, transform.translation, transform.rotation, child=message.child_frame_id
    )


def _point(received: int, message: Any, index: int | None) -> RecordedPose:
    return _record(received, message.header, message.point, None)


def _pose_of_array(received: int, message: Any, index: int | None) -> RecordedPose:
    if index is None or not 0 <= index < len(message.poses):
        raise ValueError(f"{len(message.poses)} poses, none of index {index}")
    pose = message.poses[index]
    return _record(received, message.header, pose.position, pose.orientation)


#: Converts a time of receipt [ns], a message and an index to a pose, by message type; preferred types first.
READERS: Mapping[str, Callable[[int, Any, int | None], RecordedPose]] = {
    POSE_STAMPED: _pose_stamped,
    "geometry_msgs/msg/PoseWithCovarianceStamped": _pose_within,
    "geometry_msgs/msg/TransformStamped": _transform,
    "geometry_msgs/msg/PointStamped": _point,
    "nav_msgs/msg/Odometry": _pose_within,
    POSE_ARRAY: _pose_of_array,
}
POSE_TYPES = tuple(READERS)


def poses_of_path(received: int, message: Any) -> list[RecordedPose]:
    """The poses of a Path, each with its own stamp; the frame of the Path is the default of theirs."""
    return [
        _record(received, pose.header, pose.pose.position, pose.pose.orientation, message.header.frame_id)
        for pose in message.poses
    ]


def _record(
    received: int, header: Any, position: Any, orientation: Any, frame: str = "", child: str = ""
) -> RecordedPose:
    return RecordedPose(
        received=received,
        stamp=nanoseconds(header.stamp),
        frame=without_slash(header.frame_id or frame),
        position=np.array([position.x, position.y, position.z], dtype=float),
        orientation=np.full(4, np.nan)
        if orientation is None
        else np.array([orientation.x, orientation.y, orientation.z, orientation.w], dtype=float),
        child=without_slash(child),
    )
