"""Evaluate a recording without ROS, piece by piece: memory does not grow with its length."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from itnnr_ik.evaluation.answers import Answers, ReplaySolver
from itnnr_ik.evaluation.measures import Evaluation, Summary, Tally
from itnnr_ik.evaluation.replay import Replay, Selection
from itnnr_ik.evaluation.replay_sources import open_replay
from itnnr_ik.solver import IKSolver

Listener = Callable[[Replay, Answers], None]


@dataclass(frozen=True)
class Model:
    """What is evaluated.

    Attributes:
        solver: Of the recorded arm.
        name: What to call it in a report.
    """

    solver: IKSolver
    name: str

    def check_comparable(self, other: Model) -> None:
        """Raise ValueError unless the targets and joint states of one model are those of another one, too."""
        if _asked(self.solver) != _asked(other.solver):
            raise ValueError(
                f"expected a model to compare with {self.name} that has {_words(self.solver)}, "
                f"got {other.name}, which has {_words(other.solver)}"
            )


def _asked(solver: IKSolver) -> tuple[int, str, int]:
    return solver.arm.n_joints, solver.task.kind, solver.task.n_coordinates


def _words(solver: IKSolver) -> str:
    joints, kind, coordinates = _asked(solver)
    return f"{joints} joints and a {kind} task of {coordinates} coordinates"


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
    (evaluation,) = evaluate_models(path, [Model(solver, model)], selection, [listeners], progress, jumps)
    return evaluation


def evaluate_models(
    path: Path,
    models: Sequence[Model],
    selection: Selection,
    listeners: Sequence[Sequence[Listener]],
    progress: bool = False,
    jumps: int = 0,
) -> list[Evaluation]:
    """Read a recording once, and solve and measure its targets with each of several models.

    Args:
        path: The recording.
        models: By the first one joints are read and targets made, which all have to take.
        selection: What of the recording is replayed.
        listeners: Of each model: get each piece of the recording with its answers.
        progress: Show bars.
        jumps: See `Tally`.

    Raises:
        BagError: The recording or a topic cannot be used, or holds no target.
        ValueError: A model takes other targets or joint positions than the first one.
    """
    for model in models[1:]:
        models[0].check_comparable(model)
    start = time.perf_counter()
    with open_replay(path, models[0].solver, selection, progress) as opened:
        pairs = zip(models, listeners, strict=True)
        runs = [_Run(m.solver, opened.expected, heard, jumps) for m, heard in pairs]
        with _bar(opened.expected, progress) as bar:
            for piece in opened.stream:
                for run in runs:
                    run.take(piece)
                if bar is not None:
                    bar.update(len(piece))
        read = time.perf_counter() - start - sum(run.seconds for run in runs)
        summaries = [
            Summary(
                m.name, opened.stream.messages, opened.stream.skipped, opened.notes, max(0.0, read), False
            )
            for m in models
        ]
    return [run.tally.result(summary) for run, summary in zip(runs, summaries, strict=True)]


class _Run:
    """One model's way through a recording.

    Attributes:
        tally: Of its answers.
        seconds: What has not gone into reading, in [s].
    """

    def __init__(self, solver: IKSolver, expected: int, listeners: Sequence[Listener], jumps: int) -> None:
        self._solve = ReplaySolver(solver, expected)
        self._listeners = listeners
        self.tally = Tally(solver, jumps)
        self.seconds = 0.0

    def take(self, piece: Replay) -> None:
        answers = self._solve.solve(piece)
        begin = time.perf_counter()
        self.tally.add(piece, answers)
        for listener in self._listeners:
            listener(piece, answers)
        solving = answers.seconds + float(answers.solve_times.sum()) * answers.batched
        self.seconds += time.perf_counter() - begin + solving


def _bar(total: int, progress: bool) -> Any:
    # Not one that is switched off: Ctrl-C during its __del__, once a recording, would be lost.
    if not progress:
        return nullcontext()
    # disable=None: no bar where nobody watches.
    return tqdm(total=total, desc="evaluating", unit="target", leave=False, disable=None)
