"""Evaluate many recordings on this machine: here, one after the other, or in several processes."""

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
from itnnr_ik.interrupts import leave_to_parent

#: Numbers of places with their results, as they are done; closing it ends what is under way.
Results = Generator[tuple[int, Result], None, None]
Runner = Callable[[Evaluator, Sequence[Place]], Results]

#: What tells numerical libraries, before they are imported, how many threads to start.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: How long [s] a process that closed its connection may take to end.
_GRACE = 5.0
#: A recording whose process dies is tried so often.
_TRIES = 2


def run_here(evaluator: Evaluator, places: Sequence[Place]) -> Results:
    """Evaluate one after the other in this process."""
    for number, place in enumerate(places):
        yield number, evaluator(place)


def run_in_processes(jobs: int) -> Runner:
    """Evaluate in so many processes of one thread each.

    A recording whose process dies, because memory ran out or it was killed, is tried once more in another.
    """

    def run(evaluator: Evaluator, places: Sequence[Place]) -> Results:
        waiting, tried = deque(range(len(places))), Counter[int]()
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
                    tried[number] += 1
                    if tried[number] < _TRIES:
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
        connection: To it.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, evaluator), daemon=True)
        with _one_thread():
            self._process.start()
        theirs.close()

    def start(self, place: Place) -> None:
        """Give it a recording; if it is gone, `result` tells."""
        with suppress(OSError):
            self.connection.send(place)

    def result(self) -> Result | None:
        """What it sent; None where it has died."""
        try:
            result: Result = self.connection.recv()
        except (EOFError, OSError):
            return None
        return result

    def ended(self) -> str:
        """How it has ended by itself, in words."""
        self._process.join(_GRACE)
        self.kill()
        code = self._process.exitcode or 0
        return f"with signal {signal.Signals(-code).name}" if code < 0 else f"with exit status {code}"

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(connection: Connection, evaluator: Evaluator) -> None:
    leave_to_parent()
    # No bar is shown here; tqdm's own lock would be a semaphore that is left behind if this is killed.
    tqdm.set_lock(threading.RLock())
    while True:
        try:
            place = connection.recv()
            connection.send(evaluator(place))
        except (EOFError, OSError):
            return


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are started meanwhile use one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
