"""Results as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from itnnr_ik.paper.results import Task, committed_results, load_results, new_record, save_results


def test_records_survive_the_file(tmp_path: Path) -> None:
    """One line each, in the order of the tasks."""
    tasks = [Task("7", 2, "ours", 1), Task("1", 1, "knn", 0)]
    records = {task: new_record(task, {"seconds": 1.5}) for task in tasks}
    save_results(tmp_path / "results.json", records)
    assert load_results(tmp_path / "results.json") == records
    lines = (tmp_path / "results.json").read_text().splitlines()
    assert [line[:17] for line in lines[1:3]] == ['{"experiment": "1', '{"experiment": "7']


def test_no_file_is_no_records(tmp_path: Path) -> None:
    """A first run starts from nothing."""
    assert load_results(tmp_path / "results.json") == {}


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"experiment": "1"}]', "\xff"])
def test_a_foreign_file_is_refused(text: str, tmp_path: Path) -> None:
    """The message names it."""
    path = tmp_path / "results.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"results\.json does not hold results"):
        load_results(path)


def test_the_package_brings_results() -> None:
    """Of the lookup for all experiments of both tables, and of ours."""
    found = {(task.experiment, task.table, task.method) for task in committed_results()}
    for key in "123456789":
        for table in (1, 2):
            assert (key, table, "knn") in found
            assert (key, table, "ours") in found
