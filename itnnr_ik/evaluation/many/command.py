"""Runs ``itnnr-ik evaluate`` for several recordings, or for two models."""

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
class ReportOptions:
    """Options for the report on many recordings.

    Attributes:
        html: File of the index page; None for no pages.
        as_json: Print JSON instead of a table.
        requirements: Requirements for each recording and model.
    """

    html: Path | None
    as_json: bool
    requirements: Sequence[Requirement]


def evaluate_many(
    evaluator: Evaluator, places: Sequence[Place], runner: Runner, options: ReportOptions
) -> int:
    """Evaluate recordings, and print the results in their order as soon as they are known.

    On Ctrl-C the results so far are printed and written before the error is raised again.

    Returns:
        1 if a recording failed or breaks a requirement, else 0.
    """
    report = _Report(evaluator, places, options)
    try:
        # disable=None: no bar unless stderr is a terminal.
        bar = tqdm(total=len(places), desc="evaluating", unit="recording", leave=False, disable=None)
        with bar, closing(runner(evaluator, places)) as running:
            for number, result in running:
                report.add(number, result)
                bar.update()
    finally:
        _print(report.finish(), to_stderr=options.as_json)
    return 1 if report.failed else 0


class _Report:
    """Prints results in the order of their places, writes their pages, and collects the totals."""

    def __init__(self, evaluator: Evaluator, places: Sequence[Place], options: ReportOptions) -> None:
        self._options, self._count = options, len(places)
        self._results: dict[int, Result] = {}
        self._next = self._n_printed = 0
        self._pages = None if options.html is None else Pages(options.html, places)
        self._violations: dict[tuple[int, int], list[str]] = {}
        self._table = Table([place.name for place in places], [model.name for model in evaluator.models])

    @property
    def failed(self) -> bool:
        """Whether a recording failed or breaks a requirement."""
        return bool(self._violations) or any(result.error for result in self._results.values())

    def add(self, number: int, result: Result) -> None:
        """Take the result of a place."""
        if self._pages is not None:
            self._pages.add(number, result)
        self._results[number] = replace(result, pages=())
        for i, evaluation in enumerate(result.evaluations):
            violations = [text for r in self._options.requirements if (text := r.violation(evaluation))]
            if violations:
                self._violations[number, i] = violations
        while self._next in self._results:
            with uninterrupted():
                self._print_result(self._next)
                self._next += 1

    def _print_result(self, number: int) -> None:
        result = self._results[number]
        if self._options.as_json:
            _print(map(json.dumps, result.to_json()))
        else:
            _print([*(self._table.head() if not self._n_printed else ()), *self._table.rows(result)])
        self._n_printed += 1

    def finish(self) -> list[str]:
        """Print the results that waited for earlier ones, and violations; returns the final lines."""
        for number in sorted(self._results):
            if number >= self._next:
                self._print_result(number)
        if not self._results:
            return []
        violations = [self._describe_violations(*key) for key in sorted(self._violations)]
        _print(violations, to_stderr=True)
        lines = totals(list(self._results.values()), self._count)
        if self._pages is not None:
            results = {number: self._results[number] for number in sorted(self._results)}
            lines.append(self._pages.finish(results, self._count, self._violations))
        return lines

    def _describe_violations(self, number: int, model: int) -> str:
        result = self._results[number]
        of_model = f" ({result.evaluations[model].model})" if len(result.evaluations) > 1 else ""
        return f"{result.name}{of_model}: {'; '.join(self._violations[number, model])}"


def _print(lines: Iterable[str], to_stderr: bool = False) -> None:
    """Print lines at once, above the bar if there is one."""
    file = sys.stderr if to_stderr else sys.stdout
    for line in lines:
        tqdm.write(one_line(line).rstrip(), file=file)
    file.flush()
