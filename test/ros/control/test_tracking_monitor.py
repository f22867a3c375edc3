"""Tracking by a controller's own state or by the joints, its clock's offset, and the velocity of a stream."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.ros.control.clock import MAX_OFFSET, ClockOffset
from itnnr_ik.ros.control.limits import Limits
from itnnr_ik.ros.control.set_points import SetPoints
from itnnr_ik.ros.control.stream import MAX_GAP, StreamVelocity
from itnnr_ik.ros.control.tracking_monitor import TrackingMonitor, TrackingState

LIMITS = Limits(*(np.full(2, value) for value in (-3.0, 3.0, 1.0, 10.0, 500.0, 1.0)))
PERIOD = 0.01
TOLERANCE = 0.05


def following(lag: float, error: float, until: float = 1.0) -> tuple[TrackingMonitor, SetPoints, float]:
    """Joints that have followed set-points for a while with a lag [s] and a steady error [rad]."""
    monitor, set_points = TrackingMonitor(TOLERANCE), SetPoints(np.zeros(2), 0.0, LIMITS)
    assert monitor.update_joints(np.full(2, error), 0.0)
    monitor.start(set_points, 0.0)
    assert set_points.set_goal(np.array([2.0, -1.0]), 0.0, LIMITS)
    now = 0.0
    while now < until:
        now += PERIOD
        assert monitor.update_joints(set_points.at(now - lag)[0] + error, now)
    return monitor, set_points, now


@pytest.mark.parametrize("lag", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("error", [-0.02, 0.0, 0.02])
def test_joints_that_stop_are_detected_the_sooner_the_better_they_followed(lag: float, error: float) -> None:
    """With any lag and error; and the set-points are not far ahead by then."""
    monitor, set_points, now = following(lag, error)
    assert monitor.confirmed
    stopped = set_points.at(now - lag)[0] + error
    delay = 0.0
    while monitor.update_joints(stopped, now + delay):
        delay += PERIOD
        assert delay < 0.3
    ahead = np.abs(set_points.at(now + delay)[0] - stopped).max()
    assert ahead <= 0.06 + 3.0 * lag


def test_joints_that_have_not_moved_keep_set_points_near() -> None:
    """A goal far away is clipped until they are confirmed to follow."""
    monitor, set_points = TrackingMonitor(TOLERANCE), SetPoints(np.zeros(2), 0.0, LIMITS)
    monitor.update_joints(np.array([0.01, 0.0]), 0.0)
    monitor.start(set_points, 0.0)
    goal = np.array([1.0, 0.0])
    assert monitor.restricted
    assert 0.0 < monitor.restrict(goal, np.zeros(2))[0] <= 0.03
    assert set_points.set_goal(monitor.restrict(goal, np.zeros(2)), 0.0, LIMITS)
    now = 0.0
    while monitor.restricted:
        now += PERIOD
        assert now < 0.3
        assert monitor.update_joints(set_points.at(now)[0] + np.array([0.01, 0.0]), now)
    np.testing.assert_array_equal(monitor.restrict(goal, np.zeros(2)), goal)


def test_a_published_reference_takes_precedence_over_joints() -> None:
    """Blocked joints do not matter then; a reference elsewhere does, and a timeout."""
    monitor, set_points = TrackingMonitor(TOLERANCE), SetPoints(np.zeros(2), 0.0, LIMITS)
    monitor.update_joints(np.zeros(2), 0.0)
    monitor.start(set_points, 0.0)
    assert set_points.set_goal(np.array([1.0, 0.0]), 0.0, LIMITS)
    for now in np.arange(PERIOD, 0.5, PERIOD).tolist():
        assert monitor.update_reference(set_points.at(now)[0], now)
        assert monitor.update_joints(np.zeros(2), now)
        assert not monitor.timed_out(now)
    assert monitor.timed_out(0.7)
    assert not monitor.update_reference(np.zeros(2), 0.71)
    monitor.stop(TrackingState.NOT_FOLLOWING)
    assert monitor.is_at(np.zeros(2))
    assert not monitor.is_at(np.full(2, 0.1))
    assert monitor.updated_at == 0.71
    assert not monitor.timed_out(3.0), "it counts as one that publishes no state"
    assert monitor.reference is None


def test_the_offset_of_a_clock_is_that_of_the_fastest_message() -> None:
    """Of the last two seconds."""
    clock = ClockOffset()
    assert clock.seconds is None
    assert clock.timing == "from receipt: no stamps"
    clock.add(0.0, 10.0)
    assert clock.seconds is None
    rng = np.random.default_rng(0)
    for received in np.arange(10.0, 12.0, 0.005).tolist():
        clock.add(received + 0.03 - rng.uniform(0.001, 0.02), received)
    assert clock.seconds == pytest.approx(0.029, abs=1e-3)
    for received in np.arange(12.0, 15.0, 0.005).tolist():
        clock.add(received + 0.01, received)
    assert clock.seconds == pytest.approx(0.01)
    for received in np.arange(15.0, 18.0, 0.005).tolist():
        clock.add(received + 2.0 * MAX_OFFSET, received)
    assert clock.seconds is None
    assert "apart" in clock.timing
    clock.add(1.0, 1.0)  # the clock was set back
    assert clock.seconds == pytest.approx(0.0)
    assert clock.timing == "anchored"


def test_the_velocity_of_a_stream() -> None:
    """Of solutions at uneven intervals; after a gap a new stream begins."""
    stream, rng, now = StreamVelocity(), np.random.default_rng(0), 0.0
    assert stream.add(np.zeros(2), now) is None
    for _ in range(50):
        now += rng.uniform(0.005, 0.02)
        velocity = stream.add(np.array([0.3, -0.1]) * now, now)
    np.testing.assert_allclose(velocity, [0.3, -0.1], rtol=1e-9)
    again = stream.add(np.array([0.3, -0.1]) * now, now)  # a clock that ticks more slowly
    np.testing.assert_array_equal(again, velocity)
    assert stream.add(np.zeros(2), now + MAX_GAP + 0.01) is None
    stream.reset()
    assert stream.add(np.ones(2), now + MAX_GAP + 0.02) is None
