"""Atomic outputs: written beside their destination, and moved there when they are complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from itnnr_ik.recording.records import BagError


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically, in place of one that may exist."""
    destination = path.resolve()  # a link is kept; its target is replaced
    with _temporary_path(destination) as temporary:
        temporary.write_bytes(content)
        os.replace(temporary, destination)


def as_bytes(page: str) -> bytes:
    """A page in UTF-8; characters of file names that are not valid are escaped."""
    return page.encode("utf-8", "backslashreplace")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A path for a new folder, which is moved to ``path`` at the end, and removed on an error.

    If ``path`` is an existing folder, the new files are moved into it.
    """
    destination = path.resolve()
    destination.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_path(destination) as temporary:
        yield temporary
        if destination.is_dir():
            for file in sorted(temporary.iterdir()):
                os.replace(file, destination / file.name)
        else:
            os.replace(temporary, destination)


@contextmanager
def _temporary_path(destination: Path) -> Iterator[Path]:
    """A path of the same name in a temporary folder on the same file system."""
    folder = Path(tempfile.mkdtemp(prefix=".itnnr_", dir=destination.parent))
    try:
        yield folder / destination.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_place(path: Path, recording: Path | None) -> None:
    """Raise BagError, before the work is done, if an output would be written over something else.

    Args:
        path: The file or folder that is to be written.
        recording: The recording that is read, if any.

    Raises:
        BagError: ``path`` is within the recording, or is one of its files, or a link that leads to another
            folder than its own.
    """
    destination = path.resolve()
    if path.is_symlink() and destination.parent != path.parent.resolve():
        raise BagError(f"{path} is a link to {destination}: expected a place to write to, in its own folder")
    if recording is None:
        return
    own = [recording.resolve(), *(file.resolve() for file in _contents(recording))]
    if recording.is_dir() and own[0] in destination.parents:
        raise BagError(f"{path} is within the recording {recording}: expected a place outside it")
    if destination.exists() and any(file.exists() and destination.samefile(file) for file in own):
        raise BagError(f"{path} is a part of the recording {recording}: expected a place outside it")


def _contents(recording: Path) -> Sequence[Path]:
    return list(recording.iterdir()) if recording.is_dir() else []
