"""The paper's numbers are those of its tables, and the rounded ones agree with the exact ones."""

from __future__ import annotations

import pytest

from itnnr_ik.paper.problems import EXPERIMENTS
from itnnr_ik.paper.published import published_numbers


def test_both_tables_have_all_nine_experiments() -> None:
    """Rows have five anchors, the inverse network in Table 1 only, and the learned f in Table 2 only."""
    rows = published_numbers()
    assert set(rows) == {(table, key) for table in (1, 2) for key in EXPERIMENTS}
    for (table, _), row in rows.items():
        assert len(row.knn) == len(row.itnnr) == 5
        assert (row.nn is None, row.best_learned is None) == (table == 2, table == 1)


def test_some_cells() -> None:
    """Some cells are as printed in the tables, and as published by anchor."""
    rows = published_numbers()
    assert rows[1, "1"].printed == {"knn": 0.074, "nn": 0.122, "itnnr": 0.008, "best_exact": 0.005}
    assert rows[1, "7"].itnnr == (0.00873, 0.01364, 0.01211, 0.01619, 0.01672)
    assert rows[1, "9"].best_exact_std == 0.00061
    assert rows[2, "8"].printed["best_learned"] == 0.025
    assert rows[2, "8"].best_learned == 0.02468
    assert rows[2, "5"].knn[0] == 1.05631


def test_printed_cells_are_the_rounded_ones() -> None:
    """Each cell of the tables is the number by anchor, or of the best, to three decimals."""
    for row in published_numbers().values():
        exact = {
            "knn": row.knn[0],
            "itnnr": row.itnnr[0],
            "nn": row.nn,
            "best_exact": row.best_exact,
            "best_learned": row.best_learned,
        }
        for name, printed in row.printed.items():
            assert exact[name] == pytest.approx(printed, abs=0.00051), name
