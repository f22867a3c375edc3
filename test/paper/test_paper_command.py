"""``itnnr-ik paper`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itnnr_ik.cli import main
from itnnr_ik.cli.paper import make_tasks
from itnnr_ik.paper.results import Task, committed_results, save_results


@pytest.mark.slow
def test_a_run_prints_its_table_and_a_second_one_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A first run trains in processes of its own, a second one reads the results from the file."""
    pytest.importorskip("torch", reason="trains networks")
    monkeypatch.chdir(tmp_path)
    command = [
        "paper",
        "run",
        "--quick",
        "--experiment",
        "3",
        "--table",
        "1",
        "--method",
        "knn",
        "--method",
        "ours",
    ]
    assert main([*command, "--protocol", "published"]) == 0
    printed = capsys.readouterr().out
    assert "3 sine" in printed
    assert "corrected" not in printed
    assert main([*command, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["table"], row["protocol"]) for row in rows] == [(1, "published"), (1, "corrected")]
    assert rows[0]["cells"]["ours_best"]["seeds"] == 1
    assert rows[0]["cells"]["ours_best"]["mean"] < 0.8 * rows[0]["cells"]["knn"]["mean"]
    assert (tmp_path / "itnnr_paper_quick" / "results.json").is_file()
    assert main(["paper", "table", "--results", "itnnr_paper_quick/results.json", "--markdown"]) == 0
    assert "| 3 sine |" in capsys.readouterr().out


def test_the_table_shows_what_comes_with_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """Without options both tables of both protocols are printed with all nine experiments."""
    assert main(["paper", "table"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("RMSE in y") == 4
    assert printed.count("9 yaw–pitch–pitch arm") == 6


def test_the_document_is_that_of_the_results(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/paper.md is what `itnnr-ik paper document` writes, at once; its pictures exist."""
    path, old = tmp_path / "paper.md", tmp_path / "old.md"
    old.write_text("old")
    path.hardlink_to(old)
    assert main(["paper", "document", "-o", str(path)]) == 0
    assert old.read_text() == "old"
    text = path.read_text(encoding="utf-8")
    assert text == (root / "docs" / "paper.md").read_text(encoding="utf-8")
    pictures = [line.split("(")[-1].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert len(pictures) == 9
    for picture in pictures:
        assert (root / "docs" / picture).is_file()
        assert (root / "docs" / picture).with_suffix(".svg").is_file()


def test_a_document_of_other_results_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its first line names their file; without any results there is none."""
    path, document = tmp_path / "results.json", tmp_path / "paper.md"
    command = ["paper", "document", "--results", str(path), "-o", str(document)]
    save_results(path, {})
    assert main(command) == 1
    assert capsys.readouterr().err == f"itnnr-ik paper: no results in {path}\n"
    assert not document.exists()
    save_results(path, {task: record for task, record in committed_results().items() if task.table == 1})
    (tmp_path / "bag.mcap").touch()  # which is no reason to refuse a file beside it
    assert main(command) == 0
    assert document.read_text(encoding="utf-8").startswith(f"> The numbers in the tables are of `{path}`")


def test_a_document_does_not_replace_its_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does it go into a file in place of a folder; the results are as they were."""
    path = tmp_path / "results.json"
    save_results(path, committed_results())
    before = path.read_bytes()
    for output in (path, path / "paper.md"):
        assert main(["paper", "document", "--results", str(path), "-o", str(output)]) == 1
        assert str(path) in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize("action", ["run", "figures"])
def test_a_place_that_is_no_folder_is_refused(
    action: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is trained."""
    file = tmp_path / "file"
    file.touch()
    assert main(["paper", action, "-o", str(file)]) == 1
    assert capsys.readouterr().err == f"itnnr-ik paper: {file} is a file, expected a folder or nothing\n"


def test_missing_results_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file of results is named in one line on stderr."""
    assert main(["paper", "table", "--results", str(tmp_path / "none.json")]) == 1
    assert "none.json: expected the results.json of" in capsys.readouterr().err


def test_an_experiment_without_results_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An experiment without results is an error, not an empty table."""
    (tmp_path / "results.json").write_text("[]")
    command = ["paper", "table", "--results", str(tmp_path / "results.json"), "--experiment", "7"]
    assert main(command) == 1
    assert capsys.readouterr().err == "itnnr-ik paper: no results for experiment 7 in table 1 or 2\n"


def test_a_table_without_results_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table without results is an error where the file has only the other one."""
    path = tmp_path / "results.json"
    save_results(path, {task: record for task, record in committed_results().items() if task.table == 1})
    assert main(["paper", "table", "--results", str(path), "--experiment", "7", "--table", "2"]) == 1
    assert "no results for experiment 7 in table 2" in capsys.readouterr().err


def test_a_selection_without_runs_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The inverse network in Table 2, which the paper does not have, is refused, and nothing is written."""
    output = tmp_path / "results"
    assert main(["paper", "run", "--method", "nn", "--table", "2", "-o", str(output)]) == 1
    assert "nothing to run: the paper has no inverse network in Table 2" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize("option", ["--seeds", "--processes"])
def test_counts_are_positive(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the option."""
    assert main(["paper", "run", option, "0"]) == 1
    assert f"{option} must be at least 1, got 0" in capsys.readouterr().err


def test_the_tasks_of_a_full_run() -> None:
    """A full run has the lookup once for each data set, NN in Table 1 only, others with five seeds."""
    tasks = make_tasks(tuple("123456789"), (1, 2), ("knn", "nn", "itnnr", "ours"), 5)
    assert len(tasks) == len(set(tasks)) == (6 + 3 * 5) + (8 + 5) + 9 * 5 + 2 * 2 * 9 * 5
    assert Task("7", 1, "knn", 1) not in tasks
    assert Task("4", 1, "knn", 1) in tasks
    assert Task("7", 2, "nn", 0) not in tasks
    assert set(committed_results()) - {t for t in committed_results() if t.experiment == "2-printed"} <= set(
        tasks
    )
