"""Which arm is shown: a packaged one, a model folder, or a URDF."""

from __future__ import annotations

from os.path import isdir
from pathlib import Path
from typing import NamedTuple

from itnnr_ik.robot import PACKAGED, KinematicChain
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.model import load_model
from itnnr_ik.task import Task
from itnnr_ik.twin.inference import TwinInverse


class Choice(NamedTuple):
    """An arm, the network that was trained for it if there is one, and the folder of its URDF's meshes."""

    solver: IKSolver
    twin: TwinInverse | None
    folder: Path | None


def choose(arm: str, base: str | None, tip: str | None, task: str | None) -> Choice:
    """The arm of that name or path.

    Args:
        arm: A packaged arm, a model folder or a URDF file.
        base, tip: Ends of a URDF's chain.
        task: See `Task.of_chain`; None for the model's own.

    Raises:
        ValueError: There is none, or the other values do not go with it.
    """
    if arm not in PACKAGED and not isdir(arm):
        if not Path(arm).exists():
            names = ", ".join(PACKAGED)
            raise ValueError(f"no arm {arm!r}: expected one of {names}, a model folder or a URDF file")
        return Choice(IKSolver.from_urdf(arm, base, tip, task), None, Path(arm).parent)
    if base is not None or tip is not None:
        raise ValueError(f"--base and --tip go with a URDF file, got the model {arm}")
    model = load_model(arm)
    folder = Path(arm) if isdir(arm) else None
    if task in (None, model.task.kind):
        solver = IKSolver(model.arm, model.task, model.twin, coverage=model.coverage)
        return Choice(solver, model.twin, folder)
    if not isinstance(model.arm, KinematicChain):
        raise ValueError(f"{arm} was learned for {model.task.kind} tasks, got --task {task}")
    return Choice(IKSolver(model.arm, Task.of_chain(model.arm, task)), None, folder)
