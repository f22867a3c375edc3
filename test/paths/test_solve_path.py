"""`solve_path`: the whole path without a jump, and why not where that cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver, PathSolution
from itnnr_ik.bench.joint_paths import largest_step, smooth_path

ARMS = ("two_link", "yaw_pitch_pitch", "ur5e", "bent_wrist")


def load(name: str) -> IKSolver:
    urdf = Path(__file__).parents[1] / "urdf" / f"{name}.urdf"
    return IKSolver.from_urdf(urdf) if urdf.exists() else IKSolver.load(name)


def check(solver: IKSolver, found: PathSolution, targets: np.ndarray) -> None:
    """What every path promises, whatever was asked for."""
    assert found.positions.shape == (len(targets), solver.arm.n_joints)
    assert np.isfinite(found.positions).all()
    assert (found.positions >= solver.arm.lower).all()
    assert (found.positions <= solver.arm.upper).all()
    apart = np.linalg.norm((solver.target_at(found.positions) - targets)[:, :3], axis=1)
    np.testing.assert_allclose(found.residual, apart, atol=1e-12)
    solved = found.residual <= solver.tolerance
    if found.orientation_error is not None:
        solved &= found.orientation_error <= solver.orientation_tolerance
    np.testing.assert_array_equal(found.converged, solved)
    missed = np.zeros(len(targets), dtype=bool)
    for gap in found.gaps:
        missed[gap.first : gap.last + 1] = True
        assert gap.amount > 0.0
    assert found.converged[~missed].all()


def check_smooth_paths(solver: IKSolver, count: int, largest: float) -> None:
    """Joint paths are followed without a gap, with no step above this multiple of the path's largest."""
    for seed in range(count):
        path = smooth_path(solver.arm, seed)
        targets = solver.target_at(path)
        found = solver.solve_path(targets)
        check(solver, found, targets)
        assert found.gaps == (), seed
        assert found.converged.all(), seed
        assert largest_step(found.positions) <= largest * largest_step(path), seed


@pytest.mark.parametrize("name", ARMS)
def test_smooth_joint_paths_are_followed(name: str) -> None:
    """Thirty of them, through singular postures: no gap, and no step longer than the path's own."""
    check_smooth_paths(load(name), 30, 1.001)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*ARMS, "three_link", "panda"])
def test_a_thousand_smooth_joint_paths_are_followed(name: str) -> None:
    """Whatever the arm; with spare joints no step is above 1.5 times the path's own largest."""
    check_smooth_paths(load(name), 1000, 1.5)


def test_a_state_near_a_path_decides_which_is_taken() -> None:
    """The joint path that begins there is found again."""
    solver = load("ur5e")
    for seed in range(5):
        path = smooth_path(solver.arm, seed, count=200, swing=0.6)
        found = solver.solve_path(solver.target_at(path), path[0] + 0.001)
        np.testing.assert_allclose(found.positions, path, atol=1e-3)


def test_the_same_path_gives_the_same_bits() -> None:
    solver = load("ur5e")
    targets = solver.target_at(smooth_path(solver.arm, 1, count=120))
    first, second = solver.solve_path(targets), solver.solve_path(targets)
    assert first.positions.tobytes() == second.positions.tobytes()


def test_out_of_reach_for_a_stretch(two_link: IKSolver) -> None:
    """The gap names these targets and how far they are; the others are followed."""
    radius = np.concatenate(
        [np.full(40, 1.5), np.linspace(1.5, 2.5, 21), np.linspace(2.5, 1.5, 21), np.full(40, 1.5)]
    )
    angle = np.linspace(0.2, 1.0, len(radius))
    targets = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = two_link.solve_path(targets)
    check(two_link, found, targets)
    (gap,) = found.gaps
    beyond = np.flatnonzero(radius > 2.0)
    assert (gap.first, gap.last, gap.reason) == (beyond[0], beyond[-1], "out of reach")
    assert gap.amount == pytest.approx(0.5, abs=1e-6)
    assert str(gap) == f"targets {beyond[0]} to {beyond[-1]}: out of reach, 0.5 m"
    np.testing.assert_array_equal(np.flatnonzero(~found.converged), beyond)
    assert largest_step(found.positions[: beyond[0]]) < 0.5
    assert largest_step(found.positions[beyond[-1] + 1 :]) < 0.5


