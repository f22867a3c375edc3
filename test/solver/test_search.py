"""The search for one target finds the nearest solution, on any arm, in any posture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from exact import within_limits
from robot import generated

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED
from itnnr_ik.solver.assembly import joint_periods

#: Not packaged: with a spherical wrist, a bent wrist and continuous joints, a prismatic first joint.
OTHERS = ("puma560", "bent_wrist", "rail_arm")


@pytest.fixture(scope="module", params=(*PACKAGED, *OTHERS))
def solver(request: pytest.FixtureRequest) -> IKSolver:
    """The default solver of each arm in turn."""
    name: str = request.param
    if name in OTHERS:
        return IKSolver.from_urdf(Path(__file__).parents[1] / "urdf" / f"{name}.urdf")
    return IKSolver.load(name)


def away(solver: IKSolver, postures: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Largest joint change (b,) from states to postures, at the turn that the posture was drawn at."""
    change: np.ndarray = np.abs(postures - states).max(axis=1)
    return change


def test_a_folded_arm_is_solved_from_anywhere() -> None:
    """Three joints within 0.3 rad of their limits, and near singular: 99.5 % of 2000 at the least."""
    solver = IKSolver.load("so101")
    arm, rng = solver.arm, np.random.default_rng(0)
    postures = arm.sample(2000, rng)
    for joint, limit, inside in ((1, arm.lower, 1.0), (2, arm.upper, -1.0), (3, arm.lower, 1.0)):
        postures[:, joint] = limit[joint] + inside * rng.uniform(0.0, 0.3, len(postures))
    found = solver.solve_batch(solver.target_at(postures), arm.sample(2000, rng))
    assert found.converged.mean() >= 0.995


@pytest.mark.parametrize(
    "posture",
    [
        (0.4515, 1.5632, -1.5962, -1.5843, -1.3933),
        (-1.667, 0.3958, -1.5449, -1.4914, 2.109),
        (0.0961, -1.5574, -1.5787, -1.6334, -1.4806),
        (0.8576, -1.5372, -1.642, -1.6069, 1.4226),
    ],
)
def test_a_nearly_singular_posture_is_found_where_a_descent_stalls(posture: tuple[float, ...]) -> None:
    """Pointing targets of so101 that no anchor leads to, and a descent to the closest point nearly does."""
    solver = IKSolver.load("so101")
    found = solver.solve(solver.target_at(np.array([posture]))[0])
    assert found.converged
    assert within_limits(solver.arm, found.positions[None]).all()


def test_random_targets_are_solved_by_near_solutions(solver: IKSolver) -> None:
    """All of 1000 within tolerance and limits; at most 2 % are 0.01 rad farther than the drawn posture."""
    arm, rng = solver.arm, np.random.default_rng(0)
    postures, states = arm.sample(1000, rng), arm.sample(1000, rng)
    found = solver.solve_batch(solver.target_at(postures), states)
    assert found.converged.all()
    assert within_limits(arm, found.positions).all()
    position, orientation = solver.errors(found.positions, solver.target_at(postures))
    assert position.max() <= 1e-6
    assert orientation is None or orientation.max() <= 1e-6
    np.testing.assert_allclose(found.displacement, np.abs(found.positions - states).max(axis=1))
    assert np.mean(found.displacement > away(solver, postures, states) + 0.01) <= 0.02


def test_targets_are_solved_without_a_state(solver: IKSolver) -> None:
    """All of 500, from the anchors alone."""
    found = solver.solve_batch(solver.target_at(solver.arm.sample(500, np.random.default_rng(1))))
    assert found.converged.all()
    assert within_limits(solver.arm, found.positions).all()


def test_a_near_posture_is_found_from_a_near_state(solver: IKSolver) -> None:
    """From within 0.1 rad: none of 500 is more than 0.02 rad farther than the posture of the target."""
    arm, rng = solver.arm, np.random.default_rng(2)
    postures = arm.sample(500, rng)
    states = np.clip(postures + rng.uniform(-0.1, 0.1, postures.shape), arm.lower, arm.upper)
    found = solver.solve_batch(solver.target_at(postures), states)
    assert found.converged.all()
    assert (found.displacement <= away(solver, postures, states) + 0.02).all()


def test_the_nearer_of_two_solutions_close_to_a_singular_posture_is_taken() -> None:
    """Both elbows are on the same side of the state: 0.370 rad away is nearer than 0.400."""
    solver = IKSolver.load("two_link")
    solution = solver.solve(solver.target_at([1.2, 0.2]), [1.57, 0.2])
    np.testing.assert_allclose(solution.positions, [1.2, 0.2], atol=1e-5)


def test_postures_on_limits_are_reached(solver: IKSolver) -> None:
    """A third of the joints on a limit, where few anchors are."""
    arm, rng = solver.arm, np.random.default_rng(3)
    postures = arm.sample(300, rng)
    on_limit = rng.integers(6, size=postures.shape)
    finite = np.isfinite(arm.lower)
    postures = np.where(finite & (on_limit == 1), arm.lower, postures)
    postures = np.where(finite & (on_limit == 2), arm.upper, postures)
    for states in (None, arm.sample(300, rng)):
        found = solver.solve_batch(solver.target_at(postures), states)
        assert found.converged.mean() >= 0.98
        assert within_limits(arm, found.positions).all()


