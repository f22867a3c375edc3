"""The paper's two tables: its numbers, ITNNR as published run again, and ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from itnnr_ik.paper.problems import PROBLEMS
from itnnr_ik.paper.published import PublishedRow, published_numbers
from itnnr_ik.paper.results import Records

#: Reads a number from a record's report for a protocol.
Read = Callable[[dict[str, Any]], float]


def _first_anchor(report: dict[str, Any]) -> float:
    return float(report["by_rank"][0])


def _best(name: str) -> Read:
    return lambda report: float(report[name])


#: For each table: key and heading of a column, the method, the number of a report, and the paper's number.
_COLUMNS: dict[int, tuple[tuple[str, str, str, Read, Callable[[PublishedRow], float | None] | None], ...]] = {
    1: (
        ("knn", "kNN, 1st anchor", "knn", _first_anchor, lambda row: row.knn[0]),
        ("nn", "NN", "nn", _first_anchor, lambda row: row.nn),
        ("itnnr", "ITNNR, 1st anchor", "itnnr", _first_anchor, lambda row: row.itnnr[0]),
        ("itnnr_best", "ITNNR, best of 5", "itnnr", _best("best_exact"), lambda row: row.best_exact),
        ("ours", "ours, 1st anchor", "ours", _first_anchor, None),
        ("ours_best", "ours, best of 5", "ours", _best("best_exact"), None),
    ),
    2: (
        ("knn", "kNN, 1st anchor", "knn", _first_anchor, lambda row: row.knn[0]),
        ("itnnr", "ITNNR, 1st anchor", "itnnr", _first_anchor, lambda row: row.itnnr[0]),
        ("itnnr_best", "ITNNR, best, learned f", "itnnr", _best("best_learned"), lambda r: r.best_learned),
        ("itnnr_exact", "ITNNR, best, exact f", "itnnr", _best("best_exact"), lambda row: row.best_exact),
        ("ours", "ours, 1st anchor", "ours", _first_anchor, None),
        ("ours_best", "ours, best, learned f", "ours", _best("best_learned"), None),
        ("ours_exact", "ours, best, exact f", "ours", _best("best_exact"), None),
    ),
}


@dataclass(frozen=True)
class Cell:
    """RMSE in y over the runs of one method, and the paper's number if it has one.

    ``mean`` is None and ``seeds`` is 0 without runs; ``std``, of these runs (not an estimate for others), is
    None for fewer than two.
    """

    paper: float | None
    mean: float | None
    std: float | None
    seeds: int


@dataclass(frozen=True)
class Row:
    """An experiment's cells by column.

    ``reduction`` is that of ITNNR's error against kNN in per cent (paper, rerun), ``gain`` the paper's best
    error divided by ours.
    """

    experiment: str
    cells: dict[str, Cell]
    reduction: tuple[float | None, float | None]
    gain: float | None


def make_rows(records: Records, table: int, protocol: str) -> list[Row]:
    """One row for each problem that has a record in this table."""
    keys = [key for key in PROBLEMS if any(t.experiment == key and t.table == table for t in records)]
    return [_row(records, table, protocol, key) for key in keys]


def _row(records: Records, table: int, protocol: str, experiment: str) -> Row:
    # The paper's numbers are for the published protocol, and for the quartic that its programs use.
    published = published_numbers().get((table, experiment)) if protocol == "published" else None
    cells = {}
    for key, _, method, read, paper in _COLUMNS[table]:
        values = [
            read(record[protocol])
            for task, record in records.items()
            if (task.experiment, task.table, task.method) == (experiment, table, method)
        ]
        cells[key] = Cell(
            paper(published) if published is not None and paper is not None else None,
            float(np.mean(values)) if values else None,
            float(np.std(values)) if len(values) > 1 else None,
            len(values),
        )
    best, knn, ours = cells["itnnr_best"], cells["knn"], cells["ours_best"]
    return Row(
        experiment,
        cells,
        (_reduction(best.paper, knn.paper), _reduction(best.mean, knn.mean)),
        best.paper / ours.mean if best.paper is not None and ours.mean else None,
    )


def _reduction(value: float | None, baseline: float | None) -> float | None:
    return None if value is None or not baseline else 100 * (1 - value / baseline)


def to_markdown(rows: Sequence[Row], table: int) -> str:
    """A Markdown table. Cells with a number of the paper read ``paper → mean ± std``, or ``mean ± std``."""
    lines = [
        [rerun if paper == _NO_VALUE else f"{paper} → {rerun}" for _, paper, rerun in shown]
        for shown in _shown(rows, table)
    ]
    labels = [PROBLEMS[row.experiment].label for row in rows]
    return markdown_table(
        ["experiment", *_headings(rows, table)],
        [[label, *line] for label, line in zip(labels, lines, strict=True)],
    )


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts as a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def to_text(rows: Sequence[Row], table: int) -> str:
    """For a terminal: for each experiment a line with the paper's numbers and one with the rerun's."""
    lines = [["experiment", "", *_headings(rows, table)]]
    for row, shown in zip(rows, _shown(rows, table), strict=True):
        label = PROBLEMS[row.experiment].label
        if any(paper != _NO_VALUE for _, paper, _ in shown):
            lines.append([label, "paper", *(paper for _, paper, _ in shown)])
        lines.append([label, "rerun", *(rerun for _, _, rerun in shown)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _headings(rows: Sequence[Row], table: int) -> list[str]:
    return [heading for heading, _, _ in _shown(rows, table)[0]] if rows else []


def _shown(rows: Sequence[Row], table: int) -> list[list[tuple[str, str, str]]]:
    """For each row every column's heading, paper's number and ours as text, without empty columns."""
    compared = any(row.gain is not None for row in rows)
    lines = []
    for row in rows:
        line = [(heading, *_texts(row.cells[key])) for key, heading, *_ in _COLUMNS[table]]
        ours = next(i for i, column in enumerate(_COLUMNS[table]) if column[2] == "ours")
        paper, rerun = map(_percent, row.reduction)
        line.insert(ours, ("ITNNR's reduction", paper, rerun))
        if compared:
            line.append(("paper's best / ours", _NO_VALUE, _ratio(row)))
        lines.append(line)
    return lines


_NO_VALUE = "–"


def _ratio(row: Row) -> str:
    return _NO_VALUE if row.gain is None else f"{row.gain:.1f}"


def _percent(value: float | None) -> str:
    return _NO_VALUE if value is None else f"{value:.1f} %"


def _texts(cell: Cell) -> tuple[str, str]:
    paper = _NO_VALUE if cell.paper is None else _number(cell.paper)
    if cell.mean is None:
        return paper, _NO_VALUE
    if cell.std is None:
        return paper, _number(cell.mean)
    return paper, f"{_number(cell.mean)} ± {_number(cell.std)}"


def _number(value: float) -> str:
    return f"{value:.3f}" if value >= 0.1 else f"{value:.5f}"
