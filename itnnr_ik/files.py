"""Reads untrusted files up to a maximal size without blocking, and checks places for new ones."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from itnnr_ik.forms import shown

RECORDING_SUFFIXES = (".mcap", ".db3", ".bag")  # of data files of recordings
COMPRESSED_SUFFIX = ".zstd"  # after one of those
_MEBIBYTE = 2**20  # [bytes]
#: An integer with more digits is read as a float, which is infinite where it is too large.
_MAX_INTEGER_DIGITS = 300


def read_bytes(path: str | os.PathLike[str], max_size: int) -> bytes:
    """Content of a regular file of at most ``max_size`` bytes.

    Raises:
        OSError: It does not exist, is a folder, a pipe or a device, is larger, or cannot be read.
    """
    # Checked before it is opened: opening a pipe blocks, and opening a device may start it.
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Not a regular file", path)
    # Files of /proc may have no size and no end, and may block their readers.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if os.fstat(file.fileno()).st_size <= max_size:
            content = file.read(max_size + 1) or b""
            if len(content) <= max_size:
                return content
    raise OSError(errno.EFBIG, f"Larger than {max_size / _MEBIBYTE:g} MiB", path)


def read_json(path: str | os.PathLike[str], max_size: int) -> Any:
    """Content of a JSON file of at most ``max_size`` bytes.

    Raises:
        OSError: See `read_bytes`.
        ValueError: It is not JSON in UTF-8, is too deeply nested, or an object has the same name twice.
    """
    text = read_bytes(path, max_size).decode("utf-8-sig")
    try:
        return json.loads(text, parse_int=_parse_integer, object_pairs_hook=_unique_members)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def check_folder_of(path: Path) -> None:
    """Raise ValueError unless the folder of ``path`` exists: called before long work, not after it."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise ValueError(f"no folder {folder} to write {path.name} to")


def check_outputs(inputs: Iterable[Path | None], outputs: Iterable[Path | None]) -> None:
    """Raise ValueError unless every output can be written and is neither an input nor another output.

    Args:
        inputs: Files that are read; None is ignored.
        outputs: Files or new folders to write; None is ignored.
    """
    taken = [path for path in inputs if path is not None]
    for output in outputs:
        if output is None:
            continue
        check_folder_of(output)
        if output.exists() and not output.is_file():
            raise ValueError(f"{output} is no regular file, expected one or nothing")
        for path in taken:
            both = output.exists() and path.exists()
            if output.resolve() == path.resolve() or (both and output.samefile(path)):
                raise ValueError(f"{output} is the input or another output, expected a file of its own")
        taken.append(output)


def check_writable(folder: Path) -> None:
    """Raise ValueError unless ``folder`` can be created or written to, and is no recording."""
    place = folder.resolve()
    if place.exists() and not place.is_dir():
        raise ValueError(f"{folder} is a file, expected a folder or nothing")
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"cannot write to {existing}")
    if place.is_dir() and any(is_recording(file) for file in place.iterdir()):
        raise ValueError(f"{folder} is a recording, expected another folder or nothing")


def is_recording(file: Path) -> bool:
    """Whether a file's name is one of a data file of a recording, compressed or not."""
    return file.name.removesuffix(COMPRESSED_SUFFIX).endswith(RECORDING_SUFFIXES)


def _parse_integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else float(digits)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {shown(name)} stands twice in one object")
    return members
