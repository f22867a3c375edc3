"""Writes the files of an evaluation: the page, and the recording of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from itnnr_ik.evaluation.answers import SOLVED, Answers
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.replay import Replay, strictly_increasing
from itnnr_ik.files import check_outputs
from itnnr_ik.printable import one_line
from itnnr_ik.recording.pairing import Array
from itnnr_ik.recording.replacing import as_bytes, check_place, replace_file
from itnnr_ik.recording.statistics import Decimator
from itnnr_ik.recording.writer import AnswerWriter, WrittenSolution, WrittenStatus, check_new
from itnnr_ik.solver import IKSolver

#: Largest number of targets that are plotted, evenly over the recording.
_MAX_PLOTTED = 20_000


@dataclass(frozen=True)
class Output:
    """The files that an evaluation writes.

    Args:
        html: File of the page; None for no page.
        record: Folder of the recording of the answers; None for no recording.
        storage: A key of `itnnr_ik.recording.writer.STORAGES`.
        recording: The evaluated recording, which must not be overwritten; None if that is no file.
    """

    html: Path | None = None
    record: Path | None = None
    storage: str = "mcap"
    recording: Path | None = None

    def check(self) -> None:
        """Raise ValueError, before the work is done, unless the files can be written."""
        for path in (self.record, self.html):
            if path is not None:
                check_place(path, self.recording)
        if self.record is not None:
            check_new(self.record, self.storage)
        check_outputs([self.recording], [self.record, self.html])

    @contextmanager
    def open(self, solver: IKSolver) -> Iterator[OpenOutput]:
        """Write pieces of a recording with their answers; the files appear when all is complete."""
        with ExitStack() as stack:
            writer = None
            if self.record is not None:
                writer = stack.enter_context(AnswerWriter(self.record, self.storage))
            yield OpenOutput(self, solver, writer)

    def write(
        self,
        solver: IKSolver,
        replay: Replay,
        answers: Answers,
        evaluation: Evaluation,
        solutions: Sequence[WrittenSolution],
        statuses: Sequence[WrittenStatus] = (),
    ) -> list[str]:
        """Write the files of a live evaluation; returns a sentence on each."""
        with self.open(solver) as opened:
            opened.draw(replay, answers)
            if opened.writer is not None:
                opened.writer.write(replay.joints, solutions, statuses)
            opened.finish(evaluation)
        return self.written()

    def written(self) -> list[str]:
        """A sentence on each file."""
        sentences = []
        if self.record is not None:
            sentences.append(one_line(f"answers written to {self.record}"))
        if self.html is not None:
            sentences.append(one_line(f"report written to {self.html}"))
        return sentences


class OpenOutput:
    """Files that are being written, see `Output.open`.

    Attributes:
        writer: Writes the recording of the answers, if any.
    """

    def __init__(self, output: Output, solver: IKSolver, writer: AnswerWriter | None) -> None:
        self._output, self._solver = output, solver
        self.writer = writer
        self._page: PageMaker | None = PageMaker(solver) if output.html is not None else None
        self._last: int | None = None

    def add(self, replay: Replay, answers: Answers) -> None:
        """Take the answers of a piece; each is written with the time of receipt of its target."""
        self.draw(replay, answers)
        stamps = strictly_increasing(replay.received, self._last)
        self._last = int(stamps[-1]) if len(stamps) else self._last
        if self.writer is not None:
            frame = self._solver.arm.base_link
            solutions = [
                WrittenSolution(int(stamp), int(stamp), frame, positions)
                for stamp, positions, code in zip(stamps, answers.positions, answers.codes, strict=True)
                if code == SOLVED
            ]
            self.writer.write(replay.joints, solutions)

    def draw(self, replay: Replay, answers: Answers) -> None:
        """Keep the plotted part of a piece."""
        if self._page is not None:
            self._page.add(replay, answers)

    def finish(self, evaluation: Evaluation) -> None:
        """Write the page."""
        if self._output.html is not None and self._page is not None:
            replace_file(self._output.html, as_bytes(self._page.page(evaluation)))


class PageMaker:
    """Makes the page of an evaluation, with plots of evenly chosen targets.

    Args:
        solver: The solver with arm, task and tolerances.
    """

    def __init__(self, solver: IKSolver) -> None:
        self._solver = solver
        self._rows = Decimator(_MAX_PLOTTED)
        self._first: tuple[Replay, Answers] | None = None

    def add(self, replay: Replay, answers: Answers) -> None:
        """Take a piece."""
        if self._first is None:
            self._first = replay, answers
        empty = np.zeros((len(replay), 0))
        self._rows.add(
            replay.received,
            replay.targets,
            empty if replay.recorded is None else replay.recorded,
            answers.positions,
            answers.current,
            answers.codes,
            answers.closest,
        )

    def page(self, evaluation: Evaluation) -> str:
        """The page."""
        from itnnr_ik.evaluation.page import make_page
        from itnnr_ik.evaluation.plots import Plots

        return make_page(evaluation, Plots(self._solver, *self._kept()).all())

    def _kept(self) -> tuple[Replay, Answers]:
        """The plotted targets and their answers."""
        assert self._first is not None
        replay, answers = self._first
        received, targets, recorded, positions, current, codes, closest = self._rows.columns()
        return (
            replace(
                replay,
                received=cast(Any, received),
                targets=cast(Array, targets),
                current=None if replay.current is None else cast(Array, current),
                recorded=None if replay.recorded is None else cast(Array, recorded),
            ),
            replace(
                answers,
                positions=cast(Array, positions),
                current=cast(Array, current),
                codes=cast(Any, codes),
                closest=cast(Array, closest),
            ),
        )
