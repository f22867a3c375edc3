"""Messages for recordings that are written: made by rosbags' types, without a ROS installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from itnnr_ik.bags.reader import JOINT_STATE, POSE_STAMPED


def joint_state(types: Any, stamp: int, frame: str, names: Sequence[str], positions: ArrayLike) -> Any:
    """A JointState.

    Args:
        types: A type store of rosbags.
        stamp: In its header, in [ns].
        frame: In its header.
        names: Of the joints.
        positions: (n,) in [rad].
    """
    return types.types[JOINT_STATE](
        header=_header(types, stamp, frame),
        name=list(names),
        position=np.asarray(positions, dtype=np.float64),
        velocity=np.empty(0),
        effort=np.empty(0),
    )


def pose_stamped(types: Any, stamp: int, frame: str, position: np.ndarray) -> Any:
    """An upright PoseStamped at ``position`` (3,) [m]; otherwise as `joint_state`."""
    x, y, z = position.tolist()
    pose = types.types["geometry_msgs/msg/Pose"](
        position=types.types["geometry_msgs/msg/Point"](x=x, y=y, z=z),
        orientation=types.types["geometry_msgs/msg/Quaternion"](x=0.0, y=0.0, z=0.0, w=1.0),
    )
    return types.types[POSE_STAMPED](header=_header(types, stamp, frame), pose=pose)


def _header(types: Any, stamp: int, frame: str) -> Any:
    seconds, nanoseconds = divmod(stamp, 10**9)
    time = types.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
    return types.types["std_msgs/msg/Header"](stamp=time, frame_id=frame)
