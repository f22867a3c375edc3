"""A thread for what takes long, so that a node goes on meanwhile."""

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

#: After so long [s] a thread lets others go on that wait for the interpreter, while there is a job: Python's
#: own 5 ms, a few times a message, would be as long as the time between two targets.
_SWITCH, _USUAL = 5e-4, sys.getswitchinterval()


class Worker:
    """Does one job at a time on a thread of its own, and tells of its end on the node's thread.

    All methods are to be called on the thread that the node spins in.

    Args:
        node: Whose executor is woken by the end of a job.
    """

    def __init__(self, node: Node) -> None:
        self._ended = node.create_guard_condition(self._deliver)
        self._job: Future[Any] | None = None
        self._tell: Callable[[Future[Any]], None] | None = None

    def start(self, job: Callable[[], T], tell: Callable[[Future[T]], None]) -> None:
        """Begin a job.

        Args:
            job: Is called on the other thread.
            tell: Is called once with what came of it, or with why it was cancelled.

        Raises:
            RejectedError: There is one, or one that was cancelled has not come to its end (``busy``).
        """
        if self._job is not None:
            text = "expected one path at a time, got a second one while the first is being solved"
            what = text if self._tell is not None else f"{text}, though that was cancelled"
            raise RejectedError(Code.BUSY, what)
        self._job, self._tell = Future(), tell
        # Nothing to wait for when the process ends.
        threading.Thread(target=self._run, args=(job, self._job), name="paths", daemon=True).start()

    def cancel(self, why: str) -> None:
        """Tell that the job was cancelled, if there is one; what comes of it is dropped."""
        if self._tell is not None:
            cancelled: Future[Any] = Future()
            cancelled.set_exception(RejectedError(Code.CANCELLED, f"cancelled: {why}"))
            tell, self._tell = self._tell, None
            tell(cancelled)

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
        job, tell = self._job, self._tell
        self._job = self._tell = None
        if tell is not None:
            tell(job)


@contextmanager
def _interpreter_shared() -> Iterator[None]:
    """Meanwhile, threads that wait for the interpreter get it after `_SWITCH`, whatever the node does."""
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(_USUAL)
