"""The kinematic arm: speed, limits, and commands that make no sense."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.ros.kinematic_arm import KinematicArm

ARMS = {name: load_robot(name) for name in PACKAGED}
arms = pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)
#: Continuous joints among limited ones.
BENT_WRIST = KinematicChain.from_urdf(Path(__file__).parents[1] / "urdf" / "bent_wrist.urdf")


def start_of(arm: KinematicChain) -> np.ndarray:
    """A posture (n,) a quarter of the way from the middle of the limits to the upper ones."""
    return 0.375 * arm.lower + 0.625 * arm.upper


@arms
def test_moves_to_the_command_at_limited_speed(arm: KinematicChain) -> None:
    """The farthest joint goes at max_velocity until it is there, then it rests."""
    moving = KinematicArm(arm, 2.0, start_of(arm))
    goal = start_of(arm)
    goal[0] += 0.5
    moving.command(goal)
    moving.step(0.1)
    np.testing.assert_allclose(moving.positions[0], start_of(arm)[0] + 0.2)
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
    arm = ARMS["three_link"]
    moving = KinematicArm(arm, 1.5, start_of(arm))
    for command in commands:
        moving.command(command)
        for dt in durations:
            before = moving.positions
            moving.step(dt)
            assert ((arm.lower <= moving.positions) & (moving.positions <= arm.upper)).all()
            assert (np.abs(moving.positions - before) <= 1.5 * max(dt, 0.0) + 1e-12).all()


def test_a_clock_that_goes_back_moves_nothing() -> None:
    """Neither backwards nor at a negative speed."""
    moving = KinematicArm(ARMS["two_link"], 1.0, (0.0, 0.5))
    moving.command((1.0, 1.0))
    moving.step(-5.0)
    np.testing.assert_array_equal(moving.positions, (0.0, 0.5))
    np.testing.assert_array_equal(moving.velocities, 0.0)


@pytest.mark.parametrize("positions", [(0.1,), (0.1, 0.2, 0.3), (math.nan, 0.2), (0.1, math.inf), ()])
def test_a_command_that_makes_no_sense_changes_nothing(positions: tuple[float, ...]) -> None:
    """It is an error, and the goal stays."""
    moving = KinematicArm(ARMS["two_link"], 1.0, (0.0, 0.5))
    with pytest.raises(ValueError, match="expected 2 finite commanded positions"):
        moving.command(positions)
    moving.step(1.0)
    np.testing.assert_array_equal(moving.positions, (0.0, 0.5))


def test_initial_positions_are_checked() -> None:
    """Number, finiteness and limits; and a speed that is not positive."""
    arm = ARMS["two_link"]
    with pytest.raises(ValueError, match="expected 2 finite initial positions"):
        KinematicArm(arm, 1.0, (0.0,))
    with pytest.raises(ValueError, match=r"initial positions must be within .*, got \[0.0, 3.0\]"):
        KinematicArm(arm, 1.0, (0.0, 3.0))
    with pytest.raises(ValueError, match="max_velocity must be positive"):
        KinematicArm(arm, 0.0, (0.0, 0.5))
    with pytest.raises(ValueError, match="max_velocity must be positive"):
        KinematicArm(arm, np.array([1.0, np.inf]), (0.0, 0.5))


def test_each_joint_has_its_own_speed() -> None:
    """A prismatic joint in metres beside revolute ones."""
    arm = ARMS["scara"]
    moving = KinematicArm(arm, np.array([1.0, 2.0, 0.1, 4.0]), (0.0, 0.0, 0.0, 0.0))
    moving.command((2.0, 2.0, 0.2, 2.0))
    moving.step(0.25)
    np.testing.assert_allclose(moving.positions, (0.25, 0.5, 0.025, 1.0))
    np.testing.assert_allclose(moving.velocities, (1.0, 2.0, 0.1, 4.0))


def test_continuous_joints_turn_on() -> None:
    """They have no limits, so a command several turns away is followed there."""
    moving = KinematicArm(BENT_WRIST, 10.0, (0.0, 3.0, 3.0, -20.0, 0.0, 0.0))
    moving.command((30.0, 3.0, 3.0, 0.0, 0.0, 0.0))
    moving.step(10.0)
    np.testing.assert_allclose(moving.positions, (30.0, 3.0, 3.0, 0.0, 0.0, 0.0))
