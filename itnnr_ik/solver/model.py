"""Models of arms: a twin on disk together with the arm that it was trained for."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from itnnr_ik.arms import Arm, to_urdf
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.storage import load_twin, save_twin

_PACKAGED = Path(__file__).parent.parent / "models"
#: Anchors are stored in single precision; their tips must be where the arm's kinematics puts them.
_ANCHOR_ERROR = 1e-4


def packaged_models() -> list[str]:
    """Names of the models that come with the package."""
    return sorted(path.parent.name for path in _PACKAGED.glob("*/model.json"))


def save_model(folder: str | PathLike[str], arm: Arm, inverse: TwinInverse, metadata: dict[str, Any]) -> None:
    """Write a model for `load_model`, and the arm's URDF beside it."""
    save_twin(folder, inverse, {"arm": arm.to_dict(), **metadata})
    (Path(folder) / "arm.urdf").write_text(to_urdf(arm), encoding="utf-8")


def load_model(model: str | PathLike[str]) -> tuple[Arm, TwinInverse, dict[str, Any]]:
    """Arm, twin and metadata of a packaged model, by name, or of a model folder.

    Raises:
        ValueError: No such model, damaged files, or a twin that was made for another arm.
    """
    folder = _PACKAGED / str(model) if str(model) in packaged_models() else Path(model)
    if not folder.is_dir():
        raise ValueError(
            f"no model {str(model)!r}: expected one of {', '.join(packaged_models())} or a model folder"
        )
    inverse, metadata = load_twin(folder)
    try:
        arm = Arm.from_dict(metadata["arm"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder} does not say which arm it is for: {error!r}") from error
    x, y = inverse.anchors.x, inverse.anchors.y
    if x.shape[1] != arm.n_joints or y.shape[1] != arm.n_coordinates:
        raise ValueError(
            f"{folder} was made for another arm: {arm.name} has {arm.n_joints} joints and "
            f"{arm.n_coordinates} target coordinates, the anchors have {x.shape[1]} and {y.shape[1]}"
        )
    distance = float(np.abs(arm.forward(x) - y).max())
    if distance > _ANCHOR_ERROR * max(1.0, arm.reach):
        raise ValueError(
            f"{folder} was made for another arm: its anchors lie up to {distance:.3g} m from where "
            f"{arm.name} with links {arm.link_lengths} m puts its tip"
        )
    return arm, inverse, metadata
