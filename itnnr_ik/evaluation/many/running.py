"""Evaluates many recordings on this machine, in this process or in several others."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from tqdm import tqdm

from itnnr_ik.evaluation.many.evaluator import Evaluator, Result
from itnnr_ik.evaluation.many.places import Place
from itnnr_ik.interrupts import ignore_sigint

#: Numbers of places with their results, in the order of completion; closing it stops the work.
Results = Generator[tuple[int, Result], None, None]
Runner = Callable[[Evaluator, Sequence[Place]], Results]

#: Environment variables by which numerical libraries, when imported, choose their number of threads.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: Time [s] that a process gets to end after it has closed its connection.
_JOIN_TIMEOUT = 5.0
#: Number of attempts for a recording whose process dies.
_MAX_ATTEMPTS = 2


def run_here(evaluator: Evaluator, places: Sequence[Place]) -> Results:
    """Evaluate one after the other in this process."""
    for number, place in enumerate(places):
        yield number, evaluator(place)


def run_in_processes(jobs: int) -> Runner:
    """Evaluate in ``jobs`` processes of one thread each.

    A recording whose process dies, for example out of memory, is tried once more in another one.
    """

    def run(evaluator: Evaluator, places: Sequence[Place]) -> Results:
        waiting, attempts = deque(range(len(places))), Counter[int]()
        idle: list[_Worker] = []
        busy: dict[Any, tuple[_Worker, int]] = {}  # by connection
        try:
            while waiting or busy:
                while waiting and len(busy) < jobs:
                    worker, number = idle.pop() if idle else _Worker(evaluator), waiting.popleft()
                    busy[worker.connection] = worker, number
                    worker.start(places[number])
                for connection in wait(list(busy)):
                    worker, number = busy[connection]
                    result = worker.result()
                    del busy[connection]
                    if result is not None:
                        idle.append(worker)
                        yield number, result
                        continue
                    how = worker.ended()
                    attempts[number] += 1
                    if attempts[number] < _MAX_ATTEMPTS:
                        waiting.appendleft(number)
                    else:
                        yield number, Result.failed(places[number].name, f"its process ended {how}, twice")
        finally:
            for worker in (*idle, *(worker for worker, _ in busy.values())):
                worker.kill()

    return run


class _Worker:
    """A process that evaluates one recording after the other.

    Attributes:
        connection: Connection to the process.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, worker_end = context.Pipe()
        self._process = context.Process(target=_work, args=(worker_end, evaluator), daemon=True)
        with _one_thread():
            self._process.start()
        worker_end.close()

    def start(self, place: Place) -> None:
        """Send it a recording; if the process has died, `result` says so."""
        with suppress(OSError):
            self.connection.send(place)

    def result(self) -> Result | None:
        """The result that it sent; None if it has died."""
        try:
            result: Result = self.connection.recv()
        except (EOFError, OSError):
            return None
        return result

    def ended(self) -> str:
        """How the process has ended, in words."""
        self._process.join(_JOIN_TIMEOUT)
        self.kill()
        code = self._process.exitcode or 0
        return f"with signal {signal.Signals(-code).name}" if code < 0 else f"with exit status {code}"

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(connection: Connection, evaluator: Evaluator) -> None:
    ignore_sigint()
    # tqdm's default lock is a semaphore that would leak if this process is killed; no bar is shown here.
    tqdm.set_lock(threading.RLock())
    while True:
        try:
            place = connection.recv()
            connection.send(evaluator(place))
        except (EOFError, OSError):
            return


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are started within use one thread each."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
