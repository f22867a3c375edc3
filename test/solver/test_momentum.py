"""`solve` with a velocity: through a singular posture, not back from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.bench.joint_paths import largest_step, smooth_path

ARMS = ("two_link", "yaw_pitch_pitch", "ur5e", "bent_wrist")


def load(name: str) -> IKSolver:
    urdf = Path(__file__).parents[1] / "urdf" / f"{name}.urdf"
    return IKSolver.from_urdf(urdf) if urdf.exists() else IKSolver.load(name)


def follow(solver: IKSolver, path: np.ndarray, momentum: bool, rate: float = 100.0) -> np.ndarray:
    """Joint positions (m, n), each target solved from the last solution."""
    positions, velocity = [path[0]], np.zeros(path.shape[1])
    for target in solver.target_at(path[1:]):
        solution = solver.solve(target, positions[-1], velocity if momentum else None)
        assert solution.converged
        velocity = (solution.positions - positions[-1]) * rate
        positions.append(solution.positions)
    return np.array(positions)


def jumps(path: np.ndarray, found: np.ndarray) -> bool:
    return largest_step(found) > 3.0 * largest_step(path) + 0.02


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_passes_its_singular_postures(name: str) -> None:
    """On twenty paths through them it jumps on none, and without a velocity on some."""
    solver = load(name)
    paths = [smooth_path(solver.arm, seed) for seed in range(20)]
    assert not any(jumps(path, follow(solver, path, True)) for path in paths)
    assert any(jumps(path, follow(solver, path, False)) for path in paths)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARMS)
def test_of_a_thousand_paths_one_in_a_hundred_has_a_jump(name: str) -> None:
    """At most: mostly those that begin beside a singular posture, where there is no velocity yet."""
    solver = load(name)
    paths = (smooth_path(solver.arm, seed) for seed in range(1000))
    assert sum(jumps(path, follow(solver, path, True)) for path in paths) <= 10


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_elbow_goes_on_through_the_stretched_posture(two_link: IKSolver, sign: float) -> None:
    """From one side to the other if the joints move that way, although a solution on this side is nearer."""
    state, following = np.array([0.3, 0.004 * sign]), np.array([0.3 + 0.02 * sign, -0.02 * sign])
    target = two_link.target_at(following)
    assert two_link.solve(target, state).positions[1] * sign > 0.0
    moving = two_link.solve(target, state, (following - state) * 50.0)
    np.testing.assert_allclose(moving.positions, following, atol=1e-3)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_elbow_does_not_pass_the_stretched_posture_before_it_gets_there(
    two_link: IKSolver, sign: float
) -> None:
    """Tool on its way outwards, so that both solutions lie ahead: the one that is not yet stretched."""
    state, step = np.array([0.3, -0.0174 * sign]), np.array([-0.00324, 0.00644]) * sign
    following = state + step + np.array([-0.0005, 0.0]) * sign  # the shoulder grows faster
    found = two_link.solve(two_link.target_at(following), state, 100.0 * step).positions
    np.testing.assert_allclose(found, following, atol=1e-4)


def test_the_elbow_passes_the_stretched_posture_by_half_a_step(two_link: IKSolver) -> None:
    """The solution on this side is twenty times as near, but lies behind."""
    state, step = np.array([0.52861, -0.01464]), np.array([-0.01546, 0.0306])
    found = two_link.solve(two_link.target_at(state + step), state, 100.0 * step).positions
    np.testing.assert_allclose(found, state + step, atol=1e-4)


def test_targets_that_turn_back_do_not_turn_the_elbow(two_link: IKSolver) -> None:
    """The solution that continues the motion is beyond the stretched posture, much farther than the other."""
    state, back = np.array([0.3, 0.2]), np.array([0.3, 0.22])
    found = two_link.solve(two_link.target_at(back), state, [0.0, -1.0])
    np.testing.assert_allclose(found.positions, back, atol=1e-6)


def test_a_target_that_stands_still_keeps_the_arm(solver: IKSolver) -> None:
    """Whatever the velocity."""
    rng = np.random.default_rng(4)
    for state in 0.9 * solver.arm.sample(50, rng):
        velocity = rng.normal(size=len(state))
        found = solver.solve(solver.target_at(state), state, velocity).positions
        np.testing.assert_allclose(found, state, atol=1e-6)


def test_a_velocity_of_zero_is_none(solver: IKSolver) -> None:
    """The same bits."""
    rng = np.random.default_rng(5)
    for target, state in zip(
        solver.target_at(solver.arm.sample(50, rng)), solver.arm.sample(50, rng), strict=True
    ):
        still = solver.solve(target, state, np.zeros(len(state)))
        assert still.positions.tobytes() == solver.solve(target, state).positions.tobytes()


def test_bad_velocities_are_refused(two_link: IKSolver) -> None:
    """Because of their shape or value, or without a state."""
    with pytest.raises(ValueError, match=r"joint velocities of shape \(2,\)"):
        two_link.solve([1.0, 0.5], [0.1, 0.2], [1.0])
    with pytest.raises(ValueError, match="joint velocities of finite numbers"):
        two_link.solve([1.0, 0.5], [0.1, 0.2], [1.0, np.nan])
    with pytest.raises(ValueError, match="current joint positions with a velocity"):
        two_link.solve([1.0, 0.5], velocity=[1.0, 0.0])
