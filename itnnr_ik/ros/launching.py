"""What the launch files have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def existing_file(path: str) -> str:
    """The path of a file of parameters; launch itself would only warn, and start with defaults.

    Raises:
        ValueError: There is no such file.
    """
    if not Path(path).is_file():
        raise ValueError(f"expected a file of parameters as params_file, got {path!r}: there is no such file")
    return path


def end_of(part: str) -> Callable[[Any, Any], list[Any] | None]:
    """``on_exit`` of a part without which the others would look alive and do nothing."""
    from launch.actions import Shutdown

    def end(event: Any, context: Any) -> list[Any] | None:
        return None if context.is_shutdown else [Shutdown(reason=f"{part} has ended")]

    return end
