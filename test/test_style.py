"""The linters, as `make lint` runs them; their settings are in pyproject.toml."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "--quiet"), ("ruff", "format", "--check", "--quiet"), ("mypy",)],
    ids=" ".join,
)
def test_style(root: Path, command: tuple[str, ...]) -> None:
    """The linter has nothing to say."""
    if importlib.util.find_spec(command[0]) is None:
        pytest.skip(f"needs {command[0]}, which is not installed")
    result = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True)
    if result.returncode != 0:
        pytest.fail(f"{' '.join(command)} found:\n{result.stdout}{result.stderr}", pytrace=False)
