"""The node ``itnnr_ik``: a target pose and the joint states in, a joint solution and a status out."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver, Solution
from itnnr_ik.ros.messages import (
    joint_state_from_positions,
    positions_by_name,
    quote,
    quote_all,
    target_from_pose,
)
from itnnr_ik.ros.parameters import declare_flag, declare_joints, declare_number, declare_text
from itnnr_ik.ros.process import run_node
from itnnr_ik.ros.status import Code, RejectedError, make_status, stamp_text
from itnnr_ik.ros.throttle import ThrottledLog

NAME = "itnnr_ik"

_NEWEST_TARGET = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE)
#: Best effort hears every publisher, reliable or not.
_NEWEST_JOINT_STATE = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT
)
_ANSWERS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)


class IKNode(Node):
    """Answers every target with exactly one status, and with a joint solution where there is one.

    Subscribes ``target_pose`` (PoseStamped) and ``joint_states`` (JointState); publishes
    ``joint_solution`` (JointState) and ``~/status`` (DiagnosticStatus), which also tells of every joint
    state that was rejected. Names, types and parameters are in the README.

    Raises:
        ValueError: A parameter's value cannot be used, or the model cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        model = declare_text(self, "model", "two_link", "Name of an arm, or the folder of a trained model")
        tolerance = declare_number(
            self, "tolerance", 1e-6, "Largest residual of a solution, in [m]", minimum=1e-9, maximum=0.1
        )
        self._solver = IKSolver.load(model, tolerance=tolerance)
        arm = self._solver.arm
        self._joint_names = declare_joints(self, arm)
        self._frame = (
            declare_text(
                self,
                "robot_base_link",
                arm.base_link,
                "Frame that targets must be in: the arm's base link; empty: the model's",
            )
            or arm.base_link
        )
        self._needs_joint_states = declare_flag(
            self,
            "require_joint_states",
            True,
            "Publish no solution until the joints' positions are known; false: solve without them till then",
        )
        warn_period = declare_number(
            self,
            "warn_period",
            1.0,
            "Least time between two warnings of one kind, in [s]; 0: every one is logged",
            minimum=0.0,
            maximum=3600.0,
        )

        self._warnings = ThrottledLog(self.get_logger(), warn_period)
        self._current: np.ndarray | None = None
        self._unusable_names: Sequence[str] | None = None
        self._solution_publisher = self.create_publisher(JointState, "joint_solution", _ANSWERS)
        self._status_publisher = self.create_publisher(DiagnosticStatus, "~/status", _ANSWERS)
        # Before the targets': rclpy serves subscriptions in the order in which they were created, so that a
        # target that waits beside a joint state is solved from it.
        self._joint_state_subscription = self.create_subscription(
            JointState, "joint_states", self._on_joint_state, _NEWEST_JOINT_STATE
        )
        target_subscription = self.create_subscription(
            PoseStamped, "target_pose", self._on_target, _NEWEST_TARGET
        )
        self.get_logger().info(
            f"solving for {arm.name}, joints {quote_all(self._joint_names)}, "
            f"targets in frame {quote(self._frame)} on {target_subscription.topic_name}"
        )

    def _on_joint_state(self, message: JointState) -> None:
        try:
            positions = positions_by_name(message, self._joint_names)
        except RejectedError as rejection:
            self._unusable_names = message.name
            self._reject(rejection)
            return
        if positions is None:
            self._unusable_names = message.name
        else:
            self._current = positions

    def _on_target(self, message: PoseStamped) -> None:
        values: dict[str, str | float] = {"stamp": stamp_text(message.header.stamp)}
        try:
            target = target_from_pose(message, self._frame, self._solver.arm.n_coordinates)
            self._check_joint_states()
            solution = self._solve(target, values)
            command = joint_state_from_positions(
                solution.positions, self._solver.arm, self._joint_names, message.header
            )
        except RejectedError as rejection:
            self._reject(rejection, values)
            return
        self._solution_publisher.publish(command)
        self._report(Code.SOLVED, "solved", values)

    def _check_joint_states(self) -> None:
        """Raise RejectedError while the joints' positions are needed and not known."""
        if self._current is not None or not self._needs_joint_states:
            return
        came = (
            "no message has come"
            if self._unusable_names is None
            else f"the last message named {quote_all(self._unusable_names)}"
        )
        raise RejectedError(
            Code.NO_JOINT_STATE,
            f"no joint state yet: expected joints {quote_all(self._joint_names)} "
            f"on {self._joint_state_subscription.topic_name}, {came}",
        )

    def _solve(self, target: np.ndarray, values: dict[str, str | float]) -> Solution:
        """A solution within tolerance; what is known of it goes into ``values`` even where it is rejected."""
        start = time.perf_counter()
        try:
            solution = self._solver.solve(target, self._current)
        except (ValueError, ArithmeticError) as error:
            raise RejectedError(
                Code.SOLVER_ERROR, f"cannot solve for {target.tolist()} m: {error}"
            ) from error
        values["solve_time"] = time.perf_counter() - start
        values["residual"] = solution.residual
        if not solution.converged:
            raise RejectedError(
                Code.UNREACHABLE,
                f"target {target.tolist()} m is out of reach: the closest point found is "
                f"{solution.residual:.6g} m away, expected at most {self._solver.tolerance:g} m",
            )
        if solution.displacement is not None:
            values["displacement"] = solution.displacement
        values["anchor"] = solution.anchor
        return solution

    def _reject(self, rejection: RejectedError, values: dict[str, str | float] | None = None) -> None:
        self._warnings.warn(rejection.code, str(rejection))
        self._report(rejection.code, str(rejection), values or {})

    def _report(self, code: Code, text: str, values: dict[str, str | float]) -> None:
        self._status_publisher.publish(
            make_status(self.get_name(), self._solver.arm.name, code, text, values)
        )


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted."""
    return run_node(NAME, IKNode, args)


if __name__ == "__main__":
    sys.exit(main())
