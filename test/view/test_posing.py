"""An arm follows its target on its branch, its target follows its joints, and other branches are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED
from itnnr_ik.view.posing import Posing, full_pose, initial_posture, manipulability

UR5E = IKSolver.load("ur5e")


@pytest.mark.parametrize("arm", PACKAGED)
def test_every_packaged_arm_opens_with_its_target_reached(arm: str) -> None:
    """The initial posture is within limits, reaches the target and is not singular."""
    solver = IKSolver.load(arm)
    posing = Posing(solver, initial_posture(solver))
    assert posing.solution.converged
    assert ((solver.arm.lower <= posing.positions) & (posing.positions <= solver.arm.upper)).all()
    assert np.allclose(solver.point_at(posing.positions), posing.pose[:3], atol=1e-6)
    assert manipulability(solver, posing.positions)[1] > 0.01 * solver.arm.reach


def test_a_dragged_target_keeps_the_branch() -> None:
    """Along a line the joints change little from step to step, though other branches reach it as well."""
    posing = Posing(UR5E, initial_posture(UR5E))
    pose, step = posing.pose, np.array([0.0, 0.005, -0.003, 0.0, 0.0, 0.0, 0.0])
    for _ in range(20):
        pose = pose + step
        before = posing.positions
        assert posing.set_target(pose).converged
        assert np.abs(posing.positions - before).max() < 0.1
    assert len(posing.branches(7)) > 1


def test_branches_reach_the_same_target_elsewhere() -> None:
    """By forward kinematics, each far from the others and from the arm; never more than asked for."""
    posing = Posing(UR5E, initial_posture(UR5E))
    branches = posing.branches(7)
    for branch in branches:
        reached = UR5E.forward(branch)
        assert np.allclose(reached[:3], posing.target[:3], atol=1e-5)
        assert abs(reached[3:] @ posing.target[3:]) == pytest.approx(1.0, abs=1e-9)
    every = [posing.positions, *branches]
    for i, one in enumerate(every):
        assert all(np.abs(one - other).max() > 0.05 for other in every[:i])
    assert len(posing.branches(2)) == 2


def test_a_branch_that_is_chosen_is_where_the_arm_goes() -> None:
    """The target stays, and the former posture is one of the other branches."""
    posing = Posing(UR5E, initial_posture(UR5E))
    target, before = posing.target, posing.positions
    chosen = posing.branches(7)[-1]
    posing.go_to(chosen)
    assert np.allclose(posing.positions, chosen, atol=1e-6)
    assert np.array_equal(posing.target, target)
    assert min(np.abs(other - before).max() for other in posing.branches(20)) < 1e-4


@settings(max_examples=30)
@given(st.integers(0, 6), st.floats(-10.0, 10.0))
def test_a_joint_goes_as_far_as_its_limits_and_takes_the_target_along(joint: int, value: float) -> None:
    """The other joints stay, and the target moves to the tool."""
    solver = IKSolver.load("panda")
    posing = Posing(solver, initial_posture(solver))
    before = posing.positions
    posing.set_joint(joint, value)
    expected = before.copy()
    expected[joint] = np.clip(value, solver.arm.lower[joint], solver.arm.upper[joint])
    assert np.allclose(posing.positions, expected, atol=1e-6)
    assert np.allclose(posing.target[:3], solver.forward(expected)[:3])
    assert posing.solution.converged


def test_a_continuous_joint_stays_at_its_turn() -> None:
    """The slider of a continuous joint does not change its turn."""
    urdf = (
        "<robot name='wheel'><link name='a'/><link name='b'/><link name='c'/>"
        "<joint name='turn' type='continuous'><parent link='a'/><child link='b'/><axis xyz='0 0 1'/></joint>"
        "<joint name='lift' type='revolute'><parent link='b'/><child link='c'/><origin xyz='1 0 0'/>"
        "<axis xyz='0 0 1'/><limit lower='-2' upper='2' velocity='1' effort='1'/></joint>"
        "<link name='d'/><joint name='end' type='fixed'><parent link='c'/><child link='d'/>"
        "<origin xyz='1 0 0'/></joint></robot>"
    )
    posing = Posing(IKSolver.from_urdf(urdf), [4.0 * np.pi + 0.2, 1.0])
    posing.set_joint(0, -0.3)
    assert posing.positions[0] == pytest.approx(4.0 * np.pi - 0.3, abs=1e-6)


def test_out_of_reach_the_arm_is_as_near_as_it_gets() -> None:
    """The arm is stretched towards the target by its reach."""
    solver = IKSolver.load("two_link")
    posing = Posing(solver, initial_posture(solver))
    solution = posing.set_target([5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    assert not solution.converged
    assert solution.residual == pytest.approx(3.0, abs=1e-6)
    assert posing.branches(5) == []


def test_reset_goes_back_to_the_first_posture() -> None:
    """Reset moves the arm to the initial posture, and the target with it."""
    posing = Posing(UR5E, initial_posture(UR5E))
    positions, target = posing.positions, posing.target
    posing.set_joint(1, -0.3)
    posing.reset()
    assert np.allclose(posing.positions, positions)
    assert np.allclose(posing.target, target)


def test_manipulability_is_that_of_a_two_link_arm() -> None:
    """It is l₁ l₂ |sin q₂|, as in textbooks."""
    solver = IKSolver.load("two_link")
    for bend in (0.3, 1.0, -1.4):
        assert manipulability(solver, [0.2, bend])[0] == pytest.approx(abs(np.sin(bend)))


def test_a_position_has_a_pose_turned_like_the_base() -> None:
    """A position target has identity rotation, in the plane of a planar arm."""
    assert full_pose(IKSolver.load("two_link"), [0.5, 0.6]).tolist() == [0.5, 0.6, 0.0, 0.0, 0.0, 0.0, 1.0]
