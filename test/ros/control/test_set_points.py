"""Set-points between random goals: every limit holds at every moment, and they come to rest at the goal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from itnnr_ik.ros.control.limits import Limits
from itnnr_ik.ros.control.set_points import SetPoints

N = 3
BOUND = 1.5


def limits(velocity: float = 2.0, acceleration: float = 10.0, jerk: float = 500.0) -> Limits:
    return Limits(*(np.full(N, value) for value in (-BOUND, BOUND, velocity, acceleration, jerk, 1.0)))


def sampled(set_points: SetPoints, start: float, end: float) -> np.ndarray:
    """Positions, velocities and accelerations (3, k, n) every 0.5 ms."""
    times = np.arange(start, max(end, start + 1e-3), 5e-4)
    return np.array([set_points.at(time) for time in times.tolist()]).transpose(1, 0, 2)


def assert_within(set_points: SetPoints, start: float, end: float, allowed: Limits) -> None:
    """What `SetPoints.at` says of the derivatives is so, by differences, and it keeps the limits."""
    positions, velocities, accelerations = sampled(set_points, start - 0.01, end)
    assert (np.abs(positions) <= BOUND).all()
    assert (np.abs(velocities) <= allowed.velocity * (1.0 + 1e-6)).all()
    assert (np.abs(accelerations) <= allowed.acceleration * (1.0 + 1e-6)).all()
    jerks = np.diff(accelerations, axis=0) / 5e-4
    assert (np.abs(jerks) <= allowed.jerk * (1.0 + 1e-6)).all()
    np.testing.assert_allclose(np.diff(positions, axis=0) / 5e-4, velocities[:-1], atol=6e-3)


goals = st.lists(st.floats(-BOUND, BOUND), min_size=N, max_size=N).map(np.array)


@given(st.lists(st.tuples(goals, st.floats(1e-3, 0.8), st.booleans()), min_size=1, max_size=8))
def test_limits_hold_whatever_the_goals(legs: list[tuple[np.ndarray, float, bool]]) -> None:
    """Goals change at any time, some are passed at a velocity; the last one is reached."""
    set_points, now = SetPoints(np.zeros(N), 0.0, limits()), 0.0
    for goal, seconds, passes in legs:
        through = np.clip(3.0 * goal, -2.0, 2.0) if passes else None
        assert set_points.set_goal(goal, now, limits(), through, now)
        assert_within(set_points, now, now + seconds, limits())
        now += seconds
    assert_within(set_points, now, set_points.end + 0.1, limits())
    np.testing.assert_allclose(set_points.at(set_points.end)[0], legs[-1][0], atol=1e-7)
    np.testing.assert_array_equal(set_points.at(set_points.end + 1.0)[1:], 0.0)


@example(np.array([0.0, BOUND, 0.0]), np.array([0.0, BOUND, 0.0]), 0.75, 0.5, 0.5)  # no room for so little
@given(goals, goals, st.floats(0.01, 1.0), st.floats(0.2, 1.0), st.floats(0.2, 1.0))
def test_a_lower_limit_is_met_at_once(
    first: np.ndarray, second: np.ndarray, seconds: float, velocity: float, acceleration: float
) -> None:
    """By braking at the rate that is allowed; only a position limit comes first."""
    set_points = SetPoints(np.zeros(N), 0.0, limits())
    assert set_points.set_goal(first, 0.0, limits())
    lower = limits(2.0 * velocity, 10.0 * acceleration)
    assert set_points.set_goal(second, seconds, lower)
    assert_within(set_points, 0.0, set_points.end, limits())
    _, velocities, accelerations = sampled(set_points, seconds, set_points.end)
    braking = np.abs(set_points.at(seconds)[1]).max() / (10.0 * acceleration) + 0.1
    later = velocities[round(braking / 5e-4) :]
    if np.abs(accelerations).max() <= 10.0 * acceleration * (1.0 + 1e-6):
        assert (np.abs(later) <= 2.0 * velocity * (1.0 + 1e-6)).all()


def test_a_moving_goal_is_met_and_passed() -> None:
    """A slow sine, told 50 times a second: after the start the set-point is on it."""
    set_points = SetPoints(np.zeros(N), 0.0, limits())
    errors = []
    for now in np.arange(0.0, 4.0, 0.02).tolist():
        phase = 1.5 * now + np.arange(N)
        goal, speed = 0.5 * (np.sin(phase) - np.sin(np.arange(N))), 0.75 * np.cos(phase)
        assert set_points.set_goal(goal, now, limits(), speed, now)
        errors.append(np.abs(set_points.at(now)[0] - goal).max())
    assert max(errors[50:]) < 2e-3
    assert max(errors) > 0.02, "it had to catch up with it"


def test_a_joint_beyond_its_limit_comes_back_and_the_others_keep_theirs() -> None:
    """By as little as rounding, or by much."""
    for beyond in (4.5e-16, 0.2):
        start = np.array([BOUND + beyond, 0.0, 0.0])
        set_points = SetPoints(start, 0.0, limits())
        assert set_points.set_goal(np.array([1.0, BOUND, -BOUND]), 0.0, limits())
        assert (np.abs(sampled(set_points, 0.0, set_points.end)[0]) <= BOUND).all()


@given(goals, goals, st.floats(0.01, 0.6))
def test_between_knots_positions_are_cubics(first: np.ndarray, second: np.ndarray, seconds: float) -> None:
    """By scipy's spline through positions and velocities at the knots."""
    from scipy.interpolate import CubicHermiteSpline

    set_points = SetPoints(np.zeros(N), 0.0, limits())
    assert set_points.set_goal(first, 0.0, limits())
    assert set_points.set_goal(second, seconds, limits())
    knots = set_points.knots(seconds - 0.04)
    assert (np.diff(knots) > 0.0).all()
    positions, velocities, _ = np.array([set_points.at(time) for time in knots.tolist()]).transpose(1, 0, 2)
    spline = CubicHermiteSpline(knots, positions, velocities)
    times = np.linspace(knots[0], knots[-1], 200)
    np.testing.assert_allclose(spline(times), set_points.at(times)[0], atol=2e-7)


