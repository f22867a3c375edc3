"""Several processes: what dies with them is tried once more, and each has one thread."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from itnnr_ik.evaluation.many.evaluator import Result
from itnnr_ik.evaluation.many.places import Place
from itnnr_ik.evaluation.many.running import run_in_processes

PLACES = [Place(name, f"/{name}") for name in "abcdef"]


@dataclass(frozen=True)
class Dies:
    """Evaluates nothing, and kills its process at one place a number of times."""

    folder: Path
    name: str
    times: int

    def __call__(self, place: Place) -> Result:
        tries = len(list(self.folder.iterdir()))
        if place.name == self.name and tries < self.times:
            (self.folder / str(tries)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Result(place.name, error="none")


@dataclass(frozen=True)
class Threads:
    """Returns the number of threads of numerical libraries."""

    def __call__(self, place: Place) -> Result:
        import torch

        return Result(place.name, error=f"{torch.get_num_threads()} {os.getpid()}")


def results(evaluator: Any, jobs: int) -> dict[str, str]:
    found = list(run_in_processes(jobs)(evaluator, PLACES))
    assert sorted(number for number, _ in found) == list(range(len(PLACES)))
    assert all(result.name == PLACES[number].name for number, result in found)
    return {result.name: result.error for _, result in found}


def test_a_process_that_dies_loses_nothing(tmp_path: Path) -> None:
    """Another process evaluates the recording of a process that dies."""
    assert results(Dies(tmp_path, "c", 1), 2) == dict.fromkeys("abcdef", "none")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_recording_that_ends_processes_is_told(tmp_path: Path) -> None:
    """The other recordings are evaluated."""
    found = results(Dies(tmp_path, "c", 10), 2)
    assert found.pop("c") == "its process ended with signal SIGKILL, twice"
    assert found == dict.fromkeys("abdef", "none")


def test_each_process_has_one_thread() -> None:
    """The environment of the parent process is restored."""
    pytest.importorskip("torch")
    before = dict(os.environ)
    found = dict(reversed(text.split()) for text in results(Threads(), 2).values())
    assert 0 < len(found) <= 2
    assert str(os.getpid()) not in found
    assert set(found.values()) == {"1"}
    assert dict(os.environ) == before
