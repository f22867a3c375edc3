"""Ctrl-C: steps that it may not divide, processes that it is not for, and what a shell is told of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit status that a shell takes for ended by Ctrl-C.
INTERRUPTED = 130


@contextmanager
def uninterrupted() -> Iterator[None]:
    """SIGINT and SIGTERM wait until the block has ended; what they do is done then.

    To mask them in this thread would not do: another one would get them, and Python run their handler here.
    """
    if threading.current_thread() is not threading.main_thread():  # where Python runs no handlers
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def leave_to_parent() -> None:
    """Ignore SIGINT in a worker: Ctrl-C reaches every process of a terminal, and the parent acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
