"""The table of branches: one linear step from a target, and every branch in its cell."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from exact import solutions

from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain, load_robot
from itnnr_ik.solver.table import Table, build_table, no_table
from itnnr_ik.task import Task


def test_every_branch_is_found_from_a_state_on_it() -> None:
    """Of 500 targets: each exact solution, from a state 0.1 rad beside it."""
    for name in ("two_link", "yaw_pitch_pitch"):
        solver, rng = IKSolver.load(name), np.random.default_rng(40)
        arm = solver.arm
        targets = solver.target_at(arm.sample(500, rng))
        exact = solutions(arm, targets)
        rows, branches = np.nonzero(np.isfinite(exact).all(axis=2))
        wished = exact[rows, branches]
        states = np.clip(wished + rng.uniform(-0.1, 0.1, wished.shape), arm.lower, arm.upper)
        found = solver.solve_batch(targets[rows], states)
        assert found.converged.all()
        assert found.displacement is not None
        assert (found.displacement <= np.abs(states - wished).max(axis=1) + 0.01).all()


def test_the_table_of_a_planar_arm_has_one_coordinate_and_both_elbows() -> None:
    """The distance from the first axis; the rows reach the centre of their cell to 1e-6 m."""
    solver = IKSolver.load("two_link")
    arm, problem = solver.arm, solver._prepared.search.problem
    table = build_table(arm, Task.of_chain(arm), problem, np.array([arm.lower, arm.upper]))
    assert table.cylindrical
    assert table.shape.shape == (1,)
    cell = int(table.shape[0] // 2)
    distance = table.grid[0, 0] + (cell + 0.5) / table.grid[1, 0]
    rows = table.rows[table.cell_starts[cell] : table.cell_starts[cell + 1]]
    postures = rows[:, :2] + rows[:, 2:] * distance
    assert len(postures) == 2
    np.testing.assert_allclose(postures[0], -postures[1], atol=1e-5)
    np.testing.assert_allclose(solver.target_at(postures), [[distance, 0.0]] * 2, atol=1e-6)


@pytest.mark.parametrize("upper", [np.pi, np.pi + 0.05])
def test_the_nearest_branch_may_be_at_the_other_end_of_a_whole_turn(upper: float) -> None:
    """A step of the table beyond one limit of the first joint is within the limits a turn away."""
    urdf = load_robot("two_link").urdf
    chain = KinematicChain.from_urdf(urdf, limits={"joint_1": (-np.pi, upper), "joint_2": (-2.5, 2.5)})
    solver, rng = IKSolver(chain, Task.of_chain(chain)), np.random.default_rng(1)
    postures, states = chain.sample(4000, rng), chain.sample(4000, rng)
    depths = rng.uniform(0.0, 0.3, len(postures))
    postures[:, 0] = np.where(np.arange(len(postures)) % 2, upper - depths, -np.pi + depths)
    found = solver.solve_batch(solver.target_at(postures), states)
    assert found.converged.all()
    assert found.displacement is not None
    change = np.abs(postures - states).max(axis=1)
    assert (found.displacement <= change + 1e-4).all()


def test_the_residual_is_that_of_the_answer() -> None:
    """Without a state, at a tolerance that not every last step improves on."""
    solver = IKSolver.load("two_link", tolerance=4e-16)
    targets = solver.target_at(solver.arm.sample(2000, np.random.default_rng(0)))
    found = solver.solve_batch(targets)
    np.testing.assert_array_equal(found.residual, solver.errors(found.positions, targets)[0])


def test_solvers_of_one_arm_share_a_table() -> None:
    """Whatever their tolerances; another tool has another one."""
    solver = IKSolver.load("two_link")
    solvers = (solver, solver.with_tolerance(1e-3), IKSolver.load("two_link"))
    tables = [one._prepared.search.table for one in solvers]
    assert tables[0] is tables[1] is tables[2]
    longer = IKSolver(solver.arm, Task.of_chain(solver.arm, tool=[0.1, 0.0, 0.0]))
    assert longer._prepared.search.table is not tables[0]
    target = longer.target_at([0.4, 1.0])
    assert longer.solve(target).converged


def test_the_tasks_of_a_planar_arm_have_tables_of_their_own() -> None:
    """A position in the plane has one coordinate of the table, one in space two."""
    chain = load_robot("two_link")
    sizes = [
        len(IKSolver(chain, Task("position", planar, 0.6))._prepared.search.table.shape)
        for planar in (True, False, True)
    ]
    assert sizes == [1, 2, 1]


def test_tables_made_by_many_threads_at_once_are_dropped_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twenty that are made at the same time, as many are kept as of twenty in turn."""
    solver = IKSolver.load("two_link")
    arm, task, problem = solver.arm, solver.task, solver._prepared.search.problem
    kept: dict[object, Table] = {}
    monkeypatch.setattr("itnnr_ik.solver.table._cached_tables", kept)
    together = threading.Barrier(20)

    class Builder:
        """Waits for all the others."""

        def __init__(self, *_: object) -> None:
            together.wait(30.0)

        def table(self) -> Table:
            return no_table(2)

    monkeypatch.setattr("itnnr_ik.solver.table._TableBuilder", Builder)

    def build(i: int) -> None:
        build_table(arm, task, problem, np.array([arm.lower, arm.upper + i]))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(build, range(20)))
    assert len(kept) == 8


def test_an_arm_smaller_than_a_hair_has_no_table() -> None:
    """All of its postures would be solutions of each cell: none is kept, and targets are solved without."""
    urdf = load_robot("yaw_pitch_pitch").urdf.replace('xyz="1 0 0"', 'xyz="1e-5 0 0"')
    solver = IKSolver.from_urdf(urdf, tolerance=1e-9)
    assert solver.arm.reach < 1e-4
    assert not len(solver._prepared.search.table.rows)
    assert solver.solve_batch(
        solver.target_at(solver.arm.sample(20, np.random.default_rng(0)))
    ).converged.all()
