"""Evaluate a recording without ROS, piece by piece: memory does not grow with its length."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from itnnr_ik.bags.answers import Answers, ReplaySolver
from itnnr_ik.bags.evaluation import Evaluation, Summary, Tally
from itnnr_ik.bags.replay import Replay, Selection
from itnnr_ik.bags.replay_sources import open_replay
from itnnr_ik.solver import IKSolver

Listener = Callable[[Replay, Answers], None]


def evaluate_recording(
    path: Path,
    solver: IKSolver,
    model: str,
    selection: Selection,
    listeners: Sequence[Listener] = (),
    progress: bool = False,
    jumps: int = 0,
) -> Evaluation:
    """Read a recording, solve its targets and measure the answers.

    Args:
        path: The recording.
        solver: Of its arm.
        model: What to call it in the report.
        selection: What of the recording is replayed.
        listeners: Get each piece of the recording with its answers.
        progress: Show bars.
        jumps: See `Tally`.

    Raises:
        BagError: The recording or a topic cannot be used, or holds no target.
    """
    tally = Tally(solver, jumps)
    listening = 0.0
    start = time.perf_counter()
    with open_replay(path, solver, selection, progress) as opened:
        solve = ReplaySolver(solver, opened.expected)
        solved = 0.0
        with _bar(opened.expected, progress) as bar:
            for piece in opened.stream:
                answers = solve.solve(piece)
                begin = time.perf_counter()
                tally.add(piece, answers)
                for listener in listeners:
                    listener(piece, answers)
                listening += time.perf_counter() - begin
                solved += answers.seconds + float(answers.solve_times.sum()) * answers.batched
                bar.update(len(piece))
        read = time.perf_counter() - start - listening - solved
        summary = Summary(
            model, opened.stream.messages, opened.stream.skipped, opened.notes, max(0.0, read), False
        )
    return tally.result(summary)


def _bar(total: int, progress: bool) -> tqdm[None]:
    # None: no bar where nobody watches.
    return tqdm(
        total=total, desc="evaluating", unit="target", leave=False, disable=None if progress else True
    )
