"""Nothing is destroyed: outputs take their place whole or not at all, and never that of the recording."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from arm_recordings import ARM, bag, states

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.files import check_writable
from itnnr_ik.recording.replacing import new_folder, replace_file


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return bag(tmp_path / "bag", joint_states=states())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@contextmanager
def no_space(bytes_left: int) -> Iterator[None]:
    """No file can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def evaluate(recording: Path, *options: str) -> int:
    return main(["evaluate", str(recording), "--arm", "two_link", *options])


@pytest.mark.parametrize("option", ["--html", "--record"])
@pytest.mark.parametrize("way", ["plain", "dots", "folder_link", "other_name"])
def test_a_place_within_the_recording_is_refused(
    recording: Path, capsys: pytest.CaptureFixture[str], option: str, way: str
) -> None:
    """A recording is not overwritten, whatever the path of the output."""
    before = contents(recording)
    (recording.parent / "link").symlink_to(recording)
    place = {
        "plain": recording / "x.mcap",
        "dots": recording / ".." / "bag" / "x.mcap",
        "folder_link": recording.parent / "link" / "x.mcap",
        "other_name": recording / "bag.mcap",
    }[way]
    assert evaluate(recording, option, str(place)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{place} is within the recording {recording}: expected a place outside it" in line
    assert contents(recording) == before


@pytest.mark.parametrize("kind", ["hard link", "the file itself", "folder of links"])
def test_a_file_of_the_recording_is_refused(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """An output must not be a file of the recording, also by a hard link or as the target of a link in it."""
    (file,) = recording.glob("*.mcap")
    before = contents(recording)
    evaluated, place = recording, tmp_path / "report.html"
    if kind == "hard link":
        os.link(file, place)
    elif kind == "the file itself":
        evaluated = place = file
    else:
        evaluated, place = tmp_path / "links", file
        evaluated.mkdir()
        (evaluated / "a.mcap").symlink_to(file)
    assert evaluate(evaluated, "--html", str(place)) == 1
    assert "is a part of the recording" in capsys.readouterr().err
    assert contents(recording) == before


def test_a_link_out_of_the_folder_is_refused(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link to another folder is refused; one within the folder is followed."""
    (tmp_path / "elsewhere").mkdir()
    valuable = tmp_path / "elsewhere" / "valuable.html"
    valuable.write_text("valuable")
    (tmp_path / "report.html").symlink_to(valuable)
    assert evaluate(recording, "--html", str(tmp_path / "report.html")) == 1
    assert "is a link to" in capsys.readouterr().err
    assert valuable.read_text() == "valuable"
    (tmp_path / "latest.html").symlink_to("today.html")
    assert evaluate(recording, "--html", str(tmp_path / "latest.html")) == 0
    assert (tmp_path / "latest.html").is_symlink()
    assert "<svg" in (tmp_path / "today.html").read_text(encoding="utf-8")


def test_no_space_left_keeps_the_report_before(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error has one line, and the earlier file is kept."""
    page = tmp_path / "report.html"
    assert evaluate(recording, "--html", str(page)) == 0
    before = page.read_bytes()
    with no_space(4096):
        assert evaluate(recording, "--html", str(page)) == 1
    assert capsys.readouterr().err.startswith("itnnr-ik evaluate: [Errno 27]")
    assert page.read_bytes() == before
    assert sorted(f.name for f in tmp_path.iterdir()) == ["bag", "report.html"]


def test_no_space_left_leaves_no_part_of_a_recording(recording: Path, tmp_path: Path) -> None:
    """A recording of the answers is there whole or not at all."""
    with no_space(1024):
        assert evaluate(recording, "--record", str(tmp_path / "new")) == 1
    assert sorted(f.name for f in tmp_path.iterdir()) == ["bag"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """An interrupted write changes neither a file nor a folder."""
    (tmp_path / "file").write_text("before")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("before")
    before = contents(tmp_path)

    def interrupted(*_: object) -> None:
        raise error

    with monkeypatch.context() as while_written, pytest.raises(error):
        while_written.setattr(os, "replace", interrupted)
        replace_file(tmp_path / "file", b"half")
    with pytest.raises(error), new_folder(tmp_path / "folder") as written:
        written.mkdir()
        (written / "a").write_text("half")
        raise error
    assert contents(tmp_path) == before
    with new_folder(tmp_path / "folder") as written:
        written.mkdir()
        (written / "b").write_text("new")
    assert contents(tmp_path) == {**before, "folder/b": b"new"}


def test_whether_a_folder_can_be_written_is_found_without_making_it(tmp_path: Path) -> None:
    """A file in place of the folder is an error."""
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "b"):
        with pytest.raises(ValueError, match=r"expected a folder|cannot write to"):
            check_writable(place)


@pytest.mark.parametrize("command", ["train --arm two_link", "learn {bag}"])
def test_a_model_is_not_written_into_a_recording(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A model is written neither into another recording nor in place of a file."""
    pytest.importorskip("torch")
    other, file = bag(tmp_path / "other", joint_states=states()), tmp_path / "file"
    file.write_text("x")
    before = contents(tmp_path)
    for place, problem in ((other, "is a recording, expected another folder"), (file, "expected a folder")):
        words = command.format(bag=recording).split()
        assert main([*words, "-o", str(place), "--steps", "1"]) == 1
        assert problem in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_outputs_are_apart(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs must differ from each other and the inputs, which is checked before the work."""
    monkeypatch.chdir(tmp_path)
    Path("path.csv").write_text("x,y\n1,1\n1,nan\n")
    Path("arm.urdf").write_text(ARM.urdf)
    Path("model").mkdir()
    Path("model", "model.json").write_text("{}")
    for words in (
        "evaluate bag --arm two_link --html o --record o",
        "evaluate bag --urdf arm.urdf --html arm.urdf",
        "evaluate bag bag --urdf arm.urdf --html arm.urdf",
        "evaluate bag --model model --html model/model.json",
        "path path.csv --model model -o model/model.json",
        "path path.csv --arm two_link -o x --record x",
        "path path.csv --urdf arm.urdf -o arm.urdf",
        "demo --bag bag/bag.mcap --output a.png --animation a.png",
    ):
        assert main(words.split()) == 1
        assert "is the input or another output" in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["arm.urdf", "bag", "model", "path.csv"]


def test_learn_leaves_no_folder_when_it_refuses(recording: Path, tmp_path: Path) -> None:
    """A recording without poses cannot be learned from."""
    pytest.importorskip("torch")
    assert main(["learn", str(recording), "-o", str(tmp_path / "model")]) == 1
    assert sorted(f.name for f in tmp_path.iterdir()) == ["bag"]
    assert main(["learn", str(recording), "-o", str(recording / "model")]) == 1
    assert not (recording / "model").exists()


def test_no_progress_in_a_file(recording: Path, tmp_path: Path) -> None:
    """Without a terminal only the report is written."""
    result = subprocess.run(
        [sys.executable, "-m", "itnnr_ik.cli", "evaluate", str(recording), "--arm", "two_link", "--json"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert result.stderr == ""
    assert IKSolver.load("two_link").arm.name in result.stdout
