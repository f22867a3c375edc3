"""The command line: help, and one clear line with exit status 1 on failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from arm_recordings import bag, states

from itnnr_ik.cli import main


@pytest.mark.parametrize(
    "command", ["demo", "train", "evaluate", "path", "bench solve", "bench replay", "paper run"]
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help ends with status 0 and names options."""
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert ("--experiment" if "paper" in command else "--arm") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("train", "--seed SEED of weights, pairs and anchors (default: 0)"),
        ("paper figures", "folder (default: itnnr_paper/figures)"),
    ],
)
def test_help_names_defaults(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Defaults are shown also where they are 0, and for the parts of a command."""
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    assert option in " ".join(capsys.readouterr().out.split())


def test_a_failure_is_one_line_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that cannot be used is named with what was expected."""
    assert main(["bench", "solve", "--targets", "0"]) == 1
    error = capsys.readouterr().err
    assert error == "itnnr-ik bench: --targets must be at least 1, got 0\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("evaluate bag --arm two_link --joints a,a", "--joints: expected names with commas between, each"),
        ("train --arm two_link --joints a,", "--joints: expected names with commas between, each once"),
        ("view two_link --joints ,", "--joints: expected names with commas between, each once"),
        ("learn bag --seed -1", "--seed: expected a whole number from 0 to 4294967295, got '-1'"),
        *(
            (f"{command} --seed -1", "--seed: expected a whole number from 0 to 4294967295, got '-1'")
            for command in ("bench motion", "bench network", "bench solve", "paper infinite")
        ),
        ("train --arm two_link --seed a", "--seed: expected a whole number from 0 to 4294967295, got 'a'"),
        ("train --arm two_link --seed 1" + 20 * "0", "--seed: expected a whole number from 0 to 4294967295"),
        ("path p.csv --arm two_link --start=a,b", "--start: expected numbers with commas between, got 'a,b'"),
    ],
)
def test_a_value_that_cannot_be_is_named(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the option and what was expected."""
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "evaluate bag --targets joints --pose-topic /tip",
            "--pose-topic goes with poses, not with",
        ),
        ("evaluate bag --targets joints --pose-index 0", "--pose-index goes with poses, not with --targets"),
        ("evaluate bag --targets joints --frame map", "--frame goes with poses, not with --targets joints"),
        ("evaluate bag --speed 2", "--speed goes with --live"),
        ("evaluate bag --storage sqlite3", "--storage goes with --record"),
        ("evaluate bag --jobs 2", "--jobs goes with several recordings"),
        ("path path.csv --storage sqlite3", "--storage goes with --record"),
        ("path path.csv --start=-9,0", "--start must be within the limits, got joint_1 at -9, outside ["),
        ("demo --minutes 1", "--minutes goes with --record"),
        ("demo --bent", "--bent goes with --record"),
        ("demo --topic /a", "--topic goes with --bag"),
        ("demo --speed 2", "--speed goes with --bag"),
        ("demo --bag bag --seconds 3", "--seconds goes with curves and random targets, not with --bag"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    words: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names what the option goes with, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    bag(Path("bag"), joint_states=states())
    Path("path.csv").write_text("x,y\n1,1\n1,0.9\n")
    assert main([*words.split(), "--arm", "two_link"]) == 1
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""


@pytest.mark.parametrize("option", ["--output", "--animation"])
def test_a_demo_along_a_recording_is_not_drawn_into_it(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture or an animation within the recording is refused before any node starts."""
    recording = bag(tmp_path / "bag", joint_states=states())
    assert main(["demo", "--bag", str(recording), option, str(recording / "demo.png")]) == 1
    assert "is within the recording" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["1e-09", "inf", "nan"])
def test_a_demo_has_an_end(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern too short for one target would not end, nor would an infinite one."""
    assert main(["demo", "--seconds", seconds]) == 1
    said = capsys.readouterr().err
    assert said == f"itnnr-ik demo: --seconds must be from 0.1 to 3600, got {seconds}\n"


@pytest.mark.parametrize(
    ("error", "text"), [(MemoryError(), "MemoryError"), (OverflowError("too large"), "too large")]
)
def test_what_is_too_large_is_one_line(
    error: Exception, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback where the memory or the range of a number does not suffice."""

    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr("itnnr_ik.cli.view.run", fail)
    assert main(["view", "two_link"]) == 1
    assert capsys.readouterr().err == f"itnnr-ik view: {text}\n"


def test_a_namespace_goes_with_live(capsys: pytest.CaptureFixture[str]) -> None:
    """--namespace is refused without --live."""
    assert main(["view", "two_link", "--namespace", "/a"]) == 1
    assert "--namespace goes with --live" in capsys.readouterr().err


def test_a_terminal_without_the_characters() -> None:
    """Characters that the terminal's encoding lacks are escaped, and do not end the command."""
    result = subprocess.run(
        [sys.executable, "-m", "itnnr_ik.cli", "path", "--help"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "rad/s\\xb2" in result.stdout


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage lists the commands there are."""
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "demo" in capsys.readouterr().err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help has a line about every command."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    for command in ("demo", "train", "learn", "paper", "evaluate", "path", "bench", "view"):
        assert f"\n    {command} " in output


def test_a_command_needs_none_of_the_others() -> None:
    """A command imports no library that only others need, and runs where that is not installed."""
    program = (
        "import sys; sys.modules['rosbags'] = sys.modules['matplotlib'] = None\n"
        "from itnnr_ik.cli import main; sys.exit(main(['train', '--arm', 'two_link', '--steps', '0']))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (
        1,
        "itnnr-ik train: --steps must be at least 1, got 0\n",
    )


def test_a_synthetic_recording_is_of_one_arm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo takes several arms, a synthetic recording only one."""
    folder = str(tmp_path / "recording")
    assert main(["demo", "--record", folder, "--arm", "two_link", "panda"]) == 1
    assert capsys.readouterr().err == "itnnr-ik demo: --record is of one arm, got --arm two_link panda\n"
