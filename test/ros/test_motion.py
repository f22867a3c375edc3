"""Motions keep within limits, speed and acceleration, whatever the joints were doing before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.ros.motion import SHORTEST, STOP_TIME, Bounds, Motion, is_jump_from_rest, make_motion

LIMITS = np.array([[-1.5, -1.0, -3.0], [1.5, 0.5, 3.0]])
shares = st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).map(np.array)
signed_shares = st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3).map(np.array)
speeds = st.floats(0.05, 5.0)


def place(share: np.ndarray) -> np.ndarray:
    return LIMITS[0] + share * (LIMITS[1] - LIMITS[0])


def sampled(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities at many times of a motion and after it."""
    parts = [np.linspace(*ends, 60) for ends in zip(motion.times, motion.times[1:], strict=False)]
    return motion.at(np.concatenate([*parts, [motion.duration + 1.0]]))


@given(shares, signed_shares, shares, signed_shares, speeds, st.booleans())
def test_limits_and_speed_hold_whatever_it_starts_from(
    start: np.ndarray,
    speed: np.ndarray,
    goal: np.ndarray,
    through: np.ndarray,
    velocity: float,
    moves_on: bool,
) -> None:
    """At full speed straight to a limit, too, unless that is so near that nothing could brake in time."""
    bounds = Bounds(LIMITS, velocity)
    motion = make_motion(
        place(start), velocity * speed, place(goal), bounds, through=velocity * through if moves_on else None
    )
    positions, velocities = sampled(motion)
    past = 4.0 / 27.0 * velocity * 1e-3 + 2e-9  # what a joint covers in a millisecond
    assert (positions >= LIMITS[0] - past).all()
    assert (positions <= LIMITS[1] + past).all()
    assert np.abs(velocities).max() <= velocity * (1.0 + 1e-6)
    np.testing.assert_array_equal(motion.positions[-1], place(goal))
    sent = motion.positions[1:]
    assert ((LIMITS[0] <= sent) & (sent <= LIMITS[1])).all()
    assert not velocities[-1].any()
    assert not motion.velocities[-1].any()
    assert (np.diff(motion.times) > 0.0).all()


@given(signed_shares, signed_shares, signed_shares, st.floats(0.5, 50.0), st.booleans())
def test_acceleration_holds_far_from_the_limits(
    speed: np.ndarray, goal: np.ndarray, through: np.ndarray, acceleration: float, moves_on: bool
) -> None:
    """At the knots, where the acceleration of a cubic is largest, to either side."""
    bounds = Bounds(np.array([[-1e3] * 3, [1e3] * 3]), 2.0, acceleration)
    motion = make_motion(np.zeros(3), 2.0 * speed, goal, bounds, through=2.0 * through if moves_on else None)
    for before, after in zip(motion.times, motion.times[1:], strict=False):
        edge = 1e-6 * (after - before)
        for time in (before + edge, after - edge):
            change = motion.at(time + edge / 2)[1] - motion.at(time - edge / 2)[1]
            assert np.abs(change / edge).max() <= acceleration * 1.001 + 1e-3


def test_it_takes_no_longer_than_the_bounds_ask_for() -> None:
    """From rest to rest 1.5 d / V, or √(6 d / A); on and on at the full speed d / V."""
    rest, goal = np.zeros(3), np.array([0.3, -0.1, 0.0])
    assert make_motion(rest, rest, goal, Bounds(LIMITS, 2.0)).duration == pytest.approx(1.5 * 0.3 / 2.0)
    slow = make_motion(rest, rest, goal, Bounds(LIMITS, 2.0, 5.0))
    assert slow.duration == pytest.approx(np.sqrt(6.0 * 0.3 / 5.0))
    assert make_motion(rest, rest, rest, Bounds(LIMITS, 2.0)).duration == SHORTEST
    speed = 2.0 * goal / 0.3
    on = make_motion(rest, speed, goal, Bounds(10.0 * LIMITS, 2.0, 1e3), through=speed)
    assert on.times[1] == pytest.approx(0.3 / 2.0)
    assert on.duration == pytest.approx(0.3 / 2.0 + STOP_TIME)
    np.testing.assert_allclose(on.velocities[1], speed)


