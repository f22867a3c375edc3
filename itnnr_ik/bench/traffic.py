"""Sends targets and joint states to a node at a constant rate, and times its answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState

from itnnr_ik.bench.round_trip import Exchange
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets import Curve

JOINT_STATE_PERIOD = 0.01  # [s]
_LAP_DURATION = 8.0  # [s]
#: Queue depth of answers, large enough that none is lost here and counted as missing.
_QUEUE_DEPTH = 1000
_ANSWER_TIMEOUT = 1.0  # [s]


class Traffic:
    """Exchanges messages with the node of one namespace, as a robot that is at once where the answers put it.

    Args:
        node: The node that publishes targets and receives answers.
        executor: Executor of ``node``.
        namespace: Namespace of the node that is measured.
        solver: The arm and its task.
        curve: The targets; the robot begins at its start.
    """

    def __init__(
        self,
        node: Node,
        executor: SingleThreadedExecutor,
        namespace: str,
        solver: IKSolver,
        curve: Curve,
    ) -> None:
        self._executor = executor
        self._solver = solver
        self._curve = curve
        self._positions: Sequence[float] = curve.start.tolist()
        self._exchange = Exchange([], [])
        self._series = count(1)
        self._stamp = 0
        self._targets = node.create_publisher(PoseStamped, f"{namespace}/target_pose", 10)
        self._states = node.create_publisher(JointState, f"{namespace}/joint_states", 10)
        node.create_subscription(JointState, f"{namespace}/joint_solution", self._on_answer, _QUEUE_DEPTH)
        self.connected: Callable[[], bool] = lambda: (
            self._targets.get_subscription_count() > 0
            and self._states.get_subscription_count() > 0
            and node.count_publishers(f"{namespace}/joint_solution") > 0
        )

    def exchange(self, rate: float, seconds: float, warm_up: float) -> Exchange:
        """Send ``rate`` targets a second for ``seconds`` [s], after ``warm_up`` [s] of the same untimed."""
        self._send(rate, warm_up)
        return self._send(rate, seconds)

    def _send(self, rate: float, seconds: float) -> Exchange:
        exchange = self._exchange = Exchange([], [])
        # The stamp identifies the exchange and the target of an answer.
        self._stamp = next(self._series)
        arm = self._solver.arm
        target = PoseStamped()
        target.header.frame_id = arm.base_link
        point, quaternion = target.pose.position, target.pose.orientation
        start = due = next_state = time.perf_counter()
        for i in range(max(2, round(rate * seconds))):
            self._spin_until(due)
            now = time.perf_counter()
            if now >= next_state:
                self._states.publish(JointState(name=arm.joint_names, position=self._positions))
                next_state = now + JOINT_STATE_PERIOD
            at = self._curve.at(2.0 * np.pi * (now - start) / _LAP_DURATION)
            point.x, point.y, point.z = self._solver.in_space(at).tolist()
            if self._solver.task.has_orientation:
                quaternion.x, quaternion.y, quaternion.z, quaternion.w = at[3:].tolist()
            target.header.stamp.sec, target.header.stamp.nanosec = self._stamp, i
            exchange.sent.append(time.perf_counter())
            self._targets.publish(target)
            # After a delay the rate is only doubled to catch up: targets of a burst would replace each other.
            due = max(due + 1.0 / rate, now + 0.5 / rate)
        deadline = time.perf_counter() + _ANSWER_TIMEOUT
        while not exchange.last_answered and time.perf_counter() < deadline:
            self._executor.spin_once(timeout_sec=0.01)
        return exchange

    def _spin_until(self, due: float) -> None:
        """Receive until ``due`` [s], and then all answers queued here, not in the node."""
        while (left := due - time.perf_counter()) > 0.0:
            self._executor.spin_once(timeout_sec=left)
        answered = -1
        while answered != len(self._exchange.answered):
            answered = len(self._exchange.answered)
            self._executor.spin_once(timeout_sec=0.0)

    def _on_answer(self, message: JointState) -> None:
        received = time.perf_counter()
        if message.header.stamp.sec == self._stamp:
            exchange = self._exchange
            exchange.answered.append((message.header.stamp.nanosec, received, len(exchange.sent)))
            self._positions = message.position
