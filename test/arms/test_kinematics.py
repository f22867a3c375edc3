"""Forward kinematics and Jacobian against the paper's formulas worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from itnnr_ik.arms import kinematics
from itnnr_ik.solver import scalars

ROOT_3 = math.sqrt(3.0)


def test_a_planar_arm_of_two_links_follows_equation_a7() -> None:
    """Links at 30° and 90° add up to (√3, 2)."""
    tip, _ = kinematics.planar([math.pi / 6, math.pi / 3], [2.0, 1.0], math)
    assert tip == pytest.approx([ROOT_3, 2.0])


def test_a_planar_arm_of_three_links_follows_equation_a8() -> None:
    """Links at 90°, 0° and 60° add up to (3.5, 1 + 1.5 √3)."""
    tip, _ = kinematics.planar([math.pi / 2, -math.pi / 2, math.pi / 3], [1.0, 2.0, 3.0], math)
    assert tip == pytest.approx([3.5, 1.0 + 1.5 * ROOT_3])


def test_a_pitching_chain_on_a_yawing_base_follows_equation_a9() -> None:
    """Links that rise at 30° and 60°, seen in the direction of 30°."""
    tip, _ = kinematics.yaw_pitch([math.pi / 6, math.pi / 6, math.pi / 6], [2.0, 1.0], math)
    along = ROOT_3 + 0.5
    assert tip == pytest.approx([ROOT_3 / 2 * along, 0.5 * along, 1.0 + ROOT_3 / 2])


def test_the_planar_jacobian_is_the_lever_of_each_joint() -> None:
    """With the links along x and y, joint 1 turns about (0, 0) and joint 2 about (2, 0)."""
    _, jacobian = kinematics.planar([0.0, math.pi / 2], [2.0, 1.0], math)
    np.testing.assert_allclose(jacobian, [[-1.0, -1.0], [2.0, 0.0]], atol=1e-15)


def test_the_spatial_jacobian_turns_sideways_with_yaw_and_up_with_pitch() -> None:
    """A stretched arm along x moves along y when it yaws and along z when it pitches."""
    _, jacobian = kinematics.yaw_pitch([0.0, 0.0, 0.0], [2.0, 1.0], math)
    np.testing.assert_allclose(jacobian, [[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 3.0, 1.0]], atol=1e-15)


def test_chain_moments_are_distances_from_each_joint_to_the_tip() -> None:
    """Links at 0°, 90° and 180°."""
    along, across = kinematics.chain_moments([0.0, math.pi / 2, math.pi / 2], [1.0, 2.0, 3.0], math)
    assert along == pytest.approx([-2.0, -3.0, -3.0])
    assert across == pytest.approx([2.0, 2.0, 0.0])


@pytest.mark.parametrize("formula", [kinematics.planar, kinematics.yaw_pitch])
def test_columns_and_single_numbers_give_the_same(formula: kinematics.Component) -> None:
    """A batch is its rows, whichever namespace computes them."""
    lengths = [0.7, 1.2] if formula is kinematics.yaw_pitch else [0.7, 1.2, 0.4]
    batch = np.random.default_rng(0).uniform(-3.0, 3.0, (20, 3))
    tips, jacobians = formula(list(batch.T), lengths, np)
    for i, row in enumerate(batch.tolist()):
        for namespace in (math, scalars):
            tip, jacobian = formula(row, lengths, namespace)
            np.testing.assert_allclose([column[i] for column in tips], tip, atol=1e-14)
            np.testing.assert_allclose([[c[i] for c in line] for line in jacobians], jacobian, atol=1e-14)
