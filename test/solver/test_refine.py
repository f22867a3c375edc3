"""Bounded damped least squares on arms of all tasks, against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from exact import within_limits
from hypothesis import given
from hypothesis import strategies as st
from workspaces import workspace_of

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED
from itnnr_ik.solver.problem import Problem, Workspace, differentiate, evaluate
from itnnr_ik.solver.refine import (
    PRECISION_SHARE,
    bounded_step,
    descend,
    factorise,
    refine,
    smallest_singular_value,
    substitute,
)
from itnnr_ik.task.kernels import GOAL_SIZE, read_target

PRECISION = 5e-7


def problem_of(name: str) -> tuple[IKSolver, Problem, Workspace]:
    """A packaged arm as the kernels see it."""
    solver = IKSolver.load(name)
    problem = solver._prepared.search.problem
    return solver, problem, workspace_of(problem)


def goal_of(solver: IKSolver, target: np.ndarray) -> np.ndarray:
    """A target as the kernels read it."""
    goal = np.empty(GOAL_SIZE)
    axis = solver.task.tool_axis.copy()
    assert read_target(solver.task.code, np.array(target), axis, np.inf, goal) == 0
    return goal


@given(
    rows=st.integers(2, 6),
    joints=st.integers(2, 8),
    seed=st.integers(0, 1000),
    damping=st.floats(1e-6, 10.0),
)
def test_the_damped_normal_equations_are_solved(rows: int, joints: int, seed: int, damping: float) -> None:
    """As by NumPy, with joints left out."""
    rng = np.random.default_rng(seed)
    jacobian, error = rng.normal(size=(rows, joints)), rng.normal(size=rows)
    active = (rng.random(joints) < 0.8).astype(float)
    normal, dual = np.empty((rows, rows)), np.empty(rows)
    factorise(jacobian, active, damping, normal)
    substitute(normal, error, dual)
    matrix = jacobian @ np.diag(active) @ jacobian.T + damping * np.eye(rows)
    np.testing.assert_allclose(matrix @ dual, error, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", PACKAGED)
def test_the_jacobian_rows_are_the_derivative_of_the_error(name: str) -> None:
    """By central differences at random postures, orientation rows in metres."""
    solver, problem, w = problem_of(name)
    rng = np.random.default_rng(0)
    for q in solver.arm.sample(20, rng):
        near = q + rng.uniform(-1e-6, 1e-6, len(q))
        goal = goal_of(solver, solver.target_at(near))
        evaluate(problem, goal, q, w)
        differentiate(problem, w)
        rows = w.jacobian.copy()
        for i in range(len(q)):
            errors = []
            for side in (-1.0, 1.0):
                moved = q.copy()
                moved[i] += side * 1e-6
                evaluate(problem, goal, moved, w)
                errors.append(w.error.copy())
            np.testing.assert_allclose((errors[0] - errors[1]) / 2e-6, rows[:, i], atol=1e-5)


@pytest.mark.parametrize("name", [name for name in PACKAGED if name != "so101"])
def test_a_near_start_converges_in_a_few_steps(name: str) -> None:
    """From 0.02 rad away, off singular postures, four steps reach the precision within the limits.

    Of all but so101, whose tool axis is nearly that of its last joint: pointing, it is always near singular.
    """
    solver, problem, w = problem_of(name)
    arm, rng = solver.arm, np.random.default_rng(0)
    tried = 0
    for q in arm.sample(200, rng):
        if np.linalg.svd(solver.jacobian(q), compute_uv=False)[-1] < 0.1:
            continue
        tried += 1
        start = np.clip(q + rng.uniform(-0.02, 0.02, len(q)), arm.lower, arm.upper)
        goal = goal_of(solver, solver.target_at(q))
        position, angle = refine(problem, goal, arm.lower.copy(), arm.upper.copy(), start, 2, 4, w)
        assert position <= PRECISION**2
        assert angle <= PRECISION**2
        assert within_limits(arm, start)
    assert tried >= 20


def test_a_refinement_leaves_the_error_of_its_solution() -> None:
    """Also where it ends with a step that it does not take, as at a precision near rounding."""
    solver, problem, w = problem_of("two_link")
    arm, rng = solver.arm, np.random.default_rng(4)
    problem, n_solved = problem._replace(position=2e-16), 0
    for target, q in zip(solver.target_at(arm.sample(500, rng)), arm.sample(500, rng), strict=True):
        goal = goal_of(solver, target)
        square, _ = refine(problem, goal, arm.lower.copy(), arm.upper.copy(), q, 2, 10, w)
        left = w.error.copy()
        evaluate(problem, goal, q, w)
        if square <= (problem.position / PRECISION_SHARE) ** 2:
            n_solved += 1
            assert np.array_equal(left, w.error)
    assert n_solved > 100


def test_a_joint_on_its_limit_leaves_the_step_to_the_others() -> None:
    """Joint 1 would leave its limit: it stays, the others make up for it, and the trial keeps all limits."""
    solver, problem, w = problem_of("three_link")
    lower, upper = solver.arm.lower.copy(), solver.arm.upper.copy()
    q = np.array([np.pi / 2, 0.4, 0.3])
    goal = goal_of(solver, solver.target_at(q) + np.array([-0.005, 0.0]))
    evaluate(problem, goal, q, w)
    differentiate(problem, w)
    assert (w.jacobian.T @ w.error)[0] > 0.0
    bounded_step(q, lower, upper, 1e-9, w)
    trial = w.trial.copy()
    assert trial[0] == q[0]
    assert within_limits(solver.arm, trial)
    np.testing.assert_allclose(solver.target_at(trial) - solver.target_at(q), [-0.005, 0.0], atol=2e-4)


@pytest.mark.parametrize("name", PACKAGED)
def test_a_descent_never_loses_ground(name: str) -> None:
    """From any start towards a target out of reach: the error falls, within the limits."""
    solver, problem, w = problem_of(name)
    arm, rng = solver.arm, np.random.default_rng(2)
    targets = solver.target_at(arm.sample(10, rng))
    targets[:, :2] *= 3.0
    for target in targets:
        goal = goal_of(solver, target)
        for start in arm.sample(10, rng):
            before = evaluate(problem, goal, start, w)
            after = descend(problem, goal, arm.lower.copy(), arm.upper.copy(), start, 60, 1e-5, w)
            assert after[0] + problem.length**2 * after[1] <= before[0] + problem.length**2 * before[1]
            assert within_limits(arm, start)


@pytest.mark.parametrize("name", ["two_link", "ur5e", "panda", "so101"])
def test_the_smallest_singular_value_is_found(name: str) -> None:
    """As by NumPy, in the rows' units, with its vectors."""
    solver, problem, w = problem_of(name)
    left, right = np.empty(solver.task.n_rows), np.empty(solver.arm.n_joints)
    goal = np.zeros(GOAL_SIZE)
    goal[3] = goal[7] = goal[11] = 1.0
    for q in solver.arm.sample(50, np.random.default_rng(3)):
        evaluate(problem, goal, q, w)
        differentiate(problem, w)
        rows = w.jacobian.copy()
        values = np.linalg.svd(rows, compute_uv=False)
        found = smallest_singular_value(w, left, right)
        # Values that are nearly the same are not told apart in three iterations.
        assert values[-1] * (1.0 - 1e-9) <= found <= 1.5 * values[-1] + 1e-9
        np.testing.assert_allclose(np.linalg.norm(left), 1.0, atol=1e-9)
        np.testing.assert_allclose(left @ rows, found * right, atol=1e-9)
