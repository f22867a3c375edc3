"""Branches and nearest solutions of six-joint arms against ssik, which certifies each by another method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain

ssik = pytest.importorskip("ssik", reason="the oracle is installed for the tests alone")

ARMS = ("ur5e", "puma560", "bent_wrist")
#: Smallest singular value [m/rad, rad/rad] below which a curve of postures reaches a pose, to rounding.
_SINGULAR = 1e-4


@pytest.fixture(scope="module", params=ARMS)
def pair(request: pytest.FixtureRequest) -> tuple[IKSolver, Any]:
    """The solver of an arm and the oracle for the same chain."""
    name: str = request.param
    solver = (
        IKSolver.load(name)
        if name == "ur5e"
        else IKSolver.from_urdf(Path(__file__).parents[1] / "urdf" / f"{name}.urdf")
    )
    chain = solver.arm
    assert isinstance(chain, KinematicChain)
    transforms = np.tile(np.eye(4), (chain.n_joints + 1, 1, 1))
    transforms[:, :3] = chain.elements[:, :12].reshape(-1, 3, 4)
    axes = np.tile([0.0, 0.0, 1.0], (chain.n_joints, 1))
    limits = np.tile([-np.pi, np.pi], (chain.n_joints, 1))
    return solver, ssik.Manipulator.from_transforms(transforms, axes, limits=limits)


def certified(solver: IKSolver, oracle: Any, transform: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Every solution (s, n) within the limits, each joint at the turn nearest to the state."""
    found = oracle.solve(transform, enumerate_windings=False, respect_limits=False)
    lower, upper = solver.arm.lower - 1e-9, solver.arm.upper + 1e-9
    solutions = []
    for branch in (np.asarray(solution.q) for solution in found):
        turned = branch + 2.0 * np.pi * np.round((state - branch) / (2.0 * np.pi))
        turned = turned - 2.0 * np.pi * np.ceil(np.maximum(turned - upper, 0.0) / (2.0 * np.pi))
        turned = turned + 2.0 * np.pi * np.ceil(np.maximum(lower - turned, 0.0) / (2.0 * np.pi))
        if ((turned >= lower) & (turned <= upper)).all():
            solutions.append(turned)
    return np.array(solutions).reshape(-1, solver.arm.n_joints)


@pytest.mark.parametrize("poses", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_certified_branch_is_found(pair: tuple[IKSolver, Any], poses: int) -> None:
    """99.9 % at the least, but for singular ones, each at the turn nearest to the state."""
    solver, oracle = pair
    rng = np.random.default_rng(0)
    known = found = 0
    for posture, state in zip(solver.arm.sample(poses, rng), solver.arm.sample(poses, rng), strict=True):
        ours = np.array([s.positions for s in solver.branches(solver.target_at(posture), state)])
        for solution in certified(solver, oracle, solver.arm.transforms(posture), state):
            if np.linalg.svd(solver.jacobian(solution), compute_uv=False)[-1] < _SINGULAR:
                continue
            known += 1
            away = ours - solution
            away -= 2.0 * np.pi * np.round(away / (2.0 * np.pi))
            found += bool(np.abs(away).max(axis=1).min() < 1e-3)
    assert known > 1.5 * poses
    assert found >= 0.999 * known


def test_the_nearest_certified_solution_is_taken(pair: tuple[IKSolver, Any]) -> None:
    """From states within 0.5 rad of one: never more than 0.05 rad farther in 150 draws."""
    solver, oracle = pair
    arm, rng = solver.arm, np.random.default_rng(1)
    postures = arm.sample(150, rng)
    states = np.clip(postures + rng.uniform(-0.5, 0.5, postures.shape), arm.lower, arm.upper)
    for posture, state in zip(postures, states, strict=True):
        solution = solver.solve(solver.target_at(posture), state)
        assert solution.converged
        nearest = np.abs(posture - state).max()
        others = certified(solver, oracle, arm.transforms(posture), state)
        if len(others):
            nearest = min(nearest, np.abs(others - state).max(axis=1).min())
        assert solution.displacement is not None and solution.displacement <= nearest + 0.05
