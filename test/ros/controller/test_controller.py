"""What a controller tells of itself, and what is sent to it then. No controller needed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.bench.sequences import NAMES, UNITS, limits
from itnnr_ik.ros.control import Motion, TrackingState, TrajectoryOutput
from itnnr_ik.ros.controller import Controller, MotionClock
from itnnr_ik.ros.throttle import ThrottledLog

PERIOD = 0.005  # [s]
REST = np.zeros(3)


class Teller:
    """A controller that obeys nothing, and says where it is."""

    def __init__(self, node: Node) -> None:
        topic = "teller/joint_trajectory"
        publisher = node.create_publisher(JointTrajectory, topic, 1)
        node.create_subscription(JointTrajectory, topic, lambda _: None, 1)
        self.motion = Motion(TrajectoryOutput(NAMES, PERIOD), NAMES, UNITS, limits(), 0.05)
        clock, log = MotionClock(node.get_clock()), ThrottledLog(node.get_logger(), 1.0)
        self.known = Controller(node, self.motion, publisher, NAMES, limits(), lambda: REST, clock, log)
        self._now = clock

    def tell(self, positions: np.ndarray = REST, **fields: object) -> None:
        """A state at a set-point (3,); fields in place of those of a controller at full speed."""
        now = time.time_ns()
        state = {
            "header": SimpleNamespace(stamp=Time(sec=now // 10**9, nanosec=now % 10**9)),
            "joint_names": list(NAMES),
            "reference": SimpleNamespace(positions=positions.tolist()),
            "speed_scaling_factor": 1.0,
            **fields,
        }
        self.known._take_state(SimpleNamespace(**{k: v for k, v in state.items() if v is not None}), None)

    def send(self) -> bool:
        """A target at rest; whether a message is sent for it."""
        self.known.take_joints(REST, 0.0)
        self.motion.set_goal(REST, self._now.now, False)
        before = self.motion._output.sent_at
        self.known.send()
        return self.motion._output.sent_at > before

    def sent(self, seconds: float, **fields: object) -> bool:
        """Whether anything is sent for targets between states."""
        any_sent, end = False, time.monotonic() + seconds
        while time.monotonic() < end:
            self.tell(**fields)  # type: ignore[arg-type]
            any_sent |= self.send()
            time.sleep(PERIOD)
        return any_sent

    def follows(self, **fields: object) -> bool:
        """Whether targets are followed before long."""
        for _ in range(20):
            self.sent(0.05, **fields)
            if self.motion.monitor.state is TrackingState.FOLLOWING:
                return True
        return False


@pytest.fixture
def teller() -> Iterator[Teller]:
    """On the graph."""
    node = Node("teller")
    yield Teller(node)
    node.destroy_node()


@pytest.mark.parametrize("scaling", [0.5, 0.0, 1.01, 2.0, math.nan])
def test_nothing_is_sent_to_a_controller_that_scales_its_speed(teller: Teller, scaling: float) -> None:
    """No approach either: it would begin while the controller still moves."""
    assert teller.follows()
    assert not teller.sent(0.3, speed_scaling_factor=scaling)
    (problem,) = teller.known.problems
    assert f"scales its speed by {scaling:.3g}, expected 1" in problem
    assert teller.follows()
    assert not teller.known.problems


@pytest.mark.parametrize("scaling", [0.0, None])
def test_a_controller_that_does_not_tell_its_scaling_is_followed(
    teller: Teller, scaling: float | None
) -> None:
    """Before ros2_controllers 4.39 and 5.3 it is always 0, and Humble's message has none."""
    assert teller.follows(speed_scaling_factor=scaling)
    assert not teller.known.problems


def test_a_controller_that_knows_of_scaling_may_begin_at_0(teller: Teller) -> None:
    """As the robot may be paused when this node starts."""
    teller.known._take_knowledge(True)
    assert not teller.sent(0.3, speed_scaling_factor=0.0)
    assert teller.known.problems
    teller.known._take_knowledge(False)
    assert teller.follows(speed_scaling_factor=0.0), "one that is loaded in its place may not know"


def test_a_motion_that_was_slowed_down_is_awaited(teller: Teller) -> None:
    """An approach is for a controller at rest."""
    assert teller.follows()
    teller.tell(speed_scaling_factor=0.5)
    for step in range(1, 60):
        teller.tell(step * 0.01 * np.ones(3))
        assert not teller.send()
        time.sleep(PERIOD)
    assert teller.known.problems
    assert teller.follows()


def test_the_scaling_of_another_controller_is_not_this_ones(teller: Teller) -> None:
    """Two may publish on one topic."""
    assert teller.follows()
    teller.tell(joint_names=["finger"], speed_scaling_factor=0.5, reference=SimpleNamespace(positions=[0.0]))
    assert not teller.known.problems
    assert teller.motion.monitor.state is TrackingState.FOLLOWING


def test_a_controller_that_is_gone_scales_nothing(teller: Teller) -> None:
    """What comes in its place may tell no state."""
    assert teller.follows()
    teller.tell(speed_scaling_factor=0.5)
    end = time.monotonic() + 3.0
    while time.monotonic() < end and not teller.send():
        time.sleep(0.02)
    assert time.monotonic() < end
    assert not teller.known.problems


def test_another_timing_begins_with_an_approach(teller: Teller) -> None:
    """The first trajectory from receipt moves as far as two cycles, for which full speed leaves no room."""
    assert teller.follows()
    for replaces in (True, False):
        teller.known._take_replacement(replaces)
        assert teller.motion.monitor.state is not TrackingState.FOLLOWING
        assert teller.follows()
        teller.known._take_replacement(replaces)
        assert teller.motion.monitor.state is TrackingState.FOLLOWING, "the same answer as before"
