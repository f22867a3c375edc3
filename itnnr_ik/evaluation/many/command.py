"""What ``itnnr-ik evaluate`` does with several recordings, or with two models."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from itnnr_ik.evaluation.many.evaluator import Evaluator, Result
from itnnr_ik.evaluation.many.pages import Pages
from itnnr_ik.evaluation.many.places import Place
from itnnr_ik.evaluation.many.requirement import Requirement
from itnnr_ik.evaluation.many.running import Runner
from itnnr_ik.evaluation.many.table import Table, totals
from itnnr_ik.interrupts import uninterrupted
from itnnr_ik.printable import one_line


@dataclass(frozen=True)
class Wanted:
    """What is to come of an evaluation of many recordings.

    Attributes:
        html: The page with an index; None for none.
        as_json: Print JSON and no table.
        requirements: Of each recording and model.
    """

    html: Path | None
    as_json: bool
    requirements: Sequence[Requirement]


def evaluate_many(evaluator: Evaluator, places: Sequence[Place], runner: Runner, wanted: Wanted) -> int:
    """Evaluate recordings, and print each when it and those before it are done.

    On Ctrl-C what was done is printed and written before the error is passed on.

    Returns:
        1 if a recording failed or breaks a requirement, else 0.
    """
    report = _Report(evaluator, places, wanted)
    try:
        # No bar where nobody watches.
        bar = tqdm(total=len(places), desc="evaluating", unit="recording", leave=False, disable=None)
        with bar, closing(runner(evaluator, places)) as running:
            for number, result in running:
                report.add(number, result)
                bar.update()
    finally:
        _print(report.finish(), to_stderr=wanted.as_json)
    return 1 if report.failed else 0


class _Report:
    """Prints results in the order of their places, writes their reports, and keeps the rest of them."""

    def __init__(self, evaluator: Evaluator, places: Sequence[Place], wanted: Wanted) -> None:
        self._wanted, self._count = wanted, len(places)
        self._results: dict[int, Result] = {}
        self._next = self._shown = 0
        self._pages = None if wanted.html is None else Pages(wanted.html, places)
        self._broken: dict[tuple[int, int], list[str]] = {}
        self._table = Table([place.name for place in places], [model.name for model in evaluator.models])

    @property
    def failed(self) -> bool:
        """Whether a recording failed or breaks a requirement."""
        return bool(self._broken) or any(result.error for result in self._results.values())

    def add(self, number: int, result: Result) -> None:
        """Take the result of a place."""
        if self._pages is not None:
            self._pages.add(number, result)
        self._results[number] = replace(result, pages=())
        for i, evaluation in enumerate(result.evaluations):
            how = [text for r in self._wanted.requirements if (text := r.broken(evaluation))]
            if how:
                self._broken[number, i] = how
        while self._next in self._results:
            with uninterrupted():
                self._show(self._next)
                self._next += 1

    def _show(self, number: int) -> None:
        result = self._results[number]
        if self._wanted.as_json:
            _print(map(json.dumps, result.to_json()))
        else:
            _print([*(self._table.head() if not self._shown else ()), *self._table.rows(result)])
        self._shown += 1

    def finish(self) -> list[str]:
        """Print what was held back because something before it is not done; what there is to tell."""
        for number in sorted(self._results):
            if number >= self._next:
                self._show(number)
        if not self._results:
            return []
        _print([self._why(*key, how) for key, how in sorted(self._broken.items())], to_stderr=True)
        told = totals(list(self._results.values()), self._count)
        if self._pages is not None:
            results = {number: self._results[number] for number in sorted(self._results)}
            told.append(self._pages.finish(results, self._count, self._broken))
        return told

    def _why(self, number: int, model: int, how: Sequence[str]) -> str:
        result = self._results[number]
        of_model = f" ({result.evaluations[model].model})" if len(result.evaluations) > 1 else ""
        return f"{result.name}{of_model}: {'; '.join(how)}"


def _print(lines: Iterable[str], to_stderr: bool = False) -> None:
    """Print lines at once, above the bar if there is one."""
    file = sys.stderr if to_stderr else sys.stdout
    for line in lines:
        tqdm.write(one_line(line).rstrip(), file=file)
    file.flush()
