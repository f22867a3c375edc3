"""What an arm with a joint to spare does with it."""

from __future__ import annotations

import numpy as np
import pytest
from exact import within_limits

from itnnr_ik import IKSolver
from itnnr_ik.arms import ARMS, Arm
from itnnr_ik.solver import scalars
from itnnr_ik.solver.redundancy import approach, bend
from itnnr_ik.train import train_arm

ARM = ARMS["three_link"]


def _cases(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return ARM.sample(count, rng), ARM.sample(count, rng)


def test_approach_brings_the_joints_nearer_to_the_state() -> None:
    """Never farther in the largest difference, clearly nearer in most cases, and within the limits."""
    joints, states = _cases(500, 0)
    moved = np.stack(approach(ARM, list(joints.T), list(states.T), np), axis=1)
    before, after = np.abs(joints - states).max(axis=1), np.abs(moved - states).max(axis=1)
    assert (after <= before + 1e-9).all()
    assert np.mean(after < before - 0.01) > 0.5
    assert within_limits(ARM, moved).all()


def test_approach_moves_the_tip_to_second_order_only() -> None:
    """A move of at most 0.3 rad shifts the tip by a share of its square."""
    joints, states = _cases(500, 1)
    moved = np.stack(approach(ARM, list(joints.T), list(states.T), np), axis=1)
    shift = np.linalg.norm(ARM.forward(moved) - ARM.forward(joints), axis=1)
    step = np.abs(moved - joints).max(axis=1)
    assert step.max() <= 0.3 + 1e-9
    assert (shift <= 3.0 * ARM.reach * step**2 + 1e-9).all()


def test_approach_from_the_state_itself_stays() -> None:
    """There is nothing to come nearer to."""
    joints, _ = _cases(100, 2)
    moved = np.stack(approach(ARM, list(joints.T), list(joints.T), np), axis=1)
    np.testing.assert_allclose(moved, joints, atol=1e-9)


def test_bend_keeps_within_what_it_is_allowed() -> None:
    """No joint farther from the state than allowed, all within the limits, the tip nearly still."""
    joints, _ = _cases(500, 3)
    states = np.clip(
        joints + np.random.default_rng(4).uniform(-0.02, 0.02, joints.shape), ARM.lower, ARM.upper
    )
    allowed = np.abs(joints - states).max(axis=1) + 0.01
    moved = np.stack(bend(ARM, list(joints.T), list(states.T), allowed, np), axis=1)
    assert (np.abs(moved - states).max(axis=1) <= allowed + 1e-9).all()
    assert within_limits(ARM, moved).all()
    assert np.linalg.norm(ARM.forward(moved) - ARM.forward(joints), axis=1).max() < 5e-3
    assert np.abs(moved - joints).max() > 1e-3


def test_bend_leads_a_straight_arm_out_of_its_corner() -> None:
    """Repeated, it carries the outer joints away from a limit towards the well-bent posture."""
    start = joints = [0.2, 0.3, 1.5]
    for _ in range(200):
        joints = bend(ARM, joints, joints, 0.01, scalars)
    wish = 0.64 * np.pi / 2
    assert abs(joints[1] - wish) + abs(joints[2] - wish) < abs(start[1] - wish) + abs(start[2] - wish) - 0.1


def test_one_value_and_columns_move_alike() -> None:
    """The batch takes the steps that each row takes alone."""
    joints, states = _cases(100, 5)
    allowed = np.abs(joints - states).max(axis=1) + 0.01
    near = np.stack(approach(ARM, list(joints.T), list(states.T), np), axis=1)
    bent = np.stack(bend(ARM, list(joints.T), list(states.T), allowed, np), axis=1)
    for i in range(len(joints)):
        row, state = joints[i].tolist(), states[i].tolist()
        np.testing.assert_allclose(approach(ARM, row, state, scalars), near[i], atol=1e-12)
        np.testing.assert_allclose(bend(ARM, row, state, float(allowed[i]), scalars), bent[i], atol=1e-12)


@pytest.mark.parametrize(
    ("arm", "reason"),
    [
        (
            ARMS["three_link"].with_changes(limits=((-1.5, 0.3, -2.2), (1.5, 2.2, -0.3))),
            "elbows that bend to opposite sides",
        ),
        (
            Arm(
                name="shoulder_and_two_elbows",
                family="yaw_pitch",
                link_lengths=(1.0, 1.0, 0.5),
                lower=(-1.57, 0.1, -2.2, -1.5),
                upper=(1.57, 1.5, -0.2, 1.5),
                joint_names=("yaw", "shoulder", "elbow", "wrist"),
                link_names=("base_link", "link_1", "link_2", "link_3", "link_4"),
            ),
            "a shoulder that is no elbow",
        ),
    ],
    ids=["opposite elbows", "yaw and shoulder"],
)
def test_arms_with_other_limits_track_without_a_jump(arm: Arm, reason: str) -> None:
    """Limits on one side of straight, or a joint before the elbows, must not draw the arm into a corner."""
    pytest.importorskip("torch", reason="training needs torch")
    inverse, _ = train_arm(arm, steps=300)
    solver = IKSolver(arm, inverse)
    rng, t = np.random.default_rng(0), np.arange(600)[:, None] / 200
    middle, half = arm.limits.mean(axis=0), np.subtract(arm.upper, arm.lower) / 2
    swing = half * rng.uniform(0.1, 0.5, arm.n_joints)
    path = middle + swing * np.sin(2 * np.pi * rng.uniform(0.1, 0.5, arm.n_joints) * t)
    state = path[0]
    for target in arm.forward(path[1:]):
        solution = solver.solve(target, state)
        assert solution.converged
        assert solution.displacement is not None and solution.displacement <= 0.05, reason
        state = solution.positions
        assert np.minimum(state - arm.lower, arm.upper - state).min() > 1e-3