def test_a_state_at_any_turn_stays_there() -> None:
    """Continuous joints whole turns away are answered at those turns, wide limits are used in full."""
    bent = IKSolver.from_urdf(Path(__file__).parents[1] / "urdf" / "bent_wrist.urdf")
    rng = np.random.default_rng(4)
    for posture in bent.arm.sample(50, rng):
        state = posture + 0.02
        turned = np.where(np.isinf(bent.arm.lower), state + 2.0 * np.pi * rng.integers(-3, 4, 6), state)
        state = np.clip(turned, bent.arm.lower, bent.arm.upper)
        solution = bent.solve(bent.target_at(posture), state)
        assert solution.converged
        assert solution.displacement is not None and solution.displacement <= 0.04
    ur5e = IKSolver.load("ur5e")
    posture = np.array([5.5, -1.2, 1.3, -5.0, 1.4, 6.0])
    solution = ur5e.solve(ur5e.target_at(posture), posture - 0.05)
    np.testing.assert_allclose(solution.positions, posture, atol=1e-5)


def test_an_unreachable_target_gets_the_closest_point_in_space() -> None:
    """Far along an axis, the position task of the panda stretches out to about its reach."""
    chain = IKSolver.load("panda").arm
    solver = IKSolver(chain, type(IKSolver.load("panda").task).of_chain(chain, "position"))
    solution = solver.solve([3.0, 0.0, 0.333])
    assert not solution.converged
    tips = solver.target_at(chain.sample(200_000, np.random.default_rng(5)))
    nearest = np.linalg.norm(tips - [3.0, 0.0, 0.333], axis=1).min()
    assert solution.residual <= nearest + 1e-3
    assert within_limits(chain, solution.positions)


def endless(ratio: float = 1.0, limit: str | None = None) -> IKSolver:
    """An arm whose first joint has the given limits, if any; the second mimics it by a ratio if not 0."""
    kind = "revolute" if limit else "continuous"
    mimic = f'joint="j1" multiplier="{ratio!r}"' if ratio else None
    joints = [
        generated.joint("j1", kind, "l0", "l1", limit=limit),
        generated.joint("j2", "continuous", "l1", "l2", xyz="0.3 0 0", axis="0 1 0", limit=None, mimic=mimic),
        generated.joint(
            "j3", "revolute", "l2", "l3", xyz="0.3 0 0", axis="0 1 0", limit='lower="-2" upper="2"'
        ),
        generated.joint(
            "j4", "revolute", "l3", "l4", xyz="0.3 0 0", axis="1 0 0", limit='lower="-2" upper="2"'
        ),
        generated.joint(
            "j5", "revolute", "l4", "l5", xyz="0.3 0 0", axis="0 1 0", limit='lower="-2" upper="2"'
        ),
    ]
    return IKSolver.from_urdf(
        generated.robot(*(generated.link(f"l{i}") for i in range(6)), *joints), tip="l5", task="position"
    )


@pytest.mark.parametrize("ratio", [0.5, -1.0 / 3.0, 10.0 / 7.0, 1.0471, 1e-9])
@pytest.mark.parametrize("limit", [None, 'lower="-1e16" upper="1e16"'])
def test_a_joint_without_limits_leads_another_by_any_ratio(ratio: float, limit: str | None) -> None:
    """Targets reachable within a turn on both sides are solved, with and without a state, never by NaN."""
    solver, rng = endless(ratio, limit), np.random.default_rng(0)
    postures = rng.uniform(-2.0, 2.0, (200, 4))
    postures[:, 0] = rng.uniform(-6.0, 6.0, 200)
    targets = solver.target_at(postures)
    for states in (None, postures + rng.normal(0.0, 0.3, postures.shape)):
        found = solver.solve_batch(targets, states)
        assert found.converged.mean() >= 0.99
        np.testing.assert_allclose(
            np.linalg.norm(solver.target_at(found.positions) - targets, axis=1), found.residual, atol=1e-9
        )
        assert np.isfinite(solver.solve_batch(1.5 * targets, states).positions).all()


@pytest.mark.parametrize("ratio", [0.5, -1.0 / 3.0, 10.0 / 7.0, 1.0])
def test_the_tool_is_where_it_was_after_a_turn(ratio: float) -> None:
    """The smallest number of turns that makes whole turns of all joints that mimic it."""
    solver = endless(ratio)
    length = joint_periods(solver.arm)[0]
    count = round(length / (2.0 * np.pi))
    postures = np.tile([0.4, 0.3, -0.5, 0.7], (count + 1, 1))
    postures[:, 0] += 2.0 * np.pi * np.arange(count + 1)
    poses = solver.forward(postures)
    away = np.linalg.norm(poses - poses[0], axis=1)
    assert away[-1] < 1e-9 and (away[1:-1] > 1e-2).all()


@pytest.mark.parametrize(
    ("limit", "least", "most"),
    [
        ('lower="-3" upper="1e16"', -3.0, 7.0),
        ('lower="-1e16" upper="3"', -7.0, 3.0),
        ('lower="20" upper="1e16"', 20.0, 27.0),
    ],
)
def test_limits_wide_on_one_side_are_answered_at_the_other(limit: str, least: float, most: float) -> None:
    """Without a state, near 0 as far as the limits allow, not in the middle of 1e16."""
    solver, rng = endless(0.0, limit), np.random.default_rng(1)
    found = solver.solve_batch(solver.target_at(rng.uniform(-2.0, 2.0, (100, solver.arm.n_joints))))
    assert found.converged.all()
    assert (found.positions[:, 0] >= least).all() and (found.positions[:, 0] <= most).all()
