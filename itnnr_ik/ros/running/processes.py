"""Nodes as child processes: started, watched, and always ended."""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from itnnr_ik.interrupts import uninterrupted

_ROS_MODULES = (
    "rclpy",
    "builtin_interfaces.msg",
    "diagnostic_msgs.msg",
    "geometry_msgs.msg",
    "rosgraph_msgs.msg",
    "sensor_msgs.msg",
    "std_srvs.srv",
    "trajectory_msgs.msg",
    "visualization_msgs.msg",
)
_ROS_WHEELS = (
    "ros-rclpy",
    "ros-rmw-fastrtps-cpp",
    "ros-diagnostic-msgs",
    "ros-geometry-msgs",
    "ros-rosgraph-msgs",
    "ros-sensor-msgs",
    "ros-std-srvs",
    "ros-trajectory-msgs",
    "ros-visualization-msgs",
)
#: Timeouts of processes that start and discover each other, and that are stopped [s].
_CONNECT_TIMEOUT, _STOP_TIMEOUT = 30.0, 4.0
_TAIL_LINES = 8
#: Number of participants of a domain whose ports are probed.
_PARTICIPANTS = 20
#: Sockets that reserve the domains of this process.
_claims: list[socket.socket] = []


class ChildDiedError(RuntimeError):
    """A node ended that should be running, or with a failure; the message ends in its last output."""


def check_ros(who: str) -> None:
    """Raise an ImportError that says what ``who`` needs and how to install it if a ROS package is missing."""
    try:
        for module in _ROS_MODULES:
            importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{who} runs real ROS 2 nodes, but {error}: source a ROS 2 installation, or "
            f"pip install {' '.join(_ROS_WHEELS)}"
        ) from None


def end_on_sigterm() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does, so that the children are ended too."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def isolated_environment(log_folder: Path) -> dict[str, str]:
    """Environment variables that isolate the demo's nodes from all others, on this machine and elsewhere."""
    environment = {
        "ROS_DOMAIN_ID": str(_free_domain()),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_LOG_DIR": str(log_folder),
        "PYTHONUNBUFFERED": "1",
    }
    if os.environ.get("ROS_DISTRO") == "humble":  # knows no discovery range yet
        environment["ROS_LOCALHOST_ONLY"] = "1"
    return environment


def _free_domain() -> int:
    """A DDS domain without a participant on this machine, reserved until this process ends.

    The search starts at a number by the process id, so that two demos starting at once seldom collide.
    """
    first = os.getpid() % 100
    for domain in (1 + (first + i) % 100 for i in range(100)):
        # Discovery port of a domain's first participant; the others' follow in steps of 2 (RTPS 9.6.1.1).
        port = 7400 + 250 * domain + 10
        # DDS does not use the TCP port of that number: holding it reserves the domain until this process
        # ends, as its first participant may start later than the next search.
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind(("", port))
            for participant in range(_PARTICIPANTS):  # the first may have left, and others not
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("", port + 2 * participant))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return domain
    raise RuntimeError("no free ROS domain from 1 to 100 on this machine")


def wait_until_connected(connected: Callable[[], bool], spin: Callable[[], None], who: str) -> None:
    """Spin until ``who`` is connected with this process.

    Raises:
        RuntimeError: That takes too long; the message says what may be wrong.
    """
    deadline = time.monotonic() + _CONNECT_TIMEOUT
    while not connected():
        spin()
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"{who} did not connect within {_CONNECT_TIMEOUT:g} s; "
                "is UDP on the loopback interface blocked?"
            )


def ros_arguments(parameters: Mapping[str, Any], namespace: str) -> list[str]:
    """``--ros-args`` that set ``parameters`` and the namespace. JSON is what ROS reads as YAML."""
    arguments = ["--ros-args", "-r", f"__ns:={namespace}"]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={json.dumps(value)}"]
    return arguments


class Children:
    """Nodes in one namespace that end with the ``with`` statement that holds them, whatever ended it.

    Args:
        log_folder: What each of them prints goes to a file there.
        namespace: Of the nodes and their topics.
    """

    def __init__(self, log_folder: Path, namespace: str) -> None:
        self._log_folder = log_folder
        self._namespace = namespace
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def start(self, name: str, module: str, parameters: Mapping[str, Any]) -> None:
        """Run ``module``, a node, in a Python of its own with ``parameters``."""
        with self._log(name).open("wb") as log, uninterrupted():
            # In a session of its own a child does not get the terminal's Ctrl-C, and is ended from here.
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", module, *ros_arguments(parameters, self._namespace)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def finished(self, name: str) -> bool:
        """Whether the child called ``name`` has ended, as it should; forgets it then.

        Raises:
            ChildDiedError: It ended with a failure, or another child has ended.
        """
        for other, process in list(self._running.items()):
            status = process.poll()
            if status is None:
                continue
            if other != name or status != 0:
                raise ChildDiedError(f"{other} ended with status {status}: {self._last_words(other)}")
            del self._running[other]
            return True
        return False

    def check(self) -> None:
        """Raise ChildDiedError if any child has ended."""
        self.finished("")

    def stop(self) -> None:
        """Interrupt every child, and kill those that do not end by themselves."""
        running, self._running = self._running, {}
        for process in running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + _STOP_TIMEOUT
        for process in running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _log(self, name: str) -> Path:
        return self._log_folder / f"{name}.txt"

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").strip().splitlines()
        return "\n  ".join(["", *lines[-_TAIL_LINES:]]) if lines else "it printed nothing"
