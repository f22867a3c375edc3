"""What the panel says: whether the target was reached, numbers with their units, and nothing as HTML."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.view.palette import MISSED, REACHED, by_error, scaled
from itnnr_ik.view.posing import Posing, initial_posture
from itnnr_ik.view.readout import headline, length, note, panel, readout, scientific


def test_reached_and_out_of_reach_are_said() -> None:
    """The panel says whether the target is reached, and the remaining distance in millimetres."""
    solver = IKSolver.load("two_link")
    posing = Posing(solver, initial_posture(solver))
    assert headline(posing) == ("Reached", REACHED)
    posing.set_target([2.25, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    assert headline(posing)[1] == MISSED
    assert "250.0 mm" in readout(posing)


@pytest.mark.parametrize(("arm", "said"), [("two_link", False), ("ur5e", True)])
def test_the_orientation_is_said_where_it_counts(arm: str, said: bool) -> None:
    """The orientation error is shown except for a position task."""
    solver = IKSolver.load(arm)
    text = readout(Posing(solver, initial_posture(solver)))
    assert ("orientation error" in text) == said
    for word in ("residual", "joint displacement", "manipulability", "solve time"):
        assert word in text


def test_no_text_is_taken_for_html() -> None:
    """Text from files, such as names, is escaped."""
    for text in (panel("<b>", REACHED, [("<i>", "<script>")]), note("<img>")):
        assert not any(tag in text for tag in ("<b>", "<i>", "<script>", "<img>"))


@pytest.mark.parametrize(
    ("metres", "text"), [(0.25, "250.0 mm"), (1.5e-3, "1.5 mm"), (2e-7, "2.0e-07 m"), (0.0, "< 1e-12 m")]
)
def test_lengths_have_the_unit_that_suits_them(metres: float, text: str) -> None:
    """Lengths are in millimetres, or in scientific notation below a tenth of one."""
    assert length(metres) == text


@pytest.mark.parametrize(
    ("radians", "text"), [(2e-7, "2.0e-07 rad"), (1e-12, "1.0e-12 rad"), (3.7e-26, "< 1e-12 rad")]
)
def test_rounding_errors_read_alike(radians: float, text: str) -> None:
    """Errors below 1e-12 are given as that bound."""
    assert scientific(radians, "rad") == text


def test_errors_go_from_green_to_red() -> None:
    """The scale is logarithmic, and values beyond its ends have the colours of the ends."""
    colors = by_error([0.0, 1e-6, 1e-4, 1e-2, np.inf], 1e-6, 1e-2).astype(int)
    greenness = colors[:, 1] - colors[:, 0]
    assert np.array_equal(colors[0], colors[1])
    assert np.array_equal(colors[3], colors[4])
    assert greenness[1] > greenness[2] > greenness[3]


def test_a_scale_of_equal_values_is_one_colour() -> None:
    """Equal values give one colour, without division by zero."""
    assert len(np.unique(scaled([1.0, 1.0], 1.0, 1.0), axis=0)) == 1
