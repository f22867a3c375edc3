"""Replay recordings (rosbag2, sqlite3 or mcap, or ROS 1) against an arm's solver, and measure the answers.

Targets are recorded poses, or the arm's tip at recorded joint states; orientation counts where the task has
it. Each is solved from the joint state recorded just before it, or, in a recording without joint states, from
the answer before. No ROS is needed, except with --live, which plays the recording to the real node. Of
several recordings each gets a row of a table. The exit status is 1 if one fails, or breaks a requirement.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from itnnr_ik.cli.arms import add_arm_arguments, files_of, solver_of
from itnnr_ik.cli.recording_choice import add_selection_arguments, selection_of
from itnnr_ik.evaluation.many.cluster import run_on_cluster
from itnnr_ik.evaluation.many.command import ReportOptions, evaluate_many
from itnnr_ik.evaluation.many.evaluator import Evaluator
from itnnr_ik.evaluation.many.places import find_recordings
from itnnr_ik.evaluation.many.requirement import Requirement
from itnnr_ik.evaluation.many.running import run_here, run_in_processes
from itnnr_ik.evaluation.measures import Evaluation, evaluate
from itnnr_ik.evaluation.offline import Model, evaluate_recording
from itnnr_ik.evaluation.output import Output
from itnnr_ik.evaluation.replay import JOINTS, POSES, Selection
from itnnr_ik.evaluation.replay_sources import read_replay
from itnnr_ik.evaluation.report import format_report
from itnnr_ik.files import check_outputs
from itnnr_ik.options import check_goes_with
from itnnr_ik.printable import one_line
from itnnr_ik.recording.writer import STORAGES
from itnnr_ik.solver import IKSolver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik evaluate``."""
    parser.add_argument(
        "bags",
        metavar="BAG",
        nargs="+",
        help="a rosbag2 folder, a .mcap, .db3 or ROS 1 .bag file, a folder with such in it at any depth, or "
        "an address that fsspec reads",
    )
    add_selection_arguments(parser)
    add_arm_arguments(parser)
    parser.add_argument(
        "--compare", metavar="MODEL", help="a packaged arm or a model folder, on the same targets"
    )
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
        help="say of the first N answers on another branch whether a path planned as a whole goes without; "
        "0: do not look, which may take seconds a jump",
    )
    _add_output_arguments(parser)
    parser.add_argument(
        "--live", action="store_true", help="play the recording to the real ik_node over ROS 2 topics"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="multiple of the recorded pace, with --live")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="recordings at once, in processes")
    parser.add_argument("--dask", metavar="ADDRESS", help="evaluate on the workers of this Dask scheduler")


def _add_output_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="NAME>=NUMBER",
        help="exit status 1 unless it is so; of ==, >=, <=, > and < (may be repeated)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, of several recordings a line each")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a report with plots; of several recordings, an index"
    )
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="write the answers to a new recording: a folder"
    )
    parser.add_argument("--storage", choices=list(STORAGES), default="mcap", help="of the new recording")


def run(args: argparse.Namespace) -> int:
    """Read, solve, measure and print."""
    if not args.speed > 0.0:
        raise ValueError(f"--speed must be positive, got {args.speed:g}")
    if args.jumps < 0:
        raise ValueError(f"--jumps must be 0 or more, got {args.jumps}")
    if args.jobs < 1:
        raise ValueError(f"--jobs must be 1 or more, got {args.jobs}")
    poses = dict.fromkeys(("pose_topic", "pose_index", "pose_from", "frame"))
    check_goes_with(args, "poses, not with --targets joints", args.targets != JOINTS, **poses)
    check_goes_with(args, "--live", args.live, speed=1.0)
    check_goes_with(args, "--record", args.record, storage="mcap")
    check_outputs(files_of(args), [args.html])
    requirements = [Requirement.parse(text) for text in args.require]
    selection = selection_of(args, args.targets, args.frame)
    places = find_recordings(args.bags)
    check_goes_with(args, "several recordings", len(places) > 1 or args.dask, jobs=1)
    if len(places) == 1 and places[0].path is not None and args.compare is None and args.dask is None:
        return _run_one(args, Path(places[0].name), selection, requirements)
    for name in ("live", "record"):
        if getattr(args, name):
            raise ValueError(f"--{name} goes with one recording and one model, here")
    if args.dask is not None and args.jobs > 1:
        raise ValueError("--jobs goes without --dask, which takes all workers that there are")
    models = [Model(*solver_of(args))]
    if args.compare is not None:
        tolerances = {name: getattr(args, name) for name in ("tolerance", "orientation_tolerance")}
        models.append(Model(IKSolver.load(args.compare, **tolerances), args.compare))
        models[0].check_comparable(models[1])
    if args.dask is not None:
        runner = run_on_cluster(args.dask)
    else:
        runner = run_here if args.jobs == 1 else run_in_processes(min(args.jobs, len(places)))
    evaluator = Evaluator(tuple(models), selection, pages=args.html is not None, jumps=args.jumps)
    return evaluate_many(evaluator, places, runner, ReportOptions(args.html, args.json, requirements))


def _run_one(
    args: argparse.Namespace, bag: Path, selection: Selection, requirements: list[Requirement]
) -> int:
    """Evaluate one recording, and print the full report."""
    output = Output(args.html, args.record, args.storage, bag)
    output.check()
    solver, label = solver_of(args)
    evaluation = (
        _evaluate_live(bag, solver, label, selection, output, args.speed, args.jumps)
        if args.live
        else _evaluate_offline(bag, solver, label, selection, output, args.jumps)
    )
    path = str(bag)
    print(
        json.dumps({"path": path, **evaluation.to_json()}, indent=2)
        if args.json
        else format_report(evaluation)
    )
    for line in output.written():
        print(line, file=sys.stderr if args.json else sys.stdout)
    broken = [text for requirement in requirements if (text := requirement.violation(evaluation))]
    if broken:
        print(one_line(f"{path}: {'; '.join(broken)}"), file=sys.stderr)
    return 1 if broken else 0


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
    from itnnr_ik.ros.running.processes import check_ros

    check_ros("evaluate --live")
    from itnnr_ik.ros.running.live import replay_live

    answers, solutions, statuses = replay_live(solver, replay, speed)
    evaluation = evaluate(solver, label, replay, answers, read_seconds, jumps)
    output.write(solver, replay, answers, evaluation, solutions, statuses)
    return evaluation
