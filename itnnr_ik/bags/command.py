"""Replay a recording (rosbag2, sqlite3 or mcap) against an arm's solver, and measure the answers.

Targets are recorded poses, or the arm's tip at recorded joint states; orientation counts where the task has
it. Each is solved from the joint state recorded just before it, or, in a recording without joint states, from
the answer before. No ROS is needed, except with --live, which plays the recording to the real node.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from itnnr_ik.bags.choice import add_arm_arguments, solver_of
from itnnr_ik.bags.evaluation import Evaluation, evaluate
from itnnr_ik.bags.offline import evaluate_recording
from itnnr_ik.bags.output import Output
from itnnr_ik.bags.recording_choice import add_recording_arguments
from itnnr_ik.bags.replay import JOINTS, POSES, Selection
from itnnr_ik.bags.replay_sources import read_replay
from itnnr_ik.bags.report import format_report
from itnnr_ik.bags.writer import STORAGES
from itnnr_ik.solver import IKSolver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik evaluate``."""
    add_recording_arguments(parser)
    add_arm_arguments(parser)
    parser.add_argument(
        "--targets", choices=[POSES, JOINTS], help="where targets come from (poses where there are some)"
    )
    parser.add_argument(
        "--frame", help="frame that poses must be in: the arm's base (the frame of most of them)"
    )
    parser.add_argument(
        "--jumps",
        type=int,
        default=10,
        metavar="N",
        help="say of the first N answers on another branch whether a path planned as a whole goes without "
        "(10); 0: do not look, which may take seconds a jump",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with plots, in one file")
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="write the answers to a new recording: a folder"
    )
    parser.add_argument("--storage", choices=list(STORAGES), default="mcap", help="of the new recording")
    parser.add_argument(
        "--live", action="store_true", help="play the recording to the real ik_node over ROS 2 topics"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="multiple of the recorded pace, with --live")


def run(args: argparse.Namespace) -> int:
    """Read, solve, measure and print."""
    if not args.speed > 0.0:
        raise ValueError(f"--speed must be positive, got {args.speed:g}")
    if args.jumps < 0:
        raise ValueError(f"--jumps must be 0 or more, got {args.jumps}")
    output = Output(args.html, args.record, args.storage, args.bag)
    output.check()
    if args.pose_from and (args.pose_topic or args.pose_index is not None):
        raise ValueError("--pose-from takes poses from transforms: it does not go with --pose-topic")
    solver, label = solver_of(args)
    selection = Selection(
        joints=args.joints,
        joint_topic=args.joint_topic,
        pose_topic=args.pose_topic,
        targets=args.targets,
        frame=args.frame,
        pose_index=args.pose_index,
        pose_from=args.pose_from,
        degrees=args.degrees,
    )
    evaluation = (
        _evaluate_live(args.bag, solver, label, selection, output, args.speed, args.jumps)
        if args.live
        else _evaluate_offline(args.bag, solver, label, selection, output, args.jumps)
    )
    print(json.dumps(evaluation.to_json(), indent=2) if args.json else format_report(evaluation))
    for line in output.written():
        print(line, file=sys.stderr if args.json else sys.stdout)
    return 0


def _evaluate_offline(
    bag: Path, solver: IKSolver, label: str, selection: Selection, output: Output, jumps: int
) -> Evaluation:
    with output.open(solver) as opened:
        evaluation = evaluate_recording(bag, solver, label, selection, [opened.add], True, jumps)
        opened.finish(evaluation)
    return evaluation


def _evaluate_live(
    bag: Path, solver: IKSolver, label: str, selection: Selection, output: Output, speed: float, jumps: int
) -> Evaluation:
    start = time.perf_counter()
    replay = read_replay(bag, solver, selection, progress=True)
    read_seconds = time.perf_counter() - start
    from itnnr_ik.demo.processes import check_ros

    check_ros("evaluate --live")
    from itnnr_ik.bags.live import replay_live

    answers, solutions, statuses = replay_live(solver, replay, speed)
    evaluation = evaluate(solver, label, replay, answers, read_seconds, jumps)
    output.write(solver, replay, answers, evaluation, solutions, statuses)
    return evaluation
