"""Run the real nodes for each arm as separate processes over DDS, and measure them from outside.

Without --bag each arm follows a smooth curve and then random reachable targets: three arms of two and three
joints by position, and panda, of seven, by pose. With --bag it follows
recorded poses, or replays recorded joint states against the model of the arm that was recorded. With --record
no node runs: it writes a synthetic recording of one arm, to learn from.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itnnr_ik.files import check_outputs
from itnnr_ik.options import check_goes_with, name_list, seed_number

if TYPE_CHECKING:
    from itnnr_ik.demo.plan import Result

#: Options of a synthetic recording: defaults and help texts.
_RECORDING_OPTIONS = {
    "minutes": (10.0, "length"),
    "rate": (50.0, "joint states and tip poses a second"),
    "pose_noise": (0.01, "standard deviation of each tip coordinate, as a share of the arm's reach"),
    "joint_noise": (0.0005, "standard deviation of each joint position [rad]"),
    "drop": (0.02, "share of the messages that are lost"),
    "clock_offset": (0.05, "how far the poses' clock is ahead [s]"),
}

#: Defaults of options that go with curves and random targets, with --bag, and with either.
_PATTERN_DEFAULTS: dict[str, Any] = {"seconds": 6.0}
_BAG_DEFAULTS: dict[str, Any] = {"topic": None, "joints": [], "speed": 1.0}
_DEMO_DEFAULTS: dict[str, Any] = {
    **_PATTERN_DEFAULTS,
    **_BAG_DEFAULTS,
    "output": Path("itnnr_demo.png"),
    "simulator": "kinematic",
    "animation": None,
    "json": False,
}
#: Shortest and longest pattern [s]: a shorter one has no targets, and 0 targets mean an endless source.
_MIN_SECONDS, _MAX_SECONDS = 0.1, 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``itnnr-ik demo``."""
    from itnnr_ik.robot import PACKAGED

    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--arm", choices=list(PACKAGED), nargs="+", metavar="ARM", help="packaged arms instead of the four"
    )
    which.add_argument("--model", metavar="DIR", help="folder of a trained model instead of the four arms")
    parser.add_argument("--seconds", type=float, help="length of each pattern in [s]")
    parser.add_argument("--bag", type=Path, help="recording to follow: a rosbag2 folder, .mcap or .db3 file")
    parser.add_argument("--topic", help="topic of the recording, where several fit")
    parser.add_argument(
        "--joints",
        type=name_list,
        metavar="A,B",
        help="recorded names of the arm's joints, base to tip, in a recording of joint states (the model's)",
    )
    parser.add_argument("--speed", type=float, help="multiple of the recorded pace")
    parser.add_argument("--output", type=Path, help="picture of the paths")
    parser.add_argument(
        "--simulator",
        choices=["kinematic", "mujoco"],
        help="what moves the joints: without mass, or with physics (needs MuJoCo)",
    )
    parser.add_argument(
        "--animation", type=Path, metavar="GIF", help="animation of the arms to write (needs MuJoCo)"
    )
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON")
    parser.set_defaults(**_DEMO_DEFAULTS)
    recording = parser.add_argument_group("synthetic recording")
    recording.add_argument("--record", type=Path, metavar="FOLDER", help="rosbag2 folder to write")
    for name, (default, text) in _RECORDING_OPTIONS.items():
        recording.add_argument(f"--{name.replace('_', '-')}", type=float, default=default, help=text)
    recording.add_argument(
        "--bent", action="store_true", help="links off by 5 %%, joints by 3°, the base by 1 cm from the URDF"
    )
    recording.add_argument("--seed", type=seed_number, default=0, help="of motion, bends and noise")


def run(args: argparse.Namespace) -> int:
    """Run ``itnnr-ik demo``; 0 if all expectations are met, 1 otherwise."""
    if args.record is not None:
        return _record(args)
    defaults = {name: default for name, (default, _) in _RECORDING_OPTIONS.items()}
    check_goes_with(args, "--record", False, **defaults, bent=False, seed=0)
    check_goes_with(args, "--bag", args.bag is not None, **_BAG_DEFAULTS)
    check_goes_with(args, "curves and random targets, not with --bag", args.bag is None, **_PATTERN_DEFAULTS)
    if not _MIN_SECONDS <= args.seconds <= _MAX_SECONDS:
        raise ValueError(f"--seconds must be from {_MIN_SECONDS:g} to {_MAX_SECONDS:g}, got {args.seconds:g}")
    if not 0.0 < args.speed < math.inf:
        raise ValueError(f"--speed must be positive and finite, got {args.speed:g}")
    from itnnr_ik.demo.picture import draw
    from itnnr_ik.plotting import check_path
    from itnnr_ik.recording.replacing import check_place

    check_path(args.output)
    check_outputs([args.bag], [args.output, args.animation])
    for place in (args.output, args.animation):
        if place is not None:
            check_place(place, args.bag)
    if args.animation is not None:
        from itnnr_ik.demo.animation import animate, check_animation

        check_animation(args.animation)
    if args.simulator == "mujoco":
        from itnnr_ik.ros.simulation.mujoco_model import load_mujoco

        load_mujoco()
    results = _measure(args)
    draw(results, args.output)
    if args.animation is not None:
        animate(results, args.animation)
    return _print(results, args)


