"""The evaluations of many recordings as a table, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from itnnr_ik.bags.evaluation import Evaluation
from itnnr_ik.bags.many.evaluator import Result
from itnnr_ik.bags.report import percent
from itnnr_ik.printable import one_line


@dataclass(frozen=True)
class Column:
    """A number of an evaluation, as text and to sort by; None where it is not known."""

    heading: str
    text: str
    value: float | None


def columns(evaluation: Evaluation) -> tuple[Column, ...]:
    """What a row shows of an evaluation."""
    e = evaluation
    residual = None if e.residual is None else e.residual.p99
    apart = e.displacement["all"].p99 if "all" in e.displacement else None
    step = None if e.step is None else e.step.max
    seconds = e.read_seconds + e.solve_seconds
    return (
        Column("targets", str(e.targets), e.targets),
        Column("reachable", str(e.reachable), e.reachable),
        Column("solved", percent(e.solved, e.reachable), e.solved / e.reachable if e.reachable else None),
        Column("residual p99 [m]", _optional(residual), residual),
        Column("joints p99 [rad]", _optional(apart), apart),
        Column("largest step [rad]", _optional(step), step),
        Column("branch changes", str(e.branch_changes), e.branch_changes),
        Column("time [s]", f"{seconds:.2f}", seconds),
    )


def _optional(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"


#: Headings in two lines and widths, as in `columns`.
_HEADS = (
    ("", "targets", 9),
    ("", "reachable", 10),
    ("", "solved", 9),
    ("residual", "p99 [m]", 9),
    ("joints", "p99 [rad]", 10),
    ("step", "max [rad]", 10),
    ("branch", "changes", 8),
    ("", "time [s]", 9),
)


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
        model = f"{'model' if self._models else '':<{self._models}}"
        upper = f"{'':<{self._width + self._models}}" + "".join(f"{text:>{w}}" for text, _, w in _HEADS)
        lower = f"{'recording':<{self._width}}" + (f"  {model[:-2]}" if model else "")
        return [upper, lower + "".join(f"{text:>{w}}" for _, text, w in _HEADS)]

    def rows(self, result: Result) -> list[str]:
        """One of each model, or the error."""
        name = f"{one_line(result.name):<{self._width}}"
        if result.error:
            return [f"{name}  failed: {result.error}"]
        rows = []
        for evaluation in result.evaluations:
            model = f"  {one_line(evaluation.model):<{self._models - 2}}" if self._models else ""
            cells = zip(columns(evaluation), _HEADS, strict=True)
            rows.append(name + model + "".join(f"{column.text:>{w}}" for column, (_, _, w) in cells))
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
        solved, reachable = (sum(getattr(e, name) for e in evaluations) for name in ("solved", "reachable"))
        share = percent(solved, reachable)
        model = one_line(evaluations[0].model)
        lines.append(f"{model}: {share} of {reachable} reachable targets solved ({solved})")
    return lines
