"""Arms as combinations of harmonics: exact for rigid arms, with the interface of any robot."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learned import elbow_up_solver, learned_arm

from itnnr_ik.robot import LearnedArm, load_robot
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.task import Task

ARMS = ("two_link", "three_link", "yaw_pitch_pitch")


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", ARMS)
def test_harmonics_hold_every_rigid_arm(name: str, order: int) -> None:
    """Tip and Jacobian to rounding, for one posture, a batch, the solver's kernels and tensors."""
    arm = load_robot(name)
    m = 2 if arm.is_planar else 3
    learned = learned_arm(arm, order)
    positions = arm.sample(200, np.random.default_rng(2))
    tips, jacobian = arm.forward(positions)[:, :m], arm.jacobian(positions)[:, :m]
    np.testing.assert_allclose(learned.forward(positions), tips, atol=1e-12)
    np.testing.assert_allclose(learned.jacobian(positions), jacobian, atol=1e-12)
    np.testing.assert_allclose(learned.forward(positions[0]), tips[0], atol=1e-12)
    np.testing.assert_allclose(learned.jacobian(positions[0]), jacobian[0], atol=1e-12)
    solver = IKSolver(learned, Task.of_learned(learned))
    np.testing.assert_allclose(solver.errors(positions, tips)[0], 0.0, atol=1e-12)
    torch = pytest.importorskip("torch")
    forward = TaskForward(learned, Task.of_learned(learned))
    np.testing.assert_allclose(forward(torch.tensor(positions)).numpy(), tips, atol=1e-12)


@pytest.mark.parametrize("batch", [(), (1,), (0,), (4,), (2, 3)])
def test_kinematics_keeps_leading_dimensions(batch: tuple[int, ...]) -> None:
    """Any batch shape (..., n) comes back as (..., m) and (..., m, n)."""
    learned = learned_arm(load_robot("yaw_pitch_pitch"))
    positions = np.zeros((*batch, 3))
    assert learned.forward(positions).shape == (*batch, 3)
    assert learned.jacobian(positions).shape == (*batch, 3, 3)


@pytest.mark.parametrize("positions", [0.0, [0.0], [0.0] * 3, np.zeros((2, 4))], ids=str)
def test_wrong_joint_counts_are_refused(positions: Any) -> None:
    """The message says what was expected and what came."""
    shape = str(np.shape(positions)).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"learned expects .* \(\.\.\., 2\), got {shape}"):
        learned_arm(load_robot("two_link")).forward(positions)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 2))
def test_the_jacobian_is_the_derivative(seed: int, n: int, order: int) -> None:
    """Against central differences, for random coefficients."""
    rng = np.random.default_rng(seed)
    arm = LearnedArm(
        name="random",
        joint_names=tuple(f"joint_{i}" for i in range(n)),
        lower=np.full(n, -1.0),
        upper=np.full(n, 1.0),
        base_link="base",
        coefficients=rng.normal(size=(3, *(2 * order + 1,) * n)),
    )
    positions = rng.uniform(-3.0, 3.0, size=n)
    step = 1e-5 * np.eye(n)
    expected = (arm.forward(positions + step) - arm.forward(positions - step)).T / 2e-5
    np.testing.assert_allclose(arm.jacobian(positions), expected, atol=1e-5)


def test_it_has_what_a_robot_has() -> None:
    """Reach, frame, limits; the skeleton is only from the origin to the tip."""
    arm = load_robot("two_link")
    learned = learned_arm(arm)
    assert learned.reach == pytest.approx(2.0, rel=0.1)
    assert (learned.base_link, learned.n_joints, learned.n_coordinates) == ("base_link", 2, 2)
    assert np.isinf(learned.velocity).all()
    positions = np.array([0.3, 0.4])
    tip = [*arm.forward(positions)[:2], 0.0]
    np.testing.assert_allclose(learned.skeleton(positions), [[0.0, 0.0, 0.0], tip], atol=1e-12)
    samples = learned.sample(500, np.random.default_rng(0))
    assert ((samples >= learned.lower) & (samples <= learned.upper)).all()
    assert learned.joint_names == arm.joint_names
    assert learned.forward(np.empty((0, 2))).shape == (0, 2)


def test_its_arrays_cannot_be_changed() -> None:
    """Nor do they follow what they were made from."""
    learned = learned_arm(load_robot("two_link"))
    lower = np.array([-1.0, -1.0])
    changed = replace(learned, lower=lower)
    lower[0] = 5.0
    assert changed.lower.tolist() == [-1.0, -1.0]
    for array in (changed.lower, changed.upper, changed.coefficients):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_the_description_comes_back() -> None:
    """All but the coefficients are JSON types."""
    learned = learned_arm(load_robot("three_link"), 2)
    again = LearnedArm.from_parts(json.loads(json.dumps(learned.to_dict())), learned.coefficients)
    assert again.to_dict() == learned.to_dict()
    assert (again.order, again.reach) == (2, learned.reach)


