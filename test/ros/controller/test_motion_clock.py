"""The time of the motion, steady or simulated, and ages of a controller's messages on it."""

from __future__ import annotations

import pytest
from builtin_interfaces.msg import Time as Stamp
from rclpy.clock import Clock, ROSClock
from rclpy.clock_type import ClockType
from rclpy.time import Time

from itnnr_ik.ros.control import ClockOffset
from itnnr_ik.ros.controller import STEADY, MotionClock

#: Time [s] that passes between two lines of a test on a busy machine.
SLACK = 5.0


def simulated(seconds: float) -> ROSClock:
    """A node's clock at a simulated time [s]."""
    clock = ROSClock()
    clock._set_ros_time_is_active(True)
    clock.set_ros_time_override(Time(seconds=seconds, clock_type=ClockType.ROS_TIME))
    return clock


def stamp_of(seconds: float) -> Stamp:
    return Time(seconds=seconds).to_msg()


@pytest.mark.parametrize(
    "clock", [Clock(), ROSClock()], ids=["system time", "ROS time that is not simulated"]
)
def test_the_motion_goes_by_the_steady_clock(clock: Clock) -> None:
    """Its stamps are on the node's clock."""
    time = MotionClock(clock)
    before = STEADY.now().nanoseconds * 1e-9
    assert before <= time.now <= before + SLACK
    assert time.stamp == pytest.approx(clock.now().nanoseconds * 1e-9, abs=SLACK)
    assert time.timer_clock is STEADY
    assert not time.simulated


def test_the_motion_goes_by_simulated_time() -> None:
    """Where the node's clock is simulated, all times are that one."""
    clock = simulated(7.5)
    time = MotionClock(clock)
    assert time.simulated
    assert (time.now, time.stamp, time.node_time) == pytest.approx((7.5, 7.5, 7.5))
    assert time.timer_clock is clock


def test_the_age_is_the_larger_one_of_stamp_and_reception() -> None:
    """By the offset of the controller's clock, here 0 as of a message without delay."""
    clock, offset = Clock(), ClockOffset()
    now = clock.now().nanoseconds * 1e-9
    offset.add(now, now)
    time = MotionClock(clock)
    assert time.age(stamp_of(now - 10.0), 0.0, offset) == pytest.approx(10.0, abs=SLACK)
    assert time.age(stamp_of(now), 20.0, offset) == pytest.approx(20.0, abs=SLACK)


def test_without_a_stamp_the_age_is_that_of_reception() -> None:
    """Nor does it count by the stamps of a clock that differs too much."""
    time = MotionClock(Clock())
    for seconds in (0.0, 1000.0):
        assert time.age(stamp_of(seconds), 0.25, ClockOffset()) == 0.25


def test_simulated_time_is_that_of_the_newest_message() -> None:
    """A message may be ahead of /clock, which waits beside it; how long it waited is not simulated."""
    time, offset = MotionClock(simulated(7.5)), ClockOffset()
    assert time.age(stamp_of(7.6), 3.0, offset) == pytest.approx(0.0)
    assert time.now == time.stamp == pytest.approx(7.6)
    assert time.node_time == pytest.approx(7.5)
    assert time.age(stamp_of(7.4), 3.0, offset) == pytest.approx(0.2)
