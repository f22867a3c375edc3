"""Small recordings for tests, written with rosbags and without ROS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from itnnr_ik.recording import JOINT_STATE, PATH, POSE_STAMPED

TYPES = get_typestore(Stores.ROS2_KILTED)
STORAGES = {"mcap": StoragePlugin.MCAP, "db3": StoragePlugin.SQLITE3}


def _header(stamp: int, frame: str) -> Any:
    time = TYPES.types["builtin_interfaces/msg/Time"](sec=stamp // 10**9, nanosec=stamp % 10**9)
    return TYPES.types["std_msgs/msg/Header"](stamp=time, frame_id=frame)


def pose(
    stamp: int,
    position: tuple[float, float, float],
    frame: str = "world",
    orientation: Sequence[float] = (0.0, 0.0, 0.0, 1.0),
) -> Any:
    """A PoseStamped with header stamp ``stamp`` [ns] and a quaternion x, y, z, w."""
    point = TYPES.types["geometry_msgs/msg/Point"](*map(float, position))
    quaternion = TYPES.types["geometry_msgs/msg/Quaternion"](*map(float, orientation))
    pose = TYPES.types["geometry_msgs/msg/Pose"](position=point, orientation=quaternion)
    return TYPES.types[POSE_STAMPED](header=_header(stamp, frame), pose=pose)


def path(poses: Sequence[Any], frame: str = "world") -> Any:
    """A Path of PoseStamped."""
    return TYPES.types[PATH](header=_header(0, frame), poses=list(poses))


def joint_state(stamp: int, names: Sequence[str], positions: Sequence[float]) -> Any:
    """A JointState with header stamp ``stamp`` [ns] and neither velocities nor efforts."""
    return TYPES.types[JOINT_STATE](
        header=_header(stamp, ""),
        name=list(names),
        position=np.array(positions, dtype=float),
        velocity=np.empty(0),
        effort=np.empty(0),
    )


def write_bag(path: Path, storage: str, topics: dict[str, list[tuple[int, Any]]]) -> Path:
    """A bag of ``topics``: name to (time of receipt [ns], message) pairs of one type."""
    with Writer(path, version=9, storage_plugin=STORAGES[storage]) as writer:
        for topic, messages in topics.items():
            msgtype = messages[0][1].__msgtype__
            connection = writer.add_connection(topic, msgtype, typestore=TYPES)
            for received, message in messages:
                writer.write(connection, received, TYPES.serialize_cdr(message, msgtype))
    return path
