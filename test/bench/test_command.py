"""``itnnr-ik bench`` as a whole, small."""

from __future__ import annotations

import json

import pytest

from itnnr_ik.cli import main

_SMALL = ["bench", "--arm", "two_link", "--targets", "20", "--paths", "1", "--batch", "200"]


def test_json_holds_both_comparisons(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours beside the plain solver, for single targets and for a batch, everything solved."""
    assert main([*_SMALL, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["two_link"]
    single = {row["solver"]: row for row in report["single"]}
    assert single["itnnr_ik"]["success"] == 1.0
    assert single["itnnr_ik"]["jumping_paths"] == 0
    assert single["KD-tree + least squares"]["ratio"] == 1.0
    assert {row["solver"] for row in report["batch"]} >= {"itnnr_ik", "KD-tree + least squares"}


def test_the_table_names_what_is_not_installed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each peer has a row or a line that says it is missing."""
    assert main(_SMALL) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("itnnr_ik", "roboticstoolbox", "optik", "pytracik"))


@pytest.mark.parametrize("options", [["--json"], ["--arm", "two_link"], ["--targets", "10"]])
@pytest.mark.parametrize("other", ["node", "replay"])
def test_options_before_another_measurement_are_refused(
    options: list[str], other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They would be passed by."""
    assert main(["bench", *options, other]) == 1
    assert f"expected options after {other}, got {options[0]} before it" in capsys.readouterr().err
