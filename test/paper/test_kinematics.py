"""The paper's formulas of the three arms, by hand and against the same arms as URDF."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.paper.kinematics import planar, yaw_pitch

ROOT_3 = math.sqrt(3.0)

#: Packaged arms and the paper's formulas of them.
FORMULAS = {"two_link": planar, "three_link": planar, "yaw_pitch_pitch": yaw_pitch}


def test_a_planar_arm_of_two_links_follows_equation_a7() -> None:
    """Links at 30° and 90° add up to (√3 / 2, 1.5)."""
    tip = planar(np.array([math.pi / 6, math.pi / 3]))
    assert tip == pytest.approx([ROOT_3 / 2, 1.5])


def test_a_planar_arm_of_three_links_follows_equation_a8() -> None:
    """Links at 90°, 0° and 60° add up to (1.5, 1 + √3 / 2)."""
    tip = planar(np.array([math.pi / 2, -math.pi / 2, math.pi / 3]))
    assert tip == pytest.approx([1.5, 1.0 + ROOT_3 / 2])


def test_a_pitching_chain_on_a_yawing_base_follows_equation_a9() -> None:
    """Links that rise at 30° and 60°, seen in the direction of 30°."""
    tip = yaw_pitch(np.array([math.pi / 6, math.pi / 6, math.pi / 6]))
    along = ROOT_3 / 2 + 0.5
    assert tip == pytest.approx([ROOT_3 / 2 * along, 0.5 * along, 0.5 + ROOT_3 / 2])


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("batch", [(), (1,), (0,), (4,), (2, 3)])
def test_leading_dimensions_stay(name: str, batch: tuple[int, ...]) -> None:
    """Any batch shape (…, n) comes back as (…, m), row by row what each row gives alone."""
    solver = IKSolver.load(name)
    n, m = solver.arm.n_joints, solver.task.n_coordinates
    positions = np.random.default_rng(0).uniform(-3.0, 3.0, (*batch, n))
    tips = FORMULAS[name](positions)
    assert tips.shape == (*batch, m)
    for tip, row in zip(tips.reshape(-1, m), positions.reshape(-1, n), strict=True):
        np.testing.assert_array_equal(tip, FORMULAS[name](row))


@pytest.mark.parametrize("name", FORMULAS)
def test_the_packaged_arm_is_the_papers(name: str) -> None:
    """Tips of the formula are those of the chain that the URDF describes."""
    solver = IKSolver.load(name)
    positions = np.random.default_rng(1).uniform(-3.0, 3.0, (200, solver.arm.n_joints))
    np.testing.assert_allclose(FORMULAS[name](positions), solver.target_at(positions), atol=1e-14)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_in_torch_are_the_chains_jacobian(name: str) -> None:
    """Gradients agree with the Jacobian in double precision, row by row."""
    torch: Any = pytest.importorskip("torch", reason="the formulas in torch")
    solver = IKSolver.load(name)
    batch = np.random.default_rng(2).uniform(-3.0, 3.0, (20, solver.arm.n_joints))
    tensor = torch.tensor(batch, requires_grad=True)
    tips = FORMULAS[name](tensor)
    np.testing.assert_allclose(tips.detach().numpy(), FORMULAS[name](batch), atol=1e-14)
    for row in range(solver.task.n_coordinates):
        (gradient,) = torch.autograd.grad(tips[:, row].sum(), tensor, retain_graph=True)
        np.testing.assert_allclose(gradient.numpy(), solver.jacobian(batch)[:, row], atol=1e-14)
