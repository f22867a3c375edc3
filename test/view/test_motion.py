"""A drawn posture follows small steps at once and arrives smoothly after large ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.view.motion import Motion

HERE = np.array([0.0, 0.5])
THERE = np.array([1.0, -1.5])


def test_small_steps_are_drawn_at_once() -> None:
    """Small changes, as of a dragged target, are drawn without animation."""
    motion = Motion(HERE)
    motion.move_to(HERE + 0.1, 5.0)
    assert np.array_equal(motion.at(5.0), HERE + 0.1)
    assert not motion.moving(5.0)


def test_a_large_step_is_a_motion_from_here_to_there() -> None:
    """The animation starts at the drawn posture, approaches monotonically, and ends at the arm's."""
    motion = Motion(HERE)
    motion.move_to(THERE, 10.0)
    assert np.allclose(motion.at(10.0), HERE)
    assert motion.moving(10.0)
    away = [float(np.abs(motion.at(10.0 + t) - THERE).max()) for t in np.linspace(0.0, 1.2, 50)]
    assert all(later <= earlier for earlier, later in pairwise(away))
    assert max(-np.diff(away)) < 0.15  # and nowhere at once
    assert np.array_equal(motion.at(11.2), THERE)
    assert not motion.moving(11.2)


@given(st.floats(0.0, 1.2), st.floats(-0.2, 0.2))
def test_a_small_step_on_the_way_moves_the_drawing_no_further(when: float, step: float) -> None:
    """During an animation a small step only changes its end."""
    motion = Motion(HERE)
    motion.move_to(THERE, 0.0)
    before = motion.at(when)
    motion.move_to(THERE + step, when)
    assert np.abs(motion.at(when) - before).max() <= abs(step) + 1e-12
    assert np.allclose(motion.at(when + 2.0), THERE + step)
