"""Data read from recordings: topics, poses and joint states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POSE_STAMPED = "geometry_msgs/msg/PoseStamped"
JOINT_STATE = "sensor_msgs/msg/JointState"
PATH = "nav_msgs/msg/Path"


#: An error message of a library is quoted up to this length [characters].
MAX_REASON = 300


class BagError(ValueError):
    """A recording that cannot be opened, or does not hold what was asked of it."""


@dataclass(frozen=True)
class TopicSummary:
    """A topic of a recording: its name, message type and number of messages in the files."""

    name: str
    msgtype: str
    count: int


@dataclass(frozen=True, slots=True)
class RecordedPose:
    """One measured pose, of whatever message type.

    Attributes:
        received: Time at which the recorder got the message, in [ns].
        stamp: Time in its header, in [ns]; another clock than ``received`` for a simulated robot.
        frame: Frame in its header, without a leading slash.
        position: Position (3,) in [m].
        orientation: Quaternion (4,) as x, y, z, w; as recorded, so of any length, and NaN where the message
            has none.
        child: The frame whose pose it is, without a leading slash; empty where the message does not say.
    """

    received: int
    stamp: int
    frame: str
    position: np.ndarray
    orientation: np.ndarray
    child: str = ""


@dataclass(frozen=True, slots=True)
class RecordedJoints:
    """One JointState, with its joints in recorded order.

    Attributes:
        received: Time at which the recorder got the message, in [ns].
        stamp: Time in its header, in [ns]; another clock than ``received`` for a simulated robot.
        names: Names of the joints.
        positions: Joint positions, one per name, in [rad] (or [m] for a sliding joint).
    """

    received: int
    stamp: int
    names: tuple[str, ...]
    positions: np.ndarray
