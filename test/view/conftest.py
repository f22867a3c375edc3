"""A server for each test, on a port of its own; the folder is skipped where viser cannot be imported."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from skipped import skipped_module

try:
    import trimesh  # noqa: F401
    import viser  # noqa: F401
except ImportError as error:
    _MISSING = f"needs viser and trimesh: {error}"
else:
    _MISSING = ""
    from view_thread import ViewThread


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return skipped_module(module_path, parent, _MISSING)


@pytest.fixture
def open_view() -> Iterator[Callable[..., ViewThread]]:
    """Opens `itnnr-ik view` with the words that follow the command, ticking in a thread of its own."""
    from itnnr_ik.cli import view as command

    with ExitStack() as stack:

        def start(*words: str) -> ViewThread:
            parser = ArgumentParser()
            command.add_arguments(parser)
            args = parser.parse_args([*words, "--port", "0"])
            return stack.enter_context(ViewThread(command.open_view(args, stack)))

        yield start
