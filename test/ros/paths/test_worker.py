"""One job at a time on another thread, told of on the node's."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future
from typing import Any

import pytest
from probe import Probe
from processes import ANSWER_TIMEOUT
from rclpy.node import Node

from itnnr_ik.ros.paths import Worker
from itnnr_ik.ros.status import Code, RejectedError


class Jobs:
    """A worker, a job that goes on until it may end, and what is told, on which thread."""

    def __init__(self, probe: Probe) -> None:
        self.worker, self.may_end = Worker(probe.node), threading.Event()
        self.told: list[tuple[Future[Any], threading.Thread]] = []

    def job(self) -> threading.Thread:
        assert self.may_end.wait(ANSWER_TIMEOUT)
        return threading.current_thread()

    def tell(self, ended: Future[Any]) -> None:
        self.told.append((ended, threading.current_thread()))


def test_a_job_runs_beside_the_node(probe: Probe) -> None:
    """On a thread of its own; its end wakes the node, which is told on its own thread."""
    jobs = Jobs(probe)
    jobs.worker.start(jobs.job, jobs.tell)
    probe.spin_for(0.1)
    assert jobs.told == []
    jobs.may_end.set()
    probe.spin_until(lambda: bool(jobs.told), ANSWER_TIMEOUT, "the end of a job")
    ended, told_on = jobs.told[0]
    assert told_on is threading.current_thread()
    assert ended.result() is not threading.current_thread()


def test_a_failure_is_told(probe: Probe) -> None:
    """As what it is: of a defect nothing is swallowed."""
    jobs = Jobs(probe)
    jobs.worker.start(lambda: 1 / 0, jobs.tell)
    probe.spin_until(lambda: bool(jobs.told), ANSWER_TIMEOUT, "the end of a job")
    with pytest.raises(ZeroDivisionError):
        jobs.told[0][0].result()


def test_one_job_at_a_time(probe: Probe) -> None:
    """A second one is refused, and taken once the first is told of."""
    jobs = Jobs(probe)
    jobs.worker.start(jobs.job, jobs.tell)
    with pytest.raises(RejectedError, match="one path at a time") as caught:
        jobs.worker.start(jobs.job, jobs.tell)
    assert caught.value.code is Code.BUSY
    jobs.may_end.set()
    probe.spin_until(lambda: bool(jobs.told), ANSWER_TIMEOUT, "the end of a job")
    jobs.worker.start(jobs.job, jobs.tell)
    probe.spin_until(lambda: len(jobs.told) == 2, ANSWER_TIMEOUT, "the end of the next")


def test_what_was_cancelled_is_told_once(probe: Probe) -> None:
    """At once, with why; the next waits until the thread is free, and gets its own result."""
    jobs = Jobs(probe)
    jobs.worker.cancel("nothing is to do")
    assert jobs.told == []
    jobs.worker.start(jobs.job, jobs.tell)
    jobs.worker.cancel("the node was paused")
    jobs.worker.cancel("once more")
    with pytest.raises(RejectedError, match="cancelled: the node was paused") as caught:
        jobs.told[0][0].result()
    assert caught.value.code is Code.CANCELLED
    with pytest.raises(RejectedError, match="though that was cancelled"):
        jobs.worker.start(jobs.job, jobs.tell)
    jobs.may_end.set()

    def begin_next() -> None:
        try:
            jobs.worker.start(lambda: "next", jobs.tell)
        except RejectedError as busy:
            assert busy.code is Code.BUSY

    probe.repeat_until(begin_next, lambda: len(jobs.told) > 1, "the end of the next")
    assert jobs.told[1][0].result() == "next"


def test_the_interpreter_is_as_before_though_the_node_is_gone(probe: Probe) -> None:
    """A job shares it more often with others, and gives that back at its own end."""
    usual, node = sys.getswitchinterval(), Node("gone", context=probe.node.context)
    worker, began, may_end = Worker(node), threading.Event(), threading.Event()

    def job() -> None:
        began.set()
        assert may_end.wait(ANSWER_TIMEOUT)

    worker.start(job, lambda _: None)
    assert began.wait(ANSWER_TIMEOUT)
    assert sys.getswitchinterval() < usual
    node.destroy_node()
    may_end.set()
    for thread in threading.enumerate():
        if thread.name == "paths":
            thread.join(ANSWER_TIMEOUT)
    assert sys.getswitchinterval() == usual
