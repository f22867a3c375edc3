"""What the launch files have in common."""

from __future__ import annotations

from pathlib import Path


def existing_file(path: str) -> str:
    """The path of a file of parameters; launch itself would only warn, and start with defaults.

    Raises:
        ValueError: There is no such file.
    """
    if not Path(path).is_file():
        raise ValueError(f"expected a file of parameters as params_file, got {path!r}: there is no such file")
    return path
