"""``itnnr-ik bench paths``, small."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik.bench import arms, paths
from itnnr_ik.bench.arms import BenchArm, load_arms
from itnnr_ik.bench.joint_paths import largest_step, smooth_path
from itnnr_ik.bench.paths import Followed, Row, format_rows, measure
from itnnr_ik.cli import main


def test_smooth_paths_are_within_limits_and_repeat() -> None:
    """Paths cover 95 % of the joint ranges in small steps, and depend on the seed alone."""
    ((arm,), _) = load_arms(["ur5e"])
    path = smooth_path(arm.chain, 4)
    lower, upper = arm.bounds
    assert ((path > lower) & (path < upper)).all()
    np.testing.assert_allclose(np.ptp(path, axis=0), 0.95 * (upper - lower))
    assert largest_step(path) < 0.02 * (upper - lower).max()
    np.testing.assert_array_equal(path, smooth_path(arm.chain, 4))
    assert np.abs(path - smooth_path(arm.chain, 5)).max() > 0.1


def test_whole_paths_are_followed_where_single_targets_jump() -> None:
    """All ten paths are followed as a whole; target by target there are jumps, but none with velocities."""
    ((arm,), missing) = load_arms(["two_link"])
    row = measure(arm, 10, 0)
    (ours,) = row.followed
    assert (ours.solver, ours.paths, ours.whole) == ("itnnr_ik", 10, 10)
    assert 0.999 <= ours.largest <= 1.001
    assert row.nearest > row.moving == 0
    assert (missing, row.missing) == ([], "not asked for")


def test_ssik_takes_part_where_it_can() -> None:
    """ssik is compared where it has charts of the arm, and its tracks are judged by the same rule."""
    pytest.importorskip("ssik", reason="compared with where it is installed")
    ((arm, other), _) = load_arms(["ur5e", "bent_wrist"])
    ours, theirs = measure(arm, 1, 1).followed
    assert (ours.whole, theirs.solver, theirs.paths) == (1, "ssik", 1)
    assert theirs.largest >= ours.largest
    assert "no closed-form chart" in measure(other, 1, 1).missing
    followers = arm.chain.elements.copy()
    followers[1, 13] = 0.0  # the second element moves with the first joint
    mimic = BenchArm("mimic", arm.solver, replace(arm.chain, elements=followers))
    assert paths._ssik(mimic) == (None, "takes no joints that mimic others")


def test_the_tables_have_a_line_for_each() -> None:
    """A row is printed for each result, without a largest step for paths that are not followed."""
    row = Row("arm", 1, (Followed("a", 4, 3, math.inf, 0.5), Followed("b", 2, 2, 1.25, 0.1)), 4, 2, 1, "why")
    text = format_rows([row], ["other: none"])
    assert "arm               a               4        3             –      500.0" in text
    assert "1.250 times" in text
    assert "50.0 %          25.0 %" in text
    assert text.endswith("\nssik, arm: why\nother: none")


def test_json_has_no_infinite_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a path is not followed, its largest step is null: JSON has no infinity."""
    row = Row("two_link", 0, (Followed("itnnr_ik", 4, 3, math.inf, 0.5),), 4, 2, 1, "")
    monkeypatch.setattr(paths, "measure", lambda *_: row)
    assert main(["bench", "paths", "--arm", "two_link", "--json"]) == 0
    (printed,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert printed["followed"][0]["largest"] is None


def test_arms_that_are_missing_are_told_with_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An arm whose URDF is not here has no row; a line on standard error says why."""
    monkeypatch.setattr(arms, "_URDFS", tmp_path)
    assert main(["bench", "paths", "--arm", "bent_wrist", "--json"]) == 0
    printed, told = capsys.readouterr()
    assert json.loads(printed) == []
    assert told.startswith("bent_wrist: its URDF is in a checkout of the repository only")


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints JSON, and refuses invalid numbers."""
    assert main(["bench", "paths", "--arm", "two_link", "--paths", "1", "--rival-paths", "0", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["arm"], row["followed"][0]["whole"]) == ("two_link", 1)
    assert main(["bench", "paths", "--paths", "0"]) == 1
    assert "--paths must be at least 1" in capsys.readouterr().err
