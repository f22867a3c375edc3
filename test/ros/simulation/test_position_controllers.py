"""Positions without times: as they come, or at limited speed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.ros.simulation.position_controllers import PacedPositionController, PositionController

REST = np.zeros(2)


def update(controller: PositionController) -> np.ndarray:
    """The set-points after another cycle, wherever the joints are."""
    return controller.update(10**9, 10**7, np.array((9.0, 9.0)), np.array((9.0, 9.0)))


def test_positions_are_set_points_as_they_come() -> None:
    """However far they are; before the first of them it holds."""
    controller = PositionController((0.1, 0.5))
    np.testing.assert_array_equal(update(controller), (0.1, 0.5))
    controller.command((1e300, -7.0))
    np.testing.assert_array_equal(update(controller), (1e300, -7.0))
    np.testing.assert_array_equal(update(controller), (1e300, -7.0))


def test_at_limited_speed_each_joint_goes_at_its_own() -> None:
    """And rests exactly on the last position commanded."""
    controller = PacedPositionController((0.1, 0.5), np.array((1.0, 0.2)), 100.0)
    controller.command((0.125, 0.4985))
    np.testing.assert_allclose(
        [update(controller) for _ in range(3)], [(0.11, 0.4985), (0.12, 0.4985), (0.125, 0.4985)]
    )
    np.testing.assert_array_equal(update(controller), (0.125, 0.4985))


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2), max_size=5), st.integers(1, 30))
def test_no_sequence_of_positions_is_faster(goals: list[list[float]], cycles: int) -> None:
    """Whatever is commanded when; and it gets nearer."""
    controller = PacedPositionController((0.0, 0.0), np.array((1.5, 3.0)), 100.0)
    at = update(controller)
    for goal in goals:
        controller.command(goal)
        for _ in range(cycles):
            before, at = at, update(controller)
            assert (np.abs(at - before) <= np.array((0.015, 0.03)) + 1e-12).all()
            assert (np.abs(np.array(goal) - at) <= np.abs(np.array(goal) - before)).all()


@pytest.mark.parametrize("positions", [(0.1,), (0.1, 0.2, 0.3), (math.nan, 0.2), (0.1, math.inf), ()])
def test_a_command_that_makes_no_sense_changes_nothing(positions: tuple[float, ...]) -> None:
    """It is an error, and the goal stays."""
    for controller in (
        PositionController((0.1, 0.5)),
        PacedPositionController((0.1, 0.5), REST + 1.0, 100.0),
    ):
        with pytest.raises(ValueError, match="expected 2 finite commanded positions"):
            controller.command(positions)
        np.testing.assert_array_equal(update(controller), (0.1, 0.5))
