"""What lives from an activation of ``ik_node`` to its deactivation: subscriptions, services and timers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock, ROSClock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.ros.answering.answer import Answerer, Values
from itnnr_ik.ros.answering.backlog import Backlog, MessageInfo, with_info
from itnnr_ik.ros.answering.frames import Frames
from itnnr_ik.ros.answering.joint_memory import JointMemory
from itnnr_ik.ros.answering.markers import Scene
from itnnr_ik.ros.answering.position_ik import answer_request
from itnnr_ik.ros.answering.senders import Senders, sender_of
from itnnr_ik.ros.answering.statistics import Statistics
from itnnr_ik.ros.control import Motion
from itnnr_ik.ros.interfaces import (
    COMPUTE_CARTESIAN_PATH,
    COMPUTE_IK,
    CONTROLLER_STATE,
    JOINT_STATES,
    PAUSE,
    SOLVE_PATH,
    TARGET_POSE,
    Interface,
    controller_state_topic,
)
from itnnr_ik.ros.messages import positions_if_usable, quote, quote_all
from itnnr_ik.ros.paths import PathRequests, Worker
from itnnr_ik.ros.paths.late_service import offer_late_service
from itnnr_ik.ros.publishers import Publishers
from itnnr_ik.ros.setup.configuration import Configuration
from itnnr_ik.ros.status import Code, RejectedError, make_status, stamp_text
from itnnr_ik.ros.throttle import ThrottledLog

_DIAGNOSTICS_PERIOD, _MARKERS_PERIOD = 1.0, 0.1  # [s]
_STEADY = Clock(clock_type=ClockType.STEADY_TIME)


class Active:
    """Answers targets until it is closed; one is made at each activation, with nothing remembered.

    Args:
        node: Whose subscriptions, services and timers they are.
        configuration: What it works with; see `change`.
        publishers: Where answers go.
        motion: What leads a controller to the solutions, None where no commands are sent.
        worker: Solves paths; it may still be at one of an activation before.
        warnings: Where rejected messages are told.
        paused: Targets are answered with that.

    Attributes:
        paused: It may be ended, and begun, by the service.
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
        self._motion, self._worker, self._warnings = motion, worker, warnings
        #: What was opened, each with how it is closed again.
        self._opened = ExitStack()
        self._statistics, self._backlog, self._sources = Statistics(), Backlog(), Senders()
        self._told_at = -math.inf
        self._watched = False
        try:
            self._open(configuration)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop listening and answering."""
        self._opened.close()

    def change(self, configuration: Configuration) -> None:
        """Go on with a configuration that `Configuration.changed` made of the present one, or is it."""
        if configuration is self._configuration:
            return
        self._worker.cancel("parameters were changed")
        self._configuration = self._answerer.configuration = configuration
        self._joints.timeout = configuration.joint_state_timeout
        self._frames.timeout = configuration.transform_timeout
        if self._motion is not None:
            self._motion.limits = configuration.limits

    def _open(self, configuration: Configuration) -> None:
        # Before the targets': rclpy serves subscriptions in the order in which they were created, so that a
        # target that waits beside a joint state is solved from it.
        self._joint_states = self._listen(JOINT_STATES, self._on_joint_state)
        arm, base, motion = configuration.solver.arm, configuration.robot_base_link, self._motion
        self._joints = JointMemory(
            configuration.joints,
            self._joint_states.topic_name,
            configuration.joint_state_timeout,
            np.isinf(arm.lower) & np.isinf(arm.upper),
            arm.velocity,
        )
        self._controller_states: Any = None
        if motion is not None:
            commands = self._publishers.commands.topic_name  # which may be remapped
            topic = controller_state_topic(configuration.command_out_type, commands)
            if topic is not None:
                self._controller_states = self._listen(CONTROLLER_STATE, self._on_controller_state, topic)
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
            self._offer(COMPUTE_IK, self._on_request)
            self._offer(COMPUTE_CARTESIAN_PATH, self._on_lines, offer_late_service)
        self._opened.callback(self._worker.cancel, "the node was deactivated")
        # Not on the node's clock: that this stands still is one of the things to tell.
        self._repeat(_DIAGNOSTICS_PERIOD, self._diagnose, _STEADY)
        self._repeat(_MARKERS_PERIOD, self._show, _STEADY)
        if motion is not None:
            motion.restart()
            motion.limits = configuration.limits
            clock = self._node.get_clock() if self._simulated else _STEADY
            self._repeat(1.0 / configuration.command_rate, self._send_on, clock)
        self._node.get_logger().info(
            f"solving {configuration.solver.task.kind} targets for {arm.name}, joints "
            f"{quote_all(configuration.joints)}, in frame {quote(base)} on {self._targets.topic_name}"
            f"{', but paused' if self.paused else ''}"
        )

    def _listen(
        self,
        topic: Interface,
        callback: Callable[[Any, MessageInfo | None], None],
        name: str = "",
        raw: bool = False,
    ) -> Any:
        subscription = self._node.create_subscription(
            topic.type, name or topic.name, with_info(callback), topic.qos, raw=raw
        )
        self._opened.callback(self._node.destroy_subscription, subscription)
        return subscription

    def _offer(self, service: Interface, callback: Any, offer: Any = LifecycleNode.create_service) -> None:
        offered = offer(self._node, service.type, service.name, callback)
        self._opened.callback(self._node.destroy_service, offered)

    def _repeat(self, period: float, callback: Callable[[], None], clock: Clock) -> None:
        timer = self._node.create_timer(period, callback, clock=clock)
        self._opened.callback(self._node.destroy_timer, timer)

    @property
    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)

    @property
    def _simulated(self) -> bool:
        clock = self._node.get_clock()
        return isinstance(clock, ROSClock) and bool(clock.ros_time_is_active)

    @property
    def _moment(self) -> float:
        """Time [s] that a motion goes by: the node's clock jumps where it is the machine's."""
        return self._now if self._simulated else time.monotonic()

    def _on_joint_state(self, message: JointState, info: MessageInfo | None) -> None:
        """Take all that wait, though rclpy gives one at a time: a target is solved from the newest.

        And then a target that has come by now: another turn of the executor takes as long as the answer.
        """
        self._take_joint_state(message, info)
        for later, later_info in _waiting(self._joint_states, JOINT_STATES.qos.depth):
            self._take_joint_state(later, later_info)
        for target, target_info in _waiting(self._targets, 1):
            self._on_target(target, target_info)

    def _take_joint_state(self, message: JointState, info: MessageInfo | None) -> None:
        now, waited = self._now, _waited(info)
        age = waited if self._motion is None else self._age(message.header.stamp, now, waited)
        try:
            known = self._joints.take(message, now, age, info)
        except RejectedError as rejection:
            self._statistics.joint_states_rejected += 1
            self._warnings.warn(rejection.code, str(rejection))
            self._report(rejection.code, str(rejection), {})
            return
        positions = self._joints.positions
        if not known or positions is None:
            return
        if self._motion is not None:
            self._motion.take_joints(positions, self._moment - age - self._joints.lag)
        if self._watched:
            self._scene.moved(positions)

    def _age(self, stamp: Any, now: float, waited: float) -> float:
        """How old in [s] is what a controller's clock stamped, by that and by receipt the longer."""
        assert self._motion is not None, "a controller"
        seconds = stamp.sec + 1e-9 * stamp.nanosec
        self._motion.clock.add(seconds, now - waited)
        offset = self._motion.clock.seconds
        return waited if offset is None or seconds <= 0.0 else max(waited, now + offset - seconds)

    def _on_controller_state(self, message: Any, info: MessageInfo | None) -> None:
        assert self._motion is not None, "a controller"
        reference = JointState(name=message.joint_names, position=message.reference.positions)
        positions = positions_if_usable(reference, self._configuration.joints)
        if positions is not None:  # before the controller is active it tells nothing
            age = self._age(message.header.stamp, self._now, _waited(info))
            self._motion.take_reference(positions - self._joints.turns, self._moment - age)

    def _on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self.paused = bool(request.data)
        if self.paused:
            self._worker.cancel("the node was paused")
        self._answerer.start_anew()
        response.success = True
        response.message = "paused" if self.paused else "going on from the present joint state"
        return response

    def _on_request(self, request: Any, response: Any) -> Any:
        return answer_request(request.ik_request, response, self._answerer, self._now)

    def _on_path(self, data: bytes, info: MessageInfo | None) -> None:
        self._paths.solve(data, self._now, self._check_not_paused)

    def _on_lines(self, request: Any, response: Any, send: Callable[[Any], None]) -> None:
        self._paths.follow(request, response, send, self._now)

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
        code, text = self._answer(message, _waited(info), values)
        # What can wait comes after the answer.
        self._backlog.take(info)
        self._sources.take(sender_of(info), time.monotonic())
        if self._sources.several(time.monotonic()):
            note = f"targets on {TARGET_POSE.name} come from more than one publisher"
            values["note"] = note
            self._warnings.warn("sources", note)
        self._report(code, text, {"stamp": stamp_text(message.header.stamp), **values})
        residual, turned = (_number(values, key) for key in ("residual", "orientation_error"))
        latency = time.perf_counter() - start
        self._statistics.add(code, time.monotonic(), latency, residual, turned)

    def _answer(self, message: PoseStamped, waited: float, values: Values) -> tuple[Code, str]:
        """Publish what there is for a target, the command first; what is known of it goes into ``values``."""
        try:
            self._check_not_paused()
            answer = self._answerer.answer(message, self._now, waited, values, self._moment)
        except RejectedError as rejection:
            if self._motion is not None:
                self._motion.stop()
            self._warnings.warn(rejection.code, str(rejection))
            return rejection.code, str(rejection)
        if self._motion is not None:
            if self._motion.timed:
                self._send()
            values["controller"] = self._motion.monitor.state.value
            values["timing"] = self._motion.clock.timing
        self._publishers.solutions.publish(answer.solution)
        self._scene.solved(np.array(answer.target), np.array(answer.solution.position), answer.current)
        return answer.code, answer.code.value

    def _send_on(self) -> None:
        """Publish the command that is due between targets, unless the joint states no longer count."""
        assert self._motion is not None, "commands are sent"
        try:
            self._answerer.current(self._now)
        except RejectedError:
            self._motion.stop()
            if not self._motion.moving:
                return
        self._send()

    def _send(self) -> None:
        """Publish the command that is due, if one is; the joint states have been checked."""
        motion, commands = self._motion, self._publishers.commands
        assert motion is not None and commands is not None, "commands are sent"
        if self._controller_states is not None:
            # rclpy serves timers first: that the node was held up is no silence of the controller's.
            for state, info in _waiting(self._controller_states, CONTROLLER_STATE.qos.depth):
                self._on_controller_state(state, info)
        command = motion.message(self._moment, self._now, self._joints.turns)
        if command is not None:
            commands.publish(command)
            if commands.get_subscription_count() == 0:
                motion.reset()

    def _report(self, code: Code, text: str, values: Values) -> None:
        self._publishers.statuses.publish(self._status(code, text, values))

    def _status(self, code: Code, text: str, values: Values) -> DiagnosticStatus:
        return make_status(self._node.get_name(), self._configuration.solver.arm.name, code, text, values)

    def _diagnose(self) -> None:
        configuration = self._configuration
        values = self._statistics.values(time.monotonic())
        if self._backlog.dropped is not None:
            values["dropped"] = str(self._backlog.dropped)
        values["model"] = configuration.model or configuration.solver.arm.name
        values["task"] = configuration.solver.task.kind
        values["joints"] = ", ".join(configuration.joints)
        values["robot_base_link"] = configuration.robot_base_link
        if self._motion is not None:
            values["controller"] = self._motion.monitor.state.value
            values["timing"] = self._motion.clock.timing
        age = self._joints.age(self._now, on_both_clocks=self._motion is not None)
        if age is not None:
            values["joint_state_age"] = age
        concerns = self._concerns(age)
        text = ", but ".join(["paused" if self.paused else "active", *concerns])
        # By its full name: two arms are told apart by their namespaces.
        name = self._node.get_fully_qualified_name().lstrip("/")
        status = make_status(name, configuration.solver.arm.name, None, text, values)
        status.level = DiagnosticStatus.WARN if concerns else DiagnosticStatus.OK
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publishers.diagnostics.publish(array)

    def _concerns(self, age: float | None) -> list[str]:
        """What somebody should look at, with the age [s] of the last joint state."""
        configuration, now, concerns = self._configuration, self._now, []
        if age is None and configuration.require_joint_states:
            concerns.append("no joint state has come")
        if age is not None and 0.0 < configuration.joint_state_timeout < age:
            concerns.append("the joint states are stale")
        commands = self._publishers.commands
        if commands is not None and commands.get_subscription_count() == 0:
            concerns.append(f"nobody listens to the commands on {commands.topic_name}")
        if self._sources.several(time.monotonic()):
            concerns.append("targets come from more than one publisher")
        if now == self._told_at:
            concerns.append("the clock stands still")
        self._told_at = now
        return concerns

    def _show(self) -> None:
        """Publish the markers where somebody looks: to make them takes longer than to solve."""
        markers = self._publishers.markers
        self._watched = markers.get_subscription_count() > 0
        if self._watched:
            markers.publish(self._scene.markers(self._node.get_clock().now().to_msg()))


def _number(values: Values, key: str) -> float | None:
    value = values.get(key)
    return value if isinstance(value, float) else None


def _waited(info: MessageInfo | None) -> float:
    """How long ago in [s] a message came that is taken now; 0 where the middleware does not say."""
    received = (info or {}).get("received_timestamp", 0)
    return max(0.0, (time.time_ns() - received) * 1e-9) if received else 0.0


def _waiting(subscription: Any, most: int) -> Iterator[tuple[Any, MessageInfo]]:
    """The messages that wait to be taken, oldest first, and at most so many: more may come all the time."""
    for _ in range(most):
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, False)
        if taken is None:
            return
        yield taken
