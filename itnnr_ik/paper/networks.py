"""Trained networks on disk, so that they can be evaluated again without training."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

from itnnr_ik.paper.branches import BranchingInverse
from itnnr_ik.paper.data import Dataset
from itnnr_ik.paper.methods import Fitted, of_network, of_twin
from itnnr_ik.paper.problems import Problem
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.gaussian import GaussianProcessForward
from itnnr_ik.twin.neural import NeuralRegressor
from itnnr_ik.twin.spec import NetworkSpec
from itnnr_ik.twin.storage import load_twin, save_twin

_NOTES, _NETWORK, _FORWARD = "notes.json", "network.safetensors", "forward.safetensors"
_POINTS, _FILES, _NEAR = "points", "files", "near."


def save_networks(folder: Path, fitted: Fitted, data: Dataset) -> None:
    """Write what was trained on ``data``; the notes come last, atomically, and mark it as complete."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _NOTES).unlink(missing_ok=True)
    written = []
    if isinstance(fitted.inverse, BranchingInverse):
        near = fitted.inverse.near
        tensors = {f"{_NEAR}{name}": weight for name, weight in near.weights.items()}
        save_twin(folder, fitted.inverse, {_NEAR: near.spec.to_dict()}, tensors)
    elif fitted.inverse is not None:
        save_twin(folder, fitted.inverse, {})
    if fitted.network is not None:
        fitted.network.save(folder / _NETWORK)
        written.append(_NETWORK)
    if isinstance(fitted.learned, NeuralRegressor):
        fitted.learned.save(folder / _FORWARD)
        written.append(_FORWARD)
    partial = folder / f"{_NOTES}.partial"
    notes = {**fitted.notes, _POINTS: data.fingerprint, _FILES: written}
    partial.write_text(json.dumps(notes), encoding="utf-8")
    os.replace(partial, folder / _NOTES)


def load_networks(
    folder: Path, problem: Problem, data: Dataset, noisy: bool, effort: dict[str, Any]
) -> Fitted | None:
    """What `save_networks` wrote, or None if that is of another effort, of other points, or missing.

    Damaged files are ignored with a warning. A Gaussian process is fitted again, which takes seconds.
    """
    if not (folder / _NOTES).exists():
        return None
    try:
        notes = json.loads((folder / _NOTES).read_text(encoding="utf-8"))
        same = (notes["effort"], notes.pop(_POINTS, None)) == (effort, data.fingerprint)
        return _load(folder, problem, data, noisy, notes) if same else None
    except (ValueError, KeyError, TypeError, OSError) as error:
        warnings.warn(f"{folder} is damaged and trained again: {error}", stacklevel=2)
        return None


def _load(folder: Path, problem: Problem, data: Dataset, noisy: bool, notes: dict[str, Any]) -> Fitted:
    # The notes name the files, so that a lost file is an error and not taken for another method.
    written = notes.pop(_FILES)
    if _NETWORK in written:
        return of_network(NeuralRegressor.load(folder / _NETWORK), notes)
    learned: NeuralRegressor | GaussianProcessForward | None = None
    if _FORWARD in written:
        learned = NeuralRegressor.load(folder / _FORWARD)
    elif noisy:
        learned = GaussianProcessForward().fit(data.x_train, data.y_train)
    inverse, metadata, tensors = load_twin(folder)
    if _NEAR in metadata:
        weights = {name.removeprefix(_NEAR): weight for name, weight in tensors.items()}
        near = TwinEvaluator(NetworkSpec.from_dict(metadata[_NEAR]), weights)
        inverse = BranchingInverse(inverse, near, problem.function)
    return of_twin(inverse, learned, notes)
