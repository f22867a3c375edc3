"""A trained twin on disk: ``weights.safetensors`` (network and anchors) and ``model.json`` (the rest)."""

from __future__ import annotations

import json
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
_VERSION = 2
_METADATA, _WEIGHTS = "model.json", "weights.safetensors"


def save_twin(folder: str | PathLike[str], inverse: TwinInverse, metadata: dict[str, Any]) -> None:
    """Write a twin to ``folder``, made where missing, with JSON-able ``metadata`` of the caller."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    tensors = {f"network.{name}": value for name, value in inverse.evaluator.weights.items()}
    tensors["anchors.x"] = inverse.anchors.x.astype(np.float32)
    tensors["anchors.y"] = inverse.anchors.y.astype(np.float32)
    # Serialised here: save_file leaves a file that only its owner may read.
    (path / _WEIGHTS).write_bytes(save(tensors))
    header = {"format": _FORMAT, "version": _VERSION, "network": inverse.evaluator.spec.to_dict()}
    text = json.dumps({**header, **metadata}, indent=2, ensure_ascii=False)
    (path / _METADATA).write_text(text + "\n", encoding="utf-8")


def load_twin(folder: str | PathLike[str]) -> tuple[TwinInverse, dict[str, Any]]:
    """The twin in ``folder`` and its metadata.

    Raises:
        ValueError: A file is missing, truncated, foreign or does not fit the other; the message names it.
    """
    path = Path(folder)
    metadata = _read_metadata(path / _METADATA)
    weights = path / _WEIGHTS
    try:
        tensors = load_file(weights)
    except FileNotFoundError:
        raise ValueError(f"{path} is not a whole model: {_WEIGHTS} is missing") from None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{weights} is damaged or not a safetensors file: {error}") from None
    try:
        spec = NetworkSpec.from_dict(metadata["network"])
        anchors = Anchors(tensors.pop("anchors.x"), tensors.pop("anchors.y"))
        network = {name.removeprefix("network."): value for name, value in tensors.items()}
        return TwinInverse(TwinEvaluator(spec, network), anchors), metadata
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold a usable model: {error}") from error


def _read_metadata(path: Path) -> dict[str, Any]:
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
