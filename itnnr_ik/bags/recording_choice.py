"""Which of a recording's messages are read: options of `evaluate` and `learn`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose a recording and what of it is read."""
    parser.add_argument(
        "bag", metavar="BAG", type=Path, help="a rosbag2 folder, or one .mcap, .db3 or ROS 1 .bag file"
    )
    parser.add_argument(
        "--joints", type=_names, metavar="A,B", help="recorded names of the joints, base to tip (the model's)"
    )
    parser.add_argument(
        "--degrees", action="store_true", help="recorded positions of turning joints are in degrees"
    )
    parser.add_argument(
        "--joint-topic", metavar="TOPIC", help="of JointState (/joint_states, or the only one)"
    )
    parser.add_argument(
        "--pose-topic",
        metavar="TOPIC",
        help="of PoseStamped (the only one), PoseWithCovarianceStamped, TransformStamped, PointStamped, "
        "Odometry or PoseArray",
    )
    parser.add_argument("--pose-index", type=int, metavar="N", help="which pose of a PoseArray, from 0 on")
    parser.add_argument(
        "--pose-from",
        type=_frames,
        metavar="BASE:TOOL",
        help="poses of one frame in another, from /tf and /tf_static",
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _frames(text: str) -> tuple[str, str]:
    base, _, tool = text.partition(":")
    if not base or not tool:
        raise argparse.ArgumentTypeError(f"expected two frames as BASE:TOOL, got {text!r}")
    return base, tool
