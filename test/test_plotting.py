"""Dots over time on a logarithmic axis."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from itnnr_ik.plotting import LOG_FLOOR, log_dots


def test_zero_is_drawn_where_the_axis_says_that_it_ends() -> None:
    """Zero is drawn at the floor, other values where they are, and NaN not at all."""
    axes = Figure().add_subplot()
    log_dots(axes, [0.0, 1.0, 2.0, 3.0], [0.0, 1e-20, 1e-8, np.nan], "black")
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), [LOG_FLOOR, LOG_FLOOR, 1e-8, np.nan])
    label = axes.yaxis.get_major_formatter()
    assert label(LOG_FLOOR, 0).startswith("≤ ")
    assert not label(1e-8, 4).startswith("≤ ")
