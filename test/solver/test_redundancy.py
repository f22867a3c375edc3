"""Null-space motion of redundant arms."""

from __future__ import annotations

import numpy as np
import pytest
from exact import nearest_change, within_limits

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.task import Task


def test_the_nearest_point_of_the_curve_of_solutions_is_found(three_link: IKSolver) -> None:
    """Within 0.02 rad of a fine sweep in 99 of 100 cases, from anywhere."""
    rng = np.random.default_rng(0)
    targets, states = three_link.target_at(three_link.arm.sample(500, rng)), three_link.arm.sample(500, rng)
    found = three_link.solve_batch(targets, states)
    exact = nearest_change(three_link.arm, targets, states)
    assert np.mean(found.displacement <= exact + 0.02) >= 0.99


@pytest.mark.parametrize("name", ["three_link", "panda"])
def test_a_target_that_stands_still_leaves_the_joints_still(name: str) -> None:
    """A hundred solves of one target, each from the last answer: less than 1e-3 rad in all."""
    solver = IKSolver.load(name)
    rng = np.random.default_rng(1)
    for target, state in zip(
        solver.target_at(solver.arm.sample(5, rng)), solver.arm.sample(5, rng), strict=True
    ):
        start = state = solver.solve(target, state).positions
        for _ in range(100):
            state = solver.solve(target, state).positions
        assert np.abs(state - start).max() < 1e-3


def test_tracking_leads_out_of_a_corner(three_link: IKSolver) -> None:
    """A small circle, tracked for long from a joint at its limit: the joint leaves it, in small steps."""
    state = np.array([0.2, 0.3, 1.5])
    point = three_link.target_at(state)
    steps = []
    for k in range(400):
        target = point + 0.02 * np.array([np.cos(0.05 * k) - 1.0, np.sin(0.05 * k)])
        solution = three_link.solve(target, state)
        assert solution.converged
        assert within_limits(three_link.arm, solution.positions)
        steps.append(solution.displacement)
        state = solution.positions
    assert max(steps) <= 0.02
    assert state[2] < 1.49
    assert np.minimum(state - three_link.arm.lower, three_link.arm.upper - state).min() > 0.07


@pytest.mark.parametrize("state", [(-1.3, 1.2, 1.3), (1.1, -1.3, -1.2)])
def test_tracking_near_limits_does_not_go_to_and_fro(three_link: IKSolver, state: tuple[float, ...]) -> None:
    """A line at constant speed, two joints near their limits: each step of the joints is like the one before.

    The first half of the line brings the joints to the posture that suits it.
    """
    joints = np.array(state)
    point = three_link.target_at(joints)
    answers = []
    for k in range(100):
        joints = three_link.solve(point * (1.0 + 0.002 * k), joints).positions
        answers.append(joints)
    steps = np.diff(answers, axis=0)[50:]
    assert np.abs(steps).max() > 1e-3
    assert np.abs(np.diff(steps, axis=0)).max() < 0.1 * np.abs(steps).max()


def test_a_preferred_posture_attracts_redundant_joints() -> None:
    """A tracked circle ends nearer to the posture than without one."""
    chain = load_robot("panda")
    posture = np.array([0.3, 0.4, 0.5, -1.8, 0.2, 2.2, 0.6])
    task = Task.of_chain(chain, "position")
    plain, drawn = IKSolver(chain, task), IKSolver(chain, task, posture=posture)
    state = both = chain.sample(1, np.random.default_rng(2))[0] * 0.4 + 0.6 * posture
    point = plain.target_at(state)
    for k in range(600):
        target = point + 0.02 * np.array([np.cos(0.05 * k) - 1.0, np.sin(0.05 * k), 0.0])
        state, both = plain.solve(target, state).positions, drawn.solve(target, both).positions
    assert np.abs(both - posture).max() < np.abs(state - posture).max()


@pytest.mark.parametrize("turns", [0, 1, -2])
def test_a_preferred_posture_is_the_same_whole_turns_away(turns: int) -> None:
    """An arm without limits that is in it stays near it while it tracks a circle."""
    urdf = load_robot("three_link").urdf.replace('type="revolute"', 'type="continuous"')
    posture = np.array([0.2, 0.7, 0.9])
    solver = IKSolver.from_urdf(urdf, posture=posture)
    point, state = solver.target_at(posture), posture + 2.0 * np.pi * turns * np.array([0.0, 1.0, 0.0])
    for k in range(1001):
        angle = 2.0 * np.pi * k / 250
        target = point + 0.1 * np.array([np.cos(angle) - 1.0, np.sin(angle)])
        state = solver.solve(target, state).positions
    away = np.remainder(state - posture + np.pi, 2.0 * np.pi) - np.pi
    assert np.abs(away).max() < 0.05


def test_a_bad_posture_is_refused() -> None:
    """The message says what was expected and what came."""
    chain = load_robot("two_link")
    with pytest.raises(ValueError, match=r"expected a posture of shape \(2,\) in rad or m, got shape \(3,\)"):
        IKSolver(chain, Task.of_chain(chain), posture=[0.0] * 3)
