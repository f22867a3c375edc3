"""Messages of every type that says where something is, for recordings."""

from __future__ import annotations

from typing import Any

import numpy as np
from bag_writer import TYPES

TYPE = TYPES.types
SECOND = 10**9


def header(stamp: int, frame: str = "base_link") -> Any:
    time = TYPE["builtin_interfaces/msg/Time"](sec=stamp // SECOND, nanosec=stamp % SECOND)
    return TYPE["std_msgs/msg/Header"](stamp=time, frame_id=frame)


def pose(values: np.ndarray) -> Any:
    x, y, z, *turn = map(float, values)
    return TYPE["geometry_msgs/msg/Pose"](
        position=TYPE["geometry_msgs/msg/Point"](x, y, z),
        orientation=TYPE["geometry_msgs/msg/Quaternion"](*turn),
    )


def transform(stamp: int, parent: str, child: str, values: np.ndarray) -> Any:
    x, y, z, *turn = map(float, values)
    return TYPE["geometry_msgs/msg/TransformStamped"](
        header=header(stamp, parent),
        child_frame_id=child,
        transform=TYPE["geometry_msgs/msg/Transform"](
            translation=TYPE["geometry_msgs/msg/Vector3"](x, y, z),
            rotation=TYPE["geometry_msgs/msg/Quaternion"](*turn),
        ),
    )


def twist() -> Any:
    zero = TYPE["geometry_msgs/msg/Vector3"](0.0, 0.0, 0.0)
    return TYPE["geometry_msgs/msg/TwistWithCovariance"](
        twist=TYPE["geometry_msgs/msg/Twist"](linear=zero, angular=zero), covariance=np.zeros(36)
    )


def message(kind: str, stamp: int, values: np.ndarray) -> Any:
    """A message of a type that says that something is at a pose x, y, z, qx, qy, qz, qw."""
    name = kind.rpartition("/")[2]
    covered = TYPE["geometry_msgs/msg/PoseWithCovariance"](pose=pose(values), covariance=np.zeros(36))
    if name == "PoseStamped":
        return TYPE[kind](header=header(stamp), pose=pose(values))
    if name == "PoseWithCovarianceStamped":
        return TYPE[kind](header=header(stamp), pose=covered)
    if name == "TransformStamped":
        return transform(stamp, "base_link", "tool", values)
    if name == "PointStamped":
        return TYPE[kind](header=header(stamp), point=pose(values).position)
    if name == "Odometry":
        return TYPE[kind](header=header(stamp), child_frame_id="tool", pose=covered, twist=twist())
    assert name == "PoseArray"
    return TYPE[kind](header=header(stamp), poses=[pose(0.0 * values), pose(values), pose(0.0 * values)])
