"""The picture is drawn from what was seen, for arms in the plane and in space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from itnnr_ik import IKSolver
from itnnr_ik.demo.picture import draw
from itnnr_ik.demo.plan import ArmPlan, Result, Run
from itnnr_ik.demo.recording import Expectation, Recording, SeenSolution, SeenTarget, measure
from itnnr_ik.plotting import check_path


def _result(name: str, step_bound: float | None, unreachable: int) -> Result:
    solver = IKSolver.load(name)
    arm, rng, recording = solver.arm, np.random.default_rng(0), Recording()
    for i, positions in enumerate(np.linspace(arm.sample(1, rng)[0], arm.sample(1, rng)[0], 60)):
        stamp = 10**7 * (i + 1)
        recording.targets.append(SeenTarget(stamp, solver.target_at(positions)))
        if i < unreachable:
            recording.codes[stamp] = "unreachable"
        else:
            recording.solutions[stamp] = SeenSolution(stamp + 10**6, positions)
            recording.joint_states.append((stamp, positions))
    expected = Expectation(60, 1e-6, step_bound=step_bound)
    run = Run("sweep", {}, expected)
    plan = ArmPlan(solver, name, arm.joint_names, None, (run,))
    return Result(plan, run, recording, measure(solver, "sweep", recording, expected))


def test_a_picture_of_every_arm_is_written(tmp_path: Path) -> None:
    """Smooth and random runs, some targets unreachable, one run without any solution at all."""
    results = [_result(name, 0.05, 10) for name in ("two_link", "yaw_pitch_pitch", "panda", "scara")]
    results.append(_result("panda", None, 60))
    draw(results, tmp_path / "demo.png")
    pixels = imread(tmp_path / "demo.png")
    assert pixels.shape[0] > 800
    assert pixels.shape[1] > 1500
    shades = (255 * pixels[..., :3]).astype(int) @ [1, 256, 65_536]
    assert len(np.unique(shades)) > 50


def test_the_suffix_decides_the_format(tmp_path: Path) -> None:
    """A picture for a web page comes as SVG, and takes the place of an old one at once."""
    old = tmp_path / "old.svg"
    old.write_text("old")
    (tmp_path / "demo.SVG").hardlink_to(old)
    draw([_result("two_link", 0.05, 0)], tmp_path / "demo.SVG")
    assert (tmp_path / "demo.SVG").read_text().count("<svg") == 1
    assert old.read_text() == "old"


def test_a_path_that_cannot_be_written_is_found_before_the_demo(tmp_path: Path) -> None:
    """Neither a format that matplotlib lacks nor a missing folder costs two minutes first."""
    check_path(tmp_path / "demo.png")
    with pytest.raises(ValueError, match=r"'demo.xyz'; its suffix must be one of .*png"):
        check_path(tmp_path / "demo.xyz")
    with pytest.raises(ValueError, match=r"no folder .*missing to write demo.png to"):
        check_path(tmp_path / "missing" / "demo.png")
