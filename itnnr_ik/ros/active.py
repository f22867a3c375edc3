"""An active ``ik_node``: its subscriptions, services and timers, from activation to deactivation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.ros.answering.answer import Answerer, Values
from itnnr_ik.ros.answering.dropped_messages import DropCounter
from itnnr_ik.ros.answering.frames import Frames
from itnnr_ik.ros.answering.joint_memory import JointMemory
from itnnr_ik.ros.answering.markers import Scene
from itnnr_ik.ros.answering.position_ik import answer_request
from itnnr_ik.ros.answering.senders import Senders, sender_of
from itnnr_ik.ros.answering.statistics import Statistics
from itnnr_ik.ros.control import Motion
from itnnr_ik.ros.controller import STEADY, Controller, MotionClock
from itnnr_ik.ros.interfaces import (
    COMPUTE_CARTESIAN_PATH,
    COMPUTE_IK,
    JOINT_STATES,
    PAUSE,
    SOLVE_PATH,
    TARGET_POSE,
    Interface,
)
from itnnr_ik.ros.messages import quote, quote_all
from itnnr_ik.ros.paths import PathRequests, Worker
from itnnr_ik.ros.paths.late_service import offer_late_service
from itnnr_ik.ros.publishers import Publishers
from itnnr_ik.ros.receiving import MessageInfo, reception_age, take_pending, with_info
from itnnr_ik.ros.setup.configuration import Configuration
from itnnr_ik.ros.status import Code, RejectedError, make_status, stamp_text
from itnnr_ik.ros.throttle import ThrottledLog

_DIAGNOSTICS_PERIOD, _MARKERS_PERIOD = 1.0, 0.1  # [s]


class Active:
    """Answers targets until it is closed; a new one, without memory, is made at each activation.

    Args:
        node: Owns the subscriptions, services and timers.
        configuration: See `change`.
        publishers: For answers.
        motion: Makes commands towards the solutions; None if no commands are sent.
        worker: Solves paths; it may still be busy with one of a previous activation.
        warnings: Logs rejected messages.
        paused: Whether targets are answered with `paused`.

    Attributes:
        paused: Changed by the service.
    """

    def __init__(
        self,
        node: LifecycleNode,
        configuration: Configuration,
        publishers: Publishers,
        motion: Motion | None,
        worker: Worker,
        warnings: ThrottledLog,
        paused: bool,
    ) -> None:
        self.paused = paused
        self._node, self._configuration, self._publishers = node, configuration, publishers
        self._worker, self._warnings, self._clock = worker, warnings, MotionClock(node.get_clock())
        #: Closes what was opened.
        self._opened = ExitStack()
        self._statistics, self._drops, self._target_senders = Statistics(), DropCounter(), Senders()
        self._last_diagnosed = -math.inf
        self._markers_wanted = False
        try:
            self._open(configuration, motion)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop listening and answering."""
        self._opened.close()

    def change(self, configuration: Configuration) -> None:
        """Continue with the present configuration or one that `Configuration.changed` made of it."""
        if configuration is self._configuration:
            return
        self._worker.cancel("parameters were changed")
        self._configuration = self._answerer.configuration = configuration
        self._joints.timeout = configuration.joint_state_timeout
        self._frames.timeout = configuration.transform_timeout
        if self._controller is not None:
            self._controller.motion.limits = configuration.limits

    def _open(self, configuration: Configuration, motion: Motion | None) -> None:
        # Before the targets' subscription: rclpy serves them in the order of their creation, so that a target
        # that waits beside a joint state is solved from it.
        self._joint_states = self._listen(JOINT_STATES, self._on_joint_state)
        arm, base = configuration.solver.arm, configuration.robot_base_link
        # In another turn, set-points from before would be commanded a whole turn away.
        near = None if motion is None or not len(motion.monitor.joints) else motion.monitor.joints
        self._joints = JointMemory(
            configuration.joints,
            self._joint_states.topic_name,
            configuration.joint_state_timeout,
            np.isinf(arm.lower) & np.isinf(arm.upper),
            arm.velocity,
            near,
        )
        self._controller: Controller | None = None
        if motion is not None:
            self._controller = Controller(
                self._node,
                motion,
                self._publishers.commands,
                configuration.joints,
                configuration.limits,
                lambda: self._joints.turns,
                self._clock,
                self._warnings,
            )
            self._opened.callback(self._controller.close)
        self._targets = self._listen(TARGET_POSE, self._on_target)
        self._frames = Frames(self._node, base, configuration.transform_timeout, motion is not None)
        self._opened.callback(self._frames.close)
        self._answerer = Answerer(configuration, self._joints, self._frames, motion)
        self._scene = Scene(configuration.solver, base)
        self._offer(PAUSE, self._on_pause)
        self._paths = PathRequests(self._worker, self._answerer, self._publish_path, self._report_path)
        if SOLVE_PATH.type is not None:
            self._listen(SOLVE_PATH, self._on_path, raw=True)
        if COMPUTE_IK.type is not None:
            self._offer(COMPUTE_IK, self._on_compute_ik)
            self._offer(COMPUTE_CARTESIAN_PATH, self._on_cartesian_path, offer_late_service)
        self._opened.callback(self._worker.cancel, "the node was deactivated")
        # Not on the node's clock, which is reported if it stands still.
        self._repeat(_DIAGNOSTICS_PERIOD, self._diagnose, STEADY)
        self._repeat(_MARKERS_PERIOD, self._show, STEADY)
        if motion is not None:
            self._repeat(1.0 / configuration.command_rate, self._send_periodically, self._clock.timer_clock)
        self._node.get_logger().info(
            f"solving {configuration.solver.task.kind} targets for {arm.name}, joints "
            f"{quote_all(configuration.joints)}, in frame {quote(base)} on {self._targets.topic_name}"
            f"{', but paused' if self.paused else ''}"
        )

    def _listen(
        self,
        topic: Interface,
        callback: Callable[[Any, MessageInfo | None], None],
        raw: bool = False,
    ) -> Any:
        subscription = self._node.create_subscription(
            topic.type, topic.name, with_info(callback), topic.qos, raw=raw
        )
        self._opened.callback(self._node.destroy_subscription, subscription)
        return subscription

    def _offer(self, service: Interface, callback: Any, offer: Any = LifecycleNode.create_service) -> None:
        offered = offer(self._node, service.type, service.name, callback)
        self._opened.callback(self._node.destroy_service, offered)

    def _repeat(self, period: float, callback: Callable[[], None], clock: Clock) -> None:
        timer = self._node.create_timer(period, callback, clock=clock)
        self._opened.callback(self._node.destroy_timer, timer)

    def _on_joint_state(self, message: JointState, info: MessageInfo | None) -> None:
        """Take all pending joint states, though rclpy gives one at a time: the newest is the seed.

        And then a pending target: another turn of the executor would take as long as the answer.
        """
        self._take_joint_state(message, info)
        for later, later_info in take_pending(self._joint_states, JOINT_STATES.qos.depth):
            self._take_joint_state(later, later_info)
        for target, target_info in take_pending(self._targets, 1):
            self._on_target(target, target_info)

    def _take_joint_state(self, message: JointState, info: MessageInfo | None) -> None:
        now = self._clock.node_time
        received_ago = measured_ago = reception_age(info)
        if self._controller is not None:  # by its clock, which may be simulated
            measured_ago = self._controller.age(message.header.stamp, received_ago)
        try:
            complete = self._joints.take(message, now, max(received_ago, measured_ago), info)
        except RejectedError as rejection:
            self._statistics.joint_states_rejected += 1
            self._warnings.warn(rejection.code, str(rejection))
            self._report(rejection.code, str(rejection), {})
            return
        positions = self._joints.positions
        if not complete or positions is None:
            return
        if self._controller is not None:
            oldest_measured_ago = measured_ago + self._joints.lag
            self._controller.take_joints(positions, oldest_measured_ago)
        if self._markers_wanted:
            self._scene.moved(positions)

    def _on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self.paused = bool(request.data)
        if self.paused:
            self._worker.cancel("the node was paused")
        self._answerer.reset()
        response.success = True
        response.message = "paused" if self.paused else "going on from the present joint state"
        return response

    def _on_compute_ik(self, request: Any, response: Any) -> Any:
        return answer_request(request.ik_request, response, self._answerer, self._clock.node_time)

    def _on_path(self, data: bytes, info: MessageInfo | None) -> None:
        self._paths.solve(data, self._clock.node_time, self._check_not_paused)

    def _on_cartesian_path(self, request: Any, response: Any, send: Callable[[Any], None]) -> None:
        self._paths.follow(request, response, send, self._clock.node_time)

    def _publish_path(self, found: JointTrajectory) -> None:
        self._publishers.paths.publish(found)

    def _report_path(self, code: Code, text: str, values: Values) -> None:
        if code is not Code.SOLVED:
            self._warnings.warn(f"path {code.value}", text)
        self._publishers.path_statuses.publish(self._status(code, text, values))

    def _check_not_paused(self) -> None:
        if self.paused:
            text = "paused: no target is answered until ~/pause is called with false"
            raise RejectedError(Code.PAUSED, text)

    def _on_target(self, message: PoseStamped, info: MessageInfo | None) -> None:
        start = time.perf_counter()
        values: Values = {}
        code, text = self._answer(message, reception_age(info), values)
        # The rest can wait until after the answer.
        self._drops.take(info)
        self._target_senders.take(sender_of(info), time.monotonic())
        if self._target_senders.several(time.monotonic()):
            note = f"targets on {TARGET_POSE.name} come from more than one publisher"
            values["note"] = note
            self._warnings.warn("sources", note)
        self._report(code, text, {"stamp": stamp_text(message.header.stamp), **values})
        residual, turned = (_number(values, key) for key in ("residual", "orientation_error"))
        latency = time.perf_counter() - start
        self._statistics.add(code, time.monotonic(), latency, residual, turned)

    def _answer(self, message: PoseStamped, age: float, values: Values) -> tuple[Code, str]:
        """Publish the answer to a target, the command first; ``values`` receives those of the status."""
        try:
            self._check_not_paused()
            clock = self._clock
            answer = self._answerer.answer(message, clock.node_time, age, values, clock.now)
        except RejectedError as rejection:
            if self._controller is not None:
                self._controller.motion.stop()
            self._warnings.warn(rejection.code, str(rejection))
            return rejection.code, str(rejection)
        if self._controller is not None:
            if self._controller.motion.timed:
                self._controller.send()
            values.update(self._controller.values)
        self._publishers.solutions.publish(answer.solution)
        self._scene.solved(np.array(answer.target), np.array(answer.solution.position), answer.current)
        return answer.code, answer.code.value

    def _send_periodically(self) -> None:
        """Publish the command that is due between targets, unless the joint states are too old."""
        assert self._controller is not None, "commands are sent"
        motion = self._controller.motion
        try:
            self._answerer.current(self._clock.node_time)
        except RejectedError:
            motion.stop()
            if not motion.moving:
                return
        self._controller.send()

    def _report(self, code: Code, text: str, values: Values) -> None:
        self._publishers.statuses.publish(self._status(code, text, values))

    def _status(self, code: Code, text: str, values: Values) -> DiagnosticStatus:
        return make_status(self._node.get_name(), self._configuration.solver.arm.name, code, text, values)

    def _diagnose(self) -> None:
        configuration = self._configuration
        values = self._statistics.values(time.monotonic())
        if self._drops.dropped is not None:
            values["dropped"] = str(self._drops.dropped)
        values["model"] = configuration.model or configuration.solver.arm.name
        values["task"] = configuration.solver.task.kind
        values["joints"] = ", ".join(configuration.joints)
        values["robot_base_link"] = configuration.robot_base_link
        if self._controller is not None:
            values.update(self._controller.values)
        age = self._joints.age(self._clock.node_time, on_both_clocks=self._controller is not None)
        if age is not None:
            values["joint_state_age"] = age
        problems = self._problems(age)
        text = ", but ".join(["paused" if self.paused else "active", *problems])
        # The full name: two arms differ by their namespaces.
        name = self._node.get_fully_qualified_name().lstrip("/")
        status = make_status(name, configuration.solver.arm.name, None, text, values)
        status.level = DiagnosticStatus.WARN if problems else DiagnosticStatus.OK
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publishers.diagnostics.publish(array)

    def _problems(self, age: float | None) -> list[str]:
        """Problems to report, given the age [s] of the last joint state."""
        configuration, now, problems = self._configuration, self._clock.node_time, []
        if age is None and configuration.require_joint_states:
            problems.append("no joint state has come")
        if age is not None and 0.0 < configuration.joint_state_timeout < age:
            problems.append("the joint states are stale")
        if self._controller is not None:
            problems.extend(self._controller.problems)
        if self._target_senders.several(time.monotonic()):
            problems.append("targets come from more than one publisher")
        if now == self._last_diagnosed:
            problems.append("the clock stands still")
        self._last_diagnosed = now
        return problems

    def _show(self) -> None:
        """Publish the markers if there are subscribers: making them takes longer than solving."""
        markers = self._publishers.markers
        self._markers_wanted = markers.get_subscription_count() > 0
        if self._markers_wanted:
            markers.publish(self._scene.markers(self._node.get_clock().now().to_msg()))


def _number(values: Values, key: str) -> float | None:
    value = values.get(key)
    return value if isinstance(value, float) else None
