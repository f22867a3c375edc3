"""What is known of a controller: by its own state, by joints that follow, and by its clock."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.ros.control.clock import AGREES, ClockOffset
from itnnr_ik.ros.control.limits import Limits
from itnnr_ik.ros.control.set_points import SetPoints
from itnnr_ik.ros.control.stream import GAP, Stream
from itnnr_ik.ros.control.whereabouts import Controller, Whereabouts

LIMITS = Limits(*(np.full(2, value) for value in (-3.0, 3.0, 1.0, 10.0, 500.0, 1.0)))
PERIOD = 0.01
TOLERANCE = 0.05


def following(lag: float, error: float, until: float = 1.0) -> tuple[Whereabouts, SetPoints, float]:
    """Joints that have followed set-points for a while, late by ``lag`` [s] and off by ``error`` [rad]."""
    where, set_points = Whereabouts(TOLERANCE), SetPoints(np.zeros(2), 0.0, LIMITS)
    assert where.follows_joints(np.full(2, error), 0.0)
    where.begin(set_points, 0.0)
    assert set_points.aim(np.array([2.0, -1.0]), 0.0, LIMITS)
    now = 0.0
    while now < until:
        now += PERIOD
        assert where.follows_joints(set_points.at(now - lag)[0] + error, now)
    return where, set_points, now


@pytest.mark.parametrize("lag", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("error", [-0.02, 0.0, 0.02])
def test_joints_that_stop_are_seen_the_sooner_the_better_they_followed(lag: float, error: float) -> None:
    """Whatever their lag and their error; and the set-points have not run far by then."""
    where, set_points, now = following(lag, error)
    assert where.seen
    stopped = set_points.at(now - lag)[0] + error
    seen_after = 0.0
    while where.follows_joints(stopped, now + seen_after):
        seen_after += PERIOD
        assert seen_after < 0.3
    ahead = np.abs(set_points.at(now + seen_after)[0] - stopped).max()
    assert ahead <= 0.06 + 3.0 * lag


def test_joints_that_have_not_moved_keep_set_points_near() -> None:
    """A goal far away is cut to the leash until they come along."""
    where, set_points = Whereabouts(TOLERANCE), SetPoints(np.zeros(2), 0.0, LIMITS)
    where.follows_joints(np.array([0.01, 0.0]), 0.0)
    where.begin(set_points, 0.0)
    goal = np.array([1.0, 0.0])
    assert where.tied
    assert 0.0 < where.leash(goal, np.zeros(2))[0] <= 0.03
    assert set_points.aim(where.leash(goal, np.zeros(2)), 0.0, LIMITS)
    now = 0.0
    while where.tied:
        now += PERIOD
        assert now < 0.3
        assert where.follows_joints(set_points.at(now)[0] + np.array([0.01, 0.0]), now)
    np.testing.assert_array_equal(where.leash(goal, np.zeros(2)), goal)


def test_a_controller_that_tells_its_set_point_needs_no_joints() -> None:
    """Blocked joints say nothing then; its set-point elsewhere does, and its silence."""
    where, set_points = Whereabouts(TOLERANCE), SetPoints(np.zeros(2), 0.0, LIMITS)
    where.follows_joints(np.zeros(2), 0.0)
    where.begin(set_points, 0.0)
    assert set_points.aim(np.array([1.0, 0.0]), 0.0, LIMITS)
    for now in np.arange(PERIOD, 0.5, PERIOD).tolist():
        assert where.follows_reference(set_points.at(now)[0], now)
        assert where.follows_joints(np.zeros(2), now)
        assert not where.silent(now)
    assert where.silent(0.7)
    assert not where.follows_reference(np.zeros(2), 0.71)
    where.lose(Controller.NOT_FOLLOWING)
    assert where.near(np.zeros(2))
    assert not where.near(np.full(2, 0.1))
    assert where.seen_at == 0.71
    assert not where.silent(3.0), "it is taken for one that does not tell its state"
    assert where.reference is None


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
        clock.add(received + 2.0 * AGREES, received)
    assert clock.seconds is None
    assert "apart" in clock.timing
    clock.add(1.0, 1.0)  # the clock was set back
    assert clock.seconds == pytest.approx(0.0)
    assert clock.timing == "anchored"


def test_the_velocity_of_a_stream() -> None:
    """Of solutions that come unevenly; after a gap another stream begins."""
    stream, rng, now = Stream(), np.random.default_rng(0), 0.0
    assert stream.add(np.zeros(2), now) is None
    for _ in range(50):
        now += rng.uniform(0.005, 0.02)
        velocity = stream.add(np.array([0.3, -0.1]) * now, now)
    np.testing.assert_allclose(velocity, [0.3, -0.1], rtol=1e-9)
    again = stream.add(np.array([0.3, -0.1]) * now, now)  # a clock that ticks more slowly
    np.testing.assert_array_equal(again, velocity)
    assert stream.add(np.zeros(2), now + GAP + 0.01) is None
    stream.interrupt()
    assert stream.add(np.ones(2), now + GAP + 0.02) is None
