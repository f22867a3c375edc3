"""Messages made of set-points: a controller accepts them and interpolates the profile."""

from __future__ import annotations

import numpy as np
import pytest
from rules import acceptance_problems
from scipy.interpolate import CubicHermiteSpline

from itnnr_ik.ros.control.limits import Limits
from itnnr_ik.ros.control.outputs import PositionOutput, TrajectoryOutput
from itnnr_ik.ros.control.set_points import SetPoints

NAMES = ("a", "b")
LIMITS = Limits(*(np.full(2, value) for value in (-1.5, 1.5, 2.0, 10.0, 500.0, 1.0)))
NO_TURNS = np.zeros(2)
CLOCK = 1000.0


def moving() -> SetPoints:
    set_points = SetPoints(np.zeros(2), 0.0, LIMITS)
    assert set_points.set_goal(np.array([0.6, -0.3]), 0.0, LIMITS)
    return set_points


def points_of(message: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times [s] on the clock of the stamp, positions and velocities of a trajectory."""
    stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
    times = [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in message.points]
    return (
        stamp + np.array(times),
        np.array([p.positions for p in message.points]),
        np.array([p.velocities for p in message.points]),
    )


def test_an_anchored_trajectory_is_the_profile() -> None:
    """It begins before now, on the set-points of that time, and ends at rest."""
    set_points = moving()
    message = TrajectoryOutput(NAMES, 0.01).message(set_points, 0.1, CLOCK + 0.1, NO_TURNS)
    assert acceptance_problems(message, NAMES, CLOCK + 0.1) == []
    times, positions, velocities = points_of(message)
    assert times[0] == pytest.approx(CLOCK + 0.06)
    assert times[-1] == pytest.approx(CLOCK + set_points.end)
    moments = np.linspace(0.06, set_points.end, 300)
    spline = CubicHermiteSpline(times - CLOCK, positions, velocities)
    np.testing.assert_allclose(spline(moments), set_points.at(moments)[0], atol=2e-6)


def test_a_trajectory_without_a_clock_begins_when_it_is_received() -> None:
    """Stamp 0 and a first point in the future; the limits are reduced for what the controller adds."""
    set_points, output = moving(), TrajectoryOutput(NAMES, 0.01)
    message = output.message(set_points, 0.1, None, NO_TURNS)
    assert acceptance_problems(message, NAMES) == []
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)
    times, positions, _ = points_of(message)
    np.testing.assert_allclose(positions[0], set_points.at(0.1 + times[0])[0], atol=1e-9)
    reduced = LIMITS.reduced()
    assert (reduced.velocity < 0.5 * LIMITS.velocity).all()
    assert (reduced.upper < LIMITS.upper).all()


def test_times_rise_also_where_the_motion_ends_before_the_first_point() -> None:
    """The last message of a motion, with and without a clock."""
    for before in (-0.02, 0.0, 0.01, 0.029, 0.03, 0.031, 0.1):
        for clock in (None, CLOCK):
            set_points = moving()
            now = set_points.end - before
            message = TrajectoryOutput(NAMES, 0.01).message(set_points, now, clock, NO_TURNS)
            assert acceptance_problems(message, NAMES) == [], (before, clock)


def test_whole_turns_are_added() -> None:
    """As the robot counts them."""
    turns = np.array([0.0, 4.0 * np.pi])
    message = TrajectoryOutput(NAMES, 0.01).message(moving(), 0.1, None, turns)
    np.testing.assert_allclose(message.points[-1].positions, [0.6, -0.3 + 4.0 * np.pi], atol=1e-9)
    positions = PositionOutput(0.01).message(moving(), 0.0, None, turns)
    np.testing.assert_allclose(positions.data, turns, atol=1e-9)


def test_joints_at_rest_are_sent_nothing() -> None:
    """After the last message; positions are sent on for a while."""
    set_points, trajectories, positions = moving(), TrajectoryOutput(NAMES, 0.01), PositionOutput(0.01)
    end = set_points.end
    assert trajectories.message(set_points, end + 0.01, None, NO_TURNS) is not None
    assert trajectories.message(set_points, end + 0.02, None, NO_TURNS) is None
    assert positions.message(set_points, end + 0.1, None, NO_TURNS) is not None
    assert positions.message(set_points, end + 0.3, None, NO_TURNS) is None


def test_a_late_timer_makes_no_larger_step() -> None:
    """The set-points are delayed with it."""
    set_points, output, now, sent = moving(), PositionOutput(0.01), 0.0, []
    rng = np.random.default_rng(0)
    while now < 1.5:
        set_points.delay(output.delay(set_points, now))
        message = output.message(set_points, now, None, NO_TURNS)
        if message is not None:
            sent.append(np.array(message.data))
        now += 0.01 + 0.05 * (rng.random() < 0.2)
    steps = np.abs(np.diff(sent, axis=0)) / 0.01
    assert (steps <= 1.05 * LIMITS.velocity + 1e-6).all()
    assert steps.max() > 1.9
    np.testing.assert_allclose(sent[-1], [0.6, -0.3], atol=1e-9)


def test_an_approach_is_slow_from_everywhere() -> None:
    """By the controller's cubic from rest at either end of the box; it is sent once."""
    output, box = TrajectoryOutput(NAMES, 0.01), np.array([[-0.4, 0.0], [0.2, 0.1]])
    goal = np.array([0.1, 0.05])
    last = SetPoints(np.zeros(2), 0.0, LIMITS)
    approach = output.approach(last, goal, box, 0.0, LIMITS)
    end = approach.start
    message = output.message(approach, 0.0, None, NO_TURNS)
    assert output.message(approach, 0.05, None, NO_TURNS) is None
    near = output.approach(last, goal, np.array([goal, goal]), 1.0, LIMITS)
    assert len(output.message(near, 1.0, None, NO_TURNS).points) == 1, "also where it does not take long"
    assert acceptance_problems(message, NAMES) == []
    assert points_of(message)[0] == pytest.approx([end])
    for start in box:
        spline = CubicHermiteSpline([0.0, end], [start, goal], np.zeros((2, 2)))
        times = np.linspace(0.0, end, 500)
        assert (np.abs(spline(times, 1)) <= 0.5 * LIMITS.velocity).all()
        assert (np.abs(spline(times, 2)) <= LIMITS.acceleration).all()
    np.testing.assert_allclose(approach.goal, goal, atol=1e-12)