def test_a_limit_is_named_with_what_is_missing(two_link: IKSolver) -> None:
    """The shoulder would turn 0.4 rad beyond its limit."""
    first = np.concatenate([np.linspace(0.5, 1.97, 60), np.linspace(1.97, 0.5, 60)])
    path = np.stack([first, np.full(120, 0.3)], axis=1)
    targets = two_link.target_at(path)
    found = two_link.solve_path(targets, current=path[0])
    check(two_link, found, targets)
    assert {gap.reason for gap in found.gaps} == {f"limit of joint {two_link.arm.joint_names[0]}"}
    assert max(gap.amount for gap in found.gaps) <= 1.97 - two_link.arm.upper[0] + 1e-6


def least_give_way(target: np.ndarray, limit: float) -> float:
    """Of the limits of three links of 1 m, by trying all shoulder angles and both elbows [rad]."""
    first = np.linspace(-np.pi, np.pi, 20001)
    x, y = target[0] - np.cos(first), target[1] - np.sin(first)
    cosine = (x * x + y * y - 2.0) / 2.0
    reached = np.abs(cosine) <= 1.0
    least = np.inf
    for sign in (1.0, -1.0):
        third = sign * np.arccos(np.clip(cosine, -1.0, 1.0))
        second = np.arctan2(y, x) - np.arctan2(np.sin(third), 1.0 + np.cos(third)) - first
        second = (second + np.pi) % (2.0 * np.pi) - np.pi
        beyond = np.abs([first, second, third]).max(axis=0) - limit
        least = min(least, float(beyond[reached].min()))
    return max(least, 0.0)


@pytest.mark.parametrize("radius", [2.3, 2.6, 2.9])
def test_spare_joints_leave_a_limit_what_they_cannot_make_up(radius: float) -> None:
    """The amount is what the limits have to give way by at the worst target, by geometry, and hardly more."""
    solver = load("three_link")
    angle = np.concatenate([np.linspace(0.5, 2.9, 100), np.linspace(2.9, 0.5, 100)])
    targets = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = solver.solve_path(targets)
    check(solver, found, targets)
    least = max(least_give_way(target, solver.arm.upper[0]) for target in targets)
    assert least > 0.1
    assert {gap.reason for gap in found.gaps} <= {f"limit of joint {name}" for name in solver.arm.joint_names}
    most = max(gap.amount for gap in found.gaps)
    assert 0.99 * least <= most <= 1.1 * least + 0.01


def test_no_limit_gives_way_by_more_than_its_range() -> None:
    """Where joints swing far beyond their limits, and spare ones would turn on and on."""
    solver = load("three_link")
    for seed in (0, 1):
        targets = solver.target_at(smooth_path(solver.arm, seed, count=200, swing=1.3))
        found = solver.solve_path(targets)
        check(solver, found, targets)
        limits = [gap for gap in found.gaps if gap.reason.startswith("limit")]
        assert limits
        assert max(gap.amount for gap in limits) <= (solver.arm.upper - solver.arm.lower).max()


def test_a_base_that_is_crossed_is_a_singular_posture() -> None:
    """A straight line through the axis of the yaw joint: the arm has to turn round."""
    solver = load("yaw_pitch_pitch")
    pitch = solver.target_at(np.array([0.0, 0.3, 0.9]))
    x = np.linspace(-1.0, 1.0, 101) * 0.5
    targets = np.stack([x, np.full(101, 1e-9), np.full(101, pitch[2])], axis=1)
    found = solver.solve_path(targets)
    check(solver, found, targets)
    assert found.gaps


def test_velocity_limits_are_kept_by_the_smallest_slow_down() -> None:
    """Only the steps that are too fast take longer, and exactly as long as they have to."""
    solver = load("ur5e")
    path = smooth_path(solver.arm, 2, count=300)
    times = np.linspace(3.0, 13.0, 300)
    found = solver.solve_path(solver.target_at(path), times=times)
    assert found.times is not None
    needed = (np.abs(np.diff(found.positions, axis=0)) / solver.arm.velocity).max(axis=1)
    given = np.diff(times)
    assert (needed > given).any()
    assert (needed < given).any()
    np.testing.assert_allclose(np.diff(found.times), np.maximum(needed, given), atol=1e-9)
    assert found.times[0] == times[0]
    slower = np.zeros(299, dtype=bool)
    for stretch in found.slow_downs:
        slower[stretch.first : stretch.last] = True
        share = (needed / given)[stretch.first : stretch.last]
        assert stretch.factor == pytest.approx(share.max())
    np.testing.assert_array_equal(slower, needed > given * (1.0 + 1e-9))


