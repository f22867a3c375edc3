"""Slices of the reach, against what the solver reaches; uncertainty, against the network's real errors."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.targets.reachable import find_reachable
from itnnr_ik.view.clouds import CELL_SIZE, ReachCloud, UncertaintyCloud


@pytest.mark.parametrize("arm", ["two_link", "yaw_pitch_pitch", "scara"])
def test_what_a_slice_shows_is_reached(arm: str) -> None:
    """Nearly all points of a slice are reachable, except cells at the edge of the reach."""
    solver = IKSolver.load(arm)
    points, dexterity = ReachCloud(solver).slice(solver.point_at(np.full(solver.arm.n_joints, 0.1)))
    assert len(points) == len(dexterity) > 200
    assert (dexterity >= 0.0).all()
    targets = points[::7, : solver.task.n_coordinates]
    assert find_reachable(solver, targets, CELL_SIZE * solver.arm.reach).all()


def test_a_slice_of_an_arm_in_space_goes_through_the_target_and_the_axis() -> None:
    """The slice has points on both sides of the axis."""
    solver = IKSolver.load("panda")
    target = np.array([0.3, 0.4, 0.5])
    points, _ = ReachCloud(solver).slice(target)
    outward = np.array([0.6, 0.8])
    across = points[:, :2] @ [-0.8, 0.6]
    assert np.abs(across).max() < 1e-9
    assert (points[:, :2] @ outward).min() < -0.5 < 0.5 < (points[:, :2] @ outward).max()


def test_a_slice_of_an_arm_whose_first_axis_lies_is_thin() -> None:
    """Points near the plane are rounded into it."""
    urdf = (
        "<robot name='lying'><link name='a'/><link name='b'/><link name='c'/><link name='d'/>"
        "<joint name='one' type='revolute'><parent link='a'/><child link='b'/><axis xyz='1 0 0'/>"
        "<limit lower='-2' upper='2' velocity='1' effort='1'/></joint>"
        "<joint name='two' type='revolute'><parent link='b'/><child link='c'/><origin xyz='0 0 1'/>"
        "<axis xyz='0 1 0'/><limit lower='-2' upper='2' velocity='1' effort='1'/></joint>"
        "<joint name='end' type='fixed'><parent link='c'/><child link='d'/><origin xyz='0 0 1'/></joint>"
        "</robot>"
    )
    solver = IKSolver.from_urdf(urdf)
    points, _ = ReachCloud(solver).slice(np.array([1.0, 0.0, 1.0]))
    assert len(points) > 20
    assert np.abs(points[:, 1]).max() < 1e-9


def test_uncertainty_is_larger_where_the_network_is_worse() -> None:
    """Uncertainty ranks targets as the true errors of the best proposals do."""
    solver = IKSolver.load("two_link")
    points, expected = UncertaintyCloud(solver).around([1.0, 0.6])
    real = np.array([solver.proposals(point[:2])[1].min() for point in points])
    ranks = [np.argsort(np.argsort(values)) for values in (expected, real)]
    assert np.corrcoef(*ranks)[0, 1] > 0.5


def test_a_network_of_poses_has_no_cloud() -> None:
    """Its inputs are not positions in space, so there is no cloud."""
    assert not UncertaintyCloud.fits(IKSolver.load("panda"))
    assert UncertaintyCloud.fits(IKSolver.load("three_link"))
