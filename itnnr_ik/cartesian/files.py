"""Files that a path is written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from itnnr_ik.files import check_folder_of


def check_files(source: Path, outputs: Sequence[Path]) -> None:
    """Raise ValueError unless ``outputs`` can be written beside ``source``: before the work, not after it."""
    taken = [source.resolve()]
    for output in outputs:
        check_folder_of(output)
        if output.is_dir():
            raise ValueError(f"{output} is a folder, expected a file to write to")
        if output.resolve() in taken or (output.exists() and source.exists() and output.samefile(source)):
            raise ValueError(f"{output} is the input or another output, expected a file of its own")
        taken.append(output.resolve())
