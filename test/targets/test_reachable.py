"""Reachable targets are found without the solver's search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from learned import learned_arm
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, load_robot
from itnnr_ik.targets.reachable import farthest_points, find_reachable, task_error, task_jacobian
from itnnr_ik.task import Task

POINTING_WITH_TOOL = ([0.1, -0.05, 0.2], [1.0, 0.0, 1.0])


def solvers() -> dict[str, IKSolver]:
    """Every packaged arm, all tasks of one, tools, and a learned arm."""
    found = {name: IKSolver.load(name) for name in PACKAGED}
    panda, learned = load_robot("panda"), learned_arm(load_robot("yaw_pitch_pitch"))
    for kind in ("position", "pointing"):
        found[f"panda {kind}"] = IKSolver(panda, Task.of_chain(panda, kind))
    tool, axis = POINTING_WITH_TOOL
    found["panda tool"] = IKSolver(panda, Task.of_chain(panda, "pointing", tool, axis))
    found["learned"] = IKSolver(learned, Task.of_learned(learned))
    return found


SOLVERS = solvers()


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_the_tool_of_any_posture_is_reachable(solver: IKSolver) -> None:
    """All but very few of the targets that are reachable by construction are found to be."""
    targets = solver.target_at(solver.arm.sample(300, np.random.default_rng(1)))
    assert find_reachable(solver, targets, 1e-6).mean() > 0.99


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_the_jacobian_is_the_derivative_of_the_error(solver: IKSolver) -> None:
    """Central differences near the target, where rotation vectors are small, agree with the Jacobian."""
    rng = np.random.default_rng(0)
    positions = solver.arm.sample(20, rng)
    targets = solver.target_at(positions + 1e-4 * rng.normal(size=positions.shape))
    jacobian = task_jacobian(solver, positions)
    for joint, step in enumerate(1e-6 * np.eye(solver.arm.n_joints)):
        difference = task_error(solver, positions + step, targets) - task_error(
            solver, positions - step, targets
        )
        np.testing.assert_allclose(jacobian[:, :, joint], -difference / 2e-6, atol=2e-3)


@pytest.mark.parametrize("name", ["panda pointing", "panda tool", "so101"])
def test_the_error_is_half_a_turn_where_the_tool_points_the_other_way(name: str) -> None:
    """The rotation vector has the length π for opposed axes, which do not define an axis of rotation."""
    solver = SOLVERS[name]
    positions = solver.arm.sample(20, np.random.default_rng(3))
    targets = solver.target_at(positions)
    across = np.cross(solver.task.tool_axis, [0.0, 1.0, 0.0])
    half = Rotation.from_rotvec(np.pi * across / np.linalg.norm(across))
    targets[:, 3:] = (Rotation.from_quat(targets[:, 3:]) * half).as_quat()
    turned = task_error(solver, positions, targets)[:, 3:] / solver.task.length
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.pi)


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_the_error_is_what_the_solver_measures(solver: IKSolver) -> None:
    """Distances and angles agree with `IKSolver.errors` for random targets."""
    rng = np.random.default_rng(2)
    positions, others = solver.arm.sample(200, rng), solver.arm.sample(200, rng)
    targets = solver.target_at(others)
    error = task_error(solver, positions, targets)
    away, turn = solver.errors(positions, targets)
    np.testing.assert_allclose(np.linalg.norm(error[:, :3], axis=1), away, atol=1e-9)
    if turn is None:
        assert error.shape[1] == solver.task.n_coordinates
    else:
        np.testing.assert_allclose(np.linalg.norm(error[:, 3:], axis=1) / solver.task.length, turn, atol=1e-7)


def test_the_two_link_arm_reaches_a_ring() -> None:
    """Within ±π/2 the distance from the base is √2 to 2 m; the limits of the first joint cut the ring."""
    solver = IKSolver.load("two_link")
    inside = [(1.42, 0.0), (0.0, 1.9), (1.99, 0.0)]
    outside = [(1.41, 0.0), (2.01, 0.0), (0.3, 0.3), (-1.9, 0.0)]
    np.testing.assert_array_equal(
        find_reachable(solver, np.array(inside + outside), 1e-6), [True] * 3 + [False] * 4
    )


def test_an_orientation_that_cannot_be_reached_is_not() -> None:
    """The tip of an arm that only yaws and pitches does not roll; its position alone is reachable."""
    arm = load_robot("yaw_pitch_pitch")
    pose = IKSolver(arm, Task.of_chain(arm, "pose"))
    there = pose.target_at(arm.sample(20, np.random.default_rng(0)))
    rolled = there.copy()
    rolled[:, 3:] = (Rotation.from_quat(there[:, 3:]) * Rotation.from_rotvec([0.1, 0.0, 0.0])).as_quat()
    assert find_reachable(pose, there, 1e-6).all()
    assert not find_reachable(pose, rolled, 1e-6).any()
    assert find_reachable(IKSolver.load("yaw_pitch_pitch"), rolled[:, :3], 1e-6).all()


def test_the_length_of_a_quaternion_does_not_matter() -> None:
    """Neither the length of a quaternion nor its sign makes a difference."""
    solver = IKSolver.load("ur5e")
    targets = solver.target_at(solver.arm.sample(20, np.random.default_rng(0)))
    targets[:, 3:] *= -3.0
    assert find_reachable(solver, targets, 1e-6).all()


@pytest.mark.parametrize("name", ["bent_wrist", "puma560", "rail_arm"])
def test_other_arms(name: str, root: Path) -> None:
    """Arms with continuous joints, a spherical wrist or a prismatic first joint reach what they should."""
    solver = IKSolver.from_urdf(root / "test" / "urdf" / f"{name}.urdf")
    rng = np.random.default_rng(3)
    targets = solver.target_at(solver.arm.sample(100, rng))
    targets[50:, :3] += 3.0 * solver.arm.farthest
    np.testing.assert_array_equal(find_reachable(solver, targets, 1e-6), np.arange(100) < 50)


def test_no_targets_give_no_answers() -> None:
    """An empty batch of targets gives an empty result."""
    assert find_reachable(IKSolver.load("two_link"), np.empty((0, 2)), 1e-6).shape == (0,)
    assert find_reachable(IKSolver.load("panda"), np.empty((0, 7)), 1e-6).shape == (0,)


def test_points_far_apart() -> None:
    """Each is the farthest from those before it, and none is taken twice."""
    points = np.array([[0.0], [1.0], [10.0], [4.0], [10.0]])
    assert farthest_points(points, 3) == [0, 2, 3]
    assert farthest_points(points, 9) == [0, 2, 3, 1]
    assert farthest_points(np.empty((0, 2)), 3) == []
