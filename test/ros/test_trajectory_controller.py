"""Trajectories: which are accepted, and where the set-points go in between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
from builtin_interfaces.msg import Duration, Time
from hypothesis import given
from hypothesis import strategies as st
from rules import acceptance_problems
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.trajectory_controller import TrajectoryController

JOINTS = ("shoulder", "elbow")
START = (0.1, -0.2)
SECOND = 10**9
NOW = 1_700_000_000 * SECOND


def point(seconds: float, positions: Sequence[float], **fields: Sequence[float]) -> JointTrajectoryPoint:
    nanoseconds = round(seconds * SECOND)
    duration = Duration(sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND)
    return JointTrajectoryPoint(
        positions=list(positions),
        time_from_start=duration,
        **{name: list(values) for name, values in fields.items()},
    )


def trajectory(
    *points: JointTrajectoryPoint, names: Sequence[str] = JOINTS, stamp: float = 0.0
) -> JointTrajectory:
    message = JointTrajectory(joint_names=list(names), points=list(points))
    nanoseconds = round(stamp * SECOND)
    message.header.stamp = Time(sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND)
    return message


def positions_at(controller: TrajectoryController, *seconds: float) -> np.ndarray:
    """Set-points (t, n) at times after NOW."""
    return np.array([controller.sample(NOW + round(s * SECOND))[0] for s in seconds])


@pytest.fixture
def controller() -> TrajectoryController:
    return TrajectoryController(JOINTS, START)


def test_without_a_trajectory_it_holds(controller: TrajectoryController) -> None:
    """Where it started, at any time."""
    np.testing.assert_array_equal(positions_at(controller, -1e6, 0.0, 1e6), [START] * 3)
    np.testing.assert_array_equal(controller.sample(0)[1], 0.0)


def test_straight_lines_where_velocities_are_missing(controller: TrajectoryController) -> None:
    """From the set-point at receipt through every point, joints by name, and then it holds."""
    points = (point(1.0, (0.0, 0.5)), point(3.0, (0.4, 0.1)))
    controller.follow(trajectory(*points, names=("elbow", "shoulder")), NOW)
    expected = [START, (0.3, -0.1), (0.5, 0.0), (0.3, 0.2), (0.1, 0.4), (0.1, 0.4)]
    np.testing.assert_allclose(positions_at(controller, 0.0, 0.5, 1.0, 2.0, 3.0, 9.0), expected, atol=1e-12)
    np.testing.assert_allclose(controller.sample(NOW + SECOND // 2)[1], (0.4, 0.2), atol=1e-12)
    np.testing.assert_array_equal(controller.sample(NOW + 3 * SECOND)[1], 0.0)


def test_cubics_where_velocities_are_given(controller: TrajectoryController) -> None:
    """A motion that is a cubic is followed exactly, and its velocity is that of the set-points."""

    def cubic(t: float) -> np.ndarray:
        return np.array(START) + np.array([0.3, -0.1]) * t**2 + np.array([-0.05, 0.02]) * t**3

    def slope(t: float) -> np.ndarray:
        return 2.0 * np.array([0.3, -0.1]) * t + 3.0 * np.array([-0.05, 0.02]) * t**2

    middle = [point(t, cubic(t), velocities=slope(t)) for t in (0.5, 2.0)]
    controller.follow(trajectory(*middle, point(3.0, (0.0, 0.0), velocities=(0.0, 0.0))), NOW)
    for t in np.linspace(0.0, 1.99, 30):
        positions, velocities = controller.sample(NOW + round(t * SECOND))
        np.testing.assert_allclose(positions, cubic(t), atol=1e-8)
        np.testing.assert_allclose(velocities, slope(t), atol=1e-7)


def test_a_new_trajectory_goes_on_from_position_and_velocity(controller: TrajectoryController) -> None:
    """No jump of either at the change, half way through the old one."""
    controller.follow(trajectory(point(1.0, (1.1, 0.8), velocities=(0.0, 0.0))), NOW)
    change = NOW + SECOND // 2
    before = controller.sample(change)
    controller.follow(trajectory(point(1.0, (0.0, 0.0), velocities=(0.0, 0.0))), change)
    for old, new in zip(before, controller.sample(change), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-12)
    assert (np.abs(before[1]) > 1.0).all()
    np.testing.assert_allclose(positions_at(controller, 1.5), [(0.0, 0.0)], atol=1e-12)


def test_a_stamp_says_when_it_starts(controller: TrajectoryController) -> None:
    """Later: the first point is reached later; earlier: what is over by now is passed by without a jump."""
    late = trajectory(point(1.0, (1.1, 0.8)), stamp=NOW / SECOND + 1.0)
    controller.follow(late, NOW)
    np.testing.assert_allclose(positions_at(controller, 1.0, 2.0), [(0.6, 0.3), (1.1, 0.8)], atol=1e-9)
    controller = TrajectoryController(JOINTS, START)
    early = trajectory(point(1.0, (9.0, 9.0)), point(4.0, (1.1, 0.8)), stamp=NOW / SECOND - 2.0)
    controller.follow(early, NOW)
    np.testing.assert_allclose(
        positions_at(controller, 0.0, 1.0, 2.0), [START, (0.6, 0.3), (1.1, 0.8)], atol=1e-9
    )


def test_a_point_due_at_once_is_a_step(controller: TrajectoryController) -> None:
    """time_from_start 0 is accepted, as by the controller: whoever sends it wants a step."""
    controller.follow(trajectory(point(0.0, (0.3, 0.3))), NOW)
    np.testing.assert_array_equal(positions_at(controller, 0.0, 1.0), [(0.3, 0.3)] * 2)


GOOD = point(1.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (trajectory(GOOD, names=("shoulder",)), r"expected joints \['shoulder', 'elbow'\] in any order, got"),
        (trajectory(GOOD, names=()), r"in any order, got \[\]"),
        (trajectory(), "at least one point, got none"),
        (trajectory(GOOD, names=("shoulder", "wrist")), r"got \['shoulder', 'wrist'\]"),
        (trajectory(GOOD, names=("elbow", "elbow")), "a joint is named more than once"),
        (trajectory(point(1.0, (0, 0), velocities=(0, 0.1))), r"last point at rest .* got \[0.0, 0.1\]"),
        (trajectory(GOOD, stamp=NOW / SECOND - 3.0), "ends in the future, this one ended 2 s ago"),
        (trajectory(GOOD, GOOD), r"rise strictly from 0 or later, got \[1.0, 1.0\] s"),
        (trajectory(point(-1.0, (0, 0)), GOOD), r"got \[-1.0, 1.0\] s"),
        (trajectory(point(1.0, (0.0,))), "expected 2 positions .* in point 0, got 1, 0, 0"),
        (trajectory(point(0.5, (0, 0), velocities=(1,)), GOOD), "in point 0, got 2, 1, 0"),
        (trajectory(point(1.0, (0, 0), accelerations=(1,))), "in point 0, got 2, 0, 1"),
        (trajectory(point(1.0, (0, 0), effort=(1, 1))), "no effort in point 0, got 2 values"),
        (trajectory(point(1.0, (0, math.nan))), "finite numbers up to 1e\\+06 in point 0, got .*nan"),
        (trajectory(point(0.5, (0, 0), velocities=(math.inf, 0)), GOOD), "finite numbers"),
        (trajectory(point(1.0, (0, 1e300))), "finite numbers"),
    ],
)
def test_what_a_controller_refuses_is_refused(
    controller: TrajectoryController, message: JointTrajectory, text: str
) -> None:
    """With what was expected and what came; and the trajectory that runs goes on."""
    controller.follow(trajectory(point(2.0, (1.1, 0.8))), NOW)
    with pytest.raises(ValueError, match=text):
        controller.follow(message, NOW)
    np.testing.assert_allclose(positions_at(controller, 1.0), [(0.6, 0.3)], atol=1e-12)


values = st.lists(st.floats(-1e7, 1e7) | st.sampled_from([math.nan, math.inf]), max_size=3)
messages = st.builds(
    trajectory,
    st.builds(point, st.floats(-0.1, 1.0), values, velocities=values),
    st.builds(point, st.floats(0.0, 2.0), st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=2)),
    names=st.lists(st.sampled_from([*JOINTS, "wheel"]), max_size=3),
    stamp=st.sampled_from([0.0, NOW / SECOND - 1.0, NOW / SECOND + 1.0]),
)


@given(st.lists(messages, max_size=4), st.lists(st.floats(-2.0, 4.0), max_size=4))
def test_set_points_are_finite_whatever_comes(sent: list[JointTrajectory], times: list[float]) -> None:
    """Any trajectories, and a clock that jumps."""
    controller = TrajectoryController(JOINTS, START)
    for message in sent:
        with suppress(ValueError):
            controller.follow(message, NOW)
        for time in times:
            positions, velocities = controller.sample(NOW + round(time * SECOND))
            assert np.isfinite([positions, velocities]).all()


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.booleans()), min_size=1, max_size=4), st.booleans())
def test_it_takes_what_the_rules_take(steps: list[tuple[float, bool]], moving: bool) -> None:
    """The tests' own statement of the rules and the controller agree on when and how fast points are."""
    points = [
        point(0.5 + time, (0.0, 0.0), velocities=(0.1 * moving, 0.0) if given_velocity else ())
        for time, given_velocity in steps
    ]
    message = trajectory(*points)
    controller = TrajectoryController(JOINTS, START)
    if acceptance_problems(message, JOINTS):
        with pytest.raises(ValueError, match="expected"):
            controller.follow(message, NOW)
    else:
        controller.follow(message, NOW)
