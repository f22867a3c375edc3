"""The kinematic arm: speed, limits, and commands that make no sense."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.arms import ARMS, Arm, get_arm
from itnnr_ik.ros.kinematic_arm import KinematicArm, rest_positions

arms = pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)


@arms
def test_rest_is_bent_and_within_limits(arm: Arm) -> None:
    """From rest the tip can move in every direction: the Jacobian has full rank."""
    rest = rest_positions(arm)
    assert ((arm.limits[0] < rest) & (rest < arm.limits[1])).all()
    assert np.linalg.svd(arm.jacobian(rest), compute_uv=False).min() > 0.1


@arms
def test_moves_to_the_command_at_limited_speed(arm: Arm) -> None:
    """The farthest joint goes at max_velocity until it is there, then it rests."""
    moving = KinematicArm(arm, 2.0, rest_positions(arm))
    goal = rest_positions(arm)
    goal[0] += 0.5
    moving.command(goal)
    moving.step(0.1)
    np.testing.assert_allclose(moving.positions[0], rest_positions(arm)[0] + 0.2)
    np.testing.assert_allclose(moving.velocities, [2.0] + [0.0] * (arm.n_joints - 1))
    moving.step(1.0)
    np.testing.assert_allclose(moving.positions, goal)
    np.testing.assert_allclose(moving.velocities[0], 0.3)
    moving.step(1.0)
    np.testing.assert_array_equal(moving.velocities, 0.0)


@given(
    st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), max_size=5),
    st.lists(st.floats(-1.0, 2.0), min_size=1, max_size=10),
)
def test_stays_within_limits_and_speed_whatever_is_commanded(
    commands: list[list[float]], durations: list[float]
) -> None:
    """Any finite commands and any steps of a clock, back in time too."""
    arm = get_arm("three_link")
    moving = KinematicArm(arm, 1.5, rest_positions(arm))
    for command in commands:
        moving.command(command)
        for dt in durations:
            before = moving.positions
            moving.step(dt)
            assert ((arm.limits[0] <= moving.positions) & (moving.positions <= arm.limits[1])).all()
            assert (np.abs(moving.positions - before) <= 1.5 * max(dt, 0.0) + 1e-12).all()


def test_a_clock_that_goes_back_moves_nothing() -> None:
    """Neither backwards nor at a negative speed."""
    moving = KinematicArm(get_arm("two_link"), 1.0, (0.0, 0.5))
    moving.command((1.0, 1.0))
    moving.step(-5.0)
    np.testing.assert_array_equal(moving.positions, (0.0, 0.5))
    np.testing.assert_array_equal(moving.velocities, 0.0)


@pytest.mark.parametrize("positions", [(0.1,), (0.1, 0.2, 0.3), (math.nan, 0.2), (0.1, math.inf), ()])
def test_a_command_that_makes_no_sense_changes_nothing(positions: tuple[float, ...]) -> None:
    """It is an error, and the goal stays."""
    moving = KinematicArm(get_arm("two_link"), 1.0, (0.0, 0.5))
    with pytest.raises(ValueError, match="expected 2 finite commanded positions"):
        moving.command(positions)
    moving.step(1.0)
    np.testing.assert_array_equal(moving.positions, (0.0, 0.5))


def test_initial_positions_are_checked() -> None:
    """Number, finiteness and limits; and a speed that is not positive."""
    arm = get_arm("two_link")
    with pytest.raises(ValueError, match="expected 2 finite initial positions"):
        KinematicArm(arm, 1.0, (0.0,))
    with pytest.raises(ValueError, match=r"initial positions must be within .*, got \[0.0, 3.0\]"):
        KinematicArm(arm, 1.0, (0.0, 3.0))
    with pytest.raises(ValueError, match="max_velocity must be positive"):
        KinematicArm(arm, 0.0, (0.0, 0.5))
