"""Reading recordings (rosbag2 and ROS 1), without a ROS installation."""

from itnnr_ik.recording.pose_messages import POSE_TYPES
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import (
    JOINT_STATE,
    PATH,
    POSE_STAMPED,
    BagError,
    RecordedJoints,
    RecordedPose,
    TopicSummary,
)

__all__ = [
    "JOINT_STATE",
    "PATH",
    "POSE_STAMPED",
    "POSE_TYPES",
    "Bag",
    "BagError",
    "RecordedJoints",
    "RecordedPose",
    "TopicSummary",
]
