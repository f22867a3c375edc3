"""A thread for long jobs, so that they do not block a node."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from rclpy.exceptions import InvalidHandle
from rclpy.node import Node

from itnnr_ik.ros.status import Code, RejectedError

T = TypeVar("T")

#: Python's thread switch interval [s] during a job, and its default: 5 ms, a few times for each message,
#: would be as long as the time between two targets.
_SWITCH_INTERVAL, _DEFAULT_SWITCH_INTERVAL = 5e-4, sys.getswitchinterval()


class Worker:
    """Runs one job at a time on a thread of its own, and reports its end on the node's thread.

    All methods are to be called on the thread that the node spins in.

    Args:
        node: Its executor is woken by the end of a job.
    """

    def __init__(self, node: Node) -> None:
        self._ended = node.create_guard_condition(self._deliver)
        self._job: Future[Any] | None = None
        self._report: Callable[[Future[Any]], None] | None = None

    def start(self, job: Callable[[], T], report: Callable[[Future[T]], None]) -> None:
        """Begin a job.

        Args:
            job: Called on the other thread.
            report: Called once with its result or error, or with the reason for its cancellation.

        Raises:
            RejectedError: A job is running, possibly one that was cancelled (``busy``).
        """
        if self._job is not None:
            text = "expected one path at a time, got a second one while the first is being solved"
            what = text if self._report is not None else f"{text}, though that was cancelled"
            raise RejectedError(Code.BUSY, what)
        self._job, self._report = Future(), report
        # A daemon, so that the process does not wait for it at its end.
        threading.Thread(target=self._run, args=(job, self._job), name="paths", daemon=True).start()

    def cancel(self, why: str) -> None:
        """Report that the job was cancelled, if there is one, and ignore its result."""
        if self._report is not None:
            cancelled: Future[Any] = Future()
            cancelled.set_exception(RejectedError(Code.CANCELLED, f"cancelled: {why}"))
            report, self._report = self._report, None
            report(cancelled)

    def _run(self, job: Callable[[], Any], ended: Future[Any]) -> None:
        try:
            with _interpreter_shared():
                result = job()
            ended.set_result(result)
        except BaseException as error:
            ended.set_exception(error)
        with suppress(InvalidHandle):  # the node is gone
            self._ended.trigger()

    def _deliver(self) -> None:
        if self._job is None or not self._job.done():
            return
        job, report = self._job, self._report
        self._job = self._report = None
        if report is not None:
            report(job)


@contextmanager
def _interpreter_shared() -> Iterator[None]:
    """Let waiting threads have the interpreter after `_SWITCH_INTERVAL` meanwhile."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(_DEFAULT_SWITCH_INTERVAL)
