"""Every target that a pattern makes for an arm is one that the arm reaches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.targets import (
    CURVES,
    Curve,
    curve_for,
    first_posture,
    random_targets,
    rest_positions,
    straight_lines,
)
from itnnr_ik.targets.postures import dexterity

ARMS = ("two_link", "three_link", "yaw_pitch_pitch")
#: Smallest elbow angle [rad] on a curve of the planar arms.
MIN_ELBOW = 0.3
PHASES = np.linspace(0.0, 2.0 * np.pi, 200)


def _with_lengths(name: str, *lengths: float) -> str:
    """URDF text of one of the three arms with other lengths [m] of its links."""
    robot = ElementTree.fromstring(load_robot(name).urdf)
    joints = robot.findall("joint")[-len(lengths) :]
    for joint, length in zip(joints, lengths, strict=True):
        origin = joint.find("origin")
        assert origin is not None
        origin.set("xyz", f"{length} 0 0")
    return ElementTree.tostring(robot, encoding="unicode")


def _limits(name: str, lower: Sequence[float], upper: Sequence[float]) -> dict[str, tuple[float, float]]:
    return dict(zip(load_robot(name).joint_names, zip(lower, upper, strict=True), strict=True))


@pytest.fixture(scope="module")
def variants(root: Path) -> dict[str, IKSolver]:
    """The packaged arms, some of them with other lengths and limits, and arms of the tests."""
    other = _with_lengths("two_link", 0.65, 1.45)
    folder = root / "test" / "urdf"
    return {
        **{name: IKSolver.load(name) for name in PACKAGED},
        "other_lengths": IKSolver.from_urdf(other),
        "one_sided_limits": IKSolver.from_urdf(other, limits=_limits("two_link", (-1.9, -1.9), (0.1, 0.1))),
        "short_last_link": IKSolver.from_urdf(_with_lengths("three_link", 0.5, 1.0, 0.3)),
        "offset_limits": IKSolver.from_urdf(
            _with_lengths("yaw_pitch_pitch", 0.3, 0.5),
            limits=_limits("yaw_pitch_pitch", (-3.0, 0.1, -2.5), (3.0, 1.5, -0.2)),
        ),
        "panda_position": IKSolver.from_urdf(load_robot("panda").urdf, task="position"),
        "ur5e_pointing": IKSolver.from_urdf(load_robot("ur5e").urdf, task="pointing"),
        "panda_tool": IKSolver.from_urdf(load_robot("panda").urdf, tool=(0.05, 0.0, 0.1, 0.0, 0.6, 0.0, 0.8)),
        "continuous": IKSolver.from_urdf(folder / "bent_wrist.urdf"),
        "rail": IKSolver.from_urdf(folder / "rail_arm.urdf"),
    }


THREE = (*ARMS, "other_lengths", "one_sided_limits", "short_last_link", "offset_limits")
SPATIAL = ("panda_position", "ur5e_pointing", "panda_tool", "continuous", "rail")
VARIANTS = (*THREE, *(name for name in PACKAGED if name not in ARMS), *SPATIAL)


@cache
def _curve(solver: IKSolver, name: str) -> Curve:
    """`curve_for`, cached for all tests."""
    return curve_for(solver, name)


def _missing(solver: IKSolver, target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Error to a target: translation [m] and, where the orientation counts, a rotation vector [rad]."""
    now = solver.target_at(positions)
    if not solver.task.has_orientation:
        return target - now
    turn = Rotation.from_quat(target[3:]) * Rotation.from_quat(now[3:]).inv()
    return np.concatenate([target[:3] - now[:3], turn.as_rotvec()])


def _followed(solver: IKSolver, curve_name: str) -> tuple[np.ndarray, np.ndarray]:
    """A curve's path (p, k), and the joint positions (p, n) along it, which keep the limits and never jump.

    By Newton steps of least norm, point after point, from the curve's start on.
    """
    assert isinstance(solver.arm, KinematicChain)
    curve = _curve(solver, curve_name)
    path, positions = curve.at(PHASES), curve.start
    rows = 6 if solver.task.has_orientation else path.shape[1]
    followed = []
    for target in path:
        for _ in range(20):
            error = _missing(solver, target, positions)
            positions = positions + np.linalg.pinv(solver.arm.jacobian(positions)[:rows]) @ error
            if np.linalg.norm(error) < 1e-12:
                break
        followed.append(positions)
    found = np.array(followed)
    assert (found >= solver.arm.lower).all()
    assert (found <= solver.arm.upper).all()
    assert np.abs(np.diff(found, axis=0)).max() < 0.1
    return path, found


