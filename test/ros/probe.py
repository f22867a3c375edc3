"""Processes under test, and a real node of the test's own that talks to them over DDS."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from processes import ANSWER_TIMEOUT, START_TIMEOUT, Process
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState

from itnnr_ik.ros.status import stamp_text

#: How long a silence must last to count as one, in [s].
SILENCE = 0.3
#: Time [s] for a server to discover a client, and after which a request may be repeated.
DISCOVERY, REPEAT_PERIOD = 0.05, 5.0

_namespaces = (f"/probe_{i}" for i in count(1))


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


class Probe:
    """A namespace of its own: starts executables there, talks to them, and keeps whatever comes back.

    Args:
        folder: For the output of the processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[Process] = []
        self.namespace = next(_namespaces)
        self.node = Node("probe", namespace=self.namespace)
        self.solutions: list[JointState] = []
        self.statuses: list[DiagnosticStatus] = []
        self.joint_states: list[JointState] = []
        self.targets = self.node.create_publisher(PoseStamped, "target_pose", 10)
        self.states = self.node.create_publisher(JointState, "joint_states", 10)
        self.commands = self.node.create_publisher(JointState, "joint_solution", 10)
        self.node.create_subscription(JointState, "joint_solution", self.solutions.append, 100)
        self.node.create_subscription(JointState, "joint_states", self.joint_states.append, 100)
        self.node.create_subscription(DiagnosticStatus, "itnnr_ik/status", self.statuses.append, 100)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._sent = 0

    def close(self) -> None:
        for process in self._processes:
            process.close()
        self._executor.shutdown()
        self.node.destroy_node()

    def serve(self, node: Node) -> None:
        """Spin another node of the test with this one."""
        self._executor.add_node(node)

    def start(
        self, module: str, *ros_args: str, python_path: Path | None = None, fresh: bool = False
    ) -> Process:
        """Start an executable here, see `Process`; it is ended with the probe."""
        log = self._folder / f"{len(self._processes)}_{module}.txt"
        place = ("-r", f"__ns:={self.namespace}")
        self._processes.append(Process(module, log, *place, *ros_args, python_path=python_path, fresh=fresh))
        return self._processes[-1]

    def start_ik_node(self, *ros_args: str, fresh: bool = False) -> Process:
        """Start an ik_node and wait until it and this probe hear each other.

        Joint states and targets never grow old, on a machine however busy, unless the test says when.
        """
        for name in ("joint_state_timeout", "target_timeout"):
            if not any(name in argument for argument in ros_args):
                ros_args = ("-p", f"{name}:=3600", *ros_args)
        process = self.start("ik_node", *ros_args, fresh=fresh)
        self.spin_until(
            lambda: bool(process.output) or not process.alive(), START_TIMEOUT, "the node's first words"
        )
        assert process.alive(), process.output
        self.wait_for_ik_node()
        return process

    def wait_for_ik_node(self) -> None:
        """Wait until an ik_node that was started and this probe hear each other."""
        self.repeat_until(
            lambda: self.targets.publish(self.target(math.nan, 0.0)),
            lambda: (
                bool(self.statuses)
                # The probe subscribes joint states and publishes solutions too.
                and self.states.get_subscription_count() >= 2
                and self.node.count_publishers("joint_solution") >= 2
            ),
            "a running ik_node",
        )
        self.spin_for(SILENCE)
        self.clear()

    def start_simulator(self, *ros_args: str, fresh: bool = False) -> Process:
        """Start a simulator and wait until it and this probe hear each other."""
        process = self.start("simulator", *ros_args, fresh=fresh)
        solutions = not any("command_out_type" in argument for argument in ros_args)
        self.spin_until(
            lambda: (
                bool(self.joint_states) and (not solutions or self.commands.get_subscription_count() >= 2)
            ),
            START_TIMEOUT,
            "a running simulator",
        )
        self.spin_for(SILENCE)
        self.clear()
        return process

    def clear(self) -> None:
        """Forget what has come."""
        for received in (self.solutions, self.statuses, self.joint_states):
            received.clear()

    def spin_until(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Receive until ``condition`` holds; an AssertionError that says ``what`` did not come in time."""
        deadline = time.monotonic() + timeout
        while not condition():
            self._check_time(deadline, f"{what} did not come within {timeout} s")
            self._executor.spin_once(timeout_sec=0.1)

    def spin_once(self, timeout: float) -> None:
        """Receive one message, if one comes within ``timeout`` [s]."""
        self._executor.spin_once(timeout_sec=timeout)

    def spin_for(self, duration: float) -> None:
        """Receive for ``duration`` [s]."""
        deadline = time.monotonic() + duration
        while (left := deadline - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left)

    def repeat_until(self, send: Callable[[], None], condition: Callable[[], bool], what: str) -> None:
        """Send again and again until ``condition`` holds: what is sent before discovery ends is lost."""
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            self._check_time(deadline, f"{what} did not come within {START_TIMEOUT} s")
            send()
            self.spin_for(0.1)

    def _check_time(self, deadline: float, text: str) -> None:
        if time.monotonic() >= deadline:
            outputs = "\n".join(process.output for process in self._processes)
            raise AssertionError(f"{text}; the processes said:\n{outputs}")

    def send_joint_state(
        self, names: Sequence[str], positions: Sequence[float], settle: float = 0.1, **fields: object
    ) -> None:
        """Send a joint state and give it ``settle`` [s] to arrive before anything else is sent."""
        self.states.publish(JointState(name=list(names), position=list(positions), **fields))
        self.spin_for(settle)

    def send_first_joint_state(
        self, names: Sequence[str], positions: Sequence[float], frame: str = "base_link"
    ) -> None:
        """Send a joint state until the node has it: it then tries to solve for a target out of reach."""
        self.repeat_until(
            lambda: self.send_joint_state(names, positions),
            lambda: self.ask(self.target(1e6, 0.0, frame=frame))[0]["code"] == "unreachable",
            "an answer that needs a joint state",
        )
        self.clear()

    def target(self, x: float, y: float, z: float = 0.0, frame: str = "base_link") -> PoseStamped:
        """A target with a stamp of its own, by which its answer is known."""
        message = PoseStamped()
        message.header.frame_id = frame
        self._sent += 1
        message.header.stamp.sec, message.header.stamp.nanosec = 1_700_000_000, self._sent
        message.pose.position.x, message.pose.position.y, message.pose.position.z = x, y, z
        return message

    def pose(self, target: Sequence[float], frame: str = "base_link") -> PoseStamped:
        """A target of 2, 3 or 7 numbers, as a solver takes it."""
        numbers = [float(number) for number in target]
        message = self.target(*numbers[:3], frame=frame)
        if len(numbers) == 7:
            q = message.pose.orientation
            q.x, q.y, q.z, q.w = numbers[3:]
        return message

    def call(self, service: Any, name: str, request: Any, repeat: bool = False) -> Any:
        """The response of a service; a request that changes nothing may be repeated.

        A response is lost if the server has not discovered the client yet, which no one can see from here.
        """
        client = self.node.create_client(service, name)
        self.spin_until(client.service_is_ready, START_TIMEOUT, f"service {name}")
        self.spin_for(DISCOVERY)
        futures = [client.call_async(request)]
        sent = time.monotonic()

        def answered() -> bool:
            nonlocal sent
            if repeat and time.monotonic() - sent > REPEAT_PERIOD:
                futures.append(client.call_async(request))
                sent = time.monotonic()
            return any(future.done() for future in futures)

        self.spin_until(answered, ANSWER_TIMEOUT, f"a response of {name}")
        self.node.destroy_client(client)
        return next(future.result() for future in futures if future.done())

    def answer(self, target: PoseStamped) -> DiagnosticStatus:
        """Send a target and wait for its status."""
        self.targets.publish(target)
        stamp = stamp_text(target.header.stamp)
        self.spin_until(
            lambda: bool(self._answers(stamp)), ANSWER_TIMEOUT, f"a status for the target of {stamp}"
        )
        return self._answers(stamp)[0]

    def ask(self, target: PoseStamped) -> tuple[dict[str, str], DiagnosticStatus, JointState | None]:
        """Send a target; the values of its one status, the status, and its solution or None."""

        def solution() -> JointState | None:
            return next((s for s in self.solutions if s.header.stamp == target.header.stamp), None)

        status = self.answer(target)
        stamp = stamp_text(target.header.stamp)
        if values_of(status)["code"] == "solved":
            self.spin_until(lambda: solution() is not None, ANSWER_TIMEOUT, f"the solution of {stamp}")
        else:
            self.spin_for(SILENCE)
        assert len(self._answers(stamp)) == 1, f"expected one status for the target of {stamp}"
        return values_of(status), status, solution()

    def _answers(self, stamp: str) -> list[DiagnosticStatus]:
        return [status for status in self.statuses if values_of(status).get("stamp") == stamp]
