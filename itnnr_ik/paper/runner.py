"""Carry out tasks in parallel processes, each result stored as it comes."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from itnnr_ik.paper.data import draw_dataset
from itnnr_ik.paper.effort import Effort
from itnnr_ik.paper.evaluation import evaluate
from itnnr_ik.paper.methods import METHODS
from itnnr_ik.paper.networks import load_networks, save_networks
from itnnr_ik.paper.problems import get_problem
from itnnr_ik.paper.results import Task, load_results, new_record, save_results


def carry_out(task: Task, effort: Effort, networks: Path | None = None) -> dict[str, Any]:
    """Train and evaluate one task.

    Args:
        task: What to do.
        effort: How long to train.
        networks: Folder to keep the trained networks in; those that are there are not trained again.

    Returns:
        The task's record: notes of the training, seconds it took, and what `evaluate` found.
    """
    problem, noisy = get_problem(task.experiment), task.table == 2
    data = draw_dataset(problem, noisy, problem.data_seeds[task.seed % len(problem.data_seeds)])
    folder = networks / task.name if networks is not None else None
    fitted = load_networks(folder, data, noisy) if folder is not None else None
    if fitted is None:
        start = time.perf_counter()
        fitted = METHODS[task.method](problem, data, noisy, task.seed, effort)
        seconds = round(time.perf_counter() - start, 1)
        fitted = replace(fitted, notes={"seconds": seconds, **fitted.notes})
        if folder is not None and (fitted.inverse is not None or fitted.network is not None):
            save_networks(folder, fitted)
    return new_record(task, {**fitted.notes, **evaluate(problem, data, noisy, fitted, points=task.seed == 0)})


def run_tasks(
    tasks: Iterable[Task], folder: Path, effort: Effort, processes: int = 2, progress: bool = True
) -> None:
    """Carry out what ``folder/results.json`` does not hold yet; Ctrl-C loses only what is under way."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    records = load_results(path)
    open_tasks = [task for task in tasks if task not in records]
    context = multiprocessing.get_context("spawn")
    bar = tqdm(total=len(open_tasks), desc="experiments", unit="run", disable=not progress)
    with bar, ProcessPoolExecutor(processes, context, _start_worker) as pool:
        futures = {pool.submit(carry_out, task, effort, folder / "networks"): task for task in open_tasks}
        try:
            for future in as_completed(futures):
                records[futures[future]] = future.result()
                save_results(path, records)
                bar.set_postfix_str(futures[future].name, refresh=False)
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _start_worker() -> None:
    # Networks this small gain nothing from a second thread; denormal weights cost a multiple of others.
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
