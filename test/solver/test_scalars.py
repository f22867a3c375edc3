"""Plain floats in place of arrays give the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.solver import scalars


@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(st.floats(-3, 3), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_determinant(rows: list[list[float]]) -> None:
    """As NumPy computes it."""
    assert scalars.determinant(rows) == pytest.approx(np.linalg.det(rows), abs=1e-9)
