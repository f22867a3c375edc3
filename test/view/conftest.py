"""A server for each test, on a port of its own; the folder is skipped where viser cannot be imported."""

from __future__ import annotations

import importlib.util
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

if importlib.util.find_spec("viser") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from view_thread import ViewThread


@pytest.fixture
def open_view() -> Iterator[Callable[..., ViewThread]]:
    """Opens `itnnr-ik view` with the words that follow the command, ticking in a thread of its own."""
    from itnnr_ik.view import command

    with ExitStack() as stack:

        def start(*words: str) -> ViewThread:
            parser = ArgumentParser()
            command.add_arguments(parser)
            args = parser.parse_args([*words, "--port", "0"])
            return stack.enter_context(ViewThread(command.open_view(args, stack)))

        yield start
