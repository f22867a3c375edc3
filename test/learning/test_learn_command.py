"""`itnnr-ik learn` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.learning.truth import TrueKinematics

pytest.importorskip("torch")


def test_a_model_and_a_report(
    two_minutes: tuple[Path, TrueKinematics], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text for people, and the same as JSON in the model's metadata."""
    folder, _ = two_minutes
    command = ["learn", str(folder), "-o", str(tmp_path / "model"), "--steps", "20", "--truth", str(folder)]
    assert main([*command, "--against", "two_link"]) == 0
    out, err = capsys.readouterr()
    assert err == ""  # no progress where nobody watches
    for text in (
        "joint_1, joint_2",
        "standstill",
        "poses' clock",
        "explained",
        "nearest recorded",
        "by truth",
    ):
        assert text in out
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == IKSolver.load(tmp_path / "model").metadata["learned"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--joints", "joint_1,nose"], "no joint nose in /joint_states; recorded: joint_1, joint_2"),
        (["--pose-topic", "/nowhere"], "no topic /nowhere"),
        (["--max-offset", "0.03"], "expected less than --max-offset 0.03 s"),
        (["--steps", "0"], "must be positive"),
        (["--max-offset", "inf"], "--max-offset must be above 0 and at most 60 s, got inf"),
        (["--max-offset", "1e9"], "--max-offset must be above 0 and at most 60 s, got 1e+09"),
        (["--truth", "nowhere"], "nowhere does not hold the truth"),
        (
            ["--truth", "ours", "--joints", "joint_2,joint_1"],
            "--truth is of the joints joint_1, joint_2 and 2 coordinates of the tip, "
            "the recording of joint_2, joint_1 and 2",
        ),
        (["--against", "nowhere"], "no model 'nowhere'"),
        (
            ["--against", "two_link", "--joints", "joint_2,joint_1"],
            "two_link has the joints joint_1, joint_2, the recording the same in the order joint_2, joint_1",
        ),
        # Its task is a pose, of which the position is compared.
        (["--against", "ur5e"], "ur5e has 6 joints and 3 target coordinates, the recording 2 and 2"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    two_minutes: tuple[Path, TrueKinematics],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    """The exit status is 1, without a traceback."""
    folder = str(two_minutes[0])
    options = [folder if option == "ours" else option for option in options]
    assert main(["learn", folder, "-o", str(tmp_path), *options]) == 1
    err = capsys.readouterr().err.strip()
    assert message in err
    assert err.startswith("itnnr-ik learn: ")
