"""Executables of the package as processes, in an interpreter of their own or forked from a warm one.

Most of the time that a node takes to start goes into imports. A fork of a process that has done them, and has
not begun with ROS, is as good a process as another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from multiprocessing import forkserver
from pathlib import Path

import itnnr_ik

#: A node that finds no compiled solver compiles it while it is configured.
START_TIMEOUT = 180.0  # [s]
ANSWER_TIMEOUT = 60.0  # [s]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["warm"])


class Process:
    """A process whose output goes to a file.

    Args:
        module: Of `itnnr_ik.ros`, whose ``main`` it runs.
        log: The file.
        ros_args: What follows ``--ros-args``.
        python_path: Modules in it hide others of their names.
        fresh: In an interpreter of its own, as users start it.
    """

    def __init__(
        self, module: str, log: Path, *ros_args: str, python_path: Path | None = None, fresh: bool = False
    ) -> None:
        self._log = log
        arguments, path = ["--ros-args", *ros_args], _python_path(python_path)
        self._popen: subprocess.Popen[bytes] | None = None
        if fresh or python_path is not None:
            with log.open("w") as output:
                self._popen = subprocess.Popen(
                    [sys.executable, "-m", f"itnnr_ik.ros.{module}", *arguments],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "PYTHONPATH": path},
                )
            return
        log.touch()
        _start_server()
        self._fork = _context.Process(target=_run, args=(module, arguments, str(log), dict(os.environ)))
        self._fork.start()

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        pid = self._fork.pid if self._popen is None else self._popen.pid
        assert pid is not None
        return pid

    def alive(self) -> bool:
        return self._fork.is_alive() if self._popen is None else self._popen.poll() is None

    def wait(self, timeout: float = START_TIMEOUT) -> int:
        """Its exit status, once it ends by itself; that of a signal is negative."""
        if self._popen is not None:
            return self._popen.wait(timeout)
        self._fork.join(timeout)
        if self._fork.exitcode is None:
            raise subprocess.TimeoutExpired("a node", timeout)
        return self._fork.exitcode

    def send(self, number: signal.Signals) -> None:
        if self.alive():
            os.kill(self.pid, number)

    def interrupt(self, number: signal.Signals) -> int:
        """Its exit status after a signal."""
        self.send(number)
        return self.wait(ANSWER_TIMEOUT)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.interrupt(signal.SIGKILL)

    def close(self) -> None:
        if self.alive():
            try:
                self.interrupt(signal.SIGTERM)
            except subprocess.TimeoutExpired:
                self.kill()


def _python_path(first: Path | None) -> str:
    parent = str(Path(itnnr_ik.__file__).parents[1])
    return os.pathsep.join(filter(None, [first and str(first), parent, os.environ.get("PYTHONPATH")]))


def _start_server() -> None:
    """Start what processes are forked from, unless it runs; it imports from where the tests do."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = _python_path(Path(__file__).parent)
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _run(module: str, arguments: list[str], log: str, environment: Mapping[str, str]) -> None:
    """In the fork: what ``python -m`` does."""
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [module, *arguments]
    sys.exit(import_module(f"itnnr_ik.ros.{module}").main())
