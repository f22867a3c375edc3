"""The node ``simulator``: a kinematic arm that follows ``joint_solution`` and publishes ``joint_states``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rclpy.node import Node
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver
from itnnr_ik.ros.kinematic_arm import KinematicArm, rest_positions
from itnnr_ik.ros.messages import positions_by_name, quote_all
from itnnr_ik.ros.parameters import Number, Numbers
from itnnr_ik.ros.process import run_node
from itnnr_ik.ros.settings import JOINTS, MAX_VELOCITY, MODEL
from itnnr_ik.ros.status import RejectedError
from itnnr_ik.ros.throttle import ThrottledLog

NAME = "simulator"

_RATE = Number("rate", 100.0, "How often joint states are published, in [Hz]", minimum=1.0, maximum=1000.0)

_WARN_PERIOD = 1.0  # [s]


class Simulator(Node):
    """Moves the joints toward the newest ``joint_solution`` (by name) and publishes where they are.

    Raises:
        ValueError: A parameter's value cannot be used, or the model cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        arm = IKSolver.load(MODEL.get(self)).arm
        self._joint_names = JOINTS.of(arm, JOINTS.get(self))
        rate, max_velocity = _RATE.get(self), MAX_VELOCITY.get(self)
        initial_positions = Numbers(
            "initial_positions",
            tuple(rest_positions(arm).tolist()),
            "Where the joints start, in [rad], within their limits; empty: a bent posture",
        ).get(self)
        self._arm = KinematicArm(arm, max_velocity, initial_positions)
        self._warnings = ThrottledLog(self.get_logger(), _WARN_PERIOD)
        self._publisher = self.create_publisher(JointState, "joint_states", 10)
        self.create_subscription(JointState, "joint_solution", self._on_command, 1)
        self._last_step = self.get_clock().now()
        self.create_timer(1.0 / rate, self._step)
        self.get_logger().info(
            f"moving {quote_all(self._joint_names)} of {arm.name} at up to {max_velocity:g} rad/s"
        )

    def _on_command(self, message: JointState) -> None:
        try:
            positions = positions_by_name(message, self._joint_names)
        except RejectedError as rejection:
            self._warnings.warn("invalid", f"command ignored: {rejection}")
            return
        if positions is None:
            self._warnings.warn(
                "foreign",
                f"command ignored: expected joints {quote_all(self._joint_names)}, "
                f"got {quote_all(message.name)}",
            )
            return
        self._arm.command(positions)

    def _step(self) -> None:
        now = self.get_clock().now()
        self._arm.step((now - self._last_step).nanoseconds * 1e-9)
        self._last_step = now
        message = JointState(
            name=list(self._joint_names),
            position=self._arm.positions.tolist(),
            velocity=self._arm.velocities.tolist(),
        )
        message.header.stamp = now.to_msg()
        self._publisher.publish(message)


def main(args: Sequence[str] | None = None) -> int:
    """Run the simulator until it is interrupted."""
    return run_node(NAME, Simulator, args)


if __name__ == "__main__":
    sys.exit(main())
