"""Solvers side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.solvers import Perfect, Silent, Stubborn, bench_arm
from itnnr_ik.bench.draws import draws, of_postures, sine_path
from itnnr_ik.bench.peers import OwnSolver
from itnnr_ik.bench.race import random_targets, tracking


def test_results_tell_a_good_solver_from_a_bad_one() -> None:
    """Known answers have the right success and displacement; a solver without answers has no displacement."""
    arm = bench_arm("two_link")
    drawn = draws(arm, 60, np.random.default_rng(0))
    (good, bad, none), answers = random_targets(arm, [Perfect(drawn), Stubborn(), Silent()], drawn)
    assert (good.solved, bad.solved, none.solved) == (1.0, 0.0, 0.0)
    assert good.displacement == pytest.approx(np.median(np.abs(drawn.postures - drawn.states).max(axis=1)))
    assert math.isnan(bad.displacement)
    assert (answers[0] == drawn.postures).all()
    assert (answers[1] == drawn.states).all()
    assert np.isnan(answers[2]).all()
    assert 0.0 < good.median_us <= good.p99_us


@pytest.mark.parametrize("name", ["two_link", "ur5e", "so101", "scara"])
def test_ours_solves_everything(name: str) -> None:
    """Our solver solves all targets of every kind of arm."""
    arm = bench_arm(name)
    drawn = draws(arm, 40, np.random.default_rng(3))
    (ours,), answers = random_targets(arm, [OwnSolver(arm)], drawn)
    assert ours.solved == 1.0
    solution = arm.solver.solve(drawn.targets[7], drawn.states[7])
    assert (answers[0, 7] == solution.positions).all()


def test_tracking_measures_the_largest_step_of_each_path() -> None:
    """A solver that answers with the path itself has the path's steps, one that stays has none."""
    arm = bench_arm("two_link")
    postures = [sine_path(arm, 100, np.random.default_rng(seed)) for seed in range(2)]
    paths = [of_postures(arm, path, path) for path in postures]
    every = np.concatenate(postures)
    perfect = Perfect(of_postures(arm, every, every))
    good, bad, none = tracking(arm, [perfect, Stubborn(), Silent()], paths, "paths")
    own = [np.abs(np.diff(path, axis=0)).max() for path in postures]
    assert good.own_steps == bad.own_steps == own
    assert good.steps == own
    assert good.ratio == pytest.approx(1.0)
    assert bad.steps == none.steps == [0.0, 0.0]
    assert (good.solved, bad.solved) == (1.0, 0.0)


def test_no_paths_have_no_results() -> None:
    """There are no results without paths."""
    assert tracking(bench_arm("two_link"), [Stubborn()], [], "paths") == []