def test_times_that_leave_time_enough_are_kept() -> None:
    solver = load("two_link")
    targets = solver.target_at(smooth_path(solver.arm, 2))
    times = np.linspace(0.0, 1000.0, len(targets))
    found = solver.solve_path(targets, times=times)
    np.testing.assert_array_equal(found.times, times)
    assert found.slow_downs == ()


def test_a_closed_path_of_a_pointing_task_may_end_with_another_roll() -> None:
    """Which is free: joints and distances are the same as with one roll for all targets."""
    solver = IKSolver.load("so101")
    posture = np.array([0.1, 0.2, -0.3, 0.2, 0.1])
    lap = np.linspace(0.0, 2.0 * np.pi, 21)[:, None]
    targets = solver.target_at(posture + 0.1 * np.sin(lap))
    rolled = targets.copy()
    turns = Rotation.from_quat(targets[:, 3:]) * Rotation.from_rotvec(lap * [[0.0, 0.0, 0.4]])
    rolled[:, 3:] = turns.as_quat()
    found = solver.solve_path(rolled, closed=True)
    assert found.gaps == ()
    np.testing.assert_allclose(found.positions, solver.solve_path(targets, closed=True).positions, atol=1e-6)


def test_a_closed_path_ends_as_it_began() -> None:
    """A circle beside the base, from and to the same posture."""
    solver = load("ur5e")
    angle = np.linspace(0.0, 2.0 * np.pi, 200)
    targets = np.zeros((200, 7))
    targets[:, 0], targets[:, 1], targets[:, 2] = 0.4 + 0.1 * np.cos(angle), 0.1 + 0.1 * np.sin(angle), 0.4
    targets[:, 3] = 1.0
    targets[-1] = targets[0]
    found = solver.solve_path(targets, closed=True)
    check(solver, found, targets)
    assert found.gaps == ()
    np.testing.assert_array_equal(found.positions[-1], found.positions[0])


def test_a_turn_around_the_base_does_not_close() -> None:
    """The shoulder is a whole turn further, which the gap says."""
    solver = load("ur5e")
    angle = np.linspace(0.0, 2.0 * np.pi, 200)
    targets = np.zeros((200, 7))
    targets[:, 0], targets[:, 1], targets[:, 2] = 0.4 * np.cos(angle), 0.4 * np.sin(angle), 0.4
    targets[:, 3] = 1.0
    targets[-1] = targets[0]
    found = solver.solve_path(targets, closed=True)
    (gap,) = found.gaps
    assert (gap.first, gap.last, gap.reason) == (199, 0, "does not close")
    assert gap.amount == pytest.approx(2.0 * np.pi, abs=1e-3)


def test_no_target_at_all_in_reach(two_link: IKSolver) -> None:
    """One gap, and the closest points."""
    targets = np.stack([np.full(10, 3.0), np.linspace(0.0, 1.0, 10)], axis=1)
    found = two_link.solve_path(targets)
    check(two_link, found, targets)
    (gap,) = found.gaps
    assert (gap.first, gap.last, gap.reason) == (0, 9, "out of reach")


@pytest.mark.parametrize("ends", [(-30.0, 30.0), (-1e16, 1e16), (-3.0, 1e16)])
def test_limits_may_be_any_number_of_turns_wide(ends: tuple[float, float]) -> None:
    """From a state turns away, and winding on from there: the joint path is found again."""
    names = load("ur5e").arm.joint_names
    solver = IKSolver.from_urdf(load("ur5e").arm.urdf, tip="tool0", limits=dict.fromkeys(names, ends))
    share = np.linspace(0.0, 1.0, 60)[:, None]
    path = np.array([0.3, -1.2, 1.3, 0.4, 0.9, 0.2]) + share * np.array([0.6, 0.3, -0.4, 0.2, 0.3, 5.0])
    for turned in (0, 2):
        wound = path + 2.0 * np.pi * turned * np.array([0, 0, 0, 1, 0, 1])
        found = solver.solve_path(solver.target_at(wound), wound[0])
        check(solver, found, solver.target_at(wound))
        assert found.gaps == ()
        np.testing.assert_allclose(found.positions, wound, atol=1e-5)


SPARSE = {
    "two_link": [[1.978, 0.201], [0.111, -1.94], [1.363, -0.528]],
    "ur5e": [
        [*point, 1.0, 0.0, 0.0, 0.0]
        for point in ([0.66, -0.06, 0.28], [0.31, 0.14, 0.38], [0.63, 0.31, 0.3], [0.4, 0.21, 0.16])
    ],
}


