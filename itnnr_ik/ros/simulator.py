"""The node ``simulator``: an arm, with mass or without, that follows commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
from itnnr_ik.ros.messages import positions_by_name, quote_all
from itnnr_ik.ros.running.process import run_node
from itnnr_ik.ros.setup.parameters import Numbers, ParameterError, check_topic
from itnnr_ik.ros.setup.robot import JOINTS, solver_from_parameters
from itnnr_ik.ros.simulation.command_limiter import CommandLimiter
from itnnr_ik.ros.simulation.controller_state import JointTrajectoryControllerState, controller_state
from itnnr_ik.ros.simulation.kinematic_arm import KinematicArm
from itnnr_ik.ros.simulation.mujoco_arm import MujocoArm
from itnnr_ik.ros.simulation.position_controllers import PacedPositionController, PositionController
from itnnr_ik.ros.simulation.simulator_settings import (
    COMMAND_TOPIC,
    COMMAND_TYPE,
    ENFORCE_LIMITS,
    ENGINE,
    FROM_DESIRED_STATE,
    PUBLISH_CLOCK,
    RATE,
    REST,
    START_AT,
    TOP_SPEED,
    UPDATE_RATE,
)
from itnnr_ik.ros.simulation.trajectory_controller import TrajectoryController
from itnnr_ik.ros.throttle import ThrottledLog
from itnnr_ik.targets import curve_for, rest_positions

NAME = "simulator"
_WARN_PERIOD = 1.0  # [s]
#: Largest missed time that is made up for in control cycles: a longer gap is one long cycle.
_MAX_CATCH_UP = 200_000_000  # [ns]
#: Velocity limit of joints without one in the URDF.
_DEFAULT_MAX_VELOCITY = 100.0  # [rad/s, m/s]


class Simulator(Node):
    """Moves the joints by a controller's set-points, in control cycles, and publishes their state.

    It follows what ``ik_node`` sends with the same ``command_out_type``: trajectories as a
    joint_trajectory_controller does, arrays of positions as a forward_command_controller does, or, with
    ``none``, ``joint_solution`` by name.

    Cycles are timed by its clock. With ``publish_clock`` that is a steady one, and the simulated time, from 0
    on, is published on ``/clock`` and used for timestamps.

    Raises:
        ValueError: A parameter's value cannot be used, or the robot or the engine cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        solver = solver_from_parameters(self)
        arm = solver.arm
        self._joint_names = JOINTS.of(arm, JOINTS.get(self))
        start_at = START_AT.get(self)
        start = rest_positions(solver) if start_at == REST else curve_for(solver, start_at).start
        initial_positions = Numbers(
            "initial_positions",
            tuple(start.tolist()),
            "Where the joints start, in [rad] or [m], within their limits; empty: as start_at says",
        ).get(self)
        engine = ENGINE.get(self)
        try:
            self._arm = _engine(engine, arm, initial_positions)
        except ImportError as error:
            raise ValueError(f"parameter 'engine' cannot be {engine!r}: {error}") from error
        self._set_points = self._arm.positions
        limiter = CommandLimiter(arm, self._set_points) if ENFORCE_LIMITS.get(self) else None
        self._limiter = limiter
        self._warnings = ThrottledLog(self.get_logger(), _WARN_PERIOD)
        self._joint_states = self.create_publisher(JointState, "joint_states", 10)
        self._controller_states: Publisher[Any] | None = None
        self._start_clock()
        topic = self._listen(self._make_controller(arm))
        self.create_timer(1e-9 * self._cycle, self._advance, clock=self._pacing_clock)
        self.get_logger().info(
            f"moving {quote_all(self._joint_names)} of {arm.name} ({engine}) in cycles of "
            f"{1e-6 * self._cycle:g} ms, following {topic}"
        )

    @property
    def _time(self) -> int:
        """Time [ns] up to which the arm has moved, on the clock that joint states are stamped with."""
        return self._simulated_until - self._clock_origin

    def _start_clock(self) -> None:
        """Choose the clock, and start time and cycles."""
        self._cycle, self._publication_period = (round(1e9 / rate.get(self)) for rate in (UPDATE_RATE, RATE))
        self._clock_publisher: Publisher[ClockMessage] | None = None
        self._pacing_clock: Clock = self.get_clock()
        if PUBLISH_CLOCK.get(self):
            self._clock_publisher = self.create_publisher(ClockMessage, "/clock", 10)
            self._pacing_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._simulated_until = self._pacing_clock.now().nanoseconds
        self._clock_origin = self._simulated_until if self._clock_publisher is not None else 0
        self._next_publication = self._time

    def _make_controller(self, arm: ForwardModel) -> type:
        """Make the controller; the type of its commands."""
        update_rate, from_desired_state = UPDATE_RATE.get(self), FROM_DESIRED_STATE.get(self)
        max_velocity = np.minimum(arm.velocity, TOP_SPEED.of(arm, TOP_SPEED.get(self)))
        command_type = COMMAND_TYPE.get(self)
        message_type: type = JointState if command_type == NONE else COMMAND_TYPES[command_type][0]
        positions = self._arm.positions
        self._controller: TrajectoryController | PositionController
        if message_type is JointTrajectory:
            self._controller = TrajectoryController(self._joint_names, update_rate, from_desired_state)
            self._controller.activate(positions, self._arm.velocities)
        elif message_type is Float64MultiArray:
            self._controller = PositionController(positions)
        else:
            self._controller = PacedPositionController(positions, max_velocity, update_rate)
        return message_type

    def _listen(self, message_type: type) -> str:
        """Subscribe to commands; the name of their topic."""
        command_type, topic = COMMAND_TYPE.get(self), COMMAND_TOPIC.get(self)
        topic = "joint_solution" if command_type == NONE else topic or COMMAND_TYPES[command_type][1]
        check_topic(self, COMMAND_TOPIC.name, topic)

        def on_command(message: Any) -> None:
            self._advance()  # a command counts from its reception, not from the previous cycle
            try:
                self._follow(message)
            except ValueError as error:
                self._warnings.warn("invalid", f"command ignored: {error}")

        heard = self.create_subscription(message_type, topic, on_command, 1).topic_name
        if message_type is JointTrajectory and JointTrajectoryControllerState is not None:
            # In the same namespace as its joint_trajectory, like the controller's.
            name = f"{heard.rpartition('/')[0]}/controller_state"
            self._controller_states = self.create_publisher(JointTrajectoryControllerState, name, 10)
        return heard

    def _follow(self, message: Any) -> None:
        if isinstance(self._controller, TrajectoryController):
            self._controller.follow(message, self._time)
            return
        if isinstance(message, Float64MultiArray):
            self._controller.command(message.data)
            return
        positions = positions_by_name(message, self._joint_names)
        if positions is None:
            raise ValueError(f"expected joints {quote_all(self._joint_names)}, got {quote_all(message.name)}")
        self._controller.command(positions)

    def _advance(self) -> None:
        """Run the cycles that are due."""
        now = self._pacing_clock.now().nanoseconds
        gap, lost = now - self._simulated_until, 0
        if gap < 0:  # the clock was set back: the present trajectory is of another time
            self._simulated_until = now
            self._next_publication = self._time
            if isinstance(self._controller, TrajectoryController):
                self._controller.activate(self._arm.positions, self._arm.velocities)
        elif gap > _MAX_CATCH_UP + self._cycle:
            # The clock was set, or this process was suspended. Simulated time of its own has no gap.
            lost = (gap // self._cycle - 1) * self._cycle
            self._simulated_until += lost
            if self._clock_publisher is not None:
                self._clock_origin, lost = self._clock_origin + lost, 0
        while now - self._simulated_until >= self._cycle:
            self._run_cycle(self._cycle + lost)
            lost = 0

    def _run_cycle(self, period: int) -> None:
        """Move the joints to the end of a cycle, read them, and set their next set-points."""
        self._simulated_until += self._cycle
        self._arm.move(self._set_points, 1e-9 * self._cycle)
        positions, velocities = self._arm.positions, self._arm.velocities
        stamp = Time(nanoseconds=self._time).to_msg()
        if self._clock_publisher is not None:
            self._clock_publisher.publish(ClockMessage(clock=stamp))
        if self._time >= self._next_publication:
            self._next_publication = max(self._next_publication + self._publication_period, self._time + 1)
            message = JointState(
                name=list(self._joint_names), position=positions.tolist(), velocity=velocities.tolist()
            )
            message.header.stamp = stamp
            self._joint_states.publish(message)
        self._set_points = self._controller.update(self._time, period, positions, velocities)
        if self._controller_states is not None and isinstance(self._controller, TrajectoryController):
            self._controller_states.publish(
                controller_state(self._joint_names, self._controller, positions, velocities, stamp)
            )
        if self._limiter is not None:
            self._set_points, limited = self._limiter.limit(self._set_points, 1e-9 * period)
            if limited:
                self._warnings.warn("limits", "the command of at least one joint is out of limits: clipped")


def _engine(name: str, arm: ForwardModel, positions: Sequence[float]) -> KinematicArm | MujocoArm:
    """The simulated arm.

    Raises:
        ImportError: It cannot be loaded.
        ValueError: It cannot move this arm.
    """
    if name == "kinematic":
        return KinematicArm(arm, positions)
    if not isinstance(arm, KinematicChain):
        expected = "kinematic for an arm that was learned from a recording, whose links are not known"
        raise ParameterError(ENGINE.name, expected, name)
    return MujocoArm(arm, np.minimum(arm.velocity, _DEFAULT_MAX_VELOCITY), positions)


def main(args: Sequence[str] | None = None) -> int:
    """Run the simulator until it is interrupted."""
    return run_node(NAME, Simulator, args)


if __name__ == "__main__":
    sys.exit(main())
