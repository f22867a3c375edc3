"""The node ``simulator``: an arm, with mass or without, that follows commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik import IKSolver
from itnnr_ik.ros.commands import COMMAND_TYPES, NONE
from itnnr_ik.ros.kinematic_arm import KinematicArm, rest_positions
from itnnr_ik.ros.messages import positions_by_name, quote_all
from itnnr_ik.ros.mujoco_arm import MujocoArm
from itnnr_ik.ros.parameters import (
    declare_choice,
    declare_flag,
    declare_joints,
    declare_number,
    declare_numbers,
    declare_text,
)
from itnnr_ik.ros.process import run_node
from itnnr_ik.ros.throttle import ThrottledLog
from itnnr_ik.ros.trajectory_controller import TrajectoryController
from itnnr_ik.targets import CURVES, curve_for, starting_posture

NAME = "simulator"
REST = "rest"
ENGINES: dict[str, type[KinematicArm] | type[MujocoArm]] = {"kinematic": KinematicArm, "mujoco": MujocoArm}

_WARN_PERIOD = 1.0  # [s]
#: How much missed time physics makes up for: after a longer gap it goes on from where it was.
_LONGEST_GAP = 200_000_000  # [ns]


class Simulator(Node):
    """Moves the joints as the newest command says and publishes where they are.

    It follows what ``ik_node`` sends with the same ``command_out_type``: trajectories as a
    joint_trajectory_controller does, arrays of positions as a forward_command_controller does, or, with
    ``none``, ``joint_solution`` by name.

    It moves in step with its clock. With ``publish_clock`` that is a steady one, and the simulated time, from
    0 on, is published on ``/clock`` and stamps the joint states.

    Raises:
        ValueError: A parameter's value cannot be used, or the model or the engine cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        model = declare_text(self, "model", "two_link", "Name of an arm, or the folder of a trained model")
        solver = IKSolver.load(model)
        arm = solver.arm
        self._joint_names = declare_joints(self, arm)
        rate = declare_number(
            self, "rate", 100.0, "How often joint states are published, in [Hz]", minimum=1.0, maximum=1000.0
        )
        max_velocity = declare_number(
            self, "max_velocity", 2.0, "Largest speed of every joint, in [rad/s]", minimum=1e-3, maximum=100.0
        )
        initial_positions = declare_numbers(
            self,
            "initial_positions",
            self._declare_start(solver),
            "Where the joints start, in [rad], within their limits; empty: as start_at says",
        )
        engine = declare_choice(
            self,
            "engine",
            "kinematic",
            "What moves the joints: kinematic has no mass; mujoco simulates mass, gravity and servos",
            tuple(ENGINES),
        )
        publish_clock = declare_flag(
            self, "publish_clock", False, "Publish the simulated time, from 0 on, on /clock"
        )
        try:
            self._arm = ENGINES[engine](arm, max_velocity, initial_positions)
        except ImportError as error:
            raise ValueError(f"parameter 'engine' cannot be {engine!r}: {error}") from error
        self._controller: TrajectoryController | None = None
        self._warnings = ThrottledLog(self.get_logger(), _WARN_PERIOD)
        self._joint_states = self.create_publisher(JointState, "joint_states", 10)
        self._clock_publisher: Publisher[ClockMessage] | None = None
        self._pace: Clock = self.get_clock()
        if publish_clock:
            self._clock_publisher = self.create_publisher(ClockMessage, "/clock", 10)
            self._pace = Clock(clock_type=ClockType.STEADY_TIME)
        self._reached = self._pace.now().nanoseconds
        self._zero = self._reached if publish_clock else 0
        self._published = self._time
        topic = self._listen(initial_positions)
        self.create_timer(1.0 / rate, self._tick, clock=self._pace)
        self.get_logger().info(
            f"moving {quote_all(self._joint_names)} of {arm.name} ({engine}) at up to "
            f"{max_velocity:g} rad/s, following {topic}"
        )

    @property
    def _time(self) -> int:
        """Time [ns] up to which the arm has moved, on the clock that joint states are stamped with."""
        return self._reached - self._zero

    def _declare_start(self, solver: IKSolver) -> list[float]:
        """``start_at``, as joint positions (n,) [rad]."""
        place = declare_choice(
            self,
            "start_at",
            REST,
            "Where the joints start unless initial_positions says: rest is a bent pose; a curve's name puts "
            "the tip where target_source starts on that curve",
            (REST, *CURVES),
        )
        if place == REST:
            return [float(position) for position in rest_positions(solver.arm)]
        first = curve_for(solver.arm, place).at(0.0)
        return [float(p) for p in solver.solve(first, starting_posture(solver.arm, first)).positions]

    def _listen(self, initial_positions: Sequence[float]) -> str:
        """Subscribe to commands; the name of their topic."""
        command_type = declare_choice(
            self,
            "command_out_type",
            NONE,
            "Commands to follow: what ik_node is told to send; none: joint_solution",
            (NONE, *COMMAND_TYPES),
        )
        topic = declare_text(
            self,
            "command_out_topic",
            "",
            "Where commands come; empty: where the usual controller of command_out_type listens",
        )
        message_type: Any
        if command_type == NONE:
            message_type, topic = JointState, "joint_solution"
        else:
            message_type, usual = COMMAND_TYPES[command_type]
            topic = topic or usual
        if message_type is JointTrajectory:
            self._controller = TrajectoryController(self._joint_names, initial_positions)
        obey = {
            JointState: self._obey_solution,
            JointTrajectory: self._obey_trajectory,
            Float64MultiArray: self._obey_array,
        }[message_type]

        def on_command(message: Any) -> None:
            if self._arm.timestep is not None:
                self._advance()  # a command counts from its receipt on, not from the tick before
            try:
                obey(message)
            except ValueError as error:
                self._warnings.warn("invalid", f"command ignored: {error}")

        return self.create_subscription(message_type, topic, on_command, 1).topic_name

    def _obey_solution(self, message: JointState) -> None:
        positions = positions_by_name(message, self._joint_names)
        if positions is None:
            raise ValueError(f"expected joints {quote_all(self._joint_names)}, got {quote_all(message.name)}")
        self._arm.command(positions)

    def _obey_trajectory(self, message: JointTrajectory) -> None:
        assert self._controller is not None
        self._controller.follow(message, self._time)

    def _obey_array(self, message: Float64MultiArray) -> None:
        self._arm.command(message.data)

    def _advance(self) -> None:
        """Move up to the present."""
        now = self._pace.now().nanoseconds
        if self._arm.timestep is None:
            self._move(now - self._reached)
            return
        gap = now - self._reached
        if not 0 <= gap <= _LONGEST_GAP:
            # The clock was set, or this process stood still. Simulated time of its own knows no gap.
            self._reached = now
            if self._clock_publisher is not None:
                self._zero += gap
        timestep = round(1e9 * self._arm.timestep)
        while now - self._reached >= timestep:
            self._move(timestep)

    def _move(self, duration: int) -> None:
        self._reached += duration
        if self._controller is not None:
            self._arm.command(self._controller.sample(self._time)[0])
        self._arm.step(1e-9 * duration)

    def _tick(self) -> None:
        self._advance()
        if self._time == self._published:
            return
        self._published = self._time
        stamp = Time(nanoseconds=self._time).to_msg()
        if self._clock_publisher is not None:
            self._clock_publisher.publish(ClockMessage(clock=stamp))
        message = JointState(
            name=list(self._joint_names),
            position=self._arm.positions.tolist(),
            velocity=self._arm.velocities.tolist(),
        )
        message.header.stamp = stamp
        self._joint_states.publish(message)


def main(args: Sequence[str] | None = None) -> int:
    """Run the simulator until it is interrupted."""
    return run_node(NAME, Simulator, args)


if __name__ == "__main__":
    sys.exit(main())
