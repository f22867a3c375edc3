"""What the trained network changes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.solvers import bench_arm
from itnnr_ik.bench.ablation import REQUIRED_SHARE, ablate
from itnnr_ik.bench.draws import draws
from itnnr_ik.bench.network import ablation_lines
from itnnr_ik.cli import main
from itnnr_ik.solver.model import load_model


@pytest.mark.parametrize("name", ["yaw_pitch_pitch", "three_link"])
def test_an_arm_with_and_without(name: str) -> None:
    """There are rows without and with F for each number of anchors; many anchors solve all."""
    twin = load_model(name).twin
    assert twin is not None
    arm = bench_arm(name)
    ablation = ablate(arm, twin, draws(arm, 40, np.random.default_rng(0)))
    rows = ablation.lookups
    assert [(row.anchors, row.network) for row in rows] == [
        (2**power, network) for power in range(11) for network in (False, True)
    ]
    assert [row.solved for row in rows[-2:]] == [1.0, 1.0]
    assert rows[0].solved < 1.0, "one anchor is too few"
    for needed, network in ((ablation.needed, False), (ablation.needed_with_network, True)):
        assert needed == min(
            row.anchors for row in rows if row.network is network and row.solved >= REQUIRED_SHARE
        )
    assert [result.solved for result in ablation.solvers] == [1.0, 1.0]
    assert math.isnan(rows[-1].own) if arm.spare_joints else rows[-1].own == 1.0
    assert len(ablation.branches) == (0 if arm.spare_joints else 2)
    text = "\n".join(ablation_lines(replace(ablation, needed=None, needed_with_network=8)))
    assert "anchors needed for 99.9 %: more without F, 8 with F" in text


def test_an_arm_without_a_network_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With `--quick` nothing is trained, and an arm without a network is listed as missing."""
    arguments = ["--arm", "two_link", "--arm", "panda", "--models", str(tmp_path), "--quick", "--json"]
    assert main(["bench", "network", *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [ablation["arm"] for ablation in report["arms"]] == ["two_link"]
    assert report["missing"] == [f"panda: has no trained network (none in {tmp_path / 'panda'})"]


@pytest.mark.slow
def test_a_network_is_trained_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A trained network is kept in the folder of models, from where the next run takes it."""
    pytest.importorskip("torch")
    arguments = ["bench", "network", "--arm", "so101", "--models", str(tmp_path), "--targets", "20"]
    assert main([*arguments, "--steps", "50"]) == 0
    kept = (tmp_path / "so101" / "weights.safetensors").read_bytes()
    assert main([*arguments, "--quick"]) == 0
    assert (tmp_path / "so101" / "weights.safetensors").read_bytes() == kept
    assert capsys.readouterr().out.count("anchors needed") == 2
