"""What an evaluation leaves behind: the printed report, the page and the recording of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from itnnr_ik.bags.answers import Answers
from itnnr_ik.bags.evaluation import Evaluation
from itnnr_ik.bags.replacing import check_place, new_file
from itnnr_ik.bags.replay import Replay
from itnnr_ik.bags.writer import WrittenSolution, WrittenStatus, check_new, write_answers
from itnnr_ik.solver import IKSolver


@dataclass(frozen=True)
class Output:
    """Files that are wanted.

    Args:
        html: The page; None for none.
        record: Folder of the new recording; None for none.
        storage: A key of `itnnr_ik.bags.writer.STORAGES`.
        recording: What is evaluated, which stays as it is; None where that is no file.
    """

    html: Path | None = None
    record: Path | None = None
    storage: str = "mcap"
    recording: Path | None = None

    def check(self) -> None:
        """Raise ValueError unless the files can be written: before the work, not after it."""
        for path in (self.record, self.html):
            if path is not None:
                check_place(path, self.recording)
        if self.record is not None:
            check_new(self.record)
        if self.html is not None and not self.html.resolve().parent.is_dir():
            raise ValueError(f"no folder {self.html.resolve().parent} to write {self.html.name} to")
        if self.html is not None and self.html.exists() and not self.html.is_file():
            raise ValueError(f"{self.html} is no regular file, expected one or nothing")

    def write(
        self,
        solver: IKSolver,
        replay: Replay,
        answers: Answers,
        evaluation: Evaluation,
        solutions: Sequence[WrittenSolution],
        statuses: Sequence[WrittenStatus] = (),
    ) -> list[str]:
        """Write the files; a sentence on each."""
        told = []
        if self.record is not None:
            write_answers(self.record, self.storage, replay.joints, solutions, statuses)
            told.append(f"answers written to {self.record}")
        if self.html is not None:
            from itnnr_ik.bags.page import make_page
            from itnnr_ik.bags.plots import Plots

            page = make_page(evaluation, Plots(solver, replay, answers).all())
            with new_file(self.html) as written:
                written.write_text(page, encoding="utf-8")
            told.append(f"report written to {self.html}")
        return told
