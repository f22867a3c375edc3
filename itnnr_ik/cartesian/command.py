"""Joint positions for a whole Cartesian path, planned at once, and a table of what could not be joined.

The path is a CSV file with a header: x, y, z [m], qx, qy, qz, qw and, if there are times, t [s], in the frame
of the arm's base. The exit status is 0 where the joints follow all of it, and 1 where there are gaps.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from itnnr_ik.bags.choice import add_arm_arguments, solver_of
from itnnr_ik.cartesian.files import check_files, write_file
from itnnr_ik.cartesian.report import format_report, path_report
from itnnr_ik.cartesian.table import joint_table, read_path
from itnnr_ik.paths import PathSolution
from itnnr_ik.solver import IKSolver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik path``."""
    parser.add_argument("path", metavar="CSV", type=Path, help="the targets, one a line")
    add_arm_arguments(parser)
    parser.add_argument(
        "--start",
        type=_numbers,
        metavar="A,B",
        help="joint positions before the first target, base to tip [rad] or [m], as --start=-1,2 where the "
        "first is negative (default: the path decides)",
    )
    parser.add_argument("--closed", action="store_true", help="end in the first posture")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the joint path as CSV")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the joints: .png, .svg or .pdf")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Read, plan, write and print."""
    if args.picture is not None:
        from itnnr_ik.cartesian.picture import check_picture

        check_picture(args.picture)
    check_files(args.path, [file for file in (args.output, args.picture) if file is not None])
    solver, label = solver_of(args)
    path = read_path(args.path, solver.task)
    found = solver.solve_path(path.targets, args.start, path.times, args.closed)
    report = path_report(solver, label, path, found)
    print(json.dumps(report, indent=2) if args.json else format_report(report))
    for line in _write(args, solver, found):
        print(line, file=sys.stderr if args.json else sys.stdout)
    return 1 if found.gaps else 0


def _write(args: argparse.Namespace, solver: IKSolver, found: PathSolution) -> list[str]:
    """Write the files; a sentence on each."""
    told = []
    if args.output is not None:
        table = joint_table(solver.arm.joint_names, found.positions, found.times)
        write_file(args.output, table.encode())
        told.append(f"joint path written to {args.output}")
    if args.picture is not None:
        from itnnr_ik.cartesian.picture import draw_joints

        write_file(args.picture, draw_joints(solver.arm, found, args.picture.suffix.lower()))
        told.append(f"picture written to {args.picture}")
    return told


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]
