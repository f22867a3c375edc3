"""The node ``itnnr_ik``: target poses and joint states in; joint solutions, commands and statuses out."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.exceptions import ParameterException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool

from itnnr_ik import Solution
from itnnr_ik.ros.commands import COMMAND_TYPES, NONE, check_step, command_maker
from itnnr_ik.ros.joint_memory import JointMemory
from itnnr_ik.ros.messages import joint_state_from_positions, quote, quote_all, target_from_pose
from itnnr_ik.ros.parameters import declare_flag
from itnnr_ik.ros.process import run_node
from itnnr_ik.ros.settings import CLOSEST, Settings, declare_settings
from itnnr_ik.ros.statistics import Statistics
from itnnr_ik.ros.status import Code, RejectedError, make_status, stamp_text
from itnnr_ik.ros.throttle import ThrottledLog

NAME = "itnnr_ik"

_NEWEST_TARGET = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE)
#: Best effort hears every publisher, reliable or not.
_NEWEST_JOINT_STATE = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT
)
_ANSWERS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)
_DIAGNOSTICS_PERIOD = 1.0  # [s]

_SUCCESS, _FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class IKNode(LifecycleNode):
    """Answers every target with exactly one status, and with a joint solution where there is one.

    Configuring loads the model, activating starts to listen, deactivating ends it at once and in silence;
    whatever was heard before is forgotten. With the parameter ``autostart`` it does the first two by itself.
    Topics, services and parameters are in the README.

    Raises:
        ValueError: With ``autostart``, a parameter's value cannot be used, or the model cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        self._failure: Exception | None = None
        self._paused = False
        autostart = declare_flag(
            self, "autostart", True, "Configure and activate at start; false: wait for transitions"
        )
        self._starting = autostart
        if autostart:
            self.trigger_configure()
            if self._failure is not None:
                raise self._failure
            self.trigger_activate()
            self._starting = False

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Check the parameters, load the model and announce what is published."""
        self._failure = None
        try:
            settings = declare_settings(self)
        except (ValueError, OSError, ParameterException) as failure:
            self._failure = failure
            if self._starting:  # it ends the process, and is told there
                return _FAILURE
            self.get_logger().error(f"cannot be configured: {' '.join(str(failure).split())}")
            return _FAILURE
        self._settings: Settings = settings
        self._warnings = ThrottledLog(self.get_logger(), settings.warn_period)
        self._statistics = Statistics()
        self._solutions = self.create_publisher(JointState, "joint_solution", _ANSWERS)
        self._statuses = self.create_publisher(DiagnosticStatus, "~/status", _ANSWERS)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", _ANSWERS)
        self._commands = None
        if settings.command_out_type != NONE:
            message_type, _ = COMMAND_TYPES[settings.command_out_type]
            self._commands = self.create_publisher(message_type, settings.command_out_topic, _ANSWERS)
            self._make_command = command_maker(
                settings.command_out_type, settings.joints, settings.max_velocity
            )
        return _SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to listen, with nothing remembered."""
        settings = self._settings
        self._paused = False
        # Before the targets': rclpy serves subscriptions in the order in which they were created, so that a
        # target that waits beside a joint state is solved from it.
        joint_states = self.create_subscription(
            JointState, "joint_states", self._on_joint_state, _NEWEST_JOINT_STATE
        )
        self._joints = JointMemory(settings.joints, joint_states.topic_name, settings.joint_state_timeout)
        targets = self.create_subscription(PoseStamped, "target_pose", self._on_target, _NEWEST_TARGET)
        self._listening = [joint_states, targets]
        self._pause = self.create_service(SetBool, "~/pause", self._on_pause)
        self._timer = self.create_timer(_DIAGNOSTICS_PERIOD, self._diagnose)
        self.get_logger().info(
            f"solving for {settings.solver.arm.name}, joints {quote_all(settings.joints)}, "
            f"targets in frame {quote(settings.robot_base_link)} on {targets.topic_name}"
        )
        return _SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening and answering."""
        for subscription in self._listening:
            self.destroy_subscription(subscription)
        self._listening.clear()
        self.destroy_service(self._pause)
        self.destroy_timer(self._timer)
        return _SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Withdraw what was announced; parameters keep their values."""
        for publisher in (self._solutions, self._statuses, self._diagnostics, self._commands):
            if publisher is not None:
                self.destroy_publisher(publisher)
        return _SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, from whatever state."""
        if getattr(self, "_listening", None):
            self.on_deactivate(state)
        return _SUCCESS

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _on_joint_state(self, message: JointState) -> None:
        try:
            self._joints.take(message, self._now())
        except RejectedError as rejection:
            self._warnings.warn(rejection.code, str(rejection))
            self._report(rejection.code, str(rejection), {})

    def _on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._paused = bool(request.data)
        response.success = True
        response.message = "paused" if self._paused else "going on from the present joint state"
        return response

    def _on_target(self, message: PoseStamped) -> None:
        start = time.perf_counter()
        values: dict[str, str | float] = {"stamp": stamp_text(message.header.stamp)}
        try:
            code = self._answer(message, values)
            text = code.value
        except RejectedError as rejection:
            code, text = rejection.code, str(rejection)
            self._warnings.warn(code, text)
        self._report(code, text, values)
        residual = values.get("residual")
        self._statistics.add(
            code, time.perf_counter() - start, residual if isinstance(residual, float) else None
        )

    def _answer(self, message: PoseStamped, values: dict[str, str | float]) -> Code:
        """Publish a solution and, where wanted, a command; what is known of it goes into ``values``."""
        settings = self._settings
        if self._paused:
            raise RejectedError(
                Code.PAUSED, "paused: no target is answered until ~/pause is called with false"
            )
        arm = settings.solver.arm
        target = target_from_pose(
            message, settings.robot_base_link, arm.n_coordinates, settings.plane_tolerance
        )
        now = self._now()
        current = self._joints.known(now) if settings.require_joint_states else self._joints.current(now)
        code, solution = self._solve(target, current, values)
        answer = joint_state_from_positions(solution.positions, arm, settings.joints, message.header)
        if self._commands is not None and current is not None:
            check_step(solution.positions, current, settings.max_joint_step)
            self._commands.publish(self._make_command(solution.positions, current))
        self._solutions.publish(answer)
        return code

    def _solve(
        self, target: np.ndarray, current: np.ndarray | None, values: dict[str, str | float]
    ) -> tuple[Code, Solution]:
        settings = self._settings
        start = time.perf_counter()
        try:
            solution = settings.solver.solve(target, current)
        except (ValueError, ArithmeticError) as error:
            raise RejectedError(
                Code.SOLVER_ERROR, f"cannot solve for {target.tolist()} m: {error}"
            ) from error
        values["solve_time"] = time.perf_counter() - start
        values["residual"] = solution.residual
        if not solution.converged and settings.unreachable != CLOSEST:
            raise RejectedError(
                Code.UNREACHABLE,
                f"target {target.tolist()} m is out of reach: the closest point found is "
                f"{solution.residual:.6g} m away, expected at most {settings.solver.tolerance:g} m",
            )
        if solution.displacement is not None:
            values["displacement"] = solution.displacement
        values["anchor"] = solution.anchor
        return (Code.SOLVED if solution.converged else Code.CLOSEST), solution

    def _report(self, code: Code, text: str, values: dict[str, str | float]) -> None:
        arm = self._settings.solver.arm.name
        self._statuses.publish(make_status(self.get_name(), arm, code, text, values))

    def _diagnose(self) -> None:
        now = self._now()
        values = self._statistics.values(time.monotonic())
        age = self._joints.age(now)
        if age is not None:
            values["joint_state_age"] = age
        text = "paused" if self._paused else "active"
        status = make_status(self.get_name(), self._settings.solver.arm.name, None, text, values)
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted."""
    return run_node(NAME, IKNode, args)


if __name__ == "__main__":
    sys.exit(main())