def test_past_set_points_are_kept_and_all_can_be_delayed() -> None:
    """For a replan, and by the same time."""
    set_points = SetPoints(np.zeros(N), 0.0, limits())
    assert set_points.set_goal(np.full(N, 0.5), 0.0, limits())
    before = set_points.at([0.1, 0.2])[0]
    assert set_points.set_goal(np.zeros(N), 0.3, limits())
    np.testing.assert_array_equal(set_points.at([0.1, 0.2])[0], before)
    set_points.delay(0.05)
    np.testing.assert_allclose(set_points.at([0.15, 0.25])[0], before, atol=1e-12)


def test_a_goal_that_is_no_number_changes_nothing() -> None:
    """The plan is unchanged."""
    set_points = SetPoints(np.zeros(N), 0.0, limits())
    assert set_points.set_goal(np.full(N, 0.5), 0.0, limits())
    assert not set_points.set_goal(np.array([np.nan, 0.0, 0.0]), 0.1, limits())
    np.testing.assert_allclose(set_points.goal, 0.5, atol=1e-9)


@pytest.mark.parametrize("jerk", [50.0, 5000.0])
def test_infinite_limits_of_position(jerk: float) -> None:
    """Continuous joints."""
    unlimited = Limits(*(np.full(N, v) for v in (-np.inf, np.inf, 2.0, 10.0, jerk, 1.0)))
    set_points = SetPoints(np.full(N, 100.0), 0.0, unlimited)
    assert set_points.set_goal(np.full(N, 107.0), 0.0, unlimited)
    np.testing.assert_allclose(set_points.goal, 107.0)