@pytest.mark.parametrize("curve_name", CURVES)
@pytest.mark.parametrize("variant", THREE)
def test_a_curve_is_reached_on_one_branch_off_the_stretched_arm(
    variants: dict[str, IKSolver], variant: str, curve_name: str
) -> None:
    """Followed point after point, the joints stay within their limits and never jump."""
    solver = variants[variant]
    path, positions = _followed(solver, curve_name)
    assert np.linalg.norm(solver.target_at(positions) - path, axis=1).max() < 1e-10
    n_elbows = solver.arm.n_joints - (2 if solver.task.n_coordinates == 3 else 1)
    nearly_stretched = [0.0] * (solver.arm.n_joints - n_elbows) + [MIN_ELBOW] * n_elbows
    farthest = np.linalg.norm(solver.target_at(nearly_stretched))
    assert np.linalg.norm(path, axis=1).max() <= farthest
    if n_elbows == 1:
        assert np.abs(positions[:, -1]).min() >= MIN_ELBOW


@pytest.mark.parametrize("variant", ["ur5e", "continuous"])
def test_an_orientation_is_reached_with_the_position(variants: dict[str, IKSolver], variant: str) -> None:
    """Newton steps follow the whole pose, without the solver."""
    solver = variants[variant]
    path, positions = _followed(solver, "lemniscate")
    missing = [_missing(solver, target, q) for target, q in zip(path, positions, strict=True)]
    assert np.linalg.norm(missing, axis=1).max() < 1e-10


