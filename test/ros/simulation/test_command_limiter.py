"""Commands beyond limits, as the controller_manager clips them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.robot import KinematicChain, load_robot
from itnnr_ik.ros.simulation.command_limiter import CommandLimiter

ARM = load_robot("two_link")
START = np.array((0.1, 0.5))
#: Continuous joints among limited ones.
BENT_WRIST = KinematicChain.from_urdf(Path(__file__).parents[2] / "urdf" / "bent_wrist.urdf")


def test_what_is_within_limits_passes() -> None:
    """To the last bit, and what is not finite does, too."""
    limiter = CommandLimiter(ARM, START)
    for set_points in (START, START + 0.9 * ARM.velocity * 0.01, np.array((math.nan, 0.5))):
        limited, clipped = limiter.limit(set_points, 0.01)
        assert not clipped
        np.testing.assert_array_equal(limited, set_points)


def test_a_step_is_clipped_to_the_velocity_limit() -> None:
    """From one command to the next, in the time between them, until it is there."""
    limiter = CommandLimiter(ARM, START)
    step, goal = ARM.velocity[0] * 0.01, START[0] + 2.5 * ARM.velocity[0] * 0.01
    results = [limiter.limit(np.array((goal, 0.5)), 0.01) for _ in range(4)]
    assert [clipped for _, clipped in results] == [True, True, False, False]
    np.testing.assert_allclose(
        [limited for limited, _ in results],
        [(START[0] + step, 0.5), (START[0] + 2.0 * step, 0.5), (goal, 0.5), (goal, 0.5)],
    )


@pytest.mark.parametrize("beyond", [7.0, 1e300, math.inf])
def test_a_position_is_clipped_to_the_joint_limit(beyond: float) -> None:
    """On either side."""
    for sign, limit in ((1.0, ARM.upper), (-1.0, ARM.lower)):
        limiter = CommandLimiter(ARM, START)
        for _ in range(1000):
            limited, clipped = limiter.limit(np.full(2, sign * beyond), 0.01)
            assert clipped
        np.testing.assert_array_equal(limited, limit)


def test_continuous_joints_have_no_limit_of_position() -> None:
    """Their step is limited all the same."""
    turns = ~np.isfinite(BENT_WRIST.upper)
    assert turns.any()
    start = np.where(turns, 50.0, BENT_WRIST.lower.clip(-9.0, 9.0))
    limited, clipped = CommandLimiter(BENT_WRIST, start).limit(start + 7.0 * turns, 0.1)
    assert clipped
    np.testing.assert_allclose(limited, start + 0.1 * BENT_WRIST.velocity * turns)


@given(st.lists(st.lists(st.floats(), min_size=2, max_size=2), max_size=9), st.floats(1e-3, 0.1))
def test_no_sequence_of_commands_gets_through(sent: list[list[float]], period: float) -> None:
    """Neither beyond a joint limit nor faster than the velocity limit; said if and only if it was clipped."""
    limiter, last = CommandLimiter(ARM, START), START
    for set_points in sent:
        limited, clipped = limiter.limit(np.array(set_points), period)
        assert clipped == (not np.array_equal(limited, set_points, equal_nan=True))
        known = ~np.isnan(limited)
        now = np.where(known, limited, last)
        assert ((ARM.lower <= now) & (now <= ARM.upper)).all()
        assert (np.abs(now - last) <= ARM.velocity * period + 1e-12).all()
        last = now
