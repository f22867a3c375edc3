"""A real Dask scheduler and its workers, as processes; tests that need them are skipped without Dask."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

Worker = subprocess.Popen[bytes]


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[tuple[str, list[Worker]]]:
    """The address of a scheduler, and its workers of one thread each."""
    if find_spec("distributed") is None:
        pytest.skip("needs dask.distributed, which is not installed")
    started: list[Worker] = []
    contact = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def start(kind: str, *options: str) -> None:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--scheduler-file", str(contact)]
        with (folder / "log.txt").open("ab") as log:
            started.append(subprocess.Popen([*command, *options], stdout=log, stderr=log, env=environment))

    try:
        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        for _ in range(workers):
            start(
                *("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard"),
                *("--local-directory", str(folder)),
            )
        deadline = time.monotonic() + 180.0
        while not contact.exists():
            assert time.monotonic() < deadline, (folder / "log.txt").read_text()
            time.sleep(0.05)
        yield json.loads(contact.read_text())["address"], started[1:]
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
