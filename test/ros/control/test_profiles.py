"""Profiles between random states, by scipy's polynomials and dense samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PPoly

from itnnr_ik.ros.control.limits import Limits
from itnnr_ik.ros.control.profiles import Profile, profile_to

N, BOUND, VELOCITY, ACCELERATION, JERK = 2, 1.5, 2.0, 10.0, 500.0
LIMITS = Limits(*(np.full(N, value) for value in (-BOUND, BOUND, VELOCITY, ACCELERATION, JERK, 1.0)))
WIDE = Limits(*(np.full(N, value) for value in (-np.inf, np.inf, VELOCITY, ACCELERATION, JERK, 1.0)))


def each(bound: float) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.floats(-bound, bound), min_size=N, max_size=N).map(np.array)


states = st.tuples(each(BOUND), each(VELOCITY), each(ACCELERATION)).map(np.array)


def sampled(profile: Profile, derivative: int = 0) -> np.ndarray:
    """A derivative (k, n) of the positions every millisecond, and at the end."""
    coefficients = (profile.states / np.array([1.0, 1.0, 2.0, 6.0])[:, None]).transpose(1, 0, 2)[::-1]
    spline = PPoly(coefficients, np.append(profile.times, profile.duration))
    times = np.append(np.arange(0.0, profile.duration, 1e-3), profile.duration)
    return np.asarray(spline(times, derivative))


@given(states, each(BOUND), each(VELOCITY))
def test_a_profile_goes_from_state_to_goal(state: np.ndarray, goal: np.ndarray, velocity: np.ndarray) -> None:
    """With every derivative continuous, and no larger than the limits or at the beginning."""
    profile = profile_to(goal, velocity, state, WIDE)
    assert profile is not None
    if not len(profile.times):
        return
    positions, velocities, accelerations = (sampled(profile, derivative) for derivative in range(3))
    np.testing.assert_allclose([positions[0], velocities[0], accelerations[0]], state, atol=1e-6)
    np.testing.assert_allclose([positions[-1], velocities[-1]], [goal, velocity], atol=1e-6)
    assert (np.abs(np.diff(positions, axis=0)) <= 1e-3 * 1.06 * VELOCITY).all(), "0.1 rad/s of braking"
    assert (np.abs(np.diff(velocities, axis=0)) <= 1e-3 * ACCELERATION * (1.0 + 1e-6)).all()
    assert (np.abs(profile.states[:, 3]) <= JERK * (1.0 + 1e-3)).all()


@given(states, each(BOUND), each(VELOCITY))
def test_a_profile_is_refused_if_and_only_if_it_leaves_the_limits(
    state: np.ndarray, goal: np.ndarray, velocity: np.ndarray
) -> None:
    """As samples of the one without position limits show, with the joints in step or not."""
    kept, free = (profile_to(goal, velocity, state, limits) for limits in (LIMITS, WIDE))
    assert free is not None
    if kept is not None and len(kept.times):
        assert np.abs(sampled(kept)).max() <= BOUND + 1e-8
    if kept is None and len(free.times):
        assert np.abs(sampled(free)).max() > BOUND - 1e-5


def test_time_that_is_given_is_taken() -> None:
    """All of it, or no profile."""
    rest = np.zeros((3, N))
    profile = profile_to(np.full(N, 0.5), np.zeros(N), rest, LIMITS, 2.0)
    assert profile is not None
    assert abs(profile.duration - 2.0) < 1e-5
    assert profile_to(np.full(N, 0.5), np.zeros(N), rest, LIMITS, 0.2) is None


@pytest.mark.parametrize(
    ("velocity", "acceleration", "jerk"),
    [(0.01, 0.01, 1e8), (0.05, 0.05, 1e8), (2.0, 1e4, 1e8), (2.0, 1e5, 5e5)],
)
def test_a_jerk_that_is_next_to_unlimited_leaves_goal_speed_and_direction(
    velocity: float, acceleration: float, jerk: float
) -> None:
    """Where acceleration changes within 1e-10 s, too, and where joints are nearly in step."""
    limits = Limits(*(np.full(N, value) for value in (-BOUND, BOUND, velocity, acceleration, jerk, 1.0)))
    for goal in np.random.default_rng(0).uniform(-0.3, 0.3, (200, N)):
        profile = profile_to(goal, np.zeros(N), np.zeros((3, N)), limits)
        assert profile is not None
        positions, speeds = sampled(profile), np.abs(sampled(profile, 1))
        np.testing.assert_allclose(positions[-1], goal, atol=1e-6)
        assert (np.sign(goal) * positions >= -1e-9).all()
        assert (np.abs(positions) <= np.abs(goal) + 1e-9).all()
        assert (speeds <= velocity * (1.0 + 1e-6)).all()