def _print(results: list[Result], args: argparse.Namespace) -> int:
    """Print the measurements; 1 if an expectation is not met, else 0."""
    from itnnr_ik.demo.table import format_table, to_json

    rows = [result.row for result in results]
    failures = [f"{row.arm} {row.targets}: {failure}" for row in rows for failure in row.failures]
    if args.json:
        report = {
            "runs": [to_json(row) for row in rows],
            "failures": failures,
            "picture": str(args.output),
            "animation": None if args.animation is None else str(args.animation),
        }
        print(json.dumps(report, indent=2))
    else:
        print(f"\n{format_table(rows)}\n")
        print(f"picture: {args.output}")
        if args.animation is not None:
            print(f"animation: {args.animation}")
        print("\n".join(f"FAILED: {failure}" for failure in failures) or _success_message(results))
    return 1 if failures else 0


def _record(args: argparse.Namespace) -> int:
    """Write a synthetic recording."""
    from itnnr_ik.learning.synthetic import JOINT_TOPIC, POSE_TOPIC, Disturbances, record
    from itnnr_ik.learning.truth import TRUTH
    from itnnr_ik.robot import load_robot

    if args.model is not None or args.bag is not None:
        raise ValueError("--record goes with --arm, not with --model or --bag")
    check_goes_with(args, "a demo, not with --record", False, **_DEMO_DEFAULTS)
    if args.arm and len(args.arm) > 1:
        raise ValueError(f"--record is of one arm, got --arm {' '.join(args.arm)}")
    arm = load_robot(args.arm[0] if args.arm else "two_link")
    record(
        args.record,
        arm,
        minutes=args.minutes,
        rate=args.rate,
        disturbances=Disturbances(args.pose_noise, args.joint_noise, args.drop, args.clock_offset),
        bent=args.bent,
        seed=args.seed,
    )
    print(f"{args.minutes:g} minutes of {arm.name} at {args.rate:g} Hz in {args.record}")
    print(f"topics {JOINT_TOPIC} and {POSE_TOPIC}")
    print(f"true kinematics in {TRUTH}")
    return 0


def _measure(args: argparse.Namespace) -> list[Result]:
    """Plan and run the demo."""
    from itnnr_ik.ros.running.processes import check_ros, end_on_sigterm, isolated_environment

    check_ros("the demo")
    from itnnr_ik.demo.plan import ARMS, plan_patterns, plan_recording
    from itnnr_ik.demo.runner import run_plans

    chosen = [args.model] if args.model else args.arm or []
    if args.bag is None:
        plans = plan_patterns(chosen or list(ARMS), args.seconds)
    else:
        plans = plan_recording(args.bag, chosen, args.topic, args.joints, args.speed)
    end_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="itnnr_demo_") as folder:
        os.environ.update(isolated_environment(Path(folder)))
        return run_plans(plans, Path(folder), args.simulator)


def _success_message(results: list[Result]) -> str:
    """One sentence on all that was checked."""
    expected = [result.run.expected for result in results]
    reachable = "every reachable target" if any(e.may_be_unreachable for e in expected) else "every target"
    skipped = sum(result.row.rejected.get("unanswered", 0) for result in results)
    taken = f" ({skipped} overtaken by a newer one before the node came to them)" if skipped else ""
    bounds = {e.step_bound for e in expected if e.step_bound is not None}
    steps = f", joint steps on smooth paths ≤ {max(bounds):g} rad a target" if bounds else ""
    oriented = [result.run.expected for result in results if result.plan.solver.task.has_orientation]
    angle = (
        f" and ≤ {max(e.orientation_tolerance for e in oriented):g} rad where it counts" if oriented else ""
    )
    return (
        f"all held: {reachable} solved{taken}, errors ≤ {max(e.tolerance for e in expected):g} m{angle}, "
        f"joints within their limits{steps}, no process died"
    )
