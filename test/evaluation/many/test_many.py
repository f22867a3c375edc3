"""``itnnr-ik evaluate`` with several recordings: rows, JSON, page, and what fails."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from arm_recordings import bag, path, poses, states
from json_lines import lines, without_times

from itnnr_ik.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings at several depths, by path: ``a/deep/er``, ``b``, ``c``; the second one is damaged."""
    folder = tmp_path / "all"
    (folder / "a" / "deep").mkdir(parents=True)
    bag(folder / "c", joint_states=states(40))
    bag(folder / "a" / "deep" / "er", "db3", joint_states=states(30))
    (folder / "b").mkdir()
    (folder / "b" / "x.mcap").write_text("no recording")
    (folder / "notes.txt").write_text("of the recordings")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.mcap").write_text("no recording")
    return folder


def evaluate(*words: str | Path) -> int:
    return main(["evaluate", *map(str, words), *([] if "--urdf" in words else ["--arm", "two_link"])])


def test_a_folder_of_any_depth_gives_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each recording has a row, failures have a reason, and the exit status is 1."""
    assert evaluate(folder) == 1
    said = capsys.readouterr().out
    rows = {line.split()[0]: line for line in said.splitlines() if line.startswith(str(folder))}
    assert [Path(name).relative_to(folder).as_posix() for name in rows] == ["a/deep/er", "b", "c"]
    assert re.search(r"er +29 +29 +100 % ", rows[str(folder / "a" / "deep" / "er")])
    assert "failed: cannot read" in rows[str(folder / "b")]
    assert "2 of 3 recordings evaluated, 1 failed" in said
    assert "two_link: 100 % of 68 reachable targets solved (68)" in said
    assert "hidden" not in said


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_json_is_a_line_each_as_of_one_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    """Lines are in the order given, with the keys and values of a single evaluation."""
    given = [folder / "c", folder / "b", folder / "a" / "deep" / "er"]
    alone = []
    for one in given[::2]:
        assert evaluate(one, "--json") == 0
        alone.append(json.loads(capsys.readouterr().out))
    assert evaluate(*given, "--json", "--jobs", jobs) == 1
    first, failed, last = lines(capsys.readouterr().out)
    assert [first, last] == [without_times(row) for row in alone]
    assert set(failed) == {"path", "error"}
    assert failed["path"] == str(folder / "b")
    assert "cannot read" in failed["error"]


def test_nothing_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without failures the exit status is 0, and stderr has neither a bar nor anything else."""
    shutil.rmtree(folder / "b")
    assert evaluate(folder) == 0
    assert capsys.readouterr().err == ""


def test_a_place_without_recording_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place without recording is a row among others, and an error alone."""
    recording = bag(tmp_path / "bag", joint_states=states(20))
    (tmp_path / "empty").mkdir()
    assert evaluate(recording, tmp_path / "empty", tmp_path / "nowhere") == 1
    said = capsys.readouterr().out
    assert re.search(r"empty +failed: .*empty is no recording", said)
    assert re.search(r"nowhere +failed: no recording at .*nowhere", said)
    assert "two_link: 100 % of 19 reachable targets solved (19)\n" in said
    assert evaluate(tmp_path / "empty") == 1
    assert "is no recording" in capsys.readouterr().err


def test_an_unforeseen_error_is_a_row_too(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of any type is a row, and the others are evaluated."""
    from itnnr_ik.evaluation.many import evaluator

    def break_down(place: Path, *others: Any, **options: Any) -> Any:
        if place.name == "c":
            raise KeyError("this")
        return evaluate_models(place, *others, **options)

    evaluate_models = evaluator.evaluate_models
    monkeypatch.setattr(evaluator, "evaluate_models", break_down)
    assert evaluate(folder / "c", folder / "a") == 1
    said = capsys.readouterr().out
    assert "failed: KeyError: 'this'" in said
    assert "1 of 2 recordings evaluated, 1 failed" in said


