"""Models of arms: a twin on disk together with the arm that it was trained for."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from itnnr_ik.arms import Arm, LearnedArm, to_urdf
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.storage import load_twin, save_twin

_PACKAGED = Path(__file__).parent.parent / "models"
#: Anchors are stored in single precision; their tips must be where the arm's kinematics puts them.
_ANCHOR_ERROR = 1e-4
#: Tensors of a learned arm, and where the metadata has the distance that goes with the postures.
_COEFFICIENTS, _POSTURES, _COVERED_WITHIN = "arm.coefficients", "coverage.postures", "covered_within"


class Model(NamedTuple):
    """What a model folder holds; ``coverage`` is that of a learned arm, None for one of known kinematics."""

    arm: Arm
    inverse: TwinInverse
    metadata: dict[str, Any]
    coverage: Coverage | None = None


def packaged_models() -> list[str]:
    """Names of the models that come with the package."""
    return sorted(path.parent.name for path in _PACKAGED.glob("*/model.json"))


def save_model(
    folder: str | PathLike[str],
    arm: Arm,
    inverse: TwinInverse,
    metadata: dict[str, Any],
    coverage: Coverage | None = None,
) -> None:
    """Write a model for `load_model`, and beside it the URDF of an arm of known kinematics."""
    tensors = {}
    header: dict[str, Any] = {"arm": arm.to_dict()}
    if isinstance(arm, LearnedArm):
        tensors[_COEFFICIENTS] = arm.coefficients
    if coverage is not None:
        tensors[_POSTURES] = coverage.postures
        header[_COVERED_WITHIN] = coverage.within
    save_twin(folder, inverse, {**header, **metadata}, tensors)
    if not isinstance(arm, LearnedArm):
        (Path(folder) / "arm.urdf").write_text(to_urdf(arm), encoding="utf-8")


def load_model(model: str | PathLike[str]) -> Model:
    """A packaged model, by name, or the model of a folder.

    Raises:
        ValueError: No such model, damaged files, or a twin that was made for another arm.
    """
    folder = _PACKAGED / str(model) if str(model) in packaged_models() else Path(model)
    if not folder.is_dir():
        raise ValueError(
            f"no model {str(model)!r}: expected one of {', '.join(packaged_models())} or a model folder"
        )
    inverse, metadata, tensors = load_twin(folder)
    coverage = None
    try:
        if _COEFFICIENTS in tensors:
            arm: Arm = LearnedArm.from_parts(metadata["arm"], tensors.pop(_COEFFICIENTS))
        else:
            arm = Arm.from_dict(metadata["arm"])
        if _POSTURES in tensors:
            coverage = Coverage(tensors.pop(_POSTURES), metadata[_COVERED_WITHIN])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder} does not say which arm it is for: {error!r}") from error
    if tensors:
        raise ValueError(f"{folder} holds tensors that no model has: {', '.join(sorted(tensors))}")
    x, y = inverse.anchors.x, inverse.anchors.y
    if x.shape[1] != arm.n_joints or y.shape[1] != arm.n_coordinates:
        raise ValueError(
            f"{folder} was made for another arm: {arm.name} has {arm.n_joints} joints and "
            f"{arm.n_coordinates} target coordinates, the anchors have {x.shape[1]} and {y.shape[1]}"
        )
    if coverage is not None and coverage.postures.shape[1] != arm.n_joints:
        raise ValueError(
            f"{folder} was made for another arm: {arm.name} has {arm.n_joints} joints, "
            f"the recorded postures have {coverage.postures.shape[1]}"
        )
    distance = float(np.abs(arm.forward(x) - y).max())
    if distance > _ANCHOR_ERROR * max(1.0, arm.farthest):
        links = f" with links {arm.link_lengths} m" if arm.link_lengths else ""
        raise ValueError(
            f"{folder} was made for another arm: its anchors lie up to {distance:.3g} m from where "
            f"{arm.name}{links} puts its tip"
        )
    return Model(arm, inverse, metadata, coverage)
