"""Runs that store what they have, go on where they stopped, and repeat themselves."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="runs train networks")

from itnnr_ik.cli.paper import make_tasks  # noqa: E402
from itnnr_ik.paper import problems, runner  # noqa: E402
from itnnr_ik.paper.effort import Effort  # noqa: E402
from itnnr_ik.paper.results import Task, load_results, save_results  # noqa: E402

BRIEF = Effort(max_epochs=2, steps=20)


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [Task("1", 1, "itnnr", 3), Task("3", 2, "ours", 0), Task("4", 1, "nn", 1), Task("5", 1, "ours", 0)],
)
def test_the_same_seed_gives_the_same_cell(task: Task, tmp_path: Path) -> None:
    """A task has the same results when it is trained again, or evaluated with its stored networks."""
    trained = runner.run_task(task, BRIEF, tmp_path)
    again = runner.run_task(task, BRIEF)
    loaded = runner.run_task(task, BRIEF, tmp_path)
    assert loaded == trained, "the seconds are those of the training"
    assert {**again, "seconds": 0} == {**trained, "seconds": 0}


@pytest.mark.slow
def test_a_run_stores_results_and_goes_on(tmp_path: Path) -> None:
    """A second run, in two processes, repeats no task that has a result."""
    tasks = make_tasks(["1"], (1,), ["knn", "nn"], 1)
    runner.run_tasks(tasks, tmp_path, BRIEF, processes=1, progress=False)
    records = load_results(tmp_path / "results.json")
    assert set(records) == set(tasks)

    marked = {task: {**record, "seconds": -1.0} for task, record in records.items()}
    save_results(tmp_path / "results.json", marked)
    more = make_tasks(["1"], (1, 2), ["knn", "nn"], 1)
    runner.run_tasks(more, tmp_path, BRIEF, progress=False)
    after = load_results(tmp_path / "results.json")
    assert set(after) == set(more)
    assert all(after[task] == marked[task] for task in tasks)


def test_results_of_another_effort_are_not_mixed_in(tmp_path: Path) -> None:
    """The message names both efforts; networks of another effort are trained again."""
    tasks = make_tasks(["1"], (1,), ["nn"], 1)
    runner.run_tasks(tasks, tmp_path, BRIEF, processes=1, progress=False)
    longer = replace(BRIEF, max_epochs=3)
    with pytest.raises(ValueError, match=r"results of another effort \(1-table1-nn-seed0: .*'max_epochs': 2"):
        runner.run_tasks(tasks, tmp_path, longer, progress=False)
    with pytest.raises(ValueError, match="results of another effort"):  # though this task has none yet
        runner.run_tasks(make_tasks(["2"], (1,), ["knn"], 1), tmp_path, longer, progress=False)
    assert runner.run_task(tasks[0], longer, tmp_path / "networks")["epochs"] == 3


@pytest.mark.parametrize("name", ["notes.json", "network.safetensors"])
def test_damaged_networks_are_trained_again(name: str, tmp_path: Path) -> None:
    """A warning names the folder of the damaged networks."""
    task = Task("1", 1, "nn", 0)
    record = runner.run_task(task, BRIEF, tmp_path)
    (tmp_path / task.name / name).write_bytes(b"{")
    with pytest.warns(UserWarning, match="1-table1-nn-seed0 is damaged and trained again"):
        again = runner.run_task(task, BRIEF, tmp_path)
    assert {**again, "seconds": 0} == {**record, "seconds": 0}


def test_a_lost_network_does_not_make_another_method(tmp_path: Path) -> None:
    """Without its learned forward function the published method is trained again, and does not get ours."""
    task = Task("1", 2, "itnnr", 0)
    record = runner.run_task(task, BRIEF, tmp_path)
    (tmp_path / task.name / "forward.safetensors").unlink()
    with pytest.warns(UserWarning, match="1-table2-itnnr-seed0 is damaged and trained again"):
        again = runner.run_task(task, BRIEF, tmp_path)
    assert {**again, "seconds": 0} == {**record, "seconds": 0}


@pytest.mark.slow
def test_results_of_other_points_are_not_taken_for_done(tmp_path: Path) -> None:
    """Results for other points are computed again, as when the paper's points become known."""
    tasks = make_tasks(["1"], (1,), ["knn"], 1)
    runner.run_tasks(tasks, tmp_path, BRIEF, progress=False)
    path = tmp_path / "results.json"
    records = load_results(path)
    save_results(path, {task: {**record, "points": "others"} for task, record in records.items()})
    assert runner.run_tasks(tasks, tmp_path, BRIEF, progress=False) == records


@pytest.mark.slow
@pytest.mark.parametrize("method", ["nn", "itnnr"])
def test_networks_of_other_points_are_trained_again(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks that were trained on another data set are not used."""
    task = Task("1", 1, method, 0)
    runner.run_task(task, BRIEF, tmp_path)
    monkeypatch.setitem(problems.PROBLEMS, "1", replace(problems.PROBLEMS["1"], data_seeds=(7, 7)))
    again = runner.run_task(task, BRIEF, tmp_path)
    assert {**again, "seconds": 0} == {**runner.run_task(task, BRIEF), "seconds": 0}


def test_a_failed_run_does_not_stop_the_others(tmp_path: Path) -> None:
    """The results of the others are stored, and the error at the end names the failed run."""
    tasks = [Task("no such", 1, "knn", 0), Task("1", 1, "knn", 0), Task("3", 1, "knn", 0)]
    with pytest.raises(RuntimeError, match=r"1 of 3 runs failed.*no such-table1-knn-seed0: no experiment"):
        runner.run_tasks(tasks, tmp_path, BRIEF, processes=1, progress=False)
    assert set(load_results(tmp_path / "results.json")) == set(tasks[1:])


def _start(folder: Path) -> subprocess.Popen[str]:
    """A run whose first task is done at once and whose second takes minutes."""
    command = ["paper", "run", "--experiment", "1", "--table", "1", "--method", "knn", "--method", "itnnr"]
    process = subprocess.Popen(
        [sys.executable, "-m", "itnnr_ik.cli", *command, "--seeds", "1", "-o", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 180.0
    while not (folder / "results.json").exists():
        assert time.monotonic() < deadline, "no result within three minutes"
        time.sleep(0.1)
    return process


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_an_interrupted_run_keeps_what_is_done(number: int, status: int, tmp_path: Path) -> None:
    """An interrupted run ends at once, with its workers and without a traceback."""
    process = _start(tmp_path)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(number)
    assert process.wait(60.0) == status
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    assert len(load_results(tmp_path / "results.json")) == 1
    deadline = time.monotonic() + 60.0
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "workers that outlive their parent"
        time.sleep(0.1)
