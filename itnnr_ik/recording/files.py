"""The data files of a recording: which there are, of what kind by their content, and how to open them."""

from __future__ import annotations

from pathlib import Path

from itnnr_ik.files import COMPRESSED, RECORDINGS, is_recording
from itnnr_ik.recording import database, mcap, ros1
from itnnr_ik.recording.channels import RecordingFile
from itnnr_ik.recording.database import DatabaseFile
from itnnr_ik.recording.mcap import McapFile
from itnnr_ik.recording.records import BagError
from itnnr_ik.recording.ros1 import Ros1File
from itnnr_ik.recording.unpacking import ZSTD_MAGIC, unpack_file


def data_files(path: Path, warn_of: list[str]) -> list[Path]:
    """The data files of a folder, or the file itself.

    Args:
        path: A folder, or one file.
        warn_of: Gets a sentence on each file that is left out.

    Raises:
        BagError: ``path`` is neither a folder nor a regular file.
    """
    if not path.is_dir():
        if not path.is_file():
            raise BagError(f"{path} is neither a folder nor a regular file")
        return [path] if is_recording(path) else []
    named = {file.name: file for file in sorted(path.iterdir()) if is_recording(file) and not file.is_dir()}
    files = []
    seen: dict[tuple[int, int], str] = {}
    # A link counts only where its target is not there under its own name.
    for name, file in sorted(named.items(), key=lambda item: item[1].is_symlink()):
        if not file.is_file():
            warn_of.append(f"{name} is no regular file and is left out")
            continue
        status = file.stat()
        same = seen.setdefault((status.st_dev, status.st_ino), name)
        if same != name:
            warn_of.append(f"{name} is left out: it is {same} once more")
        elif name.endswith(COMPRESSED) and name[: -len(COMPRESSED)] in named:
            warn_of.append(f"{name} is left out: {name[: -len(COMPRESSED)]} is there, too")
        else:
            files.append(file)
    return sorted(files)


def is_packed(file: Path) -> bool:
    """Whether a file is compressed as a whole."""
    return _beginning(file).startswith(ZSTD_MAGIC)


def open_file(file: Path, folder: Path, notes: list[str]) -> RecordingFile:
    """Open a data file, unpacked where it is compressed.

    Args:
        file: A regular one.
        folder: An empty one, for copies.
        notes: Gets a sentence on what of it is left out.

    Raises:
        ValueError: Nothing of it can be read.
    """
    if is_packed(file):
        unpacked = folder / file.name.removesuffix(COMPRESSED)
        if not unpack_file(file, unpacked):
            notes.append(f"{file.name} is damaged: it cannot be unpacked to its end")
        if not is_packed(unpacked):
            inner = folder / "copies"
            inner.mkdir()
            return _open_unpacked(unpacked, inner)
        raise ValueError("it is compressed twice")
    return _open_unpacked(file, folder)


def _open_unpacked(file: Path, folder: Path) -> RecordingFile:
    beginning = _beginning(file)
    if beginning.startswith(mcap.MAGIC):
        return McapFile(file)
    if beginning.startswith(ros1.MAGIC):
        return Ros1File(file)
    if beginning.startswith(database.MAGIC):
        return DatabaseFile(file, folder)
    if not beginning:
        raise ValueError("it is empty")
    raise ValueError("it does not begin as an MCAP file, an SQLite database or a ROS 1 bag")


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(16)


def suffixes() -> str:
    """How names of data files end, in words."""
    return f"{', '.join(RECORDINGS[:-1])} or {RECORDINGS[-1]}"
