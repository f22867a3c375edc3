"""`solve_path` of arms with joints to spare: along their curves of solutions, with small and even steps."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.bench.joint_paths import largest_step, smooth_path
from itnnr_ik.paths.curves import sample_curves
from itnnr_ik.paths.tracks import read_joints
from itnnr_ik.solver.path_targets import PathTargets
from paths.test_solve_path import check, check_smooth_paths, load

ARMS = ("three_link", "panda")


def circle(solver: IKSolver, count: int = 120) -> np.ndarray:
    """Targets on a circle that every posture's curve of solutions reaches, the last one the first."""
    angle = np.linspace(0.0, 2.0 * np.pi, count)
    if solver.task.kind == "position":
        targets = np.stack([2.0 + 0.3 * np.cos(angle), 0.3 * np.sin(angle)], axis=1)
    else:
        targets = np.zeros((count, 7))
        targets[:, 0], targets[:, 1] = 0.45 + 0.12 * np.cos(angle), 0.12 * np.sin(angle)
        targets[:, 2], targets[:, 3] = 0.4, 1.0
    targets[-1] = targets[0]
    return targets


@pytest.mark.parametrize("name", ["three_link", pytest.param("panda", marks=pytest.mark.slow)])
def test_smooth_joint_paths_are_followed(name: str) -> None:
    """Eight of them, out to 95 % of the limits: no gap, no step above 1.5 times the path's own largest."""
    check_smooth_paths(load(name), 8, 1.5)


@pytest.mark.parametrize("seed", [137, 250])
def test_joints_at_their_limits_do_not_stall_the_relaxation(seed: int) -> None:
    """These paths begin or end at a limit; their steps can be about as small as those of the joint path."""
    solver = load("panda")
    path = smooth_path(solver.arm, seed)
    found = solver.solve_path(solver.target_at(path))
    assert found.gaps == ()
    assert largest_step(found.positions) <= 1.1 * largest_step(path)


@pytest.mark.parametrize("name", ARMS)
def test_one_target_after_the_other_jumps_on_such_paths(name: str) -> None:
    """What the look ahead is worth: on some of the same paths, the nearest solutions lead to a jump."""
    solver = load(name)
    jumps = 0
    for seed in range(8):
        path = smooth_path(solver.arm, seed)
        state, worst = path[0], 0.0
        for target in solver.target_at(path[1:]):
            solution = solver.solve(target, state)
            worst, state = max(worst, float(solution.displacement or 0.0)), solution.positions
        jumps += worst > 3.0 * largest_step(path) + 0.02
    assert jumps >= 2


@pytest.mark.parametrize("name", ARMS)
def test_a_closed_path_ends_as_it_began(name: str) -> None:
    solver = load(name)
    targets = circle(solver)
    found = solver.solve_path(targets, closed=True)
    check(solver, found, targets)
    assert found.gaps == ()
    np.testing.assert_array_equal(found.positions[-1], found.positions[0])
    assert largest_step(found.positions) < 0.1


def test_a_state_before_the_path_counts() -> None:
    """The first step is about as small as the others."""
    solver = load("three_link")
    for seed in range(4):
        path = smooth_path(solver.arm, seed)
        found = solver.solve_path(solver.target_at(path[1:]), path[0])
        whole = np.concatenate([path[:1], found.positions])
        assert largest_step(whole) <= 1.5 * largest_step(path)


def test_two_spare_joints() -> None:
    """A rail under an arm of seven joints: whole paths, too."""
    solver = load("rail_arm")
    path = smooth_path(solver.arm, 1, count=200)
    targets = solver.target_at(path)
    found = solver.solve_path(targets)
    check(solver, found, targets)
    assert found.gaps == ()
    assert largest_step(found.positions) <= 1.5 * largest_step(path)


def test_out_of_reach_for_a_stretch() -> None:
    """The gap names it, and both sides are followed."""
    solver = load("panda")
    targets = circle(solver)
    targets[50:60, 0] += 1.0
    found = solver.solve_path(targets)
    check(solver, found, targets)
    (gap,) = found.gaps
    assert (gap.first, gap.last, gap.reason) == (50, 59, "out of reach")
    assert gap.amount > 0.1


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_short_paths(count: int) -> None:
    for name in ARMS:
        solver = load(name)
        found = solver.solve_path(circle(solver)[:count])
        assert found.converged.all()
        assert found.gaps == ()


def test_the_same_path_gives_the_same_bits() -> None:
    solver = load("panda")
    targets = circle(solver)
    first, second = solver.solve_path(targets), solver.solve_path(targets)
    assert first.positions.tobytes() == second.positions.tobytes()


class Counting(PathTargets):
    """Targets of a path that count what is refined."""

    refined = 0

    def refine(self, targets: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        type(self).refined += len(targets)
        return super().refine(targets, *others)


def test_a_joint_that_turns_on_and_on_is_gone_round_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The roll of a `scara`, free in a position task: on sparse targets nothing is refined time and again."""
    monkeypatch.setattr("itnnr_ik.solver.ik_solver.PathTargets", Counting)
    solver = load("scara")
    targets = solver.target_at(solver.arm.sample(13, np.random.default_rng(3)))
    found = solver.solve_path(targets)
    check(solver, found, targets)
    assert found.converged.all()
    assert 0 < Counting.refined < 200_000


def test_many_spare_joints_give_no_more_postures_than_can_be_compared() -> None:
    """Of four: each target has some hundreds, and the path is followed."""
    solver = IKSolver.load("panda", task="position")
    path = smooth_path(solver.arm, 0, count=60)
    targets = solver.target_at(path)
    arm = PathTargets(
        *(solver.arm, solver._prepared.search, targets, solver._prepared.take_memory()),
        lambda target, state: solver.solve(target, state).positions,
        lambda positions: solver.errors(positions, targets),
    )
    layers = sample_curves(arm, read_joints(arm, None), np.arange(0, 60, 10))
    assert 100 < np.diff(layers.starts).max() <= 300
    found = solver.solve_path(targets)
    check(solver, found, targets)
    assert found.gaps == ()


@pytest.mark.parametrize("task", ["pointing", "pose"])
def test_the_distance_of_turned_targets_is_their_angle(task: str) -> None:
    """In both forms: a quarter of a degree about the tool's x axis, of an arm far longer than the path."""
    solver, angle = IKSolver.load("panda", task=task), np.radians(0.25)
    pose = solver.arm.transforms(np.array([0.0, -0.3, 0.0, -2.0, 0.0, 1.8, 0.5]))
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    targets = np.stack([pose, pose @ turn, pose @ turn @ turn]).reshape(3, 16)
    arm = PathTargets(
        *(solver.arm, solver._prepared.search, targets, solver._prepared.take_memory()),
        lambda target, state: target,
        lambda positions: (positions, None),
    )
    np.testing.assert_allclose(arm.distances(), angle, rtol=1e-4)
