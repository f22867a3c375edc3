"""Where a learned arm's solutions are valid, in the solver and on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from learned import elbow_up_solver
from safetensors.numpy import load_file, save_file

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.solver.coverage import Coverage, thinned
from itnnr_ik.solver.model import load_model, save_model

ARM = load_robot("two_link")


@pytest.fixture(scope="module")
def solver() -> IKSolver:
    """Recorded with the elbow up only."""
    return elbow_up_solver()


def test_the_distance_is_the_largest_joint_difference() -> None:
    """From the nearest posture."""
    coverage = Coverage([[0.0, 0.0], [1.0, 1.0]], 0.3)
    np.testing.assert_allclose(coverage.distance([[0.1, -0.2], [1.0, 0.5]]), [0.2, 0.5])
    assert coverage.covers([[0.1, -0.2], [1.0, 0.5]]).tolist() == [True, False]
    assert coverage.covers(coverage.sample(500, np.random.default_rng(0))).all()


def test_thinned_postures_are_evenly_spaced() -> None:
    """However often a region was recorded, and never more than the most that are kept."""
    rng = np.random.default_rng(0)
    postures = np.concatenate([np.full((5000, 2), 0.5), rng.uniform(-1.5, 1.5, (50_000, 2))])
    kept, cell = thinned(postures)
    assert len(kept) <= 4096
    assert Coverage(kept, cell).covers(postures).all()


def test_the_threshold_covers_the_share_that_was_asked_for() -> None:
    """Of the held-out postures."""
    rng = np.random.default_rng(0)
    postures, held_out = rng.uniform(-1, 1, (300, 3)), rng.uniform(-1, 1, (1000, 3))
    coverage = Coverage.of_recording(postures, held_out, 0.9, 1.0)
    assert coverage.covers(held_out).mean() == pytest.approx(0.9, abs=0.01)
    assert Coverage.of_recording(postures, held_out, 0.9, 2.0).within == pytest.approx(2.0 * coverage.within)


@pytest.mark.parametrize(
    ("postures", "within"), [(np.zeros((0, 2)), 0.1), (np.zeros(2), 0.1), ([[np.nan]], 0.1), ([[0.0]], 0.0)]
)
def test_invalid_regions_are_refused(postures: np.ndarray, within: float) -> None:
    """Without postures, with values that are not finite, or without a distance."""
    with pytest.raises(ValueError, match=r"expected finite postures|must be positive"):
        Coverage(postures, within)


def test_a_covered_branch_is_preferred(solver: IKSolver) -> None:
    """From an elbow-down state too, and for one target as for a batch."""
    targets = solver.target_at(np.random.default_rng(3).uniform([-0.5, 0.4], [0.2, 1.4], (50, 2)))
    down = np.tile([0.5, -0.8], (len(targets), 1))
    batch = solver.solve_batch(targets, down)
    assert batch.covered is not None and batch.covered.all() and batch.converged.all()
    assert (batch.positions[:, 1] > 0.0).all()
    for i in (0, 10, 20):
        single = solver.solve(targets[i], down[i])
        assert single.covered is True
        np.testing.assert_allclose(single.positions, batch[i].positions, atol=1e-5)
        np.testing.assert_allclose(ARM.forward(single.positions)[:2], targets[i], atol=2e-6)


def test_a_target_that_only_unrecorded_postures_reach_is_flagged(solver: IKSolver) -> None:
    """It is solved by the learned function, with ``covered=False``."""
    target = ARM.forward(np.array([-0.8, -1.2]))[:2]
    solution = solver.solve(target)
    assert solution.converged and solution.covered is False
    assert solver.coverage is not None
    assert solver.coverage.distance(solution.positions) > 1.0
    batch = solver.solve_batch([target, [9.0, 9.0]])
    assert batch.covered is not None
    assert batch[0].covered is False


def test_known_kinematics_need_no_coverage() -> None:
    """None, and not True."""
    assert IKSolver.load("two_link").solve([1.0, 1.0]).covered is None


def test_a_learned_model_comes_back_from_its_folder(solver: IKSolver, tmp_path: Path) -> None:
    """Bit by bit, without a URDF, and nothing but safetensors and JSON."""
    twin = load_model("two_link").twin
    save_model(tmp_path, solver.arm, solver.task, twin, {"note": 1}, solver.coverage)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "weights.safetensors"]
    loaded = IKSolver.load(tmp_path)
    assert loaded.metadata["note"] == 1
    target = ARM.forward(np.array([-0.3, 0.9]))[:2]
    np.testing.assert_array_equal(loaded.solve(target).positions, solver.solve(target).positions)
    assert loaded.coverage is not None and solver.coverage is not None
    assert loaded.coverage.within == solver.coverage.within
    assert loaded.with_tolerance(1e-4).coverage is loaded.coverage


def test_damaged_learned_models_are_refused(solver: IKSolver, tmp_path: Path) -> None:
    """Tensors of unknown names, postures of another arm, coefficients that are gone."""
    save_model(tmp_path, solver.arm, solver.task, load_model("two_link").twin, {}, solver.coverage)
    path = tmp_path / "weights.safetensors"
    tensors = load_file(path)
    for changes, message in (
        ({"extra": np.zeros(1)}, r"tensors that no model has: \['extra'\]"),
        ({"coverage.postures": None}, "coverage.postures and covered_within go together"),
        ({"coverage.postures": np.zeros((65537, 2))}, "a region can have 65536 postures, got 65537"),
        ({"coverage.postures": np.zeros((5, 3))}, "postures have 3"),
        ({"arm.coefficients": np.zeros((2, 3, 3, 3))}, "does not say which arm"),
        ({"arm.coefficients": None}, "does not say which arm"),
        ({"arm.coefficients": np.ones((2, 3, 3))}, "made for another arm"),
    ):
        changed = {**tensors, **changes}
        save_file({name: value for name, value in changed.items() if value is not None}, path)
        with pytest.raises(ValueError, match=message):
            load_model(tmp_path)
    save_file(tensors, path)
    metadata = json.loads((tmp_path / "model.json").read_text())
    del metadata["covered_within"]
    (tmp_path / "model.json").write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match="covered_within"):
        load_model(tmp_path)
