"""Evaluates a recording without ROS, piece by piece: memory does not grow with its length."""

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
    """A solver that is evaluated, with its name.

    Attributes:
        solver: A solver of the recorded arm.
        name: Its name in reports.
    """

    solver: IKSolver
    name: str

    def check_comparable(self, other: Model) -> None:
        """Raise ValueError unless another model takes the same kind of targets and joint states."""
        if _interface_of(self.solver) != _interface_of(other.solver):
            raise ValueError(
                f"expected a model to compare with {self.name} that has {_describe_interface(self.solver)}, "
                f"got {other.name}, which has {_describe_interface(other.solver)}"
            )


def _interface_of(solver: IKSolver) -> tuple[int, str, int]:
    return solver.arm.n_joints, solver.task.kind, solver.task.n_coordinates


def _describe_interface(solver: IKSolver) -> str:
    joints, kind, coordinates = _interface_of(solver)
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
        solver: A solver of its arm.
        model: The name of the solver in the report.
        selection: The parts of the recording that are replayed.
        listeners: Called with each piece of the recording and its answers.
        progress: Show progress bars.
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
    """Read a recording once, and solve and measure its targets with each model.

    Args:
        path: The recording.
        models: The first one defines joints and targets; the others must take the same ones.
        selection: The parts of the recording that are replayed.
        listeners: For each model, called with each piece of the recording and its answers.
        progress: Show progress bars.
        jumps: See `Tally`.

    Raises:
        BagError: The recording or a topic cannot be used, or holds no target.
        ValueError: A model takes other targets or joint positions than the first.
    """
    for model in models[1:]:
        models[0].check_comparable(model)
    start = time.perf_counter()
    with open_replay(path, models[0].solver, selection, progress) as opened:
        pairs = zip(models, listeners, strict=True)
        runs = [_ModelRun(m.solver, opened.expected, heard, jumps) for m, heard in pairs]
        with _progress_bar(opened.expected, progress) as bar:
            for piece in opened.stream:
                for run in runs:
                    run.take(piece)
                if bar is not None:
                    bar.update(len(piece))
        read = time.perf_counter() - start - sum(run.seconds for run in runs)
        messages, skipped, notes = opened.stream.messages, opened.stream.skipped, opened.notes
    summaries = [Summary(m.name, messages, skipped, notes, max(0.0, read), False) for m in models]
    return [run.tally.result(summary) for run, summary in zip(runs, summaries, strict=True)]


class _ModelRun:
    """The evaluation of one model.

    Attributes:
        tally: The measures of its answers.
        seconds: Time not spent on reading, in [s].
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


def _progress_bar(total: int, progress: bool) -> Any:
    # Not one that is switched off: Ctrl-C during its __del__, once a recording, would be lost.
    if not progress:
        return nullcontext()
    # disable=None: no bar unless stderr is a terminal.
    return tqdm(total=total, desc="evaluating", unit="target", leave=False, disable=None)
