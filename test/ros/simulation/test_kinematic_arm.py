"""The kinematic arm: it is wherever it is sent, and says so."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.ros.simulation.kinematic_arm import KinematicArm

ARMS = {name: load_robot(name) for name in PACKAGED}
arms = pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)


def start_of(arm: KinematicChain) -> np.ndarray:
    """A posture (n,) a quarter of the way from the middle of the limits to the upper ones."""
    return 0.375 * arm.lower + 0.625 * arm.upper


@arms
def test_it_is_at_the_set_points_in_time(arm: KinematicChain) -> None:
    """At the speed that it takes, and at rest where they stay."""
    moving = KinematicArm(arm, start_of(arm))
    np.testing.assert_array_equal(moving.velocities, 0.0)
    goal = start_of(arm) + 0.01 * np.arange(arm.n_joints)
    moving.move(goal, 0.02)
    np.testing.assert_array_equal(moving.positions, goal)
    np.testing.assert_allclose(moving.velocities, 0.5 * np.arange(arm.n_joints), atol=1e-9)
    moving.move(goal, 0.02)
    np.testing.assert_array_equal(moving.positions, goal)
    np.testing.assert_array_equal(moving.velocities, 0.0)


def test_nothing_is_cut() -> None:
    """Neither at a joint limit nor at a speed: whoever looks at the joints sees what they were sent."""
    arm = ARMS["two_link"]
    moving = KinematicArm(arm, (0.0, 0.5))
    goal = arm.upper + 1.0
    moving.move(goal, 0.01)
    np.testing.assert_array_equal(moving.positions, goal)
    assert (moving.velocities > 10.0 * arm.velocity).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_joint_without_a_finite_set_point_stands(bad: float) -> None:
    """As with ros2_control's mock hardware; the others move, and it moves with the next one."""
    moving = KinematicArm(ARMS["two_link"], (0.0, 0.5))
    moving.move(np.array((0.1, 0.6)), 0.1)
    moving.move(np.array((bad, 0.8)), 0.1)
    np.testing.assert_array_equal(moving.positions, (0.1, 0.8))
    np.testing.assert_allclose(moving.velocities, (0.0, 2.0))
    moving.move(np.array((0.2, 0.8)), 0.1)
    np.testing.assert_array_equal(moving.positions, (0.2, 0.8))


@given(st.lists(st.lists(st.floats(), min_size=2, max_size=2), max_size=5), st.floats(1e-3, 1.0))
def test_its_state_is_finite_whatever_comes(sent: list[list[float]], duration: float) -> None:
    """Any numbers at all."""
    moving = KinematicArm(ARMS["two_link"], (0.0, 0.5))
    for set_points in sent:
        moving.move(np.array(set_points), duration)
        assert np.isfinite([moving.positions, moving.velocities]).all()


def test_initial_positions_are_checked() -> None:
    """Number, finiteness and limits."""
    arm = ARMS["two_link"]
    for positions in ((0.0,), (0.1, 0.2, 0.3), (math.nan, 0.2), (0.1, math.inf), ()):
        with pytest.raises(ValueError, match="expected 2 finite initial positions"):
            KinematicArm(arm, positions)
    with pytest.raises(ValueError, match=r"initial positions must be within .*, got \[0.0, 3.0\]"):
        KinematicArm(arm, (0.0, 3.0))
