"""The lookup baseline."""

from __future__ import annotations

import numpy as np
import pytest
from cases import cubic_data

from itnnr_ik.twin.nearest import NearestInverse


@pytest.mark.parametrize("rank", [0, 1])
def test_it_returns_the_input_of_a_known_output(rank: int) -> None:
    """The nearest, or as in the paper's published results the second nearest."""
    x, y = cubic_data(300, 0)
    targets = cubic_data(50, 1)[1]
    found = NearestInverse(rank=rank).fit(x, y).predict(targets)
    order = np.argsort(np.abs(y[:, 0] - targets), axis=1)
    np.testing.assert_array_equal(found, x[order[:, rank]])