@pytest.mark.parametrize("curve_name", CURVES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_solver_follows_every_curve(variants: dict[str, IKSolver], variant: str, curve_name: str) -> None:
    """Three laps, each target solved from the last, without a jump or a nearly singular posture."""
    solver = variants[variant]
    curve = _curve(solver, curve_name)
    current = curve.start
    followed = []
    for target in curve.at(np.linspace(0.0, 6.0 * np.pi, 1500)):
        solution = solver.solve(target, current)
        assert solution.converged
        current = solution.positions
        followed.append(current)
    assert np.abs(np.diff([curve.start, *followed], axis=0)).max() < 0.05
    away = np.minimum(np.array(followed) - solver.arm.lower, solver.arm.upper - np.array(followed))
    assert away.min() > 0.0
    best = dexterity(solver, solver.arm.sample(500, np.random.default_rng(0))).max()
    assert dexterity(solver, np.array(followed)).min() > 0.1 * best


@pytest.mark.parametrize("curve_name", CURVES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_curve_is_closed_smooth_and_of_its_size(
    variants: dict[str, IKSolver], variant: str, curve_name: str
) -> None:
    """A curve ends where it starts, neighbouring points are close together, and its size is as stated."""
    solver = variants[variant]
    curve = _curve(solver, curve_name)
    path = curve.at(PHASES)
    assert path.shape == (len(PHASES), solver.task.n_coordinates)
    np.testing.assert_allclose(path[0], path[-1], atol=1e-12)
    points = path[:, :3]
    assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() < 2.0 * curve.size * np.diff(PHASES).max()
    assert np.linalg.norm(points - curve.center, axis=1).max() == pytest.approx(curve.size, rel=0.01)
    assert curve.size > 0.05 * solver.arm.reach


@pytest.mark.parametrize("variant", ["panda", "ur5e", "panda_tool"])
def test_the_orientation_of_a_pose_stays_the_same(variants: dict[str, IKSolver], variant: str) -> None:
    """The whole curve has the one unit quaternion of the posture that it is placed around."""
    path = _curve(variants[variant], "circle").at(PHASES)
    assert np.linalg.norm(path[0, 3:]) == pytest.approx(1.0)
    np.testing.assert_array_equal(path[:, 3:], np.tile(path[0, 3:], (len(path), 1)))


def test_five_joints_turn_the_orientation_with_the_arm(variants: dict[str, IKSolver]) -> None:
    """The tool keeps pointing away from the first joint's axis: its tilt stays, its azimuth goes along."""
    curve = _curve(variants["so101"], "lemniscate")
    assert curve.yaw_axis is not None
    path = curve.at(PHASES)
    axes = Rotation.from_quat(path[:, 3:]).apply([0.0, 0.0, 1.0])
    np.testing.assert_allclose(axes[:, 2], axes[0, 2], atol=1e-12)
    azimuth = np.arctan2(axes[:, 1], axes[:, 0])
    place = np.arctan2(path[:, 1] - curve.yaw_axis[1], path[:, 0] - curve.yaw_axis[0])
    assert np.ptp(place) > 0.2
    np.testing.assert_allclose(azimuth - azimuth[0], place - place[0], atol=1e-9)


@pytest.mark.parametrize("variant", ["yaw_pitch_pitch", "panda", "open_manipulator_x"])
@pytest.mark.parametrize("curve_name", ["circle", "lemniscate"])
def test_curves_of_an_arm_in_space_move_in_all_coordinates(
    variants: dict[str, IKSolver], variant: str, curve_name: str
) -> None:
    """Along a curve x, y and z all change."""
    solver = variants[variant]
    path = _curve(solver, curve_name).at(PHASES)
    assert np.ptp(path[:, :3], axis=0).min() > 0.1 * solver.arm.reach


def test_the_same_arm_gets_the_same_curve(variants: dict[str, IKSolver]) -> None:
    """Two solvers of an arm place the same curve bit by bit, as two nodes do that each compute it."""
    again = IKSolver.from_urdf(load_robot("panda").urdf)
    one, two = (curve_for(solver, "lemniscate") for solver in (variants["panda"], again))
    np.testing.assert_array_equal(one.at(PHASES), two.at(PHASES))
    np.testing.assert_array_equal(one.start, two.start)


@pytest.mark.parametrize(("variant", "center"), [("two_link", (5.0, 5.0)), ("panda", (5.0, 5.0, 0.5))])
def test_center_and_size_are_taken_as_given(
    variants: dict[str, IKSolver], variant: str, center: tuple[float, ...]
) -> None:
    """With both given, the curve is as requested even if it is out of reach."""
    curve = curve_for(variants[variant], "circle", center=center, size=0.5)
    points = curve.at(PHASES)[:, :3]
    np.testing.assert_allclose(np.linalg.norm(points - np.array(center), axis=1), 0.5)


@pytest.mark.parametrize(
    ("variant", "center"), [("two_link", (1.3, 1.0)), ("panda", (0.4, 0.2, 0.5)), ("scara", (0.3, 0.2, 0.15))]
)
def test_a_size_is_found_for_a_given_center(
    variants: dict[str, IKSolver], variant: str, center: tuple[float, ...]
) -> None:
    """The curve around a given centre can be followed within the limits."""
    solver = variants[variant]
    curve = curve_for(solver, "circle", center=center)
    path = curve.at(PHASES[:-1])
    np.testing.assert_allclose(path[:, :3].mean(axis=0), center, atol=0.01)
    assert curve.size > 0.03 * solver.arm.reach
    current = curve.start
    for target in path:
        solution = solver.solve(target, current)
        assert solution.converged
        assert solution.displacement is not None
        assert solution.displacement < 0.1
        current = solution.positions


def test_a_given_size_is_taken_with_the_best_center(variants: dict[str, IKSolver]) -> None:
    """The centre is where the arm has most room, and the curve starts on it."""
    solver = variants["panda"]
    curve, largest = curve_for(solver, "circle", size=0.05), curve_for(solver, "circle")
    assert curve.size == 0.05
    np.testing.assert_array_equal(curve.center, largest.center)
    assert solver.errors(curve.start[None], curve.at([0.0]))[0] <= solver.tolerance


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "square"}, "no curve named 'square'; available: circle, line, lemniscate"),
        ({"center": (1.0, 2.0, 3.0)}, "center of two_link needs 2 finite coordinates"),
        ({"center": (1.0, float("nan"))}, "center of two_link needs 2 finite coordinates"),
        ({"center": (0.0, 0.0)}, "center must be off the origin"),
        ({"center": (5.0, 0.0)}, r"two_link has no room for a circle around \[5.0, 0.0\]"),
        ({"size": -1.0}, "size must be positive, got -1.0"),
    ],
)
def test_bad_options_say_what_is_wrong(
    variants: dict[str, IKSolver], options: dict[str, object], message: str
) -> None:
    """Each refusal names the value and what was expected."""
    with pytest.raises(ValueError, match=message):
        curve_for(variants["two_link"], **{"name": "circle", **options})  # type: ignore[arg-type]


