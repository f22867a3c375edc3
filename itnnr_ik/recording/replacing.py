"""Outputs that are written beside their place and moved there at the end: nothing is lost on the way."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from itnnr_ik.recording.records import BagError


def replace_file(path: Path, content: bytes) -> None:
    """Write a file, in place of one that may be there: who reads it sees all of it, or what was before."""
    place = path.resolve()  # a link stays one
    with _beside(place) as written:
        written.write_bytes(content)
        os.replace(written, place)


def as_bytes(page: str) -> bytes:
    """A page in UTF-8; what of a file's name is none is escaped."""
    return page.encode("utf-8", "backslashreplace")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder, yet to be made, which becomes ``path`` at the end; on an error all is as it was.

    Where ``path`` is a folder already, its other files stay.
    """
    place = path.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    with _beside(place) as written:
        yield written
        if place.is_dir():
            for file in sorted(written.iterdir()):
                os.replace(file, place / file.name)
        else:
            os.replace(written, place)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """A path of the same name in a folder of its own, on the same file system."""
    folder = Path(tempfile.mkdtemp(prefix=".itnnr_", dir=place.parent))
    try:
        yield folder / place.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_place(path: Path, recording: Path | None) -> None:
    """Refuse a place to write to that belongs to something else: before the work, not after it.

    Args:
        path: A file or a folder that is to be written.
        recording: What is being read.

    Raises:
        BagError: ``path`` is within the recording, or is one of its files, or a link that leads to another
            folder than its own.
    """
    place = path.resolve()
    if path.is_symlink() and place.parent != path.parent.resolve():
        raise BagError(f"{path} is a link to {place}: expected a place to write to, in its own folder")
    if recording is None:
        return
    own = [recording.resolve(), *(file.resolve() for file in _contents(recording))]
    if recording.is_dir() and own[0] in place.parents:
        raise BagError(f"{path} is within the recording {recording}: expected a place outside it")
    if place.exists() and any(file.exists() and place.samefile(file) for file in own):
        raise BagError(f"{path} is a part of the recording {recording}: expected a place outside it")


def _contents(recording: Path) -> Sequence[Path]:
    return list(recording.iterdir()) if recording.is_dir() else []
