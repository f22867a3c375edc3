"""Test modules of folders that need what may not be installed."""

from __future__ import annotations

from pathlib import Path

import pytest


def skipped_module(path: Path, parent: pytest.Collector, why: str) -> pytest.Module | None:
    """A module that says why it is not even imported; None, for the usual one, where there is no reason."""
    if not why:
        return None
    module = _Skipped.from_parent(parent, path=path)
    module.why = why
    return module


class _Skipped(pytest.Module):
    why = ""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(self.why, allow_module_level=True)
