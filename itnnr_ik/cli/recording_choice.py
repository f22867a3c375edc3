"""Options of `evaluate` and `learn` that choose which messages of a recording are read."""

from __future__ import annotations

import argparse

from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.options import name_list
from itnnr_ik.robot.frame_names import without_slash


def add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose topics and joints of a recording; `selection_of` makes a selection of them."""
    parser.add_argument(
        "--joints",
        type=name_list,
        metavar="A,B",
        help="recorded names of the joints, base to tip (the model's)",
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


def selection_of(args: argparse.Namespace, targets: str | None = None, frame: str | None = None) -> Selection:
    """The selection that options make from a recording.

    Raises:
        ValueError: Options exclude each other.
    """
    if args.pose_from and (args.pose_topic or args.pose_index is not None):
        raise ValueError("--pose-from takes poses from transforms: it does not go with --pose-topic")
    return Selection(
        joints=args.joints,
        joint_topic=args.joint_topic,
        pose_topic=args.pose_topic,
        targets=targets,
        frame=frame,
        pose_index=args.pose_index,
        pose_from=args.pose_from,
        degrees=args.degrees,
    )


def _frames(text: str) -> tuple[str, str]:
    base, tool = map(without_slash, text.partition(":")[::2])
    if not base or not tool:
        raise argparse.ArgumentTypeError(f"expected two frames as BASE:TOOL, got {text!r}")
    return base, tool
