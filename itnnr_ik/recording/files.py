"""Finds the data files of a recording, and opens each by the format of its content."""

from __future__ import annotations

from pathlib import Path

from itnnr_ik.files import COMPRESSED_SUFFIX, RECORDING_SUFFIXES, is_recording
from itnnr_ik.recording import database, mcap, ros1
from itnnr_ik.recording.channels import RecordingFile
from itnnr_ik.recording.database import DatabaseFile
from itnnr_ik.recording.mcap import McapFile
from itnnr_ik.recording.records import BagError
from itnnr_ik.recording.ros1 import Ros1File
from itnnr_ik.recording.unpacking import ZSTD_MAGIC, unpack_file


def data_files(path: Path, notes: list[str]) -> list[Path]:
    """The data files of a folder, or the file itself.

    Args:
        path: A folder, or one file.
        notes: A sentence on each file that is left out is appended.

    Raises:
        BagError: ``path`` is neither a folder nor a regular file.
    """
    if not path.is_dir():
        if not path.is_file():
            raise BagError(f"{path} is neither a folder nor a regular file")
        return [path] if is_recording(path) else []
    by_name = {file.name: file for file in sorted(path.iterdir()) if is_recording(file) and not file.is_dir()}
    files = []
    seen: dict[tuple[int, int], str] = {}
    # A link is left out if its target is in the folder too, under its own name.
    for name, file in sorted(by_name.items(), key=lambda item: item[1].is_symlink()):
        if not file.is_file():
            notes.append(f"{name} is no regular file and is left out")
            continue
        status = file.stat()
        first_name = seen.setdefault((status.st_dev, status.st_ino), name)
        if first_name != name:
            notes.append(f"{name} is left out: it is {first_name} once more")
        elif name.endswith(COMPRESSED_SUFFIX) and name[: -len(COMPRESSED_SUFFIX)] in by_name:
            notes.append(f"{name} is left out: {name[: -len(COMPRESSED_SUFFIX)]} is there, too")
        else:
            files.append(file)
    return sorted(files)


def is_packed(file: Path) -> bool:
    """Whether a file is compressed as a whole."""
    return _first_bytes(file).startswith(ZSTD_MAGIC)


def open_file(file: Path, folder: Path, notes: list[str]) -> RecordingFile:
    """Open a data file, unpacked where it is compressed.

    Args:
        file: A regular file.
        folder: An empty one, for copies.
        notes: A sentence on whatever is left out is appended.

    Raises:
        ValueError: Nothing of the file can be read.
    """
    if is_packed(file):
        unpacked = folder / file.name.removesuffix(COMPRESSED_SUFFIX)
        if not unpack_file(file, unpacked):
            notes.append(f"{file.name} is damaged: it cannot be unpacked to its end")
        if not is_packed(unpacked):
            inner = folder / "copies"
            inner.mkdir()
            return _open_unpacked(unpacked, inner)
        raise ValueError("it is compressed twice")
    return _open_unpacked(file, folder)


def _open_unpacked(file: Path, folder: Path) -> RecordingFile:
    beginning = _first_bytes(file)
    if beginning.startswith(mcap.MAGIC):
        return McapFile(file)
    if beginning.startswith(ros1.MAGIC):
        return Ros1File(file)
    if beginning.startswith(database.MAGIC):
        return DatabaseFile(file, folder)
    if not beginning:
        raise ValueError("it is empty")
    raise ValueError("it does not begin as an MCAP file, an SQLite database or a ROS 1 bag")


def _first_bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(16)


def suffixes() -> str:
    """How names of data files end, in words."""
    return f"{', '.join(RECORDING_SUFFIXES[:-1])} or {RECORDING_SUFFIXES[-1]}"
