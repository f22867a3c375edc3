"""Tables cut from one array in compiled code."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.compiled import kernel
from itnnr_ik.solver.parts import doubles, integers, singles


@kernel
def _fill(memory: np.ndarray, rows: int, columns: int) -> float:
    """Number three tables that lie one after the other; what they begin and end with, read again."""
    size = rows * columns
    a = doubles(memory, 1, rows, columns)
    b = integers(memory, 1 + size, rows, columns)
    c = singles(memory, 1 + 2 * size, rows, columns)
    for i in range(rows):
        for j in range(columns):
            a[i, j], b[i, j], c[i, j] = i * columns + j, i * columns + j, i * columns + j
    return float(a[rows - 1, columns - 1] + b[rows - 1, 0] + c[0, columns - 1])


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 4), (7, 2)])
def test_tables_lie_where_numpy_sees_them(rows: int, columns: int) -> None:
    """Row by row, of each kind, and nothing beside them is written."""
    size = rows * columns
    memory = np.full(2 + 2 * size + (size + 1) // 2 + 1, -1.0)
    last = _fill(memory, rows, columns)
    numbers = np.arange(size)
    np.testing.assert_array_equal(memory[1 : 1 + size], numbers)
    np.testing.assert_array_equal(memory[1 + size : 1 + 2 * size].view(np.int64), numbers)
    np.testing.assert_array_equal(memory[1 + 2 * size :].view(np.float32)[:size], numbers)
    assert (memory[0], memory[-1], last) == (-1.0, -1.0, size - 1 + (rows - 1) * columns + columns - 1)
