"""Handling of Ctrl-C: steps that must not be interrupted, workers that ignore it, and the exit status."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit status of a process that was ended by Ctrl-C, as shells expect it: 128 + SIGINT.
INTERRUPTED_STATUS = 130


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer SIGINT and SIGTERM until the block has ended.

    Masking them in this thread is not enough: another thread would receive them, and Python would run their
    handlers in this one.
    """
    if threading.current_thread() is not threading.main_thread():  # where Python runs no handlers
        yield
        return
    deferred: list[int] = []

    def defer(number: int, frame: FrameType | None) -> None:
        deferred.append(number)

    # A handler that was installed by C code could not be restored, and stays.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not None]
    previous = {number: signal.signal(number, defer) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for signal_number in deferred:
            signal.raise_signal(signal_number)


def ignore_sigint() -> None:
    """Ignore SIGINT in a worker: a terminal sends Ctrl-C to all processes, and the parent handles it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
