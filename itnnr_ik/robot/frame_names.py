"""Names of frames as tf2 has them."""

from __future__ import annotations


def without_slash(name: str) -> str:
    """A frame's name without the leading slash that ROS 1 allowed, and that has no meaning."""
    return name.removeprefix("/")