def test_an_arm_that_can_hardly_move_has_no_curve() -> None:
    """Limits that leave its joints almost nothing leave no room."""
    limits = dict.fromkeys(load_robot("two_link").joint_names, (0.5, 0.55))
    stiff = IKSolver.from_urdf(load_robot("two_link").urdf, limits=limits)
    with pytest.raises(ValueError, match=r"two_link has no room for a circle within its joint limits"):
        curve_for(stiff, "circle")


@pytest.mark.parametrize("variant", VARIANTS)
def test_random_targets_repeat_with_their_seed_and_are_in_reach(
    variants: dict[str, IKSolver], variant: str
) -> None:
    """The same seed gives the same targets, another one others, all of them solved."""
    solver = variants[variant]
    first, again, other = (random_targets(solver, 200, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.shape == (200, solver.task.n_coordinates)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.linalg.norm(first[:, :3], axis=1).max() <= solver.arm.farthest + np.linalg.norm(
        solver.task.tool[:3, 3]
    )
    assert solver.solve_batch(first).converged.all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_first_posture_reaches_the_target_and_can_move_on(
    variants: dict[str, IKSolver], variant: str
) -> None:
    """The chosen solution is not nearly singular where another one is not."""
    solver = variants[variant]
    first = _curve(solver, "line").at(0.0)
    posture = first_posture(solver, first)
    away, turned = solver.errors(posture[None], first[None])
    assert away[0] <= solver.tolerance
    assert turned is None or turned[0] <= solver.orientation_tolerance
    others = np.array([solution.positions for solution in solver.branches(first)])
    assert dexterity(solver, posture[None])[0] > 0.3 * dexterity(solver, others).max()


def test_a_first_posture_for_a_target_out_of_reach_is_the_closest(variants: dict[str, IKSolver]) -> None:
    """The closest posture is used, as a recording may begin with such a target."""
    solver = variants["two_link"]
    posture = first_posture(solver, (3.0, 0.0))
    np.testing.assert_allclose(solver.target_at(posture), (2.0, 0.0), atol=1e-3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_from_rest_the_tool_can_move_in_every_direction(variants: dict[str, IKSolver], variant: str) -> None:
    """The rest position is within the limits and far from singular postures."""
    solver = variants[variant]
    rest = rest_positions(solver)
    assert ((solver.arm.lower < rest) & (rest < solver.arm.upper)).all()
    best = dexterity(solver, solver.arm.sample(500, np.random.default_rng(0))).max()
    assert dexterity(solver, rest[None])[0] > 0.3 * best


def test_straight_lines_pass_their_waypoints() -> None:
    """Steps are no longer than asked for, and rotate by at most 3.5 rad for each metre of that."""
    turned = [0.0, 0.0, np.sin(0.5), np.cos(0.5)]  # by 1 rad
    start = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    waypoints = [[0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [0.1, 0.0, 0.0, *turned]]
    targets, along = straight_lines(start, waypoints, 0.02, 100)
    np.testing.assert_allclose(targets[0], start)
    np.testing.assert_allclose(targets[along == 1.0], waypoints[:1], atol=1e-12)
    np.testing.assert_allclose(targets[along == 2.0], waypoints[1:], atol=1e-12)
    np.testing.assert_allclose(np.diff(targets[along <= 1.0, 0]), 0.02, atol=1e-12)
    angles = 2.0 * np.arctan2(targets[along >= 1.0, 5], targets[along >= 1.0, 6])
    assert len(angles) == 1 + np.ceil(1.0 / 0.07)
    np.testing.assert_allclose(np.diff(angles), 1.0 / (len(angles) - 1), atol=1e-12)


def test_straight_lines_have_a_target_for_each_waypoint() -> None:
    """A repeated waypoint has a target, too; more targets than allowed are refused."""
    targets, along = straight_lines([0.5, 0.0], [[0.5, 0.0], [0.6, 0.0]], 1.0, 3)
    np.testing.assert_array_equal(targets, [[0.5, 0.0], [0.5, 0.0], [0.6, 0.0]])
    np.testing.assert_array_equal(along, [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="at most 2 targets, got 1 m, which makes 3"):
        straight_lines([0.5, 0.0], [[0.5, 0.0], [0.6, 0.0]], 1.0, 2)
