"""Sends a motion's commands to a controller, and watches whether it follows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from sensor_msgs.msg import JointState

from itnnr_ik.ros.control import Limits, Motion, TrackingState
from itnnr_ik.ros.controller.motion_clock import STEADY, MotionClock
from itnnr_ik.ros.controller.query import QUERY_PERIOD, REPLACEMENT, SCALING, ControllerQuery
from itnnr_ik.ros.interfaces import CONTROLLER_STATE, controller_state_topic
from itnnr_ik.ros.messages import positions_if_usable
from itnnr_ik.ros.receiving import MessageInfo, reception_age, take_pending, with_info
from itnnr_ik.ros.throttle import ThrottledLog

#: Of a controller's speed scaling, which has to be 1.
_SCALING_TOLERANCE = 1e-3
#: A controller whose set-point changes by no more from one state to the next is at rest [rad, m].
_REST_TOLERANCE = 1e-6


class Controller:
    """What is known of the controller of an active node, until it is closed.

    Args:
        node: Owns the subscription, the client and the timer.
        motion: Makes the commands; it may already be known to this controller.
        commands: Publisher of the commands.
        joint_names: The controller's joints, base to tip.
        limits: Of the motion.
        turns: Gives the whole turns (n,) [rad] that the robot counts more of its joints.
        clock: Of the motion.
        warnings: Logs why targets are not followed.

    Attributes:
        motion: As given.
    """

    def __init__(
        self,
        node: LifecycleNode,
        motion: Motion,
        commands: Publisher[Any],
        joint_names: Sequence[str],
        limits: Limits,
        turns: Callable[[], np.ndarray],
        clock: MotionClock,
        warnings: ThrottledLog,
    ) -> None:
        self.motion, self._clock, self._commands = motion, clock, commands
        self._joint_names, self._turns, self._warnings = joint_names, turns, warnings
        self._opened = ExitStack()
        self._states: Any = None
        #: As the controller told last; whether it has the parameter, or ever told another factor than 0, as
        #: those say that know none.
        self._speed_scaling, self._knows_scaling, self._told_scaling = 1.0, False, False
        motion.restart()
        motion.limits = limits
        try:
            if motion.timed:
                self._open(node)
        except BaseException:
            self.close()
            raise

    def _open(self, node: LifecycleNode) -> None:
        topic = controller_state_topic(self._commands.topic_name)
        if topic is not None:
            self._states = node.create_subscription(
                CONTROLLER_STATE.type, topic, with_info(self._take_state), CONTROLLER_STATE.qos
            )
            self._opened.callback(node.destroy_subscription, self._states)
        self._ask(node, REPLACEMENT, True, self._take_replacement)
        self._ask(node, SCALING, False, self._take_knowledge)

    def _ask(
        self, node: LifecycleNode, parameter: str, expected: bool, answer: Callable[[bool], None]
    ) -> None:
        """Ask for a parameter time and again, see `ControllerQuery`."""
        query = ControllerQuery(node, self._commands.topic_name, parameter, expected, answer)
        self._opened.callback(query.close)
        timer = node.create_timer(QUERY_PERIOD, query.ask, clock=STEADY)
        self._opened.callback(node.destroy_timer, timer)

    def close(self) -> None:
        """Stop listening."""
        self._opened.close()

    def age(self, stamp: Any, reception_age: float) -> float:
        """Age [s] of a message with a timestamp of the controller's clock, see `MotionClock.age`."""
        return self._clock.age(stamp, reception_age, self.motion.clock)

    def take_joints(self, positions: np.ndarray, age: float) -> None:
        """Take the joint state (n,) [rad, m] of an age [s]."""
        self.motion.take_joints(positions, self._clock.now - age)

    def send(self) -> None:
        """Publish the command that is due, if any; the joint states have been checked."""
        if self._states is not None:
            # rclpy serves timers first: a delay of this node must not look like a timeout of the controller.
            for state, info in take_pending(self._states, CONTROLLER_STATE.qos.depth):
                self._take_state(state, info)
        if self._scales_speed and not self.motion.monitor.timed_out(self._clock.now):
            return
        command = self.motion.message(self._clock.now, self._clock.stamp, self._turns())
        if command is not None:
            self._commands.publish(command)
            if self._commands.get_subscription_count() == 0:
                self.motion.reset()

    @property
    def values(self) -> dict[str, str]:
        """Of the status and the diagnostics."""
        return {"controller": self.motion.monitor.state.value, "timing": self.motion.timing}

    @property
    def problems(self) -> list[str]:
        """To report in the diagnostics."""
        problems = []
        if self._commands.get_subscription_count() == 0:
            problems.append(f"nobody listens to the commands on {self._commands.topic_name}")
        if self._scales_speed:
            problems.append(self._scaling_text)
        return problems

    def _take_state(self, message: Any, info: MessageInfo | None) -> None:
        reference = JointState(name=message.joint_names, position=message.reference.positions)
        positions = positions_if_usable(reference, self._joint_names)
        if positions is None:  # another controller's, or from before this one is active
            return
        age = self.age(message.header.stamp, reception_age(info))
        last, new = self.motion.monitor.reference, positions - self._turns()
        self.motion.take_reference(new, self._clock.now - age)
        at_rest = last is not None and bool(np.abs(new - last).max() <= _REST_TOLERANCE)
        self._take_scaling(getattr(message, "speed_scaling_factor", 1.0), at_rest)  # Humble's has none
        if self._scales_speed:
            # Every trajectory is joined at its own time, and then falls behind it: set-points would jump.
            self.motion.restart(TrackingState.NOT_FOLLOWING)
            self._warnings.warn("speed scaling", self._scaling_text)

    def _take_scaling(self, factor: float, at_rest: bool) -> None:
        """Take a factor; 1 counts again once the controller is at rest, and what was slowed is over."""
        self._told_scaling |= factor != 0.0
        if not (self._told_scaling or self._knows_scaling):
            factor = 1.0
        if at_rest or not _is_one(factor):
            self._speed_scaling = factor

    @property
    def _scales_speed(self) -> bool:
        return self.motion.monitor.reference is not None and not _is_one(self._speed_scaling)

    @property
    def _scaling_text(self) -> str:
        scaling = f"the controller scales its speed by {self._speed_scaling:.3g}, expected 1"
        return f"{scaling}: targets are not followed"

    def _take_replacement(self, replaces: bool) -> None:
        if replaces is not self.motion.replaces:
            self.motion.restart()  # from receipt, a motion at full speed would go on at nearly twice that
            self.motion.replaces = replaces

    def _take_knowledge(self, knows_scaling: bool) -> None:
        self._knows_scaling = knows_scaling


def _is_one(factor: float) -> bool:
    """Whether a speed scaling is 1; that of a robot whose state is not known yet is NaN."""
    return abs(factor - 1.0) <= _SCALING_TOLERANCE
