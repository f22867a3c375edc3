"""A twin on disk, and the errors that damaged and foreign files get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import SPECS, random_anchors, random_inverse, random_weights
from safetensors.numpy import load_file, save, save_file

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.storage import load_twin, save_twin

SPEC = SPECS["periodic-silu"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved twin."""
    save_twin(tmp_path / "twin", random_inverse(SPEC), {"note": "for a test"})
    return tmp_path / "twin"


@pytest.mark.parametrize("name", SPECS)
def test_what_was_saved_is_loaded(tmp_path: Path, name: str) -> None:
    """The same predictions bit by bit, the anchors, the architecture and the metadata of the caller."""
    inverse = random_inverse(SPECS[name])
    save_twin(tmp_path / "deep" / "folder", inverse, {"note": "Größe", "numbers": [1, 2.5]})
    loaded, metadata, tensors = load_twin(tmp_path / "deep" / "folder")
    assert tensors == {}
    assert loaded.evaluator.spec == SPECS[name]
    np.testing.assert_array_equal(loaded.anchors.x, inverse.anchors.x)
    np.testing.assert_array_equal(loaded.anchors.y, inverse.anchors.y)
    targets = np.random.default_rng(0).normal(size=(30, 2))
    np.testing.assert_array_equal(loaded.predictions(targets), inverse.predictions(targets))
    assert (metadata["note"], metadata["numbers"]) == ("Größe", [1, 2.5])


def test_tensors_of_the_caller_come_back(tmp_path: Path) -> None:
    """In the precision and the shape that they had, beside the twin's own."""
    mine = np.random.default_rng(0).normal(size=(2, 3, 3)).swapaxes(0, 2)
    save_twin(tmp_path, random_inverse(SPEC), {}, {"mine": mine})
    _, _, tensors = load_twin(tmp_path)
    assert list(tensors) == ["mine"]
    assert tensors["mine"].dtype == mine.dtype
    np.testing.assert_array_equal(tensors["mine"], mine)


def test_anchors_in_any_memory_order_come_back(tmp_path: Path) -> None:
    """Column by column, as a formula of columns leaves them."""
    inverse = random_inverse(SPEC)
    anchors = Anchors(np.asfortranarray(inverse.anchors.x), np.asfortranarray(inverse.anchors.y))
    save_twin(tmp_path, TwinInverse(inverse.evaluator, anchors), {})
    loaded = load_twin(tmp_path)[0].anchors
    np.testing.assert_array_equal(loaded.x, inverse.anchors.x)
    np.testing.assert_array_equal(loaded.y, inverse.anchors.y)


def test_every_user_may_read_a_model(folder: Path) -> None:
    """Both files have the same permissions, those that the user's umask gives."""
    modes = {path.stat().st_mode for path in folder.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated_weights_are_recognised(folder: Path, share: float) -> None:
    """Cut off anywhere, the file is named."""
    path = folder / "weights.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=f"{path} is damaged or not a safetensors file"):
        load_twin(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04\x95pickle", b"\xff" * 100, b"{}"])
def test_foreign_weights_are_recognised(folder: Path, content: bytes) -> None:
    """Whatever else is in the file, it is not executed and its name is in the message."""
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=str(folder / "weights.safetensors")):
        load_twin(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged"),
        (b'{"format": ', "is damaged"),
        (b"\xff\xfe\x00", "is damaged"),
        (b"[]", "does not describe a model of this package"),
        (b"null", "does not describe a model of this package"),
        (b'{"name": "some-npm-package"}', "does not describe a model of this package"),
        (
            b'{"format": "itnnr_ik twin", "version": 99}',
            "has format version 99, this package reads version 3",
        ),
        (b'{"format": "itnnr_ik twin"}', "has format version None"),
    ],
)
def test_damaged_and_foreign_descriptions_are_recognised(folder: Path, content: bytes, message: str) -> None:
    """The message names the file and says what is wrong."""
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ValueError, match=f"{folder / 'model.json'} {message}"):
        load_twin(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((2**63).to_bytes(8, "little") + b"{}", "its header can have 65536 bytes, got 9223372036854775808"),
        ((10**6).to_bytes(8, "little") + b" " * 10**6, "its header can have 65536 bytes, got 1000000"),
        ((60_000).to_bytes(8, "little") + b"[" * 60_000, "is damaged or not a safetensors file"),
        (save({"x": np.zeros(3, np.int64)}), "'x' must be of type float32 or float64, got int64"),
        (save({"x": np.zeros(3, np.float16)}), "'x' must be of type float32 or float64, got float16"),
        (save({"x": np.zeros(3)}).replace(b"F64", b"F99"), "is damaged or not a safetensors file"),
        (save({"x": np.zeros(3)}).replace(b"[3]", b"[9]"), "is damaged or not a safetensors file"),
        (save({"x": np.zeros(3)}).replace(b"[0,24]", b"[0,99]"), "is damaged or not a safetensors file"),
        (bytes(2**24 + 1), "Larger than 16 MiB"),
    ],
)
def test_headers_that_lie_are_recognised(folder: Path, content: bytes, message: str) -> None:
    """About their length, types, shapes and places; and files larger than any model."""
    path = folder / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        load_twin(folder)
    assert str(path) in str(error.value)


