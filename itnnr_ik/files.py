"""Files that strangers wrote: read whole, up to a size, and never waited for; and where new ones can be."""

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

#: How names of data files of recordings end, and of compressed ones after that.
RECORDINGS, COMPRESSED = (".mcap", ".db3", ".bag"), ".zstd"
_MEBIBYTE = 2**20
#: A whole number of more digits is taken as a floating-point one, which is infinite where that is too large.
_DIGITS = 300


def read_bytes(path: str | os.PathLike[str], most: int) -> bytes:
    """Content of a regular file of at most ``most`` bytes.

    Raises:
        OSError: There is none, it is a folder, a pipe or a device, it is larger, or it cannot be read.
    """
    # Looked at before it is opened: to open a pipe is to wait, and to open a device may be to start it.
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Not a regular file", path)
    # Files of /proc may have no size and no end, and make their readers wait.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if os.fstat(file.fileno()).st_size <= most:
            content = file.read(most + 1) or b""
            if len(content) <= most:
                return content
    raise OSError(errno.EFBIG, f"Larger than {most / _MEBIBYTE:g} MiB", path)


def read_json(path: str | os.PathLike[str], most: int) -> Any:
    """What a file of at most ``most`` bytes has in JSON.

    Raises:
        OSError: See `read_bytes`.
        ValueError: It is not JSON in UTF-8, too deeply nested, or has a name twice in one object.
    """
    text = read_bytes(path, most).decode("utf-8-sig")
    try:
        return json.loads(text, parse_int=_whole, object_pairs_hook=_unambiguous)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def check_folder_of(path: Path) -> None:
    """Raise ValueError unless there is a folder to write ``path`` to: before the work, not after it."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise ValueError(f"no folder {folder} to write {path.name} to")


def check_outputs(inputs: Iterable[Path | None], outputs: Iterable[Path | None]) -> None:
    """Raise ValueError unless files can be written, each to a place of its own: before the work, not after.

    Args:
        inputs: What is read; None for nothing.
        outputs: What is written: files, or new folders.
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
    """Raise ValueError unless ``folder`` can be made or written to, and is no recording; it is not made."""
    place = folder.resolve()
    if place.exists() and not place.is_dir():
        raise ValueError(f"{folder} is a file, expected a folder or nothing")
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"cannot write to {existing}")
    if place.is_dir() and any(is_recording(file) for file in place.iterdir()):
        raise ValueError(f"{folder} is a recording, expected another folder or nothing")


def is_recording(file: Path) -> bool:
    """Whether a file is called as data files of recordings are, compressed or not."""
    return file.name.removesuffix(COMPRESSED).endswith(RECORDINGS)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {shown(name)} stands twice in one object")
    return members
