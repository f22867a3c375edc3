"""What an arm with a joint to spare does with it."""

from __future__ import annotations

import numpy as np
from exact import within_limits

from itnnr_ik.arms import ARMS
from itnnr_ik.solver import scalars
from itnnr_ik.solver.redundancy import approach, bend

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
