"""Gauss–Newton refinement within limits, for one target and for many."""

from __future__ import annotations

import math

import numpy as np
import pytest
from exact import within_limits
from hypothesis import given, settings
from hypothesis import strategies as st

from itnnr_ik.arms import ARMS
from itnnr_ik.solver import scalars
from itnnr_ik.solver.refine import (
    closest_points,
    damped_step,
    limited_trial,
    refine_many,
    refine_one,
    solve_normal,
)

PRECISION = 5e-7


@given(data=st.data(), coordinates=st.sampled_from([2, 3]), damping=st.floats(1e-3, 10.0))
@settings(deadline=None)
def test_the_normal_equations_are_solved(data: st.DataObject, coordinates: int, damping: float) -> None:
    """By cofactors as by NumPy, and the step is the smallest that fits them."""
    numbers = st.floats(-3.0, 3.0)
    jacobian = data.draw(
        st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=coordinates, max_size=coordinates)
    )
    error = data.draw(st.lists(numbers, min_size=coordinates, max_size=coordinates))
    matrix = np.array(jacobian)
    exact = np.linalg.solve(matrix @ matrix.T + damping * np.eye(coordinates), error)
    np.testing.assert_allclose(solve_normal(jacobian, error, damping), exact, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(damped_step(jacobian, error, damping), matrix.T @ exact, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ARMS)
def test_a_near_start_converges_in_a_few_steps(name: str) -> None:
    """From 0.02 rad away, well bent, three steps reach a micrometre."""
    arm, rng = ARMS[name], np.random.default_rng(0)
    bent = arm.limits.mean(axis=0) + 0.8
    for offset in rng.uniform(-0.02, 0.02, (50, arm.n_joints)):
        target = arm.forward(bent)
        joints, residual = refine_one(arm, (bent + offset).tolist(), target.tolist(), PRECISION, 3)
        assert residual <= PRECISION
        assert residual == pytest.approx(math.dist(arm.forward(joints), target), abs=1e-12)


@pytest.mark.parametrize("name", ARMS)
def test_many_targets_are_refined_like_each_alone(name: str) -> None:
    """Good starts and hopeless ones side by side: the same positions as one by one, within the limits."""
    arm, rng = ARMS[name], np.random.default_rng(1)
    positions = arm.sample(300, rng)
    starts = np.clip(positions + rng.normal(0.0, 0.3, positions.shape), arm.lower, arm.upper)
    targets = arm.forward(positions)
    targets[::10] *= 1.5
    many, residuals = refine_many(arm, starts, targets, PRECISION, 8)
    for start, target, refined, residual in zip(starts, targets, many, residuals, strict=True):
        one, one_residual = refine_one(arm, start.tolist(), target.tolist(), PRECISION, 8)
        np.testing.assert_allclose(refined, one, atol=1e-9)
        assert residual == pytest.approx(one_residual, abs=1e-9)
    assert within_limits(arm, many).all()
    assert (residuals <= np.linalg.norm(arm.forward(starts) - targets, axis=1) + 1e-12).all()
    assert (residuals <= PRECISION).mean() > 0.5


def test_no_rows_are_refined_to_no_rows() -> None:
    """An empty batch keeps its shape."""
    positions, residuals = refine_many(ARMS["two_link"], np.empty((0, 2)), np.empty((0, 2)), PRECISION, 8)
    assert (positions.shape, residuals.shape) == ((0, 2), (0,))


def test_a_joint_on_its_limit_leaves_the_step_to_the_others() -> None:
    """Joint 1 would leave its limit: it stays, and the trial keeps all limits."""
    arm = ARMS["three_link"]
    joints = [math.pi / 2, 0.4, 0.3]
    _, jacobian = arm.tip(joints, scalars)
    error = [-0.005, 0.0]
    free = damped_step(jacobian, error, 1e-9)
    assert free[0] > 0.0
    trial = limited_trial(arm, joints, jacobian, error, 1e-9, scalars)
    assert trial[0] == joints[0]
    assert within_limits(arm, np.array(trial))
    moved = np.subtract(arm.forward(trial), arm.forward(joints))
    np.testing.assert_allclose(moved, error, atol=2e-4)


@pytest.mark.parametrize("name", ARMS)
def test_the_search_for_closest_points_never_loses_ground(name: str) -> None:
    """From any start towards a target out of reach: no farther than before, within the limits."""
    arm, rng = ARMS[name], np.random.default_rng(2)
    starts = arm.sample(40, rng)
    for target in rng.uniform(-2.0 * arm.reach, 2.0 * arm.reach, (20, arm.n_coordinates)):
        positions, residuals = closest_points(arm, starts, target.tolist(), PRECISION, 100)
        assert within_limits(arm, positions).all()
        np.testing.assert_allclose(
            residuals, np.linalg.norm(arm.forward(positions) - target, axis=1), atol=1e-12
        )
        assert (residuals <= np.linalg.norm(arm.forward(starts) - target, axis=1) + 1e-12).all()
