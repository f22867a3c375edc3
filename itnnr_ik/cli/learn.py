"""Learn inverse kinematics from a recording of joint states and measured tip poses, and nothing else.

No URDF and no link length is needed. What is learned takes revolute joints for granted. Accuracy is measured
on blocks of time that were held out, beside looking up the nearest recorded pose.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itnnr_ik.arrays import use_torch
from itnnr_ik.cli.recording_choice import add_selection_arguments, selection_of
from itnnr_ik.files import check_writable
from itnnr_ik.options import seed_number
from itnnr_ik.printable import one_line
from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver import IKSolver
from itnnr_ik.task import Task

if TYPE_CHECKING:
    from itnnr_ik.learning.preparing import Prepared
    from itnnr_ik.learning.truth import TrueKinematics

#: Largest value of --max-offset [s]: the offset is searched in steps with a fit at each, for hours beyond.
_MAX_OFFSET_LIMIT = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``itnnr-ik learn``."""
    parser.add_argument(
        "bag", metavar="BAG", type=Path, help="a rosbag2 folder, or one .mcap, .db3 or ROS 1 .bag file"
    )
    add_selection_arguments(parser)
    parser.add_argument("--max-offset", type=float, default=0.5, help="bound of the clocks' difference [s]")
    parser.add_argument("--steps", type=int, default=20_000, help="optimisation steps of the network")
    parser.add_argument("--seed", type=seed_number, default=0, help="of the held-out blocks and the network")
    parser.add_argument("--truth", type=Path, help="synthetic recording's folder: measure by the truth, too")
    parser.add_argument(
        "--against",
        metavar="MODEL",
        help="a packaged arm or a model folder that is measured beside the learned one",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("model"), help="model folder to write")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Learn and write a model folder."""
    if args.steps < 1:
        raise ValueError(f"--steps must be positive, got {args.steps}")
    if not 0.0 < args.max_offset <= _MAX_OFFSET_LIMIT:
        raise ValueError(
            f"--max-offset must be above 0 and at most {_MAX_OFFSET_LIMIT:g} s, got {args.max_offset:g}"
        )
    use_torch()
    from itnnr_ik.learning.learn import learn, prepare
    from itnnr_ik.learning.truth import TrueKinematics
    from itnnr_ik.recording.reader import Bag
    from itnnr_ik.recording.replacing import check_place

    truth = TrueKinematics.load(args.truth) if args.truth else None
    against = _positions_of(IKSolver.load(args.against)) if args.against else None
    check_place(args.output, args.bag)
    check_writable(args.output)
    notes: list[str] = []
    selection = selection_of(args)
    with Bag(args.bag, warn=notes.append) as bag:
        prepared = prepare(
            bag, selection=selection, max_offset=args.max_offset, seed=args.seed, warn=notes.append
        )
    prepared = replace(prepared, notes=tuple(notes))
    if truth is not None:
        _check_truth(truth, prepared)
    learned = learn(
        prepared,
        seed=args.seed,
        steps=args.steps,
        progress=True,
        name=args.output.resolve().name,
        truth=truth.forward if truth else None,
        against={args.against: against} if against else None,
    )
    learned.save(args.output)
    print(json.dumps(learned.report, indent=2) if args.json else format_report(learned.report))
    if not args.json:
        print(one_line(f"model written to {args.output}"))
    return 0


def _check_truth(truth: TrueKinematics, prepared: Prepared) -> None:
    """Raise ValueError, before anything is learned, if the truth is that of another recording."""
    joints, count = prepared.recording.joint_names, prepared.pairs.tips.shape[1]
    if (truth.arm.joint_names, len(truth.base_shift)) != (joints, count):
        raise ValueError(
            f"--truth is of the joints {', '.join(truth.arm.joint_names)} and {len(truth.base_shift)} "
            f"coordinates of the tip, the recording of {', '.join(joints)} and {count}"
        )


def _positions_of(solver: IKSolver) -> IKSolver:
    """A solver of the position task for the same tool, because orientations are not learned."""
    arm = solver.arm
    if not isinstance(arm, KinematicChain) or not solver.task.has_orientation:
        return solver
    return IKSolver(arm, Task.of_chain(arm, "position", solver.task.tool))


def format_report(report: dict[str, Any]) -> str:
    """The report as text."""
    recording, coverage = report["recording"], report["coverage"]
    rows = _fit_rows(recording, report["forward"])
    rows.append(
        (
            "covered",
            f"{coverage['joint_range_covered']:.1%} of the joint range, "
            f"{coverage['workspace_covered']:.1%} of the workspace, "
            f"within {coverage['within_rad']:.2g} rad of a recorded posture",
        )
    )
    for gap in coverage["gaps"]:
        around = ", ".join(f"{x:.2f}" for x in gap["around_m"])
        rows.append(("no data", f"around ({around}) m, {gap['radius_m']:.2f} m to the nearest"))
    rows += [("note", note) for note in recording["notes"]]
    lines = [f"{label:14} {text}" for label, text in rows]
    lines += ["", *_errors(report["tip_error"])]
    return "\n".join(map(one_line, lines))


def _fit_rows(recording: dict[str, Any], forward: dict[str, Any]) -> list[tuple[str, str]]:
    """Labels and texts about the recording and the fitted forward function."""
    axes = (
        "in space" if recording["plane_z_m"] is None else f"in the plane z = {recording['plane_z_m']:.3f} m"
    )
    left_out = {
        "without joint states": recording["poses_unmatched"],
        "at standstill": recording["poses_at_standstill"],
        "outliers": forward["outliers"],
        **recording["skipped"],
    }
    offset, error = recording["clock_offset_s"], recording["clock_offset_error_s"]
    return [
        ("joints", ", ".join(recording["joints"])),
        ("tip", f"{axes}, frame {recording['frame']!r}"),
        ("recorded", f"{recording['duration_s']:.0f} s, {recording['poses']} poses by {recording['clock']}"),
        ("left out", ", ".join(f"{n} {reason}" for reason, n in left_out.items() if n) or "none"),
        ("learned from", f"{recording['pairs_learned_from']} pairs, {recording['pairs_held_out']} held out"),
        ("poses' clock", f"{offset:+.4f} s from the joint states' (standard error {error:.4f} s)"),
        (
            "noise",
            f"tip {_mean(recording['pose_noise_m']):.2g} m, joints "
            f"{_mean(recording['joint_noise_rad']):.2g} rad",
        ),
        ("assumed", forward["assumption"]),
        (
            "residual",
            f"{forward['held_out_residual_m']:.3g} m held out, {forward['residual_to_noise']:.2f} "
            f"times the noise: {'explained' if forward['explained'] else 'NOT EXPLAINED'}",
        ),
    ]


def _errors(tip_error: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """A table of tip errors, of each solver by each reference."""
    lines = []
    for judge, rows in tip_error.items():
        lines.append(f"tip error [m] by {judge.replace('_', ' '):24} {'median':>9} {'p95':>9}")
        lines += [f"  {name:39} {row['median_m']:9.2e} {row['p95_m']:9.2e}" for name, row in rows.items()]
    return lines


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
