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

from itnnr_ik.bags.answers import SOLVED, Answers, solve_replay
from itnnr_ik.bags.choice import add_arm_arguments, solver_of
from itnnr_ik.bags.evaluation import evaluate
from itnnr_ik.bags.output import Output
from itnnr_ik.bags.replay import JOINTS, POSES, Replay, Selection, read_replay
from itnnr_ik.bags.report import format_report
from itnnr_ik.bags.writer import STORAGES, WrittenSolution, WrittenStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik evaluate``."""
    parser.add_argument("bag", metavar="BAG", type=Path, help="a rosbag2 folder, or one .mcap or .db3 file")
    add_arm_arguments(parser)
    parser.add_argument(
        "--joints", type=_names, metavar="A,B", help="recorded names of the joints, base to tip (the model's)"
    )
    parser.add_argument(
        "--joint-topic", metavar="TOPIC", help="of JointState (/joint_states, or the only one)"
    )
    parser.add_argument("--pose-topic", metavar="TOPIC", help="of PoseStamped (the only one)")
    parser.add_argument(
        "--targets", choices=[POSES, JOINTS], help="where targets come from (poses where there are some)"
    )
    parser.add_argument(
        "--frame", help="frame that poses must be in: the arm's base (the frame of most of them)"
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
    output = Output(args.html, args.record, args.storage, args.bag)
    output.check()
    solver, label = solver_of(args)
    selection = Selection(args.joints, args.joint_topic, args.pose_topic, args.targets, args.frame)
    start = time.perf_counter()
    replay = read_replay(args.bag, solver, selection, progress=True)
    read_seconds = time.perf_counter() - start
    statuses: list[WrittenStatus] = []
    if args.live:
        from itnnr_ik.demo.processes import check_ros

        check_ros("evaluate --live")
        from itnnr_ik.bags.live import replay_live

        answers, solutions, statuses = replay_live(solver, replay, args.speed)
    else:
        answers = solve_replay(solver, replay, progress=True)
        solutions = _as_recorded(replay, answers, solver.arm.base_link)
    evaluation = evaluate(solver, label, replay, answers, read_seconds)
    print(json.dumps(evaluation.to_json(), indent=2) if args.json else format_report(evaluation))
    for line in output.write(solver, replay, answers, evaluation, solutions, statuses):
        print(line, file=sys.stderr if args.json else sys.stdout)
    return 0


def _as_recorded(replay: Replay, answers: Answers, frame: str) -> list[WrittenSolution]:
    """The answers at the times at which their targets were received."""
    return [
        WrittenSolution(int(stamp), int(stamp), frame, positions)
        for stamp, positions, code in zip(replay.stamps, answers.positions, answers.codes, strict=True)
        if code == SOLVED
    ]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))
