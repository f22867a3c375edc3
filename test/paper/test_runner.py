"""Runs that store what they have, go on where they stopped, and repeat themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="runs train networks")

from itnnr_ik.paper import runner  # noqa: E402
from itnnr_ik.paper.command import make_tasks  # noqa: E402
from itnnr_ik.paper.effort import Effort  # noqa: E402
from itnnr_ik.paper.results import Task, load_results, save_results  # noqa: E402

BRIEF = Effort(max_epochs=2, steps=20)


@pytest.mark.parametrize("task", [Task("1", 1, "itnnr", 3), Task("3", 2, "ours", 0), Task("4", 1, "nn", 1)])
def test_the_same_seed_gives_the_same_cell(task: Task, tmp_path: Path) -> None:
    """Trained again, and loaded from the networks that were kept."""
    trained = runner.carry_out(task, BRIEF, tmp_path)
    again = runner.carry_out(task, BRIEF)
    loaded = runner.carry_out(task, Effort(max_epochs=0, steps=0), tmp_path)
    assert loaded == trained
    assert {**again, "seconds": 0} == {**trained, "seconds": 0}


def test_a_run_stores_results_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In two processes; what is there is not done again."""
    tasks = make_tasks(["1"], (1,), ["knn", "nn"], 1)
    runner.run_tasks(tasks, tmp_path, BRIEF, progress=False)
    records = load_results(tmp_path / "results.json")
    assert set(records) == set(tasks)

    marked = {task: {**record, "seconds": -1.0} for task, record in records.items()}
    save_results(tmp_path / "results.json", marked)
    more = make_tasks(["1"], (1, 2), ["knn", "nn"], 1)
    runner.run_tasks(more, tmp_path, BRIEF, progress=False)
    after = load_results(tmp_path / "results.json")
    assert set(after) == set(more)
    assert all(after[task] == marked[task] for task in tasks)


def test_an_interrupted_run_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the first result: it is in the file."""
    saved: list[Any] = []

    def interrupt(path: Path, records: Any) -> None:
        save_results(path, records)
        saved.append(len(records))
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "save_results", interrupt)
    with pytest.raises(KeyboardInterrupt):
        runner.run_tasks(make_tasks(["1", "3"], (1,), ["knn"], 1), tmp_path, BRIEF, progress=False)
    assert saved == [1]
    assert len(load_results(tmp_path / "results.json")) == 1
