"""Which arm a command is about: a packaged one, a trained model, or one that a URDF describes."""

from __future__ import annotations

import argparse
from os.path import isdir
from pathlib import Path

from itnnr_ik.robot import PACKAGED
from itnnr_ik.solver import IKSolver
from itnnr_ik.task import KINDS


def add_arm_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose an arm, of which `solver_of` reads the values."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--arm", choices=list(PACKAGED), help="a packaged arm")
    which.add_argument("--model", metavar="DIR", help="folder of a trained or learned model")
    which.add_argument("--urdf", metavar="FILE", help="a robot's URDF; nothing needs training")
    parser.add_argument(
        "--base", metavar="LINK", help="with --urdf: first link (the only one without parent)"
    )
    parser.add_argument("--tip", metavar="LINK", help="with --urdf: last link (the only one without child)")
    parser.add_argument(
        "--task",
        choices=list(KINDS),
        help="what of a pose counts (default: the model's, or for six joints and more pose, five pointing)",
    )
    parser.add_argument("--tolerance", type=float, default=1e-6, help="largest residual of a solution [m]")
    parser.add_argument(
        "--orientation-tolerance",
        type=float,
        default=1e-6,
        help="largest orientation error of a solution [rad], where the orientation counts",
    )


def named_solver(arm: str, base: str | None, tip: str | None, task: str | None) -> IKSolver:
    """The solver of a packaged arm, a model folder or a URDF file, whichever ``arm`` is.

    Raises:
        ValueError: It is none of them, or the other values do not go with it.
    """
    if arm in PACKAGED or isdir(arm):
        if base is not None or tip is not None:
            raise ValueError(f"--base and --tip go with a URDF file, got the model {arm}")
        return IKSolver.load(arm, task=task)
    if not Path(arm).exists():
        names = ", ".join(PACKAGED)
        raise ValueError(f"no arm {arm!r}: expected one of {names}, a model folder or a URDF file")
    return IKSolver.from_urdf(arm, base, tip, task)


def solver_of(args: argparse.Namespace) -> tuple[IKSolver, str]:
    """The solver that options choose, and what to call it in a report.

    Raises:
        ValueError: Options do not fit each other, or there is no such model, file or chain.
    """
    for name in ("base", "tip"):
        if args.urdf is None and getattr(args, name) is not None:
            raise ValueError(f"--{name} goes with --urdf")
    tolerances = {"tolerance": args.tolerance, "orientation_tolerance": args.orientation_tolerance}
    if args.urdf is not None:
        return IKSolver.from_urdf(args.urdf, args.base, args.tip, args.task, **tolerances), str(args.urdf)
    name = str(args.arm if args.model is None else args.model)
    return IKSolver.load(name, **tolerances, task=args.task), name
