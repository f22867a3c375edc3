"""Training a model for an arm of other lengths and limits, and the models that come with the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.arms import ARMS
from itnnr_ik.cli import main
from itnnr_ik.solver.model import packaged_models
from itnnr_ik.train import anchor_positions


def test_the_anchors_fill_the_limits() -> None:
    """Within limits, in every sixteenth of each joint's range, the same for the same seed."""
    arm = ARMS["three_link"]
    positions = anchor_positions(arm, 256, seed=3)
    assert ((positions >= np.float32(arm.lower)) & (positions <= np.float32(arm.upper))).all()
    for joint in range(arm.n_joints):
        counts, _ = np.histogram(positions[:, joint], 16, (arm.lower[joint], arm.upper[joint]))
        assert counts.min() >= 14
    assert (positions == anchor_positions(arm, 256, seed=3)).all()
    assert (positions != anchor_positions(arm, 256, seed=4)).any()


def test_the_command_trains_a_solver_for_other_lengths_and_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lengths, limits and names given on the command line are those of the model, and it solves."""
    pytest.importorskip("torch", reason="training needs torch")
    folder = tmp_path / "planar"
    command = (
        "train --arm two_link --links 0.65,1.45 --lower -1.9 -1.9 --upper 0.1 0.1 --joints a,b --steps 150"
    )
    assert main([*command.split(), "--output", str(folder)]) == 0
    assert str(folder) in capsys.readouterr().out
    solver = IKSolver.load(folder)
    assert solver.arm.link_lengths == (0.65, 1.45)
    assert solver.arm.joint_names == ("a", "b")
    rng = np.random.default_rng(0)
    states = solver.arm.sample(200, rng)
    found = solver.solve_batch(solver.arm.forward(solver.arm.sample(200, rng)), states)
    assert found.converged.all()
    assert ((found.positions >= -1.9) & (found.positions <= 0.1)).all()
    assert {path.name for path in folder.iterdir()} == {"model.json", "weights.safetensors", "arm.urdf"}


def test_the_same_seed_trains_the_same_model(tmp_path: Path) -> None:
    """Two runs of the command write the same weights, another seed writes others."""
    pytest.importorskip("torch", reason="training needs torch")
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        command = ["train", "--steps", "20", "--seed", str(seed), "--output", str(tmp_path / name)]
        assert main(command) == 0
        weights.append((tmp_path / name / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]


def test_a_wrong_number_of_links_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """One line that says how many are needed, and status 1."""
    assert main(["train", "--arm", "two_link", "--links", "1", "1", "1"]) == 1
    assert "two_link has 2 links, got 3 lengths: (1.0, 1.0, 1.0)" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(ARMS))
def test_a_packaged_model_is_small_and_says_how_good_it_is(name: str, root: Path) -> None:
    """Less than 2 MB, for the arm of its name, with the metrics of one pass of F."""
    folder = root / "itnnr_ik" / "models" / name
    assert all(path.stat().st_size < 2_000_000 for path in folder.iterdir())
    metadata = json.loads((folder / "model.json").read_text())
    assert metadata["arm"] == ARMS[name].to_dict()
    metrics = metadata["metrics"]
    assert metrics["best_of_5_median_m"] < 0.1 * metrics["nearest_anchor_median_m"]


def test_every_arm_has_a_packaged_model() -> None:
    """The names that IKSolver.load takes are the arms'."""
    assert packaged_models() == sorted(ARMS)