def test_a_plane_has_a_height() -> None:
    """It is described, in the solver's points and in the skeleton; where none is described it is 0."""
    learned = learned_arm(load_robot("two_link"), plane_height=0.4)
    solver = IKSolver(learned, Task.of_learned(learned))
    np.testing.assert_array_equal(solver.in_space([[0.1, 0.2]]), [[0.1, 0.2, 0.4]])
    assert learned.skeleton([0.1, 0.2])[1, 2] == 0.4
    data = learned.to_dict()
    assert LearnedArm.from_parts(data, learned.coefficients).plane_height == 0.4
    del data["plane_height"]
    assert LearnedArm.from_parts(data, learned.coefficients).plane_height == 0.0


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        (np.zeros((2, 3)), "2 joints need coefficients"),
        (np.zeros((2, 4, 4)), "odd K"),
        (np.zeros((4, 3, 3)), r"shape \(2 or 3"),
        (np.zeros(()), "2 joints need"),
        (np.full((2, 3, 3), np.nan), "must be finite"),
        (np.full((2, 3, 3), 1e308), r"must be finite, their sum at most 1e\+09 m, got inf m"),
        (np.full((2, 3, 3), 1.2e8), r"must be finite, their sum at most 1e\+09 m, got 1.08e\+09 m"),
        (np.zeros((2, 257, 257)), "a coordinate can have 65536 coefficients, got 66049"),
    ],
)
def test_coefficients_that_do_not_fit_are_refused(coefficients: np.ndarray, message: str) -> None:
    """The message says what is expected."""
    data = learned_arm(load_robot("two_link")).to_dict()
    with pytest.raises(ValueError, match=message):
        LearnedArm.from_parts(data, coefficients)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": (-1.0,)}, r"needs 2 lower limits, got \[-1.0\]"),
        ({"upper": (1.0, 1.0, 1.0)}, "needs 2 upper limits"),
        ({"joint_names": ("a", "a")}, "joint names must be distinct"),
        ({"joint_names": ("a", "")}, "joint names must be distinct and not empty"),
        ({"joint_names": ()}, "needs 0 lower limits"),
        (
            {"lower": (1.0, -1.0), "upper": (0.5, 1.0)},
            r"limits of joint_1 .* lower < upper, got \[1.0, 0.5\]",
        ),
        ({"lower": (-1.0, -np.inf)}, "limits of joint_2 must be finite"),
        ({"upper": (1.0, np.nan)}, "limits of joint_2 must be finite"),
        ({"upper": (1.0, 1e300)}, "limits of joint_2 must be finite"),
        ({"plane_height": np.nan}, "plane_height must be finite, got nan"),
        ({"name": "a\nb"}, "must have at most 200 characters, all of them printable, got 'a.nb'"),
        ({"tip_link": "x" * 201}, "must have at most 200 characters"),
    ],
)
def test_an_impossible_arm_is_refused(change: dict[str, Any], message: str) -> None:
    """What does not fit is named, with what came."""
    with pytest.raises(ValueError, match=message):
        replace(learned_arm(load_robot("two_link")), **change)


def test_the_frame_may_be_anywhere() -> None:
    """Reach is the size of the workspace; how far that is from the origin counts for far targets alone."""
    learned = learned_arm(load_robot("two_link"))
    coefficients = learned.coefficients.copy()
    coefficients[:, 0, 0] += 1000.0
    shifted = replace(learned, coefficients=coefficients)
    assert shifted.reach == pytest.approx(learned.reach, rel=1e-9)
    assert shifted.farthest == pytest.approx(1000.0 * np.sqrt(2.0), rel=2e-3)


def test_its_solver_finds_what_it_can_reach() -> None:
    """With the network that the arm's known kinematics was trained with, and without one."""
    solver = elbow_up_solver()
    targets = solver.target_at(solver.arm.sample(200, np.random.default_rng(0)))
    for other in (solver, IKSolver(solver.arm, solver.task)):
        assert other.solve_batch(targets).converged.all()


def test_ten_joints_are_computed_in_bounded_memory() -> None:
    """The products of their harmonics at the postures of the reach are gigabytes."""
    rng = np.random.default_rng(0)
    coefficients = rng.normal(size=(2, *(3,) * 8)) * 1e-3
    arm = replace(
        learned_arm(load_robot("two_link")),
        joint_names=tuple("abcdefgh"),
        lower=np.full(8, -1.0),
        upper=np.full(8, 1.0),
        coefficients=coefficients,
    )
    positions = arm.sample(1000, rng)
    tracemalloc.start()
    tips = arm.forward(positions)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6
    alone = np.array([arm.forward(posture) for posture in positions[::100]])
    np.testing.assert_allclose(tips[::100], alone, atol=1e-12)
