"""Finds recordings at paths, in folders of any depth, and at addresses that fsspec reads."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from itnnr_ik.files import is_recording
from itnnr_ik.recording import metadata
from itnnr_ik.recording.records import BagError


@dataclass(frozen=True)
class Place:
    """The location of a recording.

    Attributes:
        name: As it was given, or found below what was given.
        address: An absolute path, valid in all working directories, or an address for fsspec.
    """

    name: str
    address: str

    @classmethod
    def of(cls, text: str) -> Place:
        """The place that a text names."""
        return cls(text, text if is_address(text) else os.path.abspath(text))

    @property
    def path(self) -> Path | None:
        """Path on this machine; None for an address."""
        return None if is_address(self.address) else Path(self.address)

    @contextmanager
    def local(self) -> Iterator[Path]:
        """A path of the recording on this machine: that at an address is copied temporarily.

        Raises:
            BagError: There is nothing at the address.
            ImportError: fsspec is not installed.
        """
        if self.path is not None:
            yield self.path
            return
        with TemporaryDirectory(prefix="itnnr_bag_") as folder:
            yield _fetch(self.address, Path(folder))


def is_address(text: str) -> bool:
    """Whether a text is an address for fsspec rather than a path."""
    return "://" in text


def find_recordings(texts: Sequence[str]) -> list[Place]:
    """The recordings at, or at any depth below, paths and addresses, sorted by path.

    A path or address without recordings is returned itself, so that reading it reports the error.

    Raises:
        ImportError: An address was given, and fsspec is not installed.
    """
    return [Place.of(found) for text in texts for found in _below(text)]


def _below(text: str) -> list[str]:
    if not is_address(text):
        return _folders_below(text) if os.path.isdir(text) else [text]
    system, root = _filesystem(text)
    if not system.isdir(root):
        return [text]
    files = (PurePosixPath(name) for name in system.find(root))
    folders = sorted({file.parent for file in files if _belongs(file.name) and not _hidden(file, root)})
    return [system.unstrip_protocol(str(folder)) for folder in folders] or [text]


def _folders_below(root: str) -> list[str]:
    """Folders with recordings, each once in spite of links, and folders that cannot be listed."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    for folder, inner, names in os.walk(root, followlinks=True, onerror=lambda e: found.append(e.filename)):
        status = os.stat(folder)
        key = status.st_dev, status.st_ino
        if key in seen:
            inner.clear()
            continue
        seen.add(key)
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        if any(map(_belongs, names)):
            found.append(folder)
    return sorted(found, key=lambda folder: Path(folder).parts) or [root]


def _hidden(file: PurePosixPath, root: str) -> bool:
    """Whether a folder between ``root`` and a file is hidden."""
    return any(part.startswith(".") for part in file.parent.parts[len(PurePosixPath(root).parts) :])


def _belongs(name: str) -> bool:
    """Whether a file of this name is part of a recording."""
    return name == metadata.NAME or is_recording(Path(name))


def _fetch(address: str, folder: Path) -> Path:
    """Copy a recording, a file or the files of a folder, into ``folder``."""
    system, root = _filesystem(address)
    if not system.exists(root):
        raise BagError(f"there is nothing at {address}")
    place = folder / (PurePosixPath(root).name or "recording")
    if not system.isdir(root):
        system.get_file(root, str(place))
        return place
    place.mkdir()
    for entry in system.ls(root, detail=True):
        name = PurePosixPath(entry["name"]).name
        if entry["type"] == "file" and name not in ("", ".", ".."):
            system.get_file(entry["name"], str(place / name))
    return place


def _filesystem(address: str) -> tuple[Any, str]:
    try:
        core = importlib.import_module("fsspec.core")
    except ImportError:
        raise ImportError(f"{address} is read with fsspec: pip install itnnr_ik[dask]") from None
    system, root = core.url_to_fs(address)
    return system, root
