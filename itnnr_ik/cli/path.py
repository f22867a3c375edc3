"""Joint positions for a whole Cartesian path, planned at once, and a table of what could not be joined.

The path is a CSV file with a header: x, y, z [m], qx, qy, qz, qw and, if there are times, t [s], in the frame
of the arm's base; the poses or the last Path of a recording; or the outlines of an SVG drawing, laid into a
plane. The exit status is 0 where the joints follow all of it, and 1 where there are gaps.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

from itnnr_ik.cartesian.outline import read_outline
from itnnr_ik.cartesian.plane import Plane, place_outline
from itnnr_ik.cartesian.recorded import read_recorded, trajectories
from itnnr_ik.cartesian.report import format_report, path_report
from itnnr_ik.cartesian.retiming import retime
from itnnr_ik.cartesian.table import Array, CartesianPath, joint_table, read_path
from itnnr_ik.cli.arms import add_arm_arguments, files_of, solver_of
from itnnr_ik.files import check_outputs, is_recording
from itnnr_ik.options import check_goes_with, number_list
from itnnr_ik.paths import PathSolution
from itnnr_ik.printable import one_line
from itnnr_ik.recording.replacing import check_place, replace_file
from itnnr_ik.recording.writer import STORAGES, WrittenTrajectory, check_new, write_trajectories
from itnnr_ik.solver import IKSolver

_DEFAULT_RATE = 125.0  # [Hz]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik path``."""
    parser.add_argument(
        "path",
        metavar="PATH",
        type=Path,
        help="a CSV file, an SVG drawing, or a recording, of whatever kind `evaluate` reads",
    )
    add_arm_arguments(parser)
    parser.add_argument("--topic", help="of the recorded poses or path (the only one)")
    parser.add_argument("--frame", help="frame of the recorded poses that is the arm's base (its base link)")
    parser.add_argument("--pose-index", type=int, metavar="N", help="which pose of a PoseArray, from 0 on")
    parser.add_argument(
        "--plane",
        type=number_list,
        metavar="X,Y,Z,QX,QY,QZ,QW",
        help="where the middle of a drawing is [m] and how it is turned: x right, y up, z to the tool's side",
    )
    parser.add_argument("--size", type=float, help="of a drawing's longer side [m]")
    parser.add_argument("--step", type=float, help="from target to target of a drawing [m] (size / 200)")
    parser.add_argument(
        "--lift", type=float, help="of the pen between strokes [m] (size / 20; planar arms: 0)"
    )
    parser.add_argument(
        "--start",
        type=number_list,
        metavar="A,B",
        help="joint positions before the first target, base to tip [rad] or [m], as --start=-1,2 where the "
        "first is negative (default: the path decides)",
    )
    parser.add_argument("--closed", action="store_true", help="end in the first posture")
    parser.add_argument(
        "--acceleration",
        type=number_list,
        metavar="A,B",
        help="retime: as fast as the velocity limits and this acceleration of every joint, or of each "
        "[rad/s²] or [m/s²], allow; needs toppra",
    )
    parser.add_argument(
        "--rate", type=float, default=_DEFAULT_RATE, help="samples a second of a retimed path [Hz]"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the joint path as CSV")
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="write JointTrajectory to a new recording: a folder"
    )
    parser.add_argument("--storage", choices=list(STORAGES), default="mcap", help="of the new recording")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the joints: .png, .svg or .pdf")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Read, plan, write and print."""
    if args.picture is not None:
        from itnnr_ik.cartesian.picture import check_picture

        check_picture(args.picture)
    outputs = (args.output, args.picture, args.record)
    if _is_recording(args.path):
        for place in outputs:
            if place is not None:
                check_place(place, args.path)
    if args.record is not None:
        check_new(args.record, args.storage)
    check_outputs([args.path, *files_of(args)], outputs)
    check_goes_with(args, "--record", args.record, storage="mcap")
    check_goes_with(args, "--acceleration", args.acceleration is not None, rate=_DEFAULT_RATE)
    solver, label = solver_of(args)
    _check_start(args.start, solver)
    limits = _acceleration(args, solver.arm.n_joints)
    path = _read(args, solver)
    if limits is None and args.record is not None and path.times is None:
        raise ValueError(f"--record needs a path with times or --acceleration, got {args.path} without")
    times = path.times if limits is None else None
    found = solver.solve_path(path.targets, args.start, times, args.closed)
    motion = None
    if limits is not None and not found.gaps:
        motion = retime(solver.arm, found.positions, limits, args.rate)
    report = path_report(solver, label, path, found, motion)
    print(json.dumps(report, indent=2) if args.json else format_report(report))
    if limits is not None and found.gaps:
        raise ValueError("a path with gaps is not retimed, and nothing is written")
    for line in _write(args, solver, found, motion):
        print(one_line(line), file=sys.stderr if args.json else sys.stdout)
    return 1 if found.gaps else 0


