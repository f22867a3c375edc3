"""Options that choose the arm of a command: a packaged one, a trained model, or one of a URDF."""

from __future__ import annotations

import argparse
from os.path import isdir
from pathlib import Path
from typing import Any

from itnnr_ik.robot import PACKAGED
from itnnr_ik.solver import IKSolver
from itnnr_ik.task import KINDS


def add_arm_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose an arm, of which `solver_of` reads the values."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--arm", choices=list(PACKAGED), help="a packaged arm")
    which.add_argument("--model", metavar="DIR", help="folder of a trained or learned model")
    which.add_argument("--urdf", type=Path, metavar="FILE", help="a robot's URDF; nothing needs training")
    add_chain_arguments(parser)
    parser.add_argument("--tolerance", type=float, default=1e-6, help="largest residual of a solution [m]")
    parser.add_argument(
        "--orientation-tolerance",
        type=float,
        default=1e-6,
        help="largest orientation error of a solution [rad], where the orientation counts",
    )


def add_chain_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose a chain in a URDF, and its task."""
    for name, which, missing in (("--base", "first", "parent"), ("--tip", "last", "child")):
        parser.add_argument(
            name, metavar="LINK", help=f"{which} link of a URDF's chain (the only one without {missing})"
        )
    parser.add_argument(
        "--task",
        choices=list(KINDS),
        help="what of a pose counts (the model's, or for six joints and more pose, five pointing)",
    )


def named_solver(arm: str, base: str | None, tip: str | None, task: str | None) -> IKSolver:
    """The solver of a packaged arm, a model folder or a URDF file, whichever ``arm`` is.

    Raises:
        ValueError: It is none of them, or the other values are not valid for it.
    """
    is_model = arm in PACKAGED or isdir(arm)
    if not is_model and not Path(arm).exists():
        names = ", ".join(PACKAGED)
        raise ValueError(f"no arm {arm!r}: expected one of {names}, a model folder or a URDF file")
    return _solver(arm, is_model, base, tip, task=task)


def solver_of(args: argparse.Namespace) -> tuple[IKSolver, str]:
    """The solver that options choose, and its name in reports.

    Raises:
        ValueError: Options contradict each other, or there is no such model, file or chain.
    """
    name = next(str(given) for given in (args.urdf, args.arm, args.model) if given is not None)
    tolerances = {"tolerance": args.tolerance, "orientation_tolerance": args.orientation_tolerance}
    return _solver(name, args.urdf is None, args.base, args.tip, task=args.task, **tolerances), name


def files_of(args: argparse.Namespace) -> list[Path]:
    """The files of the chosen arm: a URDF, or those of a model folder; none for a packaged arm."""
    folder = Path(args.model or "")
    return [args.urdf] if args.urdf else list(folder.iterdir()) if args.model and folder.is_dir() else []


def _solver(name: str, is_model: bool, base: str | None, tip: str | None, **options: Any) -> IKSolver:
    if not is_model:
        return IKSolver.from_urdf(name, base, tip, **options)
    for option, link in (("--base", base), ("--tip", tip)):
        if link is not None:
            raise ValueError(f"{option} goes with a URDF, got the model {name}")
    return IKSolver.load(name, **options)
