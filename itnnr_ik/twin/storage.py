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
from safetensors.numpy import load, save

from itnnr_ik.files import read_bytes, read_json
from itnnr_ik.forms import shown
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec

_FORMAT = "itnnr_ik twin"
_VERSION = 3
_METADATA, _WEIGHTS = "model.json", "weights.safetensors"
#: Largest sizes [bytes] of both files and of the tensors' header, and most anchors: ten times what the
#: largest networks of the paper need, and loaded within a second.
_MAX_METADATA, _MAX_WEIGHTS, _MAX_HEADER, _MAX_ANCHORS = 2**22, 2**24, 2**16, 2**16
#: Prefixes of the names of the twin's tensors; the caller's have other names.
_NETWORK_PREFIX, _ANCHORS_PREFIX = "network.", "anchors."


def save_twin(
    folder: str | PathLike[str],
    inverse: TwinInverse,
    metadata: dict[str, Any],
    tensors: Mapping[str, np.ndarray] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write a twin to ``folder`` with JSON-able metadata, and tensors and files of the caller.

    See `write_metadata`.
    """
    stored = dict(tensors or {})
    stored |= {f"{_NETWORK_PREFIX}{name}": value for name, value in inverse.evaluator.weights.items()}
    # In double precision: rounded anchors would change the bits of solutions.
    stored |= {f"{_ANCHORS_PREFIX}x": inverse.anchors.x, f"{_ANCHORS_PREFIX}y": inverse.anchors.y}
    # Safetensors writes raw memory, whatever its order.
    stored = {name: np.ascontiguousarray(value) for name, value in stored.items()}
    # Serialised here: save_file leaves a file that only its owner may read.
    parts = {**(files or {}), _WEIGHTS: save(stored)}
    write_metadata(folder, {"network": inverse.evaluator.spec.to_dict(), **metadata}, parts)


def write_metadata(
    folder: str | PathLike[str], metadata: Mapping[str, Any], files: Mapping[str, bytes]
) -> None:
    """Write the ``files`` of a model to ``folder``, made where missing, and last of all ``model.json``.

    An interruption leaves old and new files without a ``model.json``: such a folder is refused.

    Raises:
        ValueError: It is larger than `read_metadata` would read.
    """
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": _FORMAT, "version": _VERSION, **metadata}, indent=2, ensure_ascii=False)
    content = f"{text}\n".encode()
    if len(content) > _MAX_METADATA:
        raise ValueError(f"metadata can have {_MAX_METADATA} bytes as JSON, got {len(content)}")
    (path / _METADATA).unlink(missing_ok=True)
    for name, part in files.items():
        (path / name).write_bytes(part)
    (path / _METADATA).write_bytes(content)


def load_twin(folder: str | PathLike[str]) -> tuple[TwinInverse, dict[str, Any], dict[str, np.ndarray]]:
    """The twin in ``folder``, its metadata, and the caller's tensors.

    Raises:
        ValueError: A file is missing, truncated, foreign or does not fit the other; the message names it.
    """
    metadata = read_metadata(folder)
    twin, tensors = read_twin(folder, metadata)
    return twin, metadata, tensors


def read_twin(
    folder: str | PathLike[str], metadata: Mapping[str, Any]
) -> tuple[TwinInverse, dict[str, np.ndarray]]:
    """The twin in ``folder``, whose metadata were read, and the caller's tensors.

    Raises:
        ValueError: See `load_twin`.
    """
    path = Path(folder)
    try:
        tensors = _read_tensors(path / _WEIGHTS)
    except FileNotFoundError:
        raise ValueError(f"{path} is not a whole model: {_WEIGHTS} is missing") from None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        what = "is damaged or not a safetensors file"
        raise ValueError(f"{path / _WEIGHTS} {what}: {error}") from None
    try:
        spec = NetworkSpec.from_dict(metadata.get("network"))
        x, y = (tensors.pop(f"{_ANCHORS_PREFIX}{name}") for name in "xy")
        if len(x) > _MAX_ANCHORS:
            raise ValueError(f"a model can have {_MAX_ANCHORS} anchors, got {len(x)}")
        anchors = Anchors(x, y)
        names = [name for name in tensors if name.startswith(_NETWORK_PREFIX)]
        network = {name.removeprefix(_NETWORK_PREFIX): tensors.pop(name) for name in names}
        return TwinInverse(TwinEvaluator(spec, network), anchors), tensors
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold a usable model: {error}") from error


def _read_tensors(path: Path) -> dict[str, np.ndarray]:
    content = read_bytes(path, _MAX_WEIGHTS)
    header = int.from_bytes(content[:8], "little")
    if header > _MAX_HEADER:
        raise ValueError(f"its header can have {_MAX_HEADER} bytes, got {header}")
    tensors = load(content)
    for name, tensor in tensors.items():
        if tensor.dtype not in (np.float32, np.float64):
            raise ValueError(f"{shown(name)} must be of type float32 or float64, got {tensor.dtype}")
    return tensors


def read_metadata(folder: str | PathLike[str]) -> dict[str, Any]:
    """What ``model.json`` in ``folder`` says.

    Raises:
        ValueError: It is missing, damaged or foreign; the message names it.
    """
    path = Path(folder) / _METADATA
    try:
        metadata = read_json(path, _MAX_METADATA)
    except FileNotFoundError:
        raise ValueError(f"{path.parent} is not a model folder: {path.name} is missing") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if not isinstance(metadata, dict) or metadata.get("format") != _FORMAT:
        raise ValueError(f"{path} does not describe a model of this package (format {_FORMAT!r})")
    if metadata.get("version") != _VERSION:
        raise ValueError(
            f"{path} has format version {shown(metadata.get('version'))}, "
            f"this package reads version {_VERSION}"
        )
    return metadata
