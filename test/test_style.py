"""The linters, as `make lint` runs them; their settings are in pyproject.toml."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("command", "libraries"),
    [
        (("ruff", "check", "--quiet"), ()),
        (("ruff", "format", "--check", "--quiet"), ()),
        (("mypy",), ("torch", "rclpy")),  # it reads their types, and says otherwise without them
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_style(root: Path, command: tuple[str, ...], libraries: tuple[str, ...]) -> None:
    """The linter finds nothing."""
    for module in (command[0], *libraries):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}, which is not installed")
    if "rclpy" in libraries:
        from rclpy.publisher import Publisher

        if not hasattr(Publisher, "__class_getitem__"):
            pytest.skip("needs an rclpy that says its types, as Kilted's does and Jazzy's does not")
    result = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True)
    if result.returncode != 0:
        pytest.fail(f"{' '.join(command)} found:\n{result.stdout}{result.stderr}", pytrace=False)
