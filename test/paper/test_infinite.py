"""Section 4.6: answers stay where their anchors are, and nothing moves less than the least motion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.paper.infinite.half_ball import (
    HALF_BALL,
    SECTORS,
    RegionAnswers,
    Sector,
    answers_in,
    train_half_ball,
)
from itnnr_ik.paper.infinite.motion import compare_motion, least_motion

THREE_LINK = IKSolver.load("three_link")


@pytest.fixture(scope="module")
def inverse() -> object:
    """A twin of the half ball, trained briefly."""
    pytest.importorskip("torch", reason="trains networks")
    return train_half_ball(steps=600)


@pytest.mark.parametrize("sector", SECTORS, ids=lambda sector: sector.name)
@pytest.mark.parametrize("target", [0.5, 0.8])
def test_answers_stay_in_the_region_of_their_anchors(inverse: object, sector: Sector, target: float) -> None:
    """Answers are right and within a few degrees of their anchors, and a second pass improves them."""
    found = answers_in(inverse, sector, target)  # type: ignore[arg-type]
    assert len(found.answers) == 8
    assert sector.contains(found.anchors).all()
    assert found.residual.max() < 0.05
    assert found.turned.max() < 10.0
    assert found.inside.mean() > 0.7
    again = answers_in(inverse, sector, target, passes=2)  # type: ignore[arg-type]
    assert np.median(again.residual) < np.median(found.residual)


def test_a_sector_counts_directions_from_the_first_axis() -> None:
    """Directions are counted counter-clockwise, also below the first axis."""
    x = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    assert Sector("lower", 180.0, 360.0).contains(x).tolist() == [False, False, True, True]


def test_residual_and_turn_are_measured() -> None:
    """Residual and angle are right for an answer a quarter turn away and for one at the anchor."""
    anchors, answers = np.array([[0.6, 0.0], [0.0, 0.6]]), np.array([[0.0, 0.6], [0.0, 0.6]])
    found = RegionAnswers(SECTORS[0], 0.9, anchors, answers)
    np.testing.assert_allclose(found.turned, [90.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.residual, np.abs(HALF_BALL.function(answers)[:, 0] - 0.9))


def test_the_least_motion_is_that_of_a_dense_search() -> None:
    """No posture of a fine grid with the tip at the target is nearer."""
    current = np.array([0.3, 0.6, -0.4])
    known = np.array([0.5, 0.7, -0.2])
    target = THREE_LINK.target_at(known)
    norm, largest = least_motion(THREE_LINK, current, target, known)
    axis = np.linspace(-0.4, 0.4, 81)
    moves = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    close = np.linalg.norm(THREE_LINK.target_at(current + moves) - target, axis=1) < 0.01
    assert norm == pytest.approx(np.linalg.norm(moves[close], axis=1).min(), abs=0.015)
    assert largest == pytest.approx(np.abs(moves[close]).max(axis=1).min(), abs=0.015)
    assert norm <= np.linalg.norm(known - current)


def test_the_current_state_as_anchor_moves_least() -> None:
    """Motion is far smaller than from the nearest anchor; the solver never beats the smallest possible."""
    from_current, solver, from_nearest = compare_motion(40)
    assert np.median(from_current.norm) < 0.5 * np.median(from_nearest.norm)
    assert solver.norm.min() > 1.0 - 1e-6
    assert solver.largest.min() > 1.0 - 1e-6
    assert solver.error.max() < 1e-5
    assert not solver.outside.any()


@pytest.mark.slow
def test_the_example_runs_and_draws(tmp_path: Path) -> None:
    """The command runs on brief settings and writes a picture."""
    pytest.importorskip("torch", reason="trains networks")
    picture = tmp_path / "infinite.png"
    options = ["--steps", "30", "--states", "5", "--output", str(picture)]
    command = [sys.executable, "-m", "itnnr_ik.cli", "paper", "infinite", *options]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.count("upper right") == 4
    assert "solver, current state given" in result.stdout
    assert picture.stat().st_size > 10_000