def test_the_page_has_a_row_each_linked_to_its_report(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pages are beside the index, nothing is loaded from elsewhere, and names are escaped."""
    (folder / "c").rename(folder / "c<i>&")
    page = folder.parent / "my page.html"
    assert evaluate(folder, "--html", page) == 1
    assert f"2 reports written to {folder.parent / 'my page_reports'}" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"<(link|img)|src=|url\(|https?:", text)
    assert "<h1>3 recordings</h1>" in text
    rows = re.findall(r"<tr[^>]*>(<td.*?)</tr>", text)
    assert len(rows) == 3
    assert {row.count("<td") for row in rows} == {text.count("<th>")}
    assert "cannot read" in rows[1]
    for row, count in ((rows[0], 29), (rows[2], 39)):
        link = re.search(r'<a href="([^"]+)">([^<]+)</a>', row)
        assert link is not None
        report = page.parent / unquote(unescape(link[1]))
        assert f"solved: {count} of {count} reachable" in report.read_text(encoding="utf-8")
        assert f'data-value="{count}"' in row
    assert unescape(re.findall(r"<a [^>]+>([^<]+)</a>", rows[2])[0]) == str(folder / "c<i>&")


def test_a_name_that_is_no_utf_8_has_its_page(tmp_path: Path) -> None:
    """A file name of another encoding is escaped in the index and on its page, and linked."""
    odd = tmp_path / "of_\udcff"
    bag(tmp_path / "ab", joint_states=states(20)).rename(odd)
    page = tmp_path / "\udcfe.html"
    assert evaluate(odd, odd, "--html", page) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("of_\\udcff</a>") == 2
    for link in re.findall(r'<a href="([^"]+)">', text):
        report = tmp_path / unquote(unescape(link), errors="surrogateescape")
        assert "<h1>of_\\udcff</h1>" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize("place", ["c/index.html", "c/x_reports/../x.html", "c_page.html"])
def test_pages_go_nowhere_into_a_recording(
    folder: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """Neither the index nor the folder of pages may be within a recording, even through a link."""
    if place == "c_page.html":
        (folder / "c_page_reports").symlink_to(folder / "c")
    before = sorted((folder / "c").iterdir())
    assert evaluate(folder, "--html", folder / place) == 1
    said = capsys.readouterr()
    assert re.search("is within the recording|is a part of the recording|no folder|is a link to", said.err)
    assert said.out == ""
    assert sorted((folder / "c").iterdir()) == before


def test_targets_out_of_reach_are_not_kept_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are reported although all reachable targets are solved."""
    rows = poses(30)
    for _, message in rows[10:13]:
        message.pose.position.x = 5.0
    given = [bag(tmp_path / "a", tracker=rows), bag(tmp_path / "b", tracker=rows)]
    assert evaluate(*given) == 0
    said = capsys.readouterr().out
    assert "two_link: 100 % of 54 reachable targets solved (54), 6 out of reach" in said


@pytest.mark.parametrize(("options", "why"), [(["--live"], "--live goes"), (["--record", "x"], "--record")])
def test_what_goes_with_one_recording_only(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], why: str
) -> None:
    """Options for a single recording are refused before anything is read."""
    assert evaluate(folder, *options) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{why}" in line
    assert "goes with one recording" in line
    assert evaluate(folder, "--jobs", "0") == 1
    assert "--jobs must be 1 or more, got 0" in capsys.readouterr().err


def test_two_models_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both models solve the targets of the first; longer links bend more, by the law of cosines."""
    recording = bag(tmp_path / "bag", joint_states=states(40))
    text = (Path(__file__).parents[3] / "itnnr_ik/robot/urdf/two_link.urdf").read_text(encoding="utf-8")
    short = tmp_path / "short.urdf"
    short.write_text(text.replace('xyz="1 0 0"', 'xyz="0.9 0 0"').replace('xyz="1.0 0 0"', 'xyz="0.9 0 0"'))
    assert short.read_text() != text
    arguments = [recording, "--urdf", short, "--compare", "two_link"]
    assert evaluate(*arguments, "--json") == 0
    own, other = lines(capsys.readouterr().out)
    assert (own["model"], other["model"]) == (str(short), "two_link")
    assert own["targets"] == other["targets"] == 39
    assert own["displacement"]["all"]["max"] < 1e-5
    assert own["solved"] == other["solved"] == 39
    bent = path(40)[1:, 1]
    bent_more = np.arccos(0.81 * (1.0 + np.cos(bent)) - 1.0)
    assert other["displacement"]["all"]["max"] == pytest.approx((bent_more - bent).max(), abs=1e-5)
    assert evaluate(*arguments) == 0
    said = capsys.readouterr().out
    assert re.search(r"short\.urdf +39 .*\n +two_link +39 ", said)
    page = tmp_path / "page.html"
    assert evaluate(*arguments, "--html", page) == 0
    text = page.read_text(encoding="utf-8")
    assert len(set(re.findall(r'href="([^"]+)"', text))) == 2
    assert "<h1>1 recording</h1>" in text


def test_models_that_take_other_targets_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error describes both models."""
    recording = bag(tmp_path / "bag", tracker=poses(20))
    assert evaluate(recording, "--compare", "ur5e") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected a model to compare with two_link that has 2 joints and a position task" in line
    assert "got ur5e, which has 6 joints and a pose task" in line


@pytest.mark.parametrize(
    ("jobs", "with_page"), [("1", False), pytest.param("2", True, marks=pytest.mark.slow)]
)
def test_ctrl_c_keeps_what_was_done(tmp_path: Path, jobs: str, with_page: bool) -> None:
    """Lines are complete, pages are in the index, and no process is left over."""
    recording = bag(tmp_path / "bag", joint_states=states(300))
    page = tmp_path / "page.html"
    command = ["evaluate", *[str(recording)] * 400, "--arm", "two_link", "--json", "--jobs", jobs]
    running = subprocess.Popen(
        [sys.executable, "-m", "itnnr_ik.cli", *command, *(["--html", page] if with_page else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    first = running.stdout.readline()
    running.send_signal(signal.SIGINT)
    rest, told = running.communicate()  # ends when every process that holds the pipes has
    assert running.returncode == 130, told
    done = lines(first + rest)
    assert 0 < len(done) < 400
    assert {row["solved"] for row in done} == {299}
    assert f"{len(done)} of 400 recordings evaluated" in told
    assert "interrupted" in told
    assert "Traceback" not in told
    if with_page:
        assert page.read_text(encoding="utf-8").count("<a href") == len(done)
