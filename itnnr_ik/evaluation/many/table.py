"""The evaluations of many recordings as a table, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from itnnr_ik.evaluation.many.evaluator import Result
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.report import percent
from itnnr_ik.printable import one_line

#: What a row shows of an evaluation, in two lines.
HEADINGS = (
    ("", "targets"),
    ("", "reachable"),
    ("", "solved"),
    ("residual", "p99 [m]"),
    ("joints", "p99 [rad]"),
    ("step", "max [rad]"),
    ("branch", "changes"),
    ("", "time [s]"),
)
_WIDTH = 10


@dataclass(frozen=True)
class Cell:
    """A number of an evaluation, as text and to sort by; None where it is not known."""

    text: str
    value: float | None


def cells(evaluation: Evaluation) -> tuple[Cell, ...]:
    """One for each of `HEADINGS`."""
    e = evaluation
    residual = None if e.residual is None else e.residual.p99
    apart = e.displacement["all"].p99 if "all" in e.displacement else None
    step = None if e.step is None else e.step.max
    seconds = e.read_seconds + e.solve_seconds
    return (
        Cell(str(e.targets), e.targets),
        Cell(str(e.reachable), e.reachable),
        Cell(percent(e.solved, e.reachable), e.solved / e.reachable if e.reachable else None),
        Cell(_optional(residual), residual),
        Cell(_optional(apart), apart),
        Cell(_optional(step), step),
        Cell(str(e.branch_changes), e.branch_changes),
        Cell(f"{seconds:.2f}", seconds),
    )


def _optional(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"


class Table:
    """Makes the lines of a table.

    Args:
        names: Of all recordings.
        models: Their names: a column where there are several.
    """

    def __init__(self, names: Sequence[str], models: Sequence[str]) -> None:
        self._width = max(9, *(len(one_line(name)) for name in names))
        self._models = max(5, *map(len, models)) + 2 if len(models) > 1 else 0

    def head(self) -> list[str]:
        """The headings."""
        model = "  model" if self._models else ""
        upper, lower = ("".join(f"{text:>{_WIDTH}}" for text in line) for line in zip(*HEADINGS, strict=True))
        return [
            " " * (self._width + self._models) + upper,
            f"{'recording':<{self._width}}{model:<{self._models}}{lower}",
        ]

    def rows(self, result: Result) -> list[str]:
        """One of each model, or the error."""
        name = f"{one_line(result.name):<{self._width}}"
        if result.error:
            return [f"{name}  failed: {result.error}"]
        rows = []
        for evaluation in result.evaluations:
            model = f"  {one_line(evaluation.model)}" if self._models else ""
            numbers = "".join(f"{cell.text:>{_WIDTH}}" for cell in cells(evaluation))
            rows.append(f"{name}{model:<{self._models}}{numbers}")
            name = " " * self._width
        return rows


def totals(results: Sequence[Result], count: int) -> list[str]:
    """How many recordings were evaluated, and of each model how many targets were solved.

    Args:
        results: Those that there are.
        count: How many recordings there should be.
    """
    failed = sum(bool(result.error) for result in results)
    first = f"{len(results) - failed} of {count} recordings evaluated"
    lines = [first + (f", {failed} failed" if failed else "")]
    for evaluations in zip(*(result.evaluations for result in results if not result.error), strict=True):
        names = ("solved", "reachable", "out_of_reach")
        solved, reachable, beyond = (sum(getattr(e, name) for e in evaluations) for name in names)
        model, others = one_line(evaluations[0].model), f", {beyond} out of reach" if beyond else ""
        share = percent(solved, reachable)
        lines.append(f"{model}: {share} of {reachable} reachable targets solved ({solved}){others}")
    return lines
