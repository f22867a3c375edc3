"""Results of runs in one JSON file: what was trained, for how long, and the errors."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from itnnr_ik.paper.protocols import PROTOCOLS


@dataclass(frozen=True, order=True)
class Task:
    """One training and evaluation.

    Args:
        experiment: Key of the problem.
        table: 1 for a known forward function, 2 for noisy data.
        method: Key of `METHODS`.
        seed: Of weights, pairs and batches.
    """

    experiment: str
    table: int
    method: str
    seed: int

    @property
    def name(self) -> str:
        """Name for files and progress."""
        return f"{self.experiment}-table{self.table}-{self.method}-seed{self.seed}"


Records = dict[Task, dict[str, Any]]

_FIELDS = ("experiment", "table", "method", "seed")


def load_results(path: Path) -> Records:
    """Records by task; none if there is no file.

    Raises:
        ValueError: The file is not one of `save_results`.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {_task(row): row for row in rows}
    except FileNotFoundError:
        return {}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold results of `itnnr-ik paper run`: {error!r}") from None


def _task(row: dict[str, Any]) -> Task:
    """The task of a record, after a check of all that its readers need."""
    task = Task(*(row[field] for field in _FIELDS))
    if [type(value) for value in (task.experiment, task.table, task.method, task.seed)] != [
        str,
        int,
        str,
        int,
    ]:
        raise TypeError(f"unexpected types in {task}")
    for protocol in PROTOCOLS:
        report = row[protocol]
        best = ["best_exact", "best_learned"][: task.table] if len(report["by_rank"]) > 1 else []
        if task.method == "knn":
            best = best[:1]  # it has no learned function
        if not all(
            isinstance(error, float) for error in (*report["by_rank"], *(report[name] for name in best))
        ):
            raise TypeError(f"{task} has no errors by rank and of the best")
    return task


@cache
def committed_results() -> Records:
    """The results of the full run that come with the package."""
    with as_file(files("itnnr_ik.paper").joinpath("results.json")) as path:
        return load_results(path)


def save_results(path: Path, records: Records) -> None:
    """Write records, one a line, atomically: concurrent readers see the old file or the new one."""
    lines: Iterable[str] = (json.dumps(records[task], ensure_ascii=False) for task in sorted(records))
    partial = path.with_name(path.name + ".partial")
    partial.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    os.replace(partial, path)


def add_record(path: Path, task: Task, record: dict[str, Any]) -> None:
    """Add a record to the file, with a lock against other runs that do the same."""
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        save_results(path, {**load_results(path), task: record})


def new_record(task: Task, values: dict[str, Any]) -> dict[str, Any]:
    """A record: the fields of a task and its results."""
    return {**{field: getattr(task, field) for field in _FIELDS}, **values}
