"""Runs tasks in parallel processes, and stores each result at once."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from itnnr_ik.arrays import use_torch
from itnnr_ik.forms import reason
from itnnr_ik.interrupts import ignore_sigint
from itnnr_ik.paper.data import draw_dataset
from itnnr_ik.paper.effort import Effort
from itnnr_ik.paper.evaluation import evaluate
from itnnr_ik.paper.methods import METHODS
from itnnr_ik.paper.networks import load_networks, save_networks
from itnnr_ik.paper.problems import get_problem
from itnnr_ik.paper.results import Records, Task, add_record, load_results, new_record

RESULTS_FILE, _NETWORKS_FOLDER = "results.json", "networks"  # in the output folder
_REFRESH_PERIOD = 1.0  # of the progress bar [s]


def run_task(task: Task, effort: Effort, networks: Path | None = None) -> dict[str, Any]:
    """Train and evaluate one task.

    Args:
        task: The task.
        effort: Duration of the training.
        networks: Folder of trained networks; those that exist are not trained again.

    Returns:
        The task's record: notes on the training, its time, and the results of `evaluate`.
    """
    problem, noisy = get_problem(task.experiment), task.table == 2
    data = draw_dataset(problem, noisy, task.seed)
    folder = networks / task.name if networks is not None else None
    fitted = load_networks(folder, problem, data, noisy, asdict(effort)) if folder is not None else None
    if fitted is None:
        start = time.perf_counter()
        fitted = METHODS[task.method](problem, data, noisy, task.seed, effort)
        seconds = round(time.perf_counter() - start, 1)
        fitted = replace(fitted, notes={"seconds": seconds, "effort": asdict(effort), **fitted.notes})
        if folder is not None and (fitted.inverse is not None or fitted.network is not None):
            save_networks(folder, fitted, data)
    found = evaluate(problem, data, noisy, fitted, points=task.seed == 0)
    return new_record(task, {"points": data.fingerprint, **fitted.notes, **found})


def run_tasks(
    tasks: Sequence[Task], folder: Path, effort: Effort, processes: int = 2, progress: bool = True
) -> Records:
    """Run all tasks without a result in ``folder/results.json``; Ctrl-C loses only unfinished ones.

    A result for other points than the task's does not count.

    Returns:
        The records of the tasks.

    Raises:
        ValueError: The folder has results of another effort.
        RuntimeError: Some tasks failed; the results of the others are stored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RESULTS_FILE
    records = load_results(path)
    wanted = dict.fromkeys(tasks)
    for task, record in records.items():  # of other tasks, too: one table would mix both
        if record.get("effort") != asdict(effort):
            raise ValueError(
                f"{path} has results of another effort ({task.name}: {record.get('effort')}, "
                f"expected {asdict(effort)}); choose another folder with --output"
            )
    failures = _run_all(
        [task for task in wanted if not _is_done(records, task)], folder, effort, processes, progress
    )
    records = load_results(path)
    if failures:
        texts = "; ".join(f"{task.name}: {reason(error)}" for task, error in failures.items())
        raise RuntimeError(f"{len(failures)} of {len(wanted)} runs failed, repeat to try them again: {texts}")
    return {task: records[task] for task in wanted}


def _is_done(records: Records, task: Task) -> bool:
    if task not in records:
        return False
    data = draw_dataset(get_problem(task.experiment), task.table == 2, task.seed)
    return records[task].get("points") == data.fingerprint


def _run_all(
    tasks: Sequence[Task], folder: Path, effort: Effort, processes: int, progress: bool
) -> dict[Task, BaseException]:
    """Run tasks and store each result at once; returns the errors of failed tasks."""
    failures: dict[Task, BaseException] = {}
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _start_worker)
    bar = tqdm(total=len(tasks), desc="experiments", unit="run", disable=None if progress else True)
    try:
        pending = list(reversed(tasks))
        running: dict[Future[dict[str, Any]], Task] = {}
        while pending or running:
            while pending and len(running) < processes:
                task = pending.pop()
                running[pool.submit(run_task, task, effort, folder / _NETWORKS_FOLDER)] = task
            bar.set_postfix_str("under way: " + ", ".join(task.name for task in running.values()))
            for future in wait(running, _REFRESH_PERIOD, FIRST_COMPLETED).done:
                task = running.pop(future)
                try:
                    record = future.result()
                except BrokenProcessPool as error:
                    raise RuntimeError(f"a process of {task.name} ended unexpectedly: {error}") from None
                except Exception as error:
                    failures[task] = error
                else:
                    add_record(folder / RESULTS_FILE, task, record)
                bar.update()
    except BaseException:
        for process in (pool._processes or {}).values():
            process.terminate()
        raise
    finally:
        bar.close()
        pool.shutdown(wait=True, cancel_futures=True)
    return failures


def _start_worker() -> None:
    use_torch()
    torch.set_flush_denormal(True)  # computing with denormal weights is many times slower
    ignore_sigint()
    # A worker must not survive its parent.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
