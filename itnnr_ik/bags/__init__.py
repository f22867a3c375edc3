"""Reading recordings (rosbag2), without a ROS installation."""

from itnnr_ik.bags.reader import (
    JOINT_STATE,
    POSE_STAMPED,
    Bag,
    BagError,
    RecordedJoints,
    RecordedPose,
    TopicSummary,
)

__all__ = [
    "JOINT_STATE",
    "POSE_STAMPED",
    "Bag",
    "BagError",
    "RecordedJoints",
    "RecordedPose",
    "TopicSummary",
]
