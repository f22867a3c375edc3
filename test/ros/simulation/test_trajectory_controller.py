"""A joint_trajectory_controller: which trajectories it accepts, and where it has the joints in each cycle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from builtin_interfaces.msg import Duration, Time
from hypothesis import given
from hypothesis import strategies as st
from rules import acceptance_problems
from scipy.interpolate import BPoly, CubicHermiteSpline
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.simulation.trajectory_controller import TrajectoryController

JOINTS = ("shoulder", "elbow")
START = (0.1, -0.2)
SECOND = 10**9
NOW = 1_700_000_000 * SECOND

starts = pytest.mark.parametrize("from_set_points", [False, True], ids=["measured", "set-points"])
rates = pytest.mark.parametrize("rate", [100, 500])


def point(seconds: float, positions: Sequence[float], **fields: Sequence[float]) -> JointTrajectoryPoint:
    nanoseconds = round(seconds * SECOND)
    duration = Duration(sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND)
    return JointTrajectoryPoint(
        positions=list(positions),
        time_from_start=duration,
        **{name: list(values) for name, values in fields.items()},
    )


def trajectory(
    *points: JointTrajectoryPoint, names: Sequence[str] = JOINTS, stamp: int = 0
) -> JointTrajectory:
    message = JointTrajectory(joint_names=list(names), points=list(points))
    message.header.stamp = Time(sec=stamp // SECOND, nanosec=stamp % SECOND)
    return message


class Joints:
    """A controller's joints, which are where it has them a cycle later; the first cycle is at NOW.

    Times are in [s] after NOW.
    """

    def __init__(
        self, rate: int = 100, from_set_points: bool = False, start: Sequence[float] = START
    ) -> None:
        self.controller = TrajectoryController(JOINTS, rate, from_set_points)
        self.positions, self.velocities = np.array(start), np.zeros(len(JOINTS))
        self.controller.activate(self.positions, self.velocities)
        self.rate, self.cycles = rate, 0

    @property
    def time(self) -> float:
        return self.cycles / self.rate

    def follow(
        self, *points: JointTrajectoryPoint, stamp: float | None = None, **fields: Sequence[str]
    ) -> None:
        at = 0 if stamp is None else NOW + round(stamp * SECOND)
        self.controller.follow(trajectory(*points, stamp=at, **fields), NOW + round(self.time * SECOND))

    def cycle(self) -> np.ndarray:
        """The set-points (n,) for the next cycle, in which the joints are there."""
        period = SECOND // self.rate
        now = NOW + self.cycles * period
        set_points = self.controller.update(now, period, self.positions, self.velocities)
        with np.errstate(invalid="ignore"):
            self.velocities = (set_points - self.positions) * self.rate
        self.positions = set_points
        self.cycles += 1
        return set_points

    def run(self, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """Times (t,) and positions (t, n) at the ends of the cycles of so many seconds."""
        moved = [(self.cycle(), self.time) for _ in range(round(seconds * self.rate))]
        return np.array([time for _, time in moved]), np.array([positions for positions, _ in moved])


@starts
def test_it_holds_where_it_was_activated(from_set_points: bool) -> None:
    """At the measured position, although the joints move or hang lower by and by."""
    controller = TrajectoryController(JOINTS, 100, from_set_points)
    controller.activate(np.array(START), np.array((0.3, 0.0)))
    for i in range(50):
        now, measured = NOW + i * SECOND // 100, np.array(START) - 0.001 * i
        set_points = controller.update(now, SECOND // 100, measured, np.full(2, -0.1))
        np.testing.assert_array_equal(set_points, START)


@starts
def test_activated_again_it_holds_where_it_had_the_joints(from_set_points: bool) -> None:
    """At the last command and not where they hang; what ran or waited before is forgotten."""
    joints = Joints(from_set_points=from_set_points)
    joints.follow(point(1.0, (1.1, 0.8)))
    _, moved = joints.run(0.5)
    joints.follow(point(1.0, (5.0, 5.0)))
    joints.controller.activate(moved[-1] - 0.01, joints.velocities)
    joints.positions = moved[-1] - 0.01
    np.testing.assert_array_equal(joints.run(1.0)[1], [moved[-1]] * 100)


@starts
@rates
def test_straight_lines_where_velocities_are_missing(rate: int, from_set_points: bool) -> None:
    """From where the joints were at the first cycle through every point, joints by name; then it holds."""
    joints = Joints(rate, from_set_points)
    joints.follow(point(1.0, (0.0, 0.5)), point(3.0, (0.4, 0.1)), names=("elbow", "shoulder"))
    times, moved = joints.run(3.5)
    for joint, values in enumerate([(0.1, 0.5, 0.1), (-0.2, 0.0, 0.4)]):
        np.testing.assert_allclose(moved[:, joint], np.interp(times, (0.0, 1.0, 3.0), values), atol=1e-12)


@starts
@rates
def test_cubics_where_velocities_are_given(rate: int, from_set_points: bool) -> None:
    """As scipy's spline of the same knots."""
    joints = Joints(rate, from_set_points)
    knots = np.array([START, (0.4, 0.1), (1.0, -0.6), (0.7, 0.2)])
    slopes = np.array([(0.0, 0.0), (0.8, 0.3), (-0.4, -0.2), (0.0, 0.0)])
    at = (0.0, 0.53, 1.2, 2.0)
    joints.follow(*(point(t, p, velocities=v) for t, p, v in zip(at[1:], knots[1:], slopes[1:], strict=True)))
    times, moved = joints.run(2.0)
    np.testing.assert_allclose(moved, CubicHermiteSpline(at, knots, slopes)(times), atol=1e-9)
    np.testing.assert_array_equal(joints.run(0.2)[1], [knots[-1]] * (rate // 5))


@starts
def test_quintics_where_accelerations_are_given_too(from_set_points: bool) -> None:
    """As scipy's spline of the same knots; the state before counts as without acceleration."""
    joints = Joints(100, from_set_points)
    values = np.array(
        [
            [START, (0.0, 0.0), (0.0, 0.0)],
            [(0.4, 0.1), (0.8, 0.3), (-1.0, 2.0)],
            [(0.7, 0.2), (0.0, 0.0), (0.5, 0.0)],
        ]
    )
    at = (0.0, 0.5, 1.2)
    joints.follow(
        *(point(t, p, velocities=v, accelerations=a) for t, (p, v, a) in zip(at[1:], values[1:], strict=True))
    )
    times, moved = joints.run(1.2)
    np.testing.assert_allclose(moved, BPoly.from_derivatives(at, values)(times), atol=1e-9)


def test_a_segment_has_the_derivatives_that_both_its_ends_have() -> None:
    """A quintic to the first point, a cubic to the second, a straight line to the third."""
    joints = Joints()
    joints.follow(
        point(0.5, (0.4, 0.1), velocities=(0.8, 0.3), accelerations=(-1.0, 2.0)),
        point(1.0, (0.7, 0.2), velocities=(0.1, 0.1)),
        point(2.0, (0.0, 1.0)),
    )
    times, moved = joints.run(2.0)
    quintic = BPoly.from_derivatives(
        (0.0, 0.5), np.array([[START, (0, 0), (0, 0)], [(0.4, 0.1), (0.8, 0.3), (-1.0, 2.0)]])
    )
    cubic = CubicHermiteSpline((0.5, 1.0), [(0.4, 0.1), (0.7, 0.2)], [(0.8, 0.3), (0.1, 0.1)])
    np.testing.assert_allclose(moved[:50], quintic(times[:50]), atol=1e-9)
    np.testing.assert_allclose(moved[50:100], cubic(times[50:100]), atol=1e-9)
    share = (times[100:] - 1.0)[:, None]
    np.testing.assert_allclose(moved[100:], (0.7, 0.2) + share * (-0.7, 0.8), atol=1e-9)


@starts
@pytest.mark.parametrize("velocities", [(), (0.0, 0.0)])
def test_accelerations_without_velocities_are_set_points_at_zero(
    from_set_points: bool, velocities: Sequence[float]
) -> None:
    """The real one has no spline for them, and leaves its set-points at what they begin with."""
    joints = Joints(100, from_set_points)
    joints.follow(
        point(0.5, (0.4, 0.1), accelerations=(0.0, 0.0)), point(1.0, (0.4, 0.1), velocities=velocities)
    )
    _, moved = joints.run(1.0)
    np.testing.assert_array_equal(moved[:49], 0.0)
    np.testing.assert_allclose(moved[49:], [(0.4, 0.1)] * 51)


def test_from_the_measured_state_a_trajectory_begins_at_its_speed() -> None:
    """Where the joints are, and not where the set-points were; with velocities as fast as they move."""
    joints = Joints()
    joints.run(0.1)
    joints.positions, joints.velocities = np.array((0.3, 0.0)), np.array((0.5, -0.5))
    joints.follow(point(1.0, (0.0, 0.0), velocities=(0.0, 0.0)))
    times, moved = joints.run(1.0)
    spline = CubicHermiteSpline((0.1, 1.1), [(0.3, 0.0), (0.0, 0.0)], [(0.5, -0.5), (0.0, 0.0)])
    np.testing.assert_allclose(moved, spline(times), atol=1e-9)


@rates
def test_from_the_set_points_the_first_cycle_after_a_replacement_is_two(rate: int) -> None:
    """The set-point for t + T is taken for that of t: the line begins there, a cycle early."""
    joints, cycle, way = Joints(rate, from_set_points=True), 1.0 / rate, 0.3
    joints.follow(point(1.0, (1.1, -0.2)))
    _, moved = joints.run(0.5)
    joints.positions = np.array((9.0, 9.0))  # where the joints are does not count
    joints.follow(point(way, moved[-1] + (way, 0.0)))
    _, after = joints.run(0.1)
    steps = np.diff([moved[-1, 0], *after[:, 0]])
    slope = way / (way + cycle)
    np.testing.assert_allclose(steps, [2.0 * slope * cycle, *[slope * cycle] * (len(steps) - 1)], atol=1e-9)


def stream(rate: int, from_set_points: bool, send: Callable[[Joints], None]) -> np.ndarray:
    """Speeds (t,) of the first joint in every cycle of 4 s in which ``send`` is called 50 times a second."""
    joints = Joints(rate, from_set_points, start=(0.0, 0.0))
    moved = [joints.positions]
    while joints.time < 4.0:
        if joints.cycles % (rate // 50) == 0:
            send(joints)
        moved.append(joints.cycle())
    return np.diff(np.array(moved)[:, 0]) * rate


def ramp(joints: Joints) -> None:
    """One point 0.3 s away, at 1 rad/s, from now on."""
    joints.follow(point(0.3, (joints.time + 0.3, 0.0)))


@rates
def test_a_stream_of_50_hz_has_one_double_step_a_command(rate: int) -> None:
    """In one cycle of n a joint is twice as fast as in the others; from measured states it never is.

    The n cycles between two commands have n + 1 cycles' way, so that their speed is n / (n + 1).
    """
    n = rate // 50
    speeds = stream(rate, True, ramp)[-2 * rate :]
    expected = np.where(np.arange(len(speeds)) % n == 0, 2.0, 1.0) * n / (n + 1)
    np.testing.assert_allclose(speeds, expected, rtol=1e-3)
    np.testing.assert_allclose(stream(rate, False, ramp)[-2 * rate :], 1.0, rtol=1e-3)


def profile(times: np.ndarray | float) -> np.ndarray:
    """A sine of 0.4 Hz, from rest (…,) [rad]."""
    return 0.2 * (1.0 - np.cos(0.8 * np.pi * np.asarray(times)))


def slope(times: np.ndarray | float) -> np.ndarray:
    return 0.16 * np.pi * np.sin(0.8 * np.pi * np.asarray(times))


def anchored(joints: Joints, sent: float) -> None:
    """The profile from 40 ms before ``sent`` to 0.3 s after it, and to rest."""
    at = sent + np.arange(-0.04, 0.301, 0.02)
    speeds = np.append(slope(at[:-1]), 0.0)
    points = [
        point(0.02 * i, (p, 0.0), velocities=(v, 0.0))
        for i, (p, v) in enumerate(zip(profile(at), speeds, strict=True))
    ]
    joints.follow(*points, stamp=at[0])


@starts
@rates
@pytest.mark.parametrize("lost", [0.0, 0.3])
@pytest.mark.parametrize("late", [0.0, 0.02])
def test_trajectories_stamped_in_the_past_are_joined_where_they_are_by_now(
    rate: int, from_set_points: bool, late: float, lost: float
) -> None:
    """A stream of them moves as its profile does: no double step, late or with messages lost."""
    random = np.random.default_rng(0)

    def send(joints: Joints) -> None:
        if random.random() >= lost:
            # In whole cycles: what comes later begins later.
            delay = round(late * random.random() * rate) / rate
            anchored(joints, joints.time - delay)

    speeds = stream(rate, from_set_points, send)
    times = np.arange(len(speeds) + 1) / rate
    np.testing.assert_allclose(speeds, np.diff(profile(times)) * rate, atol=5e-3)


@starts
def test_a_past_trajectory_is_joined_by_a_jump_from_elsewhere(from_set_points: bool) -> None:
    """Points whose time is over are passed by, the way to the first of them, too."""
    joints = Joints(100, from_set_points)
    joints.run(0.1)
    joints.follow(point(1.0, (9.0, 9.0)), point(4.0, (0.0, 0.0)), stamp=0.1 - 2.5)
    times, moved = joints.run(3.0)
    share = np.minimum(1.0, (times + 1.4) / 3.0)[:, None]
    np.testing.assert_allclose(moved, 9.0 * (1.0 - share) * np.ones(2), atol=1e-8)


@starts
def test_a_stamp_in_the_future_makes_the_way_to_the_first_point_longer(from_set_points: bool) -> None:
    """The motion begins with the next cycle."""
    joints = Joints(100, from_set_points)
    joints.follow(point(1.0, (1.1, 0.8)), stamp=1.0)
    times, moved = joints.run(2.5)
    np.testing.assert_allclose(moved, START + np.minimum(1.0, times / 2.0)[:, None], atol=1e-9)


@starts
@pytest.mark.parametrize("first", [-1.0, 0.0])
def test_a_point_that_is_due_is_a_step(from_set_points: bool, first: float) -> None:
    """A first time of 0 or before it is accepted: whoever sends it wants a step."""
    joints = Joints(100, from_set_points)
    joints.follow(point(first, (0.3, 0.3)))
    np.testing.assert_array_equal(joints.run(0.1)[1], [(0.3, 0.3)] * 10)
    joints.follow(point(first, (9.0, 9.0)), point(1.0, (0.0, 0.0)))
    times, moved = joints.run(1.0)
    share = ((times - 0.1 - first) / (1.0 - first))[:, None]
    np.testing.assert_allclose(moved, 9.0 * (1.0 - share) * np.ones(2), atol=1e-9)


def test_of_two_trajectories_in_a_cycle_the_newer_counts() -> None:
    """The other one is never begun."""
    joints = Joints()
    joints.follow(point(0.5, (9.0, 9.0)))
    joints.follow(point(0.5, (0.1, 0.8)))
    np.testing.assert_allclose(joints.run(0.25)[1][-1], (0.1, 0.3), atol=1e-12)


def test_a_long_cycle_counts_as_long() -> None:
    """A controller that was held up goes on along its trajectory by the time that went by."""
    joints = Joints()
    joints.follow(point(1.0, (1.1, 0.8)))
    joints.run(0.1)
    at = joints.controller.update(NOW + SECOND // 2, 4 * SECOND // 10, joints.positions, joints.velocities)
    np.testing.assert_allclose(at, np.add(START, 0.5), atol=1e-12)


def test_a_joint_that_is_named_twice_is_not_noticed() -> None:
    """The last of its values counts, and the joint not named gets what was sorted last: here velocities."""
    joints = Joints()
    joints.follow(point(0.1, (0.5, 0.6), velocities=(0.0, 0.0)))
    joints.run(0.2)
    joints.follow(point(0.1, (1.0, 2.0)), names=("elbow", "elbow"))
    np.testing.assert_allclose(joints.run(0.1)[1][-1], (0.0, 2.0), atol=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_goes_through(bad: float) -> None:
    """To the joint that was sent it, and from the set-points into what comes next, up to its first point."""
    joints = Joints(100, from_set_points=True)
    joints.follow(point(0.1, (bad, 0.3)))
    _, moved = joints.run(0.2)
    assert not np.isfinite(moved[:, 0]).any()
    np.testing.assert_allclose(moved[9:, 1], 0.3)
    assert joints.controller.output is None
    joints.follow(point(0.1, (0.5, 0.5)))
    _, moved = joints.run(0.2)
    assert not np.isfinite(moved[:8, 0]).any()
    np.testing.assert_allclose(moved[9:], [(0.5, 0.5)] * 11)
    np.testing.assert_array_equal(joints.controller.output, (0.5, 0.5))


def test_reference_and_output_are_a_cycle_apart() -> None:
    """Where the trajectory is in this cycle, with its derivatives, and what is sent for the next."""
    joints = Joints()
    joints.follow(point(1.0, (1.1, 0.8), velocities=(0.0, 0.0)))
    joints.run(0.31)
    spline = CubicHermiteSpline((0.0, 1.0), [START, (1.1, 0.8)], np.zeros((2, 2)))
    reference = joints.controller.reference
    given = (reference.positions, reference.velocities, reference.accelerations)
    for derivative, values in enumerate(given):
        np.testing.assert_allclose(values, spline(0.3, derivative), atol=1e-8)
    np.testing.assert_allclose(joints.controller.output, spline(0.31), atol=1e-9)
    assert joints.controller.time_from_start == 3 * SECOND // 10


GOOD = point(1.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (trajectory(GOOD, names=("shoulder",)), r"expected joints \['shoulder', 'elbow'\] in any order, got"),
        (trajectory(GOOD, names=()), r"in any order, got \[\]"),
        (trajectory(), "at least one point, got none"),
        (trajectory(GOOD, names=("shoulder", "wrist")), r"got \['shoulder', 'wrist'\]"),
        (trajectory(point(1.0, (0, 0), velocities=(0, 0.1))), r"last point at rest .* got \[0.0, 0.1\]"),
        (trajectory(point(1.0, (0, 0), velocities=(0, 2e-7))), "last point at rest"),
        (trajectory(GOOD, stamp=NOW - 3 * SECOND), "ends in the future, this one ended 2 s ago"),
        (trajectory(GOOD, stamp=-SECOND), "stamp of 0 or later, got -1 s"),
        (trajectory(GOOD, GOOD), r"rise strictly, got \[1.0, 1.0\] s"),
        (trajectory(GOOD, point(-1.0, (0, 0))), r"got \[1.0, -1.0\] s"),
        (trajectory(point(1.0, (0.0,))), "expected 2 positions .* in point 0, got 1, 0, 0"),
        (trajectory(point(0.5, (0, 0), velocities=(1,)), GOOD), "in point 0, got 2, 1, 0"),
        (trajectory(point(1.0, (0, 0), accelerations=(1,))), "in point 0, got 2, 0, 1"),
        (trajectory(point(1.0, (0, 0), effort=(1, 1))), "no effort in point 0, got 2 values"),
    ],
)
def test_what_a_controller_refuses_is_refused(message: JointTrajectory, text: str) -> None:
    """With what was expected and what came; and the trajectory that runs goes on."""
    joints = Joints()
    joints.follow(point(2.0, (1.1, 0.8)))
    joints.run(0.5)
    with pytest.raises(ValueError, match=text):
        joints.controller.follow(message, NOW)
    np.testing.assert_allclose(joints.run(0.5)[1][-1], (0.6, 0.3), atol=1e-12)


@pytest.mark.parametrize(
    "message",
    [
        trajectory(point(-1.0, (0, 0)), GOOD),
        trajectory(GOOD, names=("elbow", "elbow")),
        trajectory(point(1.0, (math.nan, 0))),
        trajectory(point(1.0, (1e300, 0))),
        trajectory(point(1.0, (0, 0), velocities=(math.nan, 1e-7))),
        trajectory(point(1.0, (1, 1)), point(2.0, (0, 0)), stamp=NOW - 3 * SECOND // 2),
    ],
)
def test_what_a_controller_does_not_check_is_accepted(message: JointTrajectory) -> None:
    """It takes the place of what ran."""
    joints = Joints()
    joints.follow(point(2.0, (1.1, 0.8)))
    joints.run(0.5)
    joints.controller.follow(message, NOW + SECOND // 2)
    assert not np.allclose(joints.run(0.5)[1][-1], (0.6, 0.3), atol=0.01)


any_number = st.floats(allow_nan=True, allow_infinity=True)
values = st.lists(any_number, max_size=3)
messages = st.builds(
    trajectory,
    st.builds(point, st.floats(-0.1, 1.0), values, velocities=values, accelerations=values),
    st.builds(point, st.floats(0.0, 2.0), st.lists(any_number, min_size=2, max_size=2)),
    names=st.lists(st.sampled_from([*JOINTS, "wheel"]), max_size=3),
    stamp=st.sampled_from([0, NOW - SECOND, NOW + SECOND]),
)


@given(st.lists(messages, max_size=4), st.lists(st.integers(-2, 4), max_size=4), st.booleans())
def test_whatever_comes_it_goes_on(
    sent: list[JointTrajectory], jumps: list[int], from_set_points: bool
) -> None:
    """Any trajectories and a clock that jumps: every cycle has set-points, and a good one is followed."""
    controller = TrajectoryController(JOINTS, 100, from_set_points)
    controller.activate(np.array(START), np.zeros(2))
    now = NOW
    for message in sent:
        try:
            controller.follow(message, now)
        except ValueError:
            assert acceptance_problems(message, JOINTS)
        for jump in jumps:
            now += jump * SECOND
            assert controller.update(now, SECOND // 100, np.array(START), np.zeros(2)).shape == (2,)
    controller.activate(np.array(START), np.zeros(2))
    controller.follow(trajectory(point(0.1, (0.5, 0.6))), now)
    for _ in range(11):
        at = controller.update(now, SECOND // 100, np.array(START), np.zeros(2))
        now += SECOND // 100
    np.testing.assert_allclose(at, (0.5, 0.6))


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.booleans()), min_size=1, max_size=4), st.booleans())
def test_it_takes_what_the_rules_take(steps: list[tuple[float, bool]], moving: bool) -> None:
    """The tests' own statement of the rules and the controller agree on when and how fast points are."""
    points = [
        point(0.5 + time, (0.0, 0.0), velocities=(0.1 * moving, 0.0) if given_velocity else ())
        for time, given_velocity in steps
    ]
    message = trajectory(*points)
    controller = TrajectoryController(JOINTS, 100)
    if acceptance_problems(message, JOINTS):
        with pytest.raises(ValueError, match="expected"):
            controller.follow(message, NOW)
    else:
        controller.follow(message, NOW)
