"""A trained twin on disk: ``weights.safetensors`` (network and anchors) and ``model.json`` (the rest).

The caller may keep tensors of its own, of any precision, in the same file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec

_FORMAT = "itnnr_ik twin"
_VERSION = 3
_METADATA, _WEIGHTS = "model.json", "weights.safetensors"
#: What the twin's tensors are called; the caller's have other names.
_NETWORK, _ANCHORS = "network.", "anchors."


def save_twin(
    folder: str | PathLike[str],
    inverse: TwinInverse,
    metadata: dict[str, Any],
    tensors: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a twin to ``folder``, made where missing, with JSON-able metadata and tensors of the caller."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    stored = dict(tensors or {})
    stored |= {f"{_NETWORK}{name}": value for name, value in inverse.evaluator.weights.items()}
    # In double precision: rounded, they would lead to other bits than before.
    stored |= {f"{_ANCHORS}x": inverse.anchors.x, f"{_ANCHORS}y": inverse.anchors.y}
    # Safetensors writes memory as it lies, whatever its order.
    stored = {name: np.ascontiguousarray(value) for name, value in stored.items()}
    # Serialised here: save_file leaves a file that only its owner may read.
    (path / _WEIGHTS).write_bytes(save(stored))
    write_metadata(path, {"network": inverse.evaluator.spec.to_dict(), **metadata})


def write_metadata(folder: str | PathLike[str], metadata: Mapping[str, Any]) -> None:
    """Write ``model.json`` to ``folder``, made where missing."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": _FORMAT, "version": _VERSION, **metadata}, indent=2, ensure_ascii=False)
    (path / _METADATA).write_text(text + "\n", encoding="utf-8")


def load_twin(folder: str | PathLike[str]) -> tuple[TwinInverse, dict[str, Any], dict[str, np.ndarray]]:
    """The twin in ``folder``, its metadata, and the caller's tensors.

    Raises:
        ValueError: A file is missing, truncated, foreign or does not fit the other; the message names it.
    """
    path = Path(folder)
    metadata = read_metadata(path)
    weights = path / _WEIGHTS
    try:
        tensors = load_file(weights)
    except FileNotFoundError:
        raise ValueError(f"{path} is not a whole model: {_WEIGHTS} is missing") from None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{weights} is damaged or not a safetensors file: {error}") from None
    try:
        spec = NetworkSpec.from_dict(metadata["network"])
        anchors = Anchors(tensors.pop(f"{_ANCHORS}x"), tensors.pop(f"{_ANCHORS}y"))
        names = [name for name in tensors if name.startswith(_NETWORK)]
        network = {name.removeprefix(_NETWORK): tensors.pop(name) for name in names}
        return TwinInverse(TwinEvaluator(spec, network), anchors), metadata, tensors
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold a usable model: {error}") from error


def read_metadata(folder: str | PathLike[str]) -> dict[str, Any]:
    """What ``model.json`` in ``folder`` says.

    Raises:
        ValueError: It is missing, damaged or foreign; the message names it.
    """
    path = Path(folder) / _METADATA
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path.parent} is not a model folder: {path.name} is missing") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if not isinstance(metadata, dict) or metadata.get("format") != _FORMAT:
        raise ValueError(f"{path} does not describe a model of this package (format {_FORMAT!r})")
    if metadata.get("version") != _VERSION:
        raise ValueError(
            f"{path} has format version {metadata.get('version')!r}, this package reads version {_VERSION}"
        )
    return metadata
