"""`solve_batch` keeps the promises of `solve`, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exact import nearest_change, within_limits

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED


def test_random_targets_are_solved_by_the_nearest_solutions(solver: IKSolver) -> None:
    """All of 5000 to 1e-6 m within limits, and the joints move 5 % more than they must in the median."""
    arm, rng = solver.arm, np.random.default_rng(20)
    targets, states = solver.target_at(arm.sample(5000, rng)), arm.sample(5000, rng)
    found = solver.solve_batch(targets, states)
    assert within_limits(arm, found.positions).all()
    distance = np.linalg.norm(solver.target_at(found.positions) - targets, axis=1)
    assert distance.max() <= 1e-6
    assert found.converged.all()
    np.testing.assert_allclose(found.residual, distance, atol=1e-12)
    np.testing.assert_allclose(found.displacement, np.abs(found.positions - states).max(axis=1))
    assert set(found.anchor) <= {"current", "neighbour"}
    some = slice(2000)
    exact = nearest_change(arm, targets[some], states[some])
    assert np.median(found.displacement[some]) <= 1.05 * np.median(exact)


def test_targets_without_states_are_solved(solver: IKSolver) -> None:
    """All of 5000, with no displacement to report and neighbours as anchors."""
    targets = solver.target_at(solver.arm.sample(5000, np.random.default_rng(21)))
    found = solver.solve_batch(targets)
    assert found.residual.max() <= 1e-6
    assert within_limits(solver.arm, found.positions).all()
    assert found.displacement is None
    assert set(found.anchor) == {"neighbour"}
    assert found[0].displacement is None


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("with_states", [True, False])
def test_a_row_is_solved_as_it_is_alone(name: str, with_states: bool) -> None:
    """To the last bit, in a batch that several threads share, out of reach too."""
    solver = IKSolver.load(name)
    rng = np.random.default_rng(22)
    targets, states = solver.target_at(solver.arm.sample(600, rng)), solver.arm.sample(600, rng)
    targets[::50, :2] *= 3.0
    together = solver.solve_batch(targets, states if with_states else None)
    for row in range(0, 600, 5):
        alone = solver.solve(targets[row], states[row] if with_states else None)
        assert alone.positions.tobytes() == together.positions[row].tobytes()
        assert alone[1:] == together[row][1:]


def test_tracking_states_take_small_steps(solver: IKSolver) -> None:
    """Targets a few millimetres from the tips are reached without a change of branch."""
    arm, rng = solver.arm, np.random.default_rng(23)
    states = 0.5 * (arm.lower + arm.upper) + rng.uniform(0.4, 1.2, (500, arm.n_joints))
    targets = solver.target_at(states + rng.uniform(-0.01, 0.01, states.shape))
    found = solver.solve_batch(targets, states)
    assert found.converged.all()
    assert found.displacement.max() < 0.05


def test_no_targets_give_no_solutions(solver: IKSolver) -> None:
    """An empty batch, with states and without."""
    n, m = solver.arm.n_joints, solver.task.n_coordinates
    for states in (None, np.empty((0, n))):
        found = solver.solve_batch(np.empty((0, m)), states)
        assert len(found) == 0
        assert found.positions.shape == (0, n)
        assert found.residual.shape == found.converged.shape == found.anchor.shape == (0,)


def test_one_row_comes_back_as_one_row(solver: IKSolver) -> None:
    """And taken out of the batch it is a solution of its own."""
    state = 0.5 * (solver.arm.lower + solver.arm.upper) + 0.5
    target = solver.target_at(state + 0.05)
    found = solver.solve_batch([target], [state])
    assert found.positions.shape == (1, solver.arm.n_joints)
    solution = found[0]
    assert (solution.converged, type(solution.residual), type(solution.anchor)) == (True, float, str)
    np.testing.assert_array_equal(solution.positions, found.positions[0])
    assert solution.displacement == found.displacement[0]


@pytest.mark.parametrize("with_states", [True, False])
def test_rows_out_of_reach_do_not_disturb_the_others(solver: IKSolver, with_states: bool) -> None:
    """Near and astronomically far ones get their closest point, the rest its solution."""
    arm, rng = solver.arm, np.random.default_rng(24)
    targets = solver.target_at(arm.sample(60, rng))
    states = arm.sample(60, rng) if with_states else None
    far = {5: 1.05 * arm.reach, 20: 3.0 * arm.reach, 40: 1e6, 59: 1e300}
    for row, distance in far.items():
        targets[row] = 0.0
        targets[row, 0] = distance
    with np.errstate(over="raise", invalid="raise"):
        found = solver.solve_batch(targets, states)
    assert within_limits(arm, found.positions).all()
    assert set(np.flatnonzero(~found.converged)) == set(far)
    for row, distance in far.items():
        assert found.residual[row] == pytest.approx(distance - arm.reach, rel=1e-9, abs=1e-4)
        assert solver.target_at(found.positions[row])[0] == pytest.approx(arm.reach, abs=1e-3)


def test_batches_repeat_bit_by_bit(solver: IKSolver) -> None:
    """The same input gives the same bits."""
    arm, rng = solver.arm, np.random.default_rng(25)
    targets, states = 1.1 * solver.target_at(arm.sample(80, rng)), arm.sample(80, rng)
    first, second = (solver.solve_batch(targets, states) for _ in range(2))
    assert first.positions.tobytes() == second.positions.tobytes()
    assert first.residual.tobytes() == second.residual.tobytes()


@pytest.mark.parametrize(
    ("targets", "current", "message"),
    [
        ([1.0, 0.0], None, r"expected targets of shape \(b, 2\) in m, got shape \(2,\)"),
        ([[1.0, 0.0, 0.0]], None, r"expected targets of shape \(b, 2\) in m, got shape \(1, 3\)"),
        ([[1.0, 0.0], [np.nan, 0.0]], None, r"targets of finite numbers in m, got \[nan, 0.0\] in row 1"),
        ([["x", "y"]], None, "expected targets of numbers in m, got .*'x'"),
        ([[1.0, 0.0]], [0.0, 0.0], r"joint positions of shape \(1, 2\) in rad or m, got shape \(2,\)"),
        ([[1.0, 0.0]], [[0.0] * 2] * 2, r"joint positions of shape \(1, 2\) in rad or m, got shape \(2, 2\)"),
        ([[1.0, 0.0]], [[0.0] * 3], r"joint positions of shape \(1, 2\) in rad or m, got shape \(1, 3\)"),
        ([[1.0, 0.0]], [[np.inf, 0.0]], r"finite numbers in rad or m, got \[inf, 0.0\] in row 0"),
    ],
)
def test_bad_input_is_refused(two_link: IKSolver, targets: Any, current: Any, message: str) -> None:
    """The message says what was expected, what came, and in which row."""
    with pytest.raises(ValueError, match=message):
        two_link.solve_batch(targets, current)
