"""Two hundred synthetic recordings, a minute of work: two processes, and a cluster that loses a worker."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dask_cluster import cluster
from json_lines import lines

from itnnr_ik.learning.synthetic import record
from itnnr_ik.robot import load_robot

COUNT = 200

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Run:
    """What an evaluation printed, without times, and the time and processor time [s] that it took."""

    rows: list[dict[str, Any]]
    seconds: float
    processor: float


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of poses of a `ur5e` each, so noisy that some are out of its reach."""
    folder = tmp_path_factory.mktemp("recordings")
    arm = load_robot("ur5e")
    for i in range(COUNT):
        record(folder / f"day_{i % 7}" / f"run_{i:03}", arm, minutes=4.0 / 60.0, seed=i)
    return folder


def command(folder: Path, *options: str) -> list[str]:
    words = ["evaluate", str(folder), "--arm", "ur5e", "--json", *options]
    return [sys.executable, "-m", "itnnr_ik.cli", *words]


def evaluate(folder: Path, *options: str) -> Run:
    start, before = time.perf_counter(), _processor()
    done = subprocess.run(command(folder, *options), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Run(lines(done.stdout), time.perf_counter() - start, _processor() - before)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def alone(folder: Path) -> Run:
    """The recordings evaluated one after the other."""
    run = evaluate(folder)
    assert len(run.rows) == COUNT
    assert [row["path"] for row in run.rows] == sorted(row["path"] for row in run.rows)
    return run


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
def test_two_processes_take_six_tenths_of_the_time(folder: Path, alone: Run) -> None:
    """With two free processors the same work is faster, and the results are the same."""
    neighbours = os.getloadavg()[0] - 1.0  # beside the process that went before
    both = evaluate(folder, "--jobs", "2")
    print(f"\none process: {alone.seconds:.1f} s, {alone.processor:.1f} s of the processor")
    print(f"two: {both.seconds:.1f} s, {both.processor:.1f} s of the processors")
    assert both.rows == alone.rows
    if neighbours > 0.5 and both.seconds > 0.6 * alone.seconds:
        pytest.skip(f"the processors are not free: {neighbours:.1f} other processes want them")
    assert both.seconds <= 0.6 * alone.seconds


def test_a_cluster_gives_the_same_though_it_loses_a_worker(folder: Path, tmp_path: Path, alone: Run) -> None:
    """Results and order are the same when a worker is killed midway."""
    with cluster(tmp_path) as (address, workers):
        running = subprocess.Popen(command(folder, "--dask", address), stdout=subprocess.PIPE, text=True)
        printed = list(_kill_after_some(running, workers))
        assert running.wait() == 0
        assert workers[1].poll() is None
    assert lines("".join(printed)) == alone.rows


def _kill_after_some(running: subprocess.Popen[str], workers: list[subprocess.Popen[bytes]]) -> Iterator[str]:
    """What is printed; the first worker is killed after some lines."""
    assert running.stdout is not None
    for i, line in enumerate(running.stdout):
        if i == COUNT // 10:
            workers[0].kill()
        yield line
