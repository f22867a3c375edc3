"""Every target that a pattern makes for an arm is one that the arm reaches."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.arms import ARMS, Arm
from itnnr_ik.targets import (
    CURVES,
    MIN_ELBOW,
    curve_for,
    first_posture,
    random_targets,
    starting_posture,
)

VARIANTS = {
    **ARMS,
    "other_lengths": ARMS["two_link"].with_changes((0.65, 1.45)),
    "one_sided_limits": ARMS["two_link"].with_changes((0.65, 1.45), ((-1.9, -1.9), (0.1, 0.1))),
    "short_last_link": ARMS["three_link"].with_changes((0.5, 1.0, 0.3)),
    "offset_limits": ARMS["yaw_pitch_pitch"].with_changes((0.3, 0.5), ((-3.0, 0.1, -2.5), (3.0, 1.5, -0.2))),
}
PHASES = np.linspace(0.0, 2.0 * np.pi, 200)


def _follow(arm: Arm, path: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Joint positions (p, n) along ``path`` (p, m): Newton steps of least norm, point after point."""
    followed = []
    for target in path:
        for _ in range(20):
            error = target - arm.forward(positions)
            positions = positions + np.linalg.pinv(arm.jacobian(positions)) @ error
            if np.linalg.norm(error) < 1e-12:
                break
        followed.append(positions)
    return np.array(followed)


@pytest.mark.parametrize("curve_name", CURVES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_curve_is_reached_on_one_branch_off_the_stretched_arm(variant: str, curve_name: str) -> None:
    """Followed point after point, the joints stay within their limits and never jump."""
    arm = VARIANTS[variant]
    curve = curve_for(arm, curve_name)
    path = curve.at(PHASES)
    positions = _follow(arm, path, starting_posture(arm, path[0]))
    assert np.linalg.norm(arm.forward(positions) - path, axis=1).max() < 1e-10
    assert (positions >= arm.lower).all()
    assert (positions <= arm.upper).all()
    assert np.abs(np.diff(positions, axis=0)).max() < 0.1
    nearly_stretched = arm.forward(
        [0.0] * (arm.n_joints - len(arm.link_lengths) + 1) + [MIN_ELBOW] * (len(arm.link_lengths) - 1)
    )
    assert np.linalg.norm(path, axis=1).max() <= np.linalg.norm(nearly_stretched)
    if len(arm.link_lengths) == 2:
        assert np.abs(positions[:, -1]).min() >= MIN_ELBOW


@pytest.mark.parametrize("arm_name", ARMS)
def test_the_solver_follows_every_pattern(arm_name: str) -> None:
    """All points of all curves, each solved from the last, without a jump; and all random points."""
    solver = IKSolver.load(arm_name)
    for curve_name in CURVES:
        path = curve_for(solver.arm, curve_name).at(np.linspace(0.0, 2.0 * np.pi, 500))
        current = starting_posture(solver.arm, path[0])
        followed = []
        for target in path:
            solution = solver.solve(target, current)
            assert solution.converged
            current = solution.positions
            followed.append(current)
        assert np.abs(np.diff(followed, axis=0)).max() < 0.05
    points = random_targets(solver.arm, 500, np.random.default_rng(0))
    assert solver.solve_batch(points).converged.all()


@pytest.mark.parametrize("curve_name", CURVES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_curve_is_closed_smooth_and_of_its_size(variant: str, curve_name: str) -> None:
    """It ends where it starts, its points are close together, and its size is what it says."""
    curve = curve_for(VARIANTS[variant], curve_name)
    path = curve.at(PHASES)
    np.testing.assert_allclose(path[0], path[-1], atol=1e-12)
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 2.0 * curve.size * np.diff(PHASES).max()
    assert np.linalg.norm(path - curve.center, axis=1).max() == pytest.approx(curve.size, rel=0.01)
    assert curve.size > 0.05 * VARIANTS[variant].reach


@pytest.mark.parametrize("curve_name", ["circle", "lemniscate"])
def test_curves_of_an_arm_in_space_move_in_all_coordinates(curve_name: str) -> None:
    """Neither x, y nor z stays put."""
    path = curve_for(ARMS["yaw_pitch_pitch"], curve_name).at(PHASES)
    assert np.ptp(path, axis=0).min() > 0.2


def test_center_and_size_are_taken_as_given() -> None:
    """Both given, the curve is that one even if it is out of reach."""
    curve = curve_for(ARMS["two_link"], "circle", center=(5.0, 5.0), size=0.5)
    np.testing.assert_allclose(np.linalg.norm(curve.at(PHASES) - [5.0, 5.0], axis=1), 0.5)


def test_a_size_is_found_for_a_given_center() -> None:
    """The curve around the centre that was asked for is followed within the limits."""
    arm = ARMS["two_link"]
    curve = curve_for(arm, "circle", center=(1.3, 1.0))
    path = curve.at(PHASES)
    np.testing.assert_allclose(path.mean(axis=0), [1.3, 1.0], atol=0.01)
    positions = _follow(arm, path, starting_posture(arm, path[0]))
    assert np.linalg.norm(arm.forward(positions) - path, axis=1).max() < 1e-10
    assert (positions >= arm.lower).all()
    assert (positions <= arm.upper).all()


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
def test_bad_options_say_what_is_wrong(options: dict[str, object], message: str) -> None:
    """Each refusal names the value and what was expected."""
    with pytest.raises(ValueError, match=message):
        curve_for(ARMS["two_link"], **{"name": "circle", **options})


def test_an_arm_that_cannot_bend_has_no_curve() -> None:
    """Limits that keep the elbow almost straight leave no room."""
    stiff = ARMS["two_link"].with_changes(limits=((-1.0, -0.2), (1.0, 0.2)))
    with pytest.raises(ValueError, match=r"no elbow that its limits let bend by 0.3 rad"):
        curve_for(stiff, "circle")


@pytest.mark.parametrize("variant", VARIANTS)
def test_random_targets_repeat_with_their_seed_and_are_in_reach(variant: str) -> None:
    """The same seed gives the same points, another one others, all inside the reach."""
    arm = VARIANTS[variant]
    first, again, other = (random_targets(arm, 500, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.shape == (500, arm.n_coordinates)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.linalg.norm(first, axis=1).max() <= arm.reach + 1e-12


@pytest.mark.parametrize("curve_name", CURVES)
@pytest.mark.parametrize("arm_name", ARMS)
def test_a_curve_is_followed_from_its_first_posture(arm_name: str, curve_name: str) -> None:
    """The tip is on the curve's first point, with an elbow that is bent."""
    solver = IKSolver.load(arm_name)
    first = curve_for(solver.arm, curve_name).at(0.0)
    posture = first_posture(solver, first)
    assert np.linalg.norm(solver.arm.forward(posture) - first) <= solver.tolerance
    assert np.abs(posture[solver.arm.first_elbow :]).max() > MIN_ELBOW
