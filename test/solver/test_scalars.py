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


@given(
    st.integers(1, 3).flatmap(
        lambda n: st.integers(n, 4).flatmap(
            lambda m: st.lists(st.lists(st.floats(-3, 3), min_size=m, max_size=m), min_size=n, max_size=n)
        )
    )
)
def test_manipulability_is_the_product_of_the_singular_values(jacobian: list[list[float]]) -> None:
    """Of square matrices and of wide ones."""
    expected = np.prod(np.linalg.svd(np.array(jacobian), compute_uv=False))
    assert scalars.manipulability(jacobian) == pytest.approx(expected, abs=1e-5)
