"""``itnnr-ik bench`` as a whole, small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itnnr_ik.bench import solve
from itnnr_ik.cli import bench as command
from itnnr_ik.cli import main

_SMALL = ["bench", "solve", "--targets=30", "--near=30", "--poses=5", "--paths=1", "--batch=50"]
_RIVALS = ("roboticstoolbox ik_LM", "optik", "pytracik", "ssik", "EAIK")


def test_json_holds_every_comparison(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    """Our solver comes first and solves everything, and the batch is compared with that of a checkout."""
    assert main([*_SMALL, "--arm", "two_link", "--baseline", str(root), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (arm,) = report["arms"]
    assert (arm["name"], arm["kind"], arm["spare_joints"]) == ("two_link", "position", 0)
    assert (arm["random"][0]["solver"], arm["random"][0]["solved"]) == ("itnnr_ik", 1.0)
    assert arm["regular"][0]["solved"] == arm["wide"][0]["solved"] == 1.0
    assert [near["within"] for near in arm["near"]] == [None, 0.1]
    assert arm["branches"]["share"] == 1.0
    assert [rate["solver"] for rate in arm["batch"]] == ["itnnr_ik", root.name] * 2
    assert arm["first"]["answer_s"] > 0.0
    named = {row["solver"] for row in arm["random"]} | {line.split(":")[0] for line in arm["missing"]}
    assert named >= {"itnnr_ik", *_RIVALS}
    whats = [criterion["what"] for criterion in report["criteria"]]
    assert {"random targets solved", f"batch rate over {root.name}'s", "first answer [s]"} <= {*whats}


def test_an_arm_with_an_oracle_is_compared_with_all_solutions(capsys: pytest.CaptureFixture[str]) -> None:
    """The table names the comparison with all solutions; `--quick` sets the numbers of targets."""
    pytest.importorskip("ssik")
    pytest.importorskip("urchin")
    assert main(["bench", "solve", "--arm", "puma560", "--quick"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("\npuma560 (pose, 6 joints)\n")
    assert "displacement over the nearest's" in text
    assert "certified branches found" in text
    assert "held" in text.splitlines()[-1]


def test_without_a_part_solvers_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default part runs with the default options, for which the criteria are made."""
    seen = []

    def run(args: object) -> int:
        seen.append(vars(args))
        return 0

    monkeypatch.setattr(command.solve, "run", run)
    assert main(["bench"]) == 0
    (options,) = seen
    assert (options["targets"], options["near"], options["poses"], options["paths"]) == (
        10_000,
        20_000,
        1000,
        20,
    )
    assert (options["arm"], options["urdf"], options["baseline"]) == ([], [], None)


def test_an_arm_of_ones_own(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    """An arm is measured from its URDF."""
    urdf = root / "itnnr_ik" / "robot" / "urdf" / "so101.urdf"
    assert main([*_SMALL, "--urdf", str(urdf)]) == 0
    assert capsys.readouterr().out.startswith("\nso101 (pointing, 5 joints)\n")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--targets=0"], "--targets must be at least 1, got 0"),
        (["--paths=0"], "--paths must be at least 1, got 0"),
        (["--baseline=nowhere"], "--baseline must be a checkout of this repository, got nowhere"),
        (["--arm=ur6"], "no arm named 'ur6'"),
    ],
)
def test_a_value_that_cannot_be_used(
    options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message of one line says what was expected."""
    assert main(["bench", "solve", *options]) == 1
    assert capsys.readouterr().err.startswith(f"itnnr-ik bench: {text}")


@pytest.mark.parametrize("options", [["--json"], ["--arm", "two_link"], ["--targets", "10"]])
@pytest.mark.parametrize("part", ["solve", "network", "node", "replay"])
def test_options_before_a_part_are_refused(
    options: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options before a part would be ignored, so they are refused."""
    with pytest.raises(SystemExit) as ended:
        main(["bench", *options, part])
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_quick_measures_less() -> None:
    """Every option that `--quick` sets exists."""
    assert solve._QUICK_OPTIONS.keys() == {"targets", "near", "poses", "paths", "batch"}