def test_metadata_that_would_not_be_read_are_not_written(folder: Path) -> None:
    """Four mebibytes are read."""
    with pytest.raises(ValueError, match="metadata can have 4194304 bytes as JSON, got 4194"):
        save_twin(folder, random_inverse(SPEC), {"note": "x" * 2**22})
    save_twin(folder, random_inverse(SPEC), {"note": "x" * (2**22 - 2000)})
    assert len(load_twin(folder)[1]["note"]) == 2**22 - 2000


@pytest.mark.parametrize("missing", ["model.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    """With the folder that it is missing from."""
    (folder / missing).unlink()
    with pytest.raises(ValueError, match=f"{folder} is not a .*model.*: {missing} is missing"):
        load_twin(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """No traceback about a file that nobody asked for."""
    with pytest.raises(ValueError, match=str(tmp_path / "nowhere")):
        load_twin(tmp_path / "nowhere")


def _changed(folder: Path, **changes: Any) -> None:
    """Rewrites tensors: a value replaces one, None removes it."""
    path = folder / "weights.safetensors"
    tensors = {**load_file(path), **{name.replace("__", "."): value for name, value in changes.items()}}
    save_file({name: value for name, value in tensors.items() if value is not None}, path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"anchors__x": None}, "anchors.x"),
        ({"anchors__y": np.zeros((200, 3), np.float32)}, r"expects anchors with .* y \(p, 2\)"),
        ({"anchors__x": np.zeros((199, 3), np.float32)}, r"got \(199, 3\) and \(200, 2\)"),
        ({"anchors__x": np.full((200, 3), np.nan, np.float32)}, "anchors must be finite"),
        ({"anchors__x": np.full((200, 3), 1e13)}, r"anchors must be at most 1e\+12 in size"),
        ({"anchors__x": np.zeros(()), "anchors__y": np.zeros(())}, "len"),
        ({"anchors__x": np.zeros((65537, 3), np.float32)}, "a model can have 65536 anchors, got 65537"),
        ({"network__layers__4__bias": np.full(3, 3e38, np.float32)}, "might not be finite"),
        ({"network__layers__0__weight": np.zeros((16, 9), np.float32)}, "weights do not fit"),
        ({"network__layers__4__bias": np.full(3, np.inf, np.float32)}, "weights are not all finite"),
        ({"network__layers__4__bias": None}, "weights do not fit"),
        ({"network__extra": np.zeros(1, np.float32)}, "weights do not fit"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    """Missing, superfluous, not finite, or of another shape: the message names the folder."""
    _changed(folder, **changes)
    with pytest.raises(ValueError, match=f"{folder} does not hold a usable model: .*{message}"):
        load_twin(folder)


@pytest.mark.parametrize(
    "change", [{"n_x": 4}, {"hidden": [16]}, {"hidden": None}, {"activation": "tanh"}, {"colour": "red"}]
)
def test_an_architecture_that_does_not_fit_is_refused(folder: Path, change: dict[str, Any]) -> None:
    """The description says one thing and the weights another."""
    path = folder / "model.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["network"].update(change)
    path.write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(ValueError, match=f"{folder} does not hold a usable model"):
        load_twin(folder)


def test_weights_of_another_model_are_refused(folder: Path) -> None:
    """A whole and healthy file, of a network with other layers."""
    other = SPECS["published-relu"]
    anchors = random_anchors(other)
    tensors = {f"network.{name}": weight for name, weight in random_weights(other).items()}
    tensors |= {"anchors.x": anchors.x.astype(np.float32), "anchors.y": anchors.y.astype(np.float32)}
    save_file(tensors, folder / "weights.safetensors")
    with pytest.raises(
        ValueError, match=f"{folder} does not hold a usable model: network weights do not fit"
    ):
        load_twin(folder)
