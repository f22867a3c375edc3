"""The command line: help, and one clear line with exit status 1 on failure."""

from __future__ import annotations

import pytest

from itnnr_ik.cli import main


@pytest.mark.parametrize("command", ["demo", "train", "evaluate", "bench", "bench replay", "paper run"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help ends with status 0 and names options."""
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert ("--experiment" if "paper" in command else "--arm") in capsys.readouterr().out


def test_a_failure_is_one_line_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that cannot be used is named with what was expected."""
    assert main(["bench", "--targets", "0"]) == 1
    error = capsys.readouterr().err
    assert error == "itnnr-ik bench: --targets must be at least 1, got 0\n"


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage lists the commands there are."""
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "demo" in capsys.readouterr().err
