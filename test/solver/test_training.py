"""Training the twin of an arm and a task, and what the solver then does with it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.solver.assembly import anchor_postures, choose_layout, search_bounds
from itnnr_ik.solver.model import load_model
from itnnr_ik.task import Task

_STEPS = 300


def _untrained(name: str) -> IKSolver:
    chain = load_robot(name)
    return IKSolver(chain, Task.of_chain(chain))


def _left(solver: IKSolver, count: int = 200) -> float:
    """Median position error [m] of the best proposal before refinement, for random reachable targets."""
    targets = solver.target_at(solver.arm.sample(count, np.random.default_rng(1)))
    return float(np.median([solver.proposals(target)[1].min() for target in targets]))


@pytest.fixture(scope="module", params=["two_link", "panda"])
def trained(request: pytest.FixtureRequest) -> IKSolver:
    """The paper's form, and the quotient of an arm of seven joints; trained briefly."""
    pytest.importorskip("torch", reason="trains networks")
    solver = _untrained(request.param)
    solver.train(seed=3, steps=_STEPS)
    return solver


def test_training_brings_proposals_nearer_to_the_target(trained: IKSolver) -> None:
    """What F makes of the nearest anchors, against the anchors as they are, or moved by their slopes."""
    share = 0.1 if trained.arm.name == "two_link" else 2.0
    assert _left(trained) < share * _left(_untrained(trained.arm.name))


def test_the_metrics_tell_what_training_gained(trained: IKSolver) -> None:
    """One pass of F from five anchors, and how the network was trained."""
    metrics, training = trained.metadata["metrics"], trained.metadata["training"]
    assert metrics["best_of_5_median_m"] < 0.5 * metrics["nearest_anchor_median_m"]
    assert metrics["anchors"] == len(anchor_postures(trained.arm, trained.task, 3))
    assert (training["seed"], training["schedule"]["steps"]) == (3, _STEPS)


def test_a_trained_solver_solves(trained: IKSolver) -> None:
    """Every random reachable target, with and without a current state."""
    rng = np.random.default_rng(2)
    targets = trained.target_at(trained.arm.sample(200, rng))
    assert trained.solve_batch(targets).converged.all()
    assert trained.solve_batch(targets, trained.arm.sample(200, rng)).converged.all()


def test_a_saved_solver_is_loaded_again(trained: IKSolver, tmp_path: Path) -> None:
    """The same solutions to the last bit, the same proposals, and what is recorded about the model."""
    trained.save(tmp_path)
    loaded = IKSolver.load(tmp_path)
    rng = np.random.default_rng(4)
    targets = trained.target_at(trained.arm.sample(50, rng))
    states = trained.arm.sample(50, rng)
    for mine, its in zip(
        (trained.solve_batch(targets, states).positions, *trained.proposals(targets[0])),
        (loaded.solve_batch(targets, states).positions, *loaded.proposals(targets[0])),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, its)
    assert loaded.arm == trained.arm
    for key, value in trained.metadata.items():
        assert loaded.metadata[key] == value


def test_the_seed_decides_the_bits(tmp_path: Path) -> None:
    """Of a network of an arm of seven joints: the same again with the same seed, others with another."""
    pytest.importorskip("torch", reason="trains networks")
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        solver = _untrained("panda")
        solver.train(seed=seed, steps=20)
        solver.save(tmp_path / name)
        weights.append((tmp_path / name / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]


def test_training_again_replaces_the_network(trained: IKSolver, tmp_path: Path) -> None:
    """The arm, the task and the tolerances stay."""
    trained.save(tmp_path)
    solver = IKSolver.load(tmp_path, tolerance=1e-5)
    before = load_model(tmp_path).twin
    solver.train(seed=5, steps=20)
    solver.save(tmp_path)
    after = load_model(tmp_path).twin
    assert before is not None
    assert after is not None
    assert not np.array_equal(before.anchors.x, after.anchors.x)
    assert solver.tolerance == 1e-5
    assert (solver.arm, solver.metadata["training"]["seed"]) == (trained.arm, 5)


@pytest.mark.parametrize("name", ["two_link", "three_link", "panda"])
def test_the_anchors_fill_the_limits(name: str) -> None:
    """In every sixteenth of each open joint's range, and at every corner; the same for the same seed."""
    arm = load_robot(name)
    task = Task.of_chain(arm)
    lower, upper = search_bounds(arm)
    chosen = choose_layout(arm, task)[1]
    postures = anchor_postures(arm, task, seed=3)
    assert not np.delete(postures, np.arange(arm.n_joints)[chosen], axis=1).any()
    assert (postures >= np.minimum(lower, 0.0)).all()
    assert (postures <= np.maximum(upper, 0.0)).all()
    for joint in range(arm.n_joints)[chosen]:
        counts, _ = np.histogram(postures[:, joint], 16, (lower[joint], upper[joint]))
        assert counts.sum() == len(postures)
        assert counts.min() >= 13 / 16 * len(postures) / 16
    for corner in product(*zip(lower[chosen], upper[chosen], strict=True)):
        assert (postures[:, chosen] == corner).all(axis=1).any()
    np.testing.assert_array_equal(postures, anchor_postures(arm, task, seed=3))
    assert (postures[:, chosen] != anchor_postures(arm, task, seed=4)[:, chosen]).any()
