"""The node ``itnnr_ik``: target poses and joint states in; joint solutions, commands and statuses out."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ROSClock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool

from itnnr_ik.ros.answer import Answerer, Values
from itnnr_ik.ros.backlog import Backlog, MessageInfo, with_info
from itnnr_ik.ros.commands import COMMAND_TYPES, NONE
from itnnr_ik.ros.configuration import Configuration, check_changes, declare_parameters, read_configuration
from itnnr_ik.ros.frames import Frames
from itnnr_ik.ros.interfaces import (
    COMMAND_QOS,
    COMPUTE_IK,
    DIAGNOSTICS,
    JOINT_SOLUTION,
    JOINT_STATES,
    MARKERS,
    PAUSE,
    STATUS,
    TARGET_POSE,
    Interface,
)
from itnnr_ik.ros.joint_memory import JointMemory
from itnnr_ik.ros.markers import Scene
from itnnr_ik.ros.messages import quote, quote_all
from itnnr_ik.ros.position_ik import answer_request
from itnnr_ik.ros.process import run_node
from itnnr_ik.ros.settings import AUTOSTART
from itnnr_ik.ros.statistics import Statistics
from itnnr_ik.ros.status import Code, RejectedError, make_status, stamp_text
from itnnr_ik.ros.throttle import ThrottledLog

NAME = "itnnr_ik"

_DIAGNOSTICS_PERIOD, _MARKERS_PERIOD = 1.0, 0.1  # [s]
_STEADY = Clock(clock_type=ClockType.STEADY_TIME)

_SUCCESS, _FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class IKNode(LifecycleNode):
    """Answers every target with exactly one status, and with a joint solution where there is one.

    Configuring loads the robot and compiles the solver, activating starts to listen, deactivating ends it at
    once and in silence; whatever was heard before is forgotten. With the parameter ``autostart`` it does the
    first two by itself. Topics, services and parameters are in docs/ros_interface.md.

    Raises:
        ValueError: With ``autostart``, a parameter's value cannot be used, or the robot or model cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        self._configuration: Configuration | None = None
        self._announced: list[Any] = []
        #: What activating opened, each with how it is closed again.
        self._opened = ExitStack()
        self._active = False
        #: Outlasts transitions: who paused a robot may not be who starts the node anew.
        self._paused = False
        self._failure: Exception | None = None
        declare_parameters(self)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._starting = AUTOSTART.get(self)
        if self._starting:
            for trigger in (self.trigger_configure, self.trigger_activate):
                if trigger() != _SUCCESS:
                    raise self._failure or RuntimeError("could not be configured and activated")
            self._starting = False

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Check the parameters, make the solver ready and announce what is published."""
        try:
            configuration = read_configuration(self)
            self._announce_all(configuration)
        except Exception as failure:
            self._withdraw_all()
            return self._failed("configured", failure)
        self._warnings = ThrottledLog(self.get_logger(), configuration.warn_period)
        self._configuration = configuration
        return _SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to listen, with nothing remembered."""
        try:
            self._start(self._configured)
        except Exception as failure:
            self._stop()
            return self._failed("activated", failure)
        return _SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening and answering."""
        self._stop()
        return _SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Withdraw what was announced; parameters keep their values."""
        self._withdraw_all()
        return _SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After a transition that failed half-way: stop and withdraw everything, and begin anew."""
        self.get_logger().error("a transition failed; configure the node again")
        self._stop()
        self._withdraw_all()
        return _SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, from whatever state."""
        self._stop()
        return _SUCCESS

    @property
    def _configured(self) -> Configuration:
        assert self._configuration is not None, "not configured"
        return self._configuration

    def _failed(self, what: str, failure: Exception) -> TransitionCallbackReturn:
        """Keep and tell why it cannot be ``what``: rclpy would swallow the exception, and say nothing."""
        self._failure = failure
        if not self._starting:  # otherwise it ends the process, and is told there
            self.get_logger().error(f"cannot be {what}: {' '.join(str(failure).split())}")
        return _FAILURE

    def _start(self, configuration: Configuration) -> None:
        self._statistics, self._backlog = Statistics(), Backlog()
        # Before the targets': rclpy serves subscriptions in the order in which they were created, so that a
        # target that waits beside a joint state is solved from it.
        self._joint_states = self._listen(JOINT_STATES, self._on_joint_state)
        topic = self._joint_states.topic_name
        arm = configuration.solver.arm
        continuous = np.isinf(arm.lower) & np.isinf(arm.upper)
        timeout = configuration.joint_state_timeout
        self._joints = JointMemory(configuration.joints, topic, timeout, continuous)
        targets = self._listen(TARGET_POSE, self._on_target)
        base, commanding = configuration.robot_base_link, configuration.command_out_type != NONE
        self._frames = Frames(self, base, configuration.transform_timeout, commanding)
        self._opened.callback(self._frames.close)
        self._answerer = Answerer(configuration, self._joints, self._frames)
        self._watched = False
        self._scene = Scene(configuration.solver, base)
        self._offer(PAUSE, self._on_pause)
        if COMPUTE_IK.type is not None:
            self._offer(COMPUTE_IK, self._on_request)
        self._repeat(_DIAGNOSTICS_PERIOD, self._diagnose)
        self._repeat(_MARKERS_PERIOD, self._show)
        self._told_at = -math.inf
        self._active = True
        self.get_logger().info(
            f"solving {configuration.solver.task.kind} targets for {arm.name}, joints "
            f"{quote_all(configuration.joints)}, in frame {quote(base)} on {targets.topic_name}"
            f"{', but paused' if self._paused else ''}"
        )

    def _stop(self) -> None:
        """Close what is open, also where activating came only half-way."""
        self._active = False
        self._opened.close()

    def _announce_all(self, configuration: Configuration) -> None:
        self._solutions = self._announce(JOINT_SOLUTION)
        self._statuses = self._announce(STATUS)
        self._diagnostics = self._announce(DIAGNOSTICS)
        self._markers = self._announce(MARKERS)
        self._commands = None
        if configuration.command_out_type != NONE:
            message_type, _ = COMMAND_TYPES[configuration.command_out_type]
            self._commands = self.create_publisher(message_type, configuration.command_out_topic, COMMAND_QOS)
            self._announced.append(self._commands)

    def _withdraw_all(self) -> None:
        while self._announced:
            self.destroy_publisher(self._announced.pop())
        self._configuration = None

    def _announce(self, topic: Interface) -> Any:
        publisher = self.create_publisher(topic.type, topic.name, topic.qos)
        self._announced.append(publisher)
        return publisher

    def _listen(self, topic: Interface, callback: Callable[[Any, MessageInfo | None], None]) -> Any:
        subscription = self.create_subscription(topic.type, topic.name, with_info(callback), topic.qos)
        self._opened.callback(self.destroy_subscription, subscription)
        return subscription

    def _offer(self, service: Interface, callback: Any) -> None:
        self._opened.callback(self.destroy_service, self.create_service(service.type, service.name, callback))

    def _repeat(self, period: float, callback: Callable[[], None]) -> None:
        # Not on the node's clock: that this stands still is one of the things to tell.
        self._opened.callback(self.destroy_timer, self.create_timer(period, callback, clock=_STEADY))

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _on_parameters(self, parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        """Take all changes or none."""
        try:
            configuration = check_changes(self._configuration, {p.name: p.value for p in parameters})
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._configuration = configuration
        if configuration is not None:
            self._warnings.period = configuration.warn_period
        if configuration is not None and self._active:
            self._answerer.configuration = configuration
            self._answerer.interrupt()
            self._joints.timeout = configuration.joint_state_timeout
            self._frames.timeout = configuration.transform_timeout
        return SetParametersResult(successful=True)

    def _on_joint_state(self, message: JointState, info: MessageInfo | None) -> None:
        """Take all that wait, though rclpy gives one at a time: a target is solved from the newest."""
        self._take_joint_state(message, info)
        for later, later_info in _waiting(self._joint_states, JOINT_STATES.qos.depth):
            self._take_joint_state(later, later_info)

    def _take_joint_state(self, message: JointState, info: MessageInfo | None) -> None:
        try:
            self._joints.take(message, self._now(), _waited(info))
        except RejectedError as rejection:
            self._statistics.joint_states_rejected += 1
            self._warnings.warn(rejection.code, str(rejection))
            self._report(rejection.code, str(rejection), {})
            return
        positions = self._joints.positions
        if positions is not None and self._watched:
            self._scene.moved(positions)

    def _on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._paused = bool(request.data)
        self._answerer.start_anew()
        response.success = True
        response.message = "paused" if self._paused else "going on from the present joint state"
        return response

    def _on_request(self, request: Any, response: Any) -> Any:
        return answer_request(request.ik_request, response, self._answerer, self._now())

    def _on_target(self, message: PoseStamped, info: MessageInfo | None) -> None:
        start = time.perf_counter()
        values: Values = {}
        code, text = self._answer(message, _waited(info), values)
        # What can wait comes after the answer.
        self._backlog.take(info)
        self._report(code, text, {"stamp": stamp_text(message.header.stamp), **values})
        residual, turned = (_number(values, key) for key in ("residual", "orientation_error"))
        latency = time.perf_counter() - start
        self._statistics.add(code, time.monotonic(), latency, residual, turned)

    def _answer(self, message: PoseStamped, waited: float, values: Values) -> tuple[Code, str]:
        """Publish what there is for a target, the command first; what is known of it goes into ``values``."""
        try:
            if self._paused:
                text = "paused: no target is answered until ~/pause is called with false"
                raise RejectedError(Code.PAUSED, text)
            clock = self.get_clock()
            simulated = isinstance(clock, ROSClock) and clock.ros_time_is_active
            answer = self._answerer.answer(message, self._now(), waited, values, simulated)
        except RejectedError as rejection:
            self._answerer.interrupt()
            self._warnings.warn(rejection.code, str(rejection))
            return rejection.code, str(rejection)
        if self._commands is not None and answer.command is not None:
            self._commands.publish(answer.command)
            if self._commands.get_subscription_count() == 0:
                self._answerer.unheard()
        self._solutions.publish(answer.solution)
        self._scene.solved(np.array(answer.target), np.array(answer.solution.position), answer.current)
        return answer.code, answer.code.value

    def _report(self, code: Code, text: str, values: Values) -> None:
        arm = self._configured.solver.arm.name
        self._statuses.publish(make_status(self.get_name(), arm, code, text, values))

    def _diagnose(self) -> None:
        configuration = self._configured
        values = self._statistics.values(time.monotonic())
        if self._backlog.dropped is not None:
            values["dropped"] = str(self._backlog.dropped)
        values["model"] = configuration.model or configuration.solver.arm.name
        values["task"] = configuration.solver.task.kind
        values["joints"] = ", ".join(configuration.joints)
        values["robot_base_link"] = configuration.robot_base_link
        text, level = ("paused", DiagnosticStatus.OK) if self._paused else ("active", DiagnosticStatus.OK)
        now = self._now()
        age = self._joints.age(now, on_both_clocks=self._commands is not None)
        if age is not None:
            values["joint_state_age"] = age
            if 0.0 < configuration.joint_state_timeout < age:
                text, level = f"{text}, but the joint states are stale", DiagnosticStatus.WARN
        elif configuration.require_joint_states:
            text, level = f"{text}, but no joint state has come", DiagnosticStatus.WARN
        if self._commands is not None and self._commands.get_subscription_count() == 0:
            text = f"{text}, but nobody listens to the commands on {self._commands.topic_name}"
            level = DiagnosticStatus.WARN
        if now == self._told_at:
            text, level = f"{text}, but the clock stands still", DiagnosticStatus.WARN
        self._told_at = now
        # By its full name: two arms are told apart by their namespaces.
        name = self.get_fully_qualified_name().lstrip("/")
        status = make_status(name, configuration.solver.arm.name, None, text, values)
        status.level = level
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)

    def _show(self) -> None:
        """Publish the markers where somebody looks: to make them takes longer than to solve."""
        self._watched = self._markers.get_subscription_count() > 0
        if self._watched:
            self._markers.publish(self._scene.markers(self.get_clock().now().to_msg()))


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


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted."""
    return run_node(NAME, IKNode, args)


if __name__ == "__main__":
    sys.exit(main())