def test_where_the_start_is_not_certain_there_is_time_for_the_farthest() -> None:
    """The joints may be farther from the goal than the set-point is."""
    rest, goal = np.zeros(3), np.array([0.01, 0.0, 0.0])
    motion = make_motion(rest, rest, goal, Bounds(LIMITS, 2.0), measured=np.array([-0.02, 0.2, 0.0]))
    assert motion.duration == pytest.approx(1.5 * 0.2 / 2.0)
    gentle = make_motion(rest, rest, goal, Bounds(LIMITS, 2.0, 1.0), measured=np.array([-0.02, 0.2, 0.0]))
    assert gentle.duration == pytest.approx(np.sqrt(6.0 * 0.2 / 1.0))


def test_a_joint_that_comes_to_its_limit_does_not_wait_for_the_others() -> None:
    """It is at rest there while another is still on a long way; the long way is one cubic still."""
    goal = np.array([1.5, -0.8, 0.0])
    motion = make_motion(np.array([1.49, 0.0, 0.0]), np.array([0.4, 0.0, 0.0]), goal, Bounds(LIMITS, 2.0))
    assert motion.duration == pytest.approx(1.5 * 0.8 / 2.0)
    assert motion.times[1] == pytest.approx(3.0 * 0.01 / 0.4)
    np.testing.assert_allclose(motion.positions[1], [1.5, motion.positions[1, 1], 0.0])
    share = motion.times[1] / motion.duration
    assert motion.positions[1, 1] == pytest.approx(-0.8 * share**2 * (3.0 - 2.0 * share))


def test_a_joint_that_has_to_turn_round_before_its_limit_stops_first() -> None:
    """In the little room that there is, and then it takes its time."""
    start, goal = np.array([1.4999, 0.0, 0.0]), np.array([0.0, 0.0, 0.0])
    motion = make_motion(start, np.array([0.5, 0.0, 0.0]), goal, Bounds(LIMITS, 2.0))
    positions, velocities = sampled(motion)
    assert positions[:, 0].max() <= 1.5 + 2e-9
    assert np.abs(velocities).max() <= 2.0 + 1e-9
    np.testing.assert_allclose(motion.positions[1], start)
    assert not motion.velocities[1].any()


def test_a_joint_does_not_wait_far_beyond_its_goal() -> None:
    """One with a short way to go, and fast, while another takes long: it goes on by what braking needs."""
    goal, limits = np.array([0.01, 0.3, 0.0]), 10.0 * LIMITS
    speed = np.array([0.2, 0.0, 0.0])
    free = make_motion(np.zeros(3), speed, goal, Bounds(limits, 0.2))
    assert sampled(free)[0][:, 0].max() < 0.0125
    braked = make_motion(np.zeros(3), speed, goal, Bounds(limits, 0.2, 1.0))
    alone = make_motion(np.zeros(1), speed[:1], goal[:1], Bounds(limits[:, :1], 0.2, 1.0))
    assert sampled(braked)[0][:, 0].max() < sampled(alone)[0][:, 0].max() + 0.0025


def test_a_speed_above_the_largest_is_brought_down_on_the_way() -> None:
    """The way is not stretched by a lower speed that has come meanwhile."""
    motion = make_motion(
        np.zeros(3), np.array([2.0, 0.0, 0.0]), np.array([0.2, 0.0, 0.0]), Bounds(LIMITS, 0.05)
    )
    positions, velocities = sampled(motion)
    assert positions[:, 0].max() <= 0.2025
    assert np.abs(velocities).max() <= 2.0 + 1e-9


def test_joints_outside_their_limits_come_back_without_a_jump() -> None:
    """What is sent is within, and the way there takes its time, even if another joint has to hurry."""
    start, speed = np.array([1.62, 0.499, 0.0]), np.array([0.0, 0.4, 0.0])
    goal = np.array([1.5, 0.3, 0.0])
    motion = make_motion(start, speed, goal, Bounds(LIMITS, 2.0))
    sent = motion.positions[1:]
    assert ((LIMITS[0] <= sent) & (sent <= LIMITS[1])).all()
    assert np.abs(sampled(motion)[1]).max() <= 2.0 + 1e-9


