"""Which arm a recording is of: a packaged one, a trained model, or one that a URDF describes."""

from __future__ import annotations

import argparse

from itnnr_ik.robot import PACKAGED, load_robot
from itnnr_ik.solver import IKSolver
from itnnr_ik.task import Task
from itnnr_ik.task.task import KINDS


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
        help="with --arm or --urdf: what of a pose counts (six joints and more pose, five pointing)",
    )
    parser.add_argument("--tolerance", type=float, default=1e-6, help="largest residual of a solution [m]")
    parser.add_argument(
        "--orientation-tolerance",
        type=float,
        default=1e-6,
        help="largest orientation error of a solution [rad], where the orientation counts",
    )


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
    if args.model is not None:
        if args.task is not None:
            raise ValueError("--task goes with --arm or --urdf: a model has the task that it was trained for")
        return IKSolver.load(args.model, **tolerances), str(args.model)
    solver = IKSolver.load(args.arm, **tolerances)
    if args.task not in (None, solver.task.kind):
        arm = load_robot(args.arm)
        solver = IKSolver(arm, Task.of_chain(arm, args.task), **tolerances)
    return solver, args.arm
