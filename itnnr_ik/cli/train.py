"""Train the twin network of an arm, from its URDF or packaged, and write it as a model folder."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from itnnr_ik.arrays import use_torch
from itnnr_ik.cli.arms import add_chain_arguments
from itnnr_ik.files import check_writable
from itnnr_ik.options import name_list, number_list, seed_number
from itnnr_ik.printable import one_line
from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.solver import IKSolver
from itnnr_ik.task import Task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik train``."""
    robot = parser.add_mutually_exclusive_group(required=True)
    robot.add_argument("--urdf", type=Path, metavar="FILE", help="URDF of the robot")
    robot.add_argument("--arm", choices=PACKAGED, help="a robot that comes with the package")
    add_chain_arguments(parser)
    parser.add_argument(
        "--tool-position", type=float, nargs=3, metavar=("X", "Y", "Z"), help="of the tool at the tip [m]"
    )
    parser.add_argument(
        "--tool-orientation",
        type=float,
        nargs=4,
        metavar=("QX", "QY", "QZ", "QW"),
        help="of the tool at the tip, as a quaternion",
    )
    parser.add_argument(
        "--limits",
        type=joint_limits,
        action="append",
        metavar="JOINT=LOWER,UPPER",
        help="limits of a joint [rad] or [m] in place of the URDF's, by its name there; repeatable",
    )
    parser.add_argument(
        "--joints", type=name_list, metavar="A,B", help="joint names, base to tip (default: the URDF's)"
    )
    parser.add_argument("--seed", type=seed_number, default=0, help="of weights, pairs and anchors")
    parser.add_argument("--steps", type=int, default=20_000, help="optimisation steps")
    parser.add_argument("-o", "--output", type=Path, help="model folder to write (default: models/ROBOT)")


def joint_limits(text: str) -> tuple[str, tuple[float, float]]:
    """Parse ``elbow=-1.5,1.5``."""
    joint, _, numbers = text.rpartition("=")
    try:
        lower, upper = number_list(numbers)
    except (argparse.ArgumentTypeError, ValueError):
        joint = ""
    if not joint:
        raise argparse.ArgumentTypeError(f"expected JOINT=LOWER,UPPER, got {text!r}")
    return joint, (lower, upper)


def read_arm(args: argparse.Namespace) -> KinematicChain:
    """The arm that the options name, with the limits and joint names that they give.

    Raises:
        ValueError: See `KinematicChain.from_urdf` and `KinematicChain.with_joint_names`.
    """
    limits = args.limits or ()
    for joint, count in Counter(joint for joint, _ in limits).items():
        if count > 1:
            raise ValueError(f"--limits names {joint} {count} times, expected each joint once")
    urdf = args.urdf if args.urdf is not None else load_robot(args.arm).urdf
    arm = KinematicChain.from_urdf(urdf, args.base, args.tip, limits=dict(limits))
    return arm.with_joint_names(args.joints) if args.joints else arm


def run(args: argparse.Namespace) -> int:
    """Train and write a model folder."""
    if args.steps < 1:
        raise ValueError(f"--steps must be at least 1, got {args.steps}")
    arm = read_arm(args)
    tool = [*(args.tool_position or (0.0, 0.0, 0.0)), *(args.tool_orientation or (0.0, 0.0, 0.0, 1.0))]
    solver = IKSolver(arm, Task.of_chain(arm, args.task, tool))
    if args.output is None and (arm.name.startswith(".") or "/" in arm.name):
        raise ValueError(f"the robot's name {arm.name!r} is no name of a folder: give one with --output")
    folder = args.output or Path("models") / arm.name
    check_writable(folder)
    use_torch()
    solver.train(seed=args.seed, steps=args.steps, progress=True)
    solver.save(folder)
    for name, value in solver.metadata["metrics"].items():
        print(f"{name:28} {value:g}")
    print(one_line(f"model written to {folder}"))
    return 0
