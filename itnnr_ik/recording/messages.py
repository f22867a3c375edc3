"""Makes messages for new recordings with rosbags' types, without a ROS installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from itnnr_ik.recording.records import JOINT_STATE, POSE_STAMPED


def joint_state(types: Any, stamp: int, frame: str, names: Sequence[str], positions: ArrayLike) -> Any:
    """A JointState.

    Args:
        types: A type store of rosbags.
        stamp: Stamp of the header [ns].
        frame: Frame of the header.
        names: Names of the joints.
        positions: (n,) in [rad] or [m].
    """
    return types.types[JOINT_STATE](
        header=_header(types, stamp, frame),
        name=list(names),
        position=np.asarray(positions, dtype=np.float64),
        velocity=np.empty(0),
        effort=np.empty(0),
    )


def joint_trajectory(
    types: Any,
    names: Sequence[str],
    times: np.ndarray,
    positions: np.ndarray,
    velocities: np.ndarray | None = None,
) -> Any:
    """A JointTrajectory whose stamp is zero: it starts when it is received.

    Args:
        types: A type store of rosbags.
        names: Of the joints.
        times: (m,) in [s], relative to the first one.
        positions: (m, n) in [rad] or [m].
        velocities: (m, n) in [rad/s] or [m/s], if known.
    """
    points = []
    none = np.empty(0)
    from_start = np.rint(1e9 * (times - times[0])).astype(int).tolist()
    for i, nanoseconds in enumerate(from_start):
        duration = types.types["builtin_interfaces/msg/Duration"](*divmod(nanoseconds, 10**9))
        points.append(
            types.types["trajectory_msgs/msg/JointTrajectoryPoint"](
                positions=np.array(positions[i], dtype=np.float64),
                velocities=none if velocities is None else np.array(velocities[i], dtype=np.float64),
                accelerations=none,
                effort=none,
                time_from_start=duration,
            )
        )
    return types.types["trajectory_msgs/msg/JointTrajectory"](
        header=_header(types, 0, ""), joint_names=list(names), points=points
    )


def pose_stamped(types: Any, stamp: int, frame: str, pose: np.ndarray) -> Any:
    """A PoseStamped of x, y, z [m] and a quaternion (7,), or of a position (3,) without rotation."""
    x, y, z, *quaternion = pose.tolist()
    qx, qy, qz, qw = quaternion or (0.0, 0.0, 0.0, 1.0)
    message = types.types["geometry_msgs/msg/Pose"](
        position=types.types["geometry_msgs/msg/Point"](x=x, y=y, z=z),
        orientation=types.types["geometry_msgs/msg/Quaternion"](x=qx, y=qy, z=qz, w=qw),
    )
    return types.types[POSE_STAMPED](header=_header(types, stamp, frame), pose=message)


def _header(types: Any, stamp: int, frame: str) -> Any:
    seconds, nanoseconds = divmod(stamp, 10**9)
    time = types.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
    return types.types["std_msgs/msg/Header"](stamp=time, frame_id=frame)
