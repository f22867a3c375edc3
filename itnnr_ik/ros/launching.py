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


def autostart_argument() -> Any:
    """The launch argument ``autostart``; see `given_autostart`."""
    from launch.actions import DeclareLaunchArgument

    return DeclareLaunchArgument(
        "autostart",
        default_value="",
        choices=["", "true", "false"],
        description="Configure and activate ik_node at start; false where a lifecycle manager does; "
        "empty: as params_file says, or else true",
    )


def given_autostart(text: str) -> dict[str, bool]:
    """ik_node's parameter ``autostart`` by the argument's text; none where that is empty."""
    return {"autostart": text == "true"} if text else {}


def end_of(part: str) -> Callable[[Any, Any], list[Any] | None]:
    """``on_exit`` of a part without which the others would look alive and do nothing."""
    from launch.actions import Shutdown

    def end(event: Any, context: Any) -> list[Any] | None:
        return None if context.is_shutdown else [Shutdown(reason=f"{part} has ended")]

    return end
