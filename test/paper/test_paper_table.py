"""The tables."""

from __future__ import annotations

from typing import Any

import pytest

from itnnr_ik.paper.results import Task
from itnnr_ik.paper.table import make_rows, to_markdown, to_text


def _record(first: float, best: float, **more: float) -> dict[str, Any]:
    report = {"by_rank": [first] * 5, "best_exact": best, **more}
    return {"published": report, "corrected": report}


RECORDS = {
    Task("7", 1, "knn", 0): _record(0.05, 0.05),
    Task("7", 1, "itnnr", 0): _record(0.010, 0.004),
    Task("7", 1, "itnnr", 1): _record(0.012, 0.006),
    Task("7", 1, "ours", 0): _record(0.001, 0.000398),
    Task("2-printed", 1, "knn", 0): _record(0.2, 0.2),
    Task("7", 2, "itnnr", 0): _record(0.02, 0.009, best_learned=0.011),
}


def test_cells_are_means_over_the_runs() -> None:
    """Cells have the paper's numbers, both reductions, and the ratio of the paper's best to ours."""
    rows = {row.experiment: row for row in make_rows(RECORDS, 1, "published")}
    assert list(rows) == ["2-printed", "7"]
    cell = rows["7"].cells["itnnr_best"]
    assert (cell.mean, cell.seeds, cell.paper) == (pytest.approx(0.005), 2, 0.00398)
    assert cell.std == pytest.approx(0.001)
    paper, again = rows["7"].reduction
    assert again == pytest.approx(90.0)
    assert paper == pytest.approx(100 * (1 - 0.00398 / 0.0529))
    assert rows["7"].gain == pytest.approx(10.0)


def test_what_was_not_run_is_empty() -> None:
    """Missing runs have empty cells, and the quartic as printed has no number of the paper."""
    rows = {row.experiment: row for row in make_rows(RECORDS, 1, "published")}
    assert rows["7"].cells["nn"].mean is None
    assert rows["7"].cells["nn"].seeds == 0
    assert rows["2-printed"].cells["knn"].paper is None
    assert rows["2-printed"].gain is None


def test_the_corrected_protocol_is_not_held_against_the_paper() -> None:
    """The paper's numbers, of the published protocol, are not shown beside the corrected one."""
    (row,) = (row for row in make_rows(RECORDS, 1, "corrected") if row.experiment == "7")
    assert all(cell.paper is None for cell in row.cells.values())
    assert row.gain is None


def test_markdown() -> None:
    """A Markdown cell reads paper → mean ± std."""
    text = to_markdown(make_rows(RECORDS, 1, "published"), 1)
    head, rule, _, seven = text.splitlines()
    assert head.count("|") == rule.count("|") == seven.count("|")
    assert "| 0.00398 → 0.00500 ± 0.00100 |" in seven
    assert "92.5 % → 90.0 %" in seven
    assert seven.endswith("| 10.0 |")


def test_text() -> None:
    """The text has an aligned line with the paper's numbers above one with ours."""
    lines = to_text(make_rows(RECORDS, 2, "published"), 2).splitlines()
    paper, rerun = (next(line for line in lines if f" {name} " in line) for name in ("paper", "rerun"))
    assert paper.index("0.01138") == rerun.index("0.01100")
    assert "±" not in rerun, "one run has no standard deviation"