@given(shares, signed_shares, shares, shares, speeds)
def test_a_jump_from_rest_is_what_a_controller_would_make_of_the_knots(
    start: np.ndarray, speed: np.ndarray, goal: np.ndarray, elsewhere: np.ndarray, velocity: float
) -> None:
    """Sampled: much faster than allowed, or beyond a limit, on the way to the first knot."""
    bounds = Bounds(LIMITS, velocity)
    motion = make_motion(place(start), velocity * speed, place(goal), bounds)
    knots = motion.positions.copy(), motion.velocities.copy()
    knots[0][0], knots[1][0] = place(elsewhere), 0.0
    positions, velocities = Motion(motion.times, *knots).at(np.linspace(0.0, motion.times[1] * 0.999, 400))
    excess = np.abs(velocities).max() / (1.5 * velocity)
    beyond = max((LIMITS[0] - positions).max(), (positions - LIMITS[1]).max())
    jump = is_jump_from_rest(motion, place(elsewhere), bounds)
    if excess > 1.0 + 1e-9 or beyond > 1e-6:
        assert jump
    if excess < 0.99 and beyond < -1e-6:
        assert not jump


@given(shares, signed_shares, shares, st.floats(0.05, 1.0), st.sampled_from([np.inf, 1.0, 10.0]))
def test_each_joint_keeps_to_bounds_of_its_own(
    start: np.ndarray, speed: np.ndarray, goal: np.ndarray, slower: float, acceleration: float
) -> None:
    """A slow joint beside fast ones, and one that no limit of acceleration holds back."""
    velocity = np.array([1.0, slower, 2.0])
    bounds = Bounds(LIMITS, velocity, np.array([acceleration, np.inf, 20.0]))
    motion = make_motion(place(start), velocity * speed, place(goal), bounds)
    positions, velocities = sampled(motion)
    past = 4.0 / 27.0 * velocity * 1e-3 + 2e-9
    assert (positions >= LIMITS[0] - past).all()
    assert (positions <= LIMITS[1] + past).all()
    assert (np.abs(velocities) <= velocity * (1.0 + 1e-6)).all()
    np.testing.assert_array_equal(motion.positions[-1], place(goal))


def test_each_joint_has_an_acceleration_of_its_own() -> None:
    """From rest to rest the one that needs longest says how long it takes."""
    rest, goal = np.zeros(3), np.array([0.3, 0.3, 0.0])
    for acceleration in ([1.0, np.inf, 1.0], [np.inf, 1.0, 1.0]):
        motion = make_motion(rest, rest, goal, Bounds(LIMITS, 2.0, np.array(acceleration)))
        assert motion.duration == pytest.approx(np.sqrt(6.0 * 0.3 / 1.0))
    motion = make_motion(rest, rest, goal, Bounds(LIMITS, 2.0, np.array([np.inf, np.inf, 1.0])))
    assert motion.duration == pytest.approx(1.5 * 0.3 / 2.0)


@given(signed_shares, signed_shares, st.booleans())
def test_a_joint_without_limits_turns_on_and_on(speed: np.ndarray, goal: np.ndarray, moves_on: bool) -> None:
    """Its motion is finite, ends at the goal, and is that of a joint whose limits are far away."""
    far = np.array([[-1e6] * 3, [1e6] * 3])
    start = np.array([100.0, -40.0, 0.0])
    motions = [
        make_motion(start, speed, start + goal, Bounds(limits, 2.0, 5.0), through=speed if moves_on else None)
        for limits in (np.array([[-np.inf] * 3, [np.inf] * 3]), far)
    ]
    for one, other in zip(*((m.times, m.positions, m.velocities) for m in motions), strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_from_rest_at_its_start_no_motion_is_a_jump() -> None:
    """To the joints' own place, or with the start somewhat ahead of them."""
    bounds = Bounds(LIMITS, 1.0)
    start, goal = np.zeros(3), np.array([0.3, -0.2, 0.1])
    motion = make_motion(start, np.zeros(3), goal, bounds, measured=start - 0.1)
    assert not is_jump_from_rest(motion, start, bounds)
    assert not is_jump_from_rest(motion, start - 0.1, bounds)
    assert is_jump_from_rest(motion, start - 1.0, bounds)
