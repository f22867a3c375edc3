"""The node ``simulator``: an arm, with mass or without, that follows commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.robot import ForwardModel, KinematicChain
from itnnr_ik.ros.interfaces import COMMAND_TYPES, NONE
from itnnr_ik.ros.kinematic_arm import KinematicArm
from itnnr_ik.ros.messages import positions_by_name, quote_all
from itnnr_ik.ros.mujoco_arm import MujocoArm
from itnnr_ik.ros.parameters import Choice, Flag, Number, Numbers, ParameterError
from itnnr_ik.ros.process import run_node
from itnnr_ik.ros.robot import JOINTS, solver_from_parameters
from itnnr_ik.ros.settings import COMMAND_OUT_TOPIC, COMMAND_OUT_TYPE, MAX_VELOCITY
from itnnr_ik.ros.throttle import ThrottledLog
from itnnr_ik.ros.trajectory_controller import TrajectoryController
from itnnr_ik.targets import CURVES, curve_for, rest_positions

NAME = "simulator"
REST = "rest"
ENGINES = ("kinematic", "mujoco")

_RATE = Number("rate", 100.0, "How often joint states are published, in [Hz]", minimum=1.0, maximum=1000.0)
_START_AT = Choice(
    "start_at",
    REST,
    "Where the joints start unless initial_positions says: rest is a posture from which the tool can move in "
    "every direction; a curve's name puts the tool where target_source starts on that curve",
    choices=(REST, *CURVES),
)
_ENGINE = Choice(
    "engine",
    "kinematic",
    "What moves the joints: kinematic has no mass; mujoco simulates mass, gravity and servos",
    choices=ENGINES,
)
_PUBLISH_CLOCK = Flag("publish_clock", False, "Publish the simulated time, from 0 on, on /clock")
# What ik_node is told to send is what is followed, so that one file of parameters serves both.
_COMMAND_TYPE = replace(
    COMMAND_OUT_TYPE, description="Commands to follow: what ik_node is told to send; none: joint_solution"
)
_COMMAND_TOPIC = replace(
    COMMAND_OUT_TOPIC,
    description="Where commands come; empty: where the usual controller of command_out_type listens",
)

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
        ValueError: A parameter's value cannot be used, or the robot or the engine cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        solver = solver_from_parameters(self)
        arm = solver.arm
        self._joint_names = JOINTS.of(arm, JOINTS.get(self))
        rate, start_at = _RATE.get(self), _START_AT.get(self)
        max_velocity = np.minimum(arm.velocity, MAX_VELOCITY.of(arm, MAX_VELOCITY.get(self)))
        start = rest_positions(solver) if start_at == REST else curve_for(solver, start_at).start
        initial_positions = Numbers(
            "initial_positions",
            tuple(start.tolist()),
            "Where the joints start, in [rad] or [m], within their limits; empty: as start_at says",
        ).get(self)
        engine, publish_clock = _ENGINE.get(self), _PUBLISH_CLOCK.get(self)
        try:
            self._arm = _engine(engine, arm, max_velocity, initial_positions)
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
            f"{', '.join(f'{speed:g}' for speed in np.unique(max_velocity))} rad/s or m/s, following {topic}"
        )

    @property
    def _time(self) -> int:
        """Time [ns] up to which the arm has moved, on the clock that joint states are stamped with."""
        return self._reached - self._zero

    def _listen(self, initial_positions: Sequence[float]) -> str:
        """Subscribe to commands; the name of their topic."""
        command_type, topic = _COMMAND_TYPE.get(self), _COMMAND_TOPIC.get(self)
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


def _engine(
    name: str, arm: ForwardModel, max_velocity: np.ndarray, positions: Sequence[float]
) -> KinematicArm | MujocoArm:
    """What moves the joints.

    Raises:
        ImportError: It cannot be loaded.
        ValueError: It cannot move this arm.
    """
    if name == "kinematic":
        return KinematicArm(arm, max_velocity, positions)
    if not isinstance(arm, KinematicChain):
        expected = "kinematic for an arm that was learned from a recording, whose links are not known"
        raise ParameterError(_ENGINE.name, expected, name)
    return MujocoArm(arm, max_velocity, positions)


def main(args: Sequence[str] | None = None) -> int:
    """Run the simulator until it is interrupted."""
    return run_node(NAME, Simulator, args)


if __name__ == "__main__":
    sys.exit(main())
