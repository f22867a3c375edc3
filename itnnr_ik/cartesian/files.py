"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def check_files(source: Path, outputs: Sequence[Path]) -> None:
    """Raise ValueError unless ``outputs`` can be written beside ``source``: before the work, not after it."""
    taken = [source.resolve()]
    for output in outputs:
        folder = output.resolve().parent
        if not folder.is_dir():
            raise ValueError(f"no folder {folder} to write {output.name} to")
        if output.is_dir():
            raise ValueError(f"{output} is a folder, expected a file to write to")
        if output.resolve() in taken or (output.exists() and source.exists() and output.samefile(source)):
            raise ValueError(f"{output} is the input or another output, expected a file of its own")
        taken.append(output.resolve())


def write_file(file: Path, content: bytes) -> None:
    """Write beside the file, then rename: who reads it sees all of it, or what was there before."""
    file = file.resolve()  # a link stays one
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
