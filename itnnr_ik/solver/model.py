"""Models on disk: an arm and a task, and the twin that was trained for them, if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from os.path import isdir
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from itnnr_ik.forms import checked, shown
from itnnr_ik.robot import PACKAGED, SOURCE, ForwardModel, KinematicChain, LearnedArm, load_robot
from itnnr_ik.solver.assembly import check_dimensions
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.task import Task
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.storage import read_metadata, read_twin, save_twin, write_metadata

_MODELS = Path(__file__).parent.parent / "models"
#: Largest deviation [share of the arm's size] of anchors, stored in single precision, from its kinematics.
_MAX_ANCHOR_ERROR = 1e-4
#: Names of a learned arm's tensors, and the metadata key of the distance of its covered region.
_COEFFICIENTS, _POSTURES, _COVERED_WITHIN = "arm.coefficients", "coverage.postures", "covered_within"
_URDF = "arm.urdf"
#: Metadata key of the numeric keyword arguments of an `IKSolver`; files of earlier versions have none.
SOLVER = "solver"
_OPTIONS = {
    "tolerance?": float,
    "orientation_tolerance?": float,
    "metre_in_rad?": float,
    "posture?": [float],
}
#: Metadata keys that describe the model itself: those of a loaded model are not saved with another one.
_MODEL_KEYS = ("format", "version", "network", "task", "arm", SOLVER, _COVERED_WITHIN)


class Model(NamedTuple):
    """What a model folder holds; ``coverage`` is that of a learned arm, None for one of known kinematics."""

    arm: ForwardModel
    task: Task
    twin: TwinInverse | None
    metadata: dict[str, Any]
    coverage: Coverage | None = None


def trained_models() -> list[str]:
    """Names of the packaged arms that come with a trained network."""
    return sorted(path.parent.name for path in _MODELS.glob("*/model.json"))


def save_model(
    folder: str | PathLike[str],
    arm: ForwardModel,
    task: Task,
    twin: TwinInverse | None,
    metadata: dict[str, Any],
    coverage: Coverage | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Write a model for `load_model`, and beside it the URDF of an arm of known kinematics.

    ``options`` are numeric keyword arguments of an `IKSolver`, as JSON types.

    Raises:
        ValueError: A learned arm has no network.
    """
    tensors: dict[str, np.ndarray] = {}
    files: dict[str, bytes] = {}
    header: dict[str, Any] = {"task": task.to_dict(), SOLVER: dict(options or {})}
    if isinstance(arm, LearnedArm):
        if twin is None:
            raise ValueError(f"{arm.name} was learned and is saved with its network: train it first")
        header["arm"] = arm.to_dict()
        tensors[_COEFFICIENTS] = arm.coefficients
    elif isinstance(arm, KinematicChain):
        header["arm"] = {key: value for key, value in arm.source.items() if key != "urdf"}
        files[_URDF] = arm.urdf.encode()
    if coverage is not None:
        tensors[_POSTURES] = coverage.postures
        header[_COVERED_WITHIN] = coverage.within
    content = {**header, **{name: value for name, value in metadata.items() if name not in _MODEL_KEYS}}
    if twin is None:
        write_metadata(folder, {"network": None, **content}, files)
    else:
        save_twin(folder, twin, content, tensors, files)


def load_model(model: str | PathLike[str]) -> Model:
    """A packaged arm, by name, or the model of a folder.

    Raises:
        ValueError: No such model, damaged files, or a twin that was made for another arm.
    """
    if not isinstance(model, str | PathLike):
        raise ValueError(f"expected the name of a packaged arm or a model folder, got {type(model).__name__}")
    name, trained = str(model), trained_models()
    if name in PACKAGED and name not in trained:
        chain = load_robot(name)
        return Model(chain, Task.of_chain(chain), None, {})
    folder = _MODELS / name if name in trained else Path(model)
    if not isdir(folder):
        raise ValueError(f"no model {shown(name)}: expected one of {', '.join(PACKAGED)} or a model folder")
    metadata, twin = read_metadata(folder), None
    tensors: dict[str, np.ndarray] = {}
    if metadata.get("network") is not None:
        twin, tensors = read_twin(folder, metadata)
    coverage = None
    try:
        metadata[SOLVER] = checked(metadata.get(SOLVER, {}), _OPTIONS, SOLVER)
        task = Task.from_dict(metadata.get("task"))
        if _COEFFICIENTS in tensors:
            arm: ForwardModel = LearnedArm.from_parts(metadata.get("arm"), tensors.pop(_COEFFICIENTS))
        else:
            arm = KinematicChain.from_urdf(folder / _URDF, **checked(metadata.get("arm"), SOURCE, "arm"))
        task.check(arm)
        if (_POSTURES in tensors) != (_COVERED_WITHIN in metadata):
            raise ValueError(f"{_POSTURES} and {_COVERED_WITHIN} go together, got one of them")
        if _POSTURES in tensors:
            within = checked(metadata.get(_COVERED_WITHIN), float, _COVERED_WITHIN)
            coverage = Coverage(tensors.pop(_POSTURES), within)
    except ValueError as error:
        raise ValueError(f"{folder} does not say which arm it is for: {error}") from error
    if tensors:
        raise ValueError(f"{folder} holds tensors that no model has: {shown(sorted(tensors))}")
    if coverage is not None and coverage.postures.shape[1] != arm.n_joints:
        raise ValueError(
            f"{folder} was made for another arm: {arm.name} has {arm.n_joints} joints, "
            f"the recorded postures have {coverage.postures.shape[1]}"
        )
    if twin is not None:
        check_twin(str(folder), arm, task, twin)
    return Model(arm, task, twin, metadata, coverage)


def check_twin(label: str, arm: ForwardModel, task: Task, twin: TwinInverse) -> None:
    """Raise a ValueError that begins with ``label`` where a twin was not trained for an arm and a task."""
    try:
        check_dimensions(arm, task, twin)
        distance = float(np.abs(TaskForward(arm, task)(twin.anchors.x) - twin.anchors.y).max())
        if not distance <= _MAX_ANCHOR_ERROR * max(1.0, arm.farthest):
            raise ValueError(f"its anchors lie up to {distance:.3g} m from where {arm.name} puts its tip")
    except ValueError as error:
        raise ValueError(f"{label} was made for another arm: {error}") from error
