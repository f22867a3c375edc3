"""A text table with a row for each of many recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from itnnr_ik.evaluation.many.evaluator import Result
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.report import percent
from itnnr_ik.printable import one_line

#: Headings of the columns, in two lines.
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
    """A number of an evaluation as text, and as a value to sort by, None if unknown."""

    text: str
    value: float | None


def cells(evaluation: Evaluation) -> tuple[Cell, ...]:
    """The cells of a row, one for each of `HEADINGS`."""
    e = evaluation
    residual = None if e.residual is None else e.residual.p99
    displacement = e.displacement["all"].p99 if "all" in e.displacement else None
    step = None if e.step is None else e.step.max
    seconds = e.read_seconds + e.solve_seconds
    return (
        Cell(str(e.targets), e.targets),
        Cell(str(e.reachable), e.reachable),
        Cell(percent(e.solved, e.reachable), e.solved / e.reachable if e.reachable else None),
        Cell(_optional(residual), residual),
        Cell(_optional(displacement), displacement),
        Cell(_optional(step), step),
        Cell(str(e.branch_changes), e.branch_changes),
        Cell(f"{seconds:.2f}", seconds),
    )


def _optional(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"


class Table:
    """Makes the lines of a table.

    Args:
        names: Names of all recordings.
        models: Names of the models, in a column if there are several.
    """

    def __init__(self, names: Sequence[str], models: Sequence[str]) -> None:
        self._width = max(9, *(len(one_line(name)) for name in names))
        self._models = max(5, *map(len, models)) + 2 if len(models) > 1 else 0

    def head(self) -> list[str]:
        """The lines of the headings."""
        model = "  model" if self._models else ""
        upper, lower = ("".join(f"{text:>{_WIDTH}}" for text in line) for line in zip(*HEADINGS, strict=True))
        return [
            " " * (self._width + self._models) + upper,
            f"{'recording':<{self._width}}{model:<{self._models}}{lower}",
        ]

    def rows(self, result: Result) -> list[str]:
        """The lines of a result: one for each model, or the error."""
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
    """Number of evaluated recordings, and for each model the number of solved targets.

    Args:
        results: The results so far.
        count: Number of all recordings, evaluated or not.
    """
    failed = sum(bool(result.error) for result in results)
    first = f"{len(results) - failed} of {count} recordings evaluated"
    lines = [first + (f", {failed} failed" if failed else "")]
    for evaluations in zip(*(result.evaluations for result in results if not result.error), strict=True):
        names = ("solved", "reachable", "out_of_reach")
        solved, reachable, out_of_reach = (sum(getattr(e, name) for e in evaluations) for name in names)
        model = one_line(evaluations[0].model)
        others = f", {out_of_reach} out of reach" if out_of_reach else ""
        share = percent(solved, reachable)
        lines.append(f"{model}: {share} of {reachable} reachable targets solved ({solved}){others}")
    return lines
