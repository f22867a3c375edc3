"""Sends targets and joint states to a node at an even rate, and times its answers."""

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
_LAP = 8.0  # [s]
#: Deep enough that an answer is not lost here and taken for one that never came.
_QUEUE = 1000
#: How long an answer may be outstanding.
_OVERDUE = 1.0  # [s]


class Traffic:
    """One namespace's sender and listener: a robot that stands at once where the last answer wants it.

    Args:
        node: Publishes and listens.
        executor: Spins ``node``.
        namespace: Of the node that is measured.
        solver: Of the arm and the task; targets follow a curve in the arm's reach.
        curve: That curve; the robot stands at its start at first.
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
        node.create_subscription(JointState, f"{namespace}/joint_solution", self._on_answer, _QUEUE)
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
        # The stamp tells an answer's target, and which exchange it belongs to.
        self._stamp = next(self._series)
        arm = self._solver.arm
        target = PoseStamped()
        target.header.frame_id = arm.base_link
        point, turn = target.pose.position, target.pose.orientation
        start = due = next_state = time.perf_counter()
        for i in range(max(2, round(rate * seconds))):
            self._spin_until(due)
            now = time.perf_counter()
            if now >= next_state:
                self._states.publish(JointState(name=arm.joint_names, position=self._positions))
                next_state = now + JOINT_STATE_PERIOD
            at = self._curve.at(2.0 * np.pi * (now - start) / _LAP)
            point.x, point.y, point.z = self._solver.in_space(at).tolist()
            if self._solver.task.has_orientation:
                turn.x, turn.y, turn.z, turn.w = at[3:].tolist()
            target.header.stamp.sec, target.header.stamp.nanosec = self._stamp, i
            exchange.sent.append(time.perf_counter())
            self._targets.publish(target)
            # After a delay the rate is caught up with by and by: a burst would be overtaken at once.
            due = max(due + 1.0 / rate, now + 0.5 / rate)
        overdue = time.perf_counter() + _OVERDUE
        while not exchange.last_answered and time.perf_counter() < overdue:
            self._executor.spin_once(timeout_sec=0.01)
        return exchange

    def _spin_until(self, due: float) -> None:
        """Receive until ``due``, and then what still waits here: its queue is not the node's."""
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