@pytest.mark.parametrize("name", SPARSE)
def test_targets_far_apart_are_reached(name: str) -> None:
    """Each by itself, with a jump where nothing leads from one to the next."""
    solver, targets = load(name), np.array(SPARSE[name])
    found = solver.solve_path(targets)
    check(solver, found, targets)
    assert found.converged.all()
    for gap in found.gaps:
        assert (gap.last, gap.reason) == (gap.first + 1, "a singular posture would have to be crossed")
        change = np.abs(found.positions[gap.last] - found.positions[gap.first]).max()
        assert gap.amount == pytest.approx(change)


@pytest.mark.parametrize("name", ["two_link", "ur5e", "three_link", "panda", "so101"])
def test_random_targets_are_reached(name: str) -> None:
    """Where `solve` reaches them; no gap says that they are out of reach."""
    solver = load(name)
    targets = solver.target_at(solver.arm.sample(15, np.random.default_rng(3)))
    found = solver.solve_path(targets)
    check(solver, found, targets)
    assert solver.solve_batch(targets).converged.all()
    assert found.converged.all()
    assert "out of reach" not in {gap.reason for gap in found.gaps}


@pytest.mark.parametrize(("name", "count"), [("two_link", 500), ("ur5e", 200), ("three_link", 60)])
def test_targets_among_some_out_of_reach_are_reached(name: str, count: int) -> None:
    """Every fifth one is three metres away: a gap for each, and nothing else is missed."""
    solver = load(name)
    share = np.linspace(0.2, 0.9, count)[:, None]
    targets = solver.target_at(solver.arm.lower + share * np.full(solver.arm.n_joints, 1.0))
    targets[::5, :3] = 3.0
    found = solver.solve_path(targets)
    check(solver, found, targets)
    missed = np.arange(0, count, 5)
    np.testing.assert_array_equal(np.flatnonzero(~found.converged), missed)
    out_of_reach = [gap for gap in found.gaps if gap.reason == "out of reach"]
    assert [(gap.first, gap.last) for gap in out_of_reach] == [(i, i) for i in missed]


@pytest.mark.parametrize("count", [5, 20])
def test_no_gap_is_out_of_reach_where_all_is_reached(count: int) -> None:
    """Few targets on straight ways in joint space, from a state on."""
    solver, reasons = load("ur5e"), set()
    for seed in range(25):
        ends = solver.arm.sample(2, np.random.default_rng(seed))
        path = ends[0] + 0.5 * (ends[1] - ends[0]) * np.linspace(0.0, 1.0, count)[:, None]
        targets = solver.target_at(path)
        found = solver.solve_path(targets, path[0])
        check(solver, found, targets)
        assert found.converged.all()
        reasons |= {gap.reason for gap in found.gaps}
    assert "out of reach" not in reasons


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_paths(count: int) -> None:
    for name in ARMS:
        solver = load(name)
        path = smooth_path(solver.arm, 3, count=500)[:count]
        found = solver.solve_path(solver.target_at(path), path[0])
        assert found.converged.all()
        assert found.gaps == ()


@pytest.mark.parametrize("name", ["two_link", "three_link"])
def test_one_target_closes(name: str) -> None:
    """It is the first and the last one."""
    solver = load(name)
    target = solver.target_at(np.full((1, solver.arm.n_joints), 0.3))
    found = solver.solve_path(target, closed=True)
    assert found.converged.all()
    assert found.gaps == ()


def test_bad_input_is_refused(two_link: IKSolver) -> None:
    """Each with what was expected and what came."""
    targets = np.array([[1.0, 0.5], [1.0, 0.6]])
    with pytest.raises(ValueError, match="at least one target"):
        two_link.solve_path(np.empty((0, 2)))
    with pytest.raises(ValueError, match="row 1"):
        two_link.solve_path([[1.0, 0.5], [1.0, np.nan]])
    with pytest.raises(ValueError, match=r"times of shape \(2,\)"):
        two_link.solve_path(targets, times=[0.0])
    with pytest.raises(ValueError, match="times in s that increase"):
        two_link.solve_path(targets, times=[0.0, 0.0])
    with pytest.raises(ValueError, match="last target of a closed path"):
        two_link.solve_path(targets, closed=True)
    with pytest.raises(ValueError, match="current joint positions"):
        two_link.solve_path(targets, current=[0.0])