def _check_start(start: list[float] | None, solver: IKSolver) -> None:
    """Raise ValueError if a joint starts outside its limits; their number is checked later."""
    arm = solver.arm
    for name, position, low, high in zip(arm.joint_names, start or (), arm.lower, arm.upper, strict=False):
        if not low <= position <= high:
            raise ValueError(
                f"--start must be within the limits, got {name} at {position:g}, outside [{low:g}, {high:g}]"
            )


def _acceleration(args: argparse.Namespace, n: int) -> Array | None:
    """Acceleration limits (n,) of a path that is to be retimed, else None."""
    if not (math.isfinite(args.rate) and args.rate > 0.0):
        raise ValueError(f"--rate must be positive in Hz, got {args.rate:g}")
    if args.acceleration is None:
        return None
    limits: Array = np.array(args.acceleration)
    if len(limits) not in (1, n) or not (np.isfinite(limits).all() and (limits > 0.0).all()):
        raise ValueError(f"--acceleration must be one positive number or {n} of them, got {limits.tolist()}")
    return np.resize(limits, n)


def _is_recording(path: Path) -> bool:
    return path.is_dir() or is_recording(path)


def _read(args: argparse.Namespace, solver: IKSolver) -> CartesianPath:
    is_recording, is_drawing = _is_recording(args.path), args.path.suffix.lower() == ".svg"
    got = f", got {args.path}"
    check_goes_with(args, f"a recording{got}", is_recording, topic=None, frame=None, pose_index=None)
    check_goes_with(args, f"an SVG drawing{got}", is_drawing, plane=None, size=None, step=None, lift=None)
    if is_recording:
        return read_recorded(args.path, solver, args.topic, args.frame, args.pose_index)
    if not is_drawing:
        return read_path(args.path, solver.task)
    if args.plane is None or args.size is None:
        raise ValueError(f"expected --plane and --size with the drawing {args.path}")
    plane = Plane(np.array(args.plane), args.size, args.step, args.lift)
    return place_outline(read_outline(args.path), plane, solver.task)


def _write(
    args: argparse.Namespace, solver: IKSolver, found: PathSolution, motion: WrittenTrajectory | None
) -> list[str]:
    """Write the requested files, of the retimed motion if there is one, and return a sentence on each."""
    messages = []
    joints = solver.arm.joint_names
    if args.output is not None:
        rows = motion or found
        replace_file(args.output, joint_table(joints, rows.positions, rows.times).encode())
        messages.append(f"joint path written to {args.output}")
    if args.record is not None:
        written = [motion] if motion else trajectories(found)
        write_trajectories(args.record, args.storage, joints, written)
        number = "1 trajectory" if len(written) == 1 else f"{len(written)} trajectories"
        messages.append(f"{number} written to {args.record}")
    if args.picture is not None:
        from itnnr_ik.cartesian.picture import draw_joints

        replace_file(args.picture, draw_joints(solver.arm, found, args.picture.suffix.lower()))
        messages.append(f"picture written to {args.picture}")
    return messages
