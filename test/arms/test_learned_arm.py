"""Arms as combinations of harmonics: exact for rigid arms, with the interface of any arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learned import learned_arm

from itnnr_ik.arms import ARMS, LearnedArm, get_arm, harmonic
from itnnr_ik.solver import scalars


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", ARMS)
def test_harmonics_hold_every_rigid_arm(name: str, order: int) -> None:
    """Tip and Jacobian to rounding, for columns, floats and tensors."""
    arm = get_arm(name)
    learned = learned_arm(arm, order)
    positions = arm.sample(200, np.random.default_rng(2))
    np.testing.assert_allclose(learned.forward(positions), arm.forward(positions), atol=1e-12)
    np.testing.assert_allclose(learned.jacobian(positions), arm.jacobian(positions), atol=1e-12)
    tip, jacobian = learned.tip(positions[0].tolist(), scalars)
    np.testing.assert_allclose(tip, arm.forward(positions[0]), atol=1e-12)
    np.testing.assert_allclose(jacobian, arm.jacobian(positions[0]), atol=1e-12)
    torch = pytest.importorskip("torch")
    tips = learned.forward(torch.tensor(positions.reshape(2, 100, -1)))
    np.testing.assert_allclose(tips.numpy().reshape(200, -1), arm.forward(positions), atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 2))
def test_the_jacobian_is_the_derivative(seed: int, n: int, order: int) -> None:
    """Against central differences, for random coefficients."""
    rng = np.random.default_rng(seed)
    arm = LearnedArm(
        name="random",
        lower=(-1.0,) * n,
        upper=(1.0,) * n,
        joint_names=tuple(f"joint_{i}" for i in range(n)),
        link_names=("base",),
        coefficients=rng.normal(size=(3, *(2 * order + 1,) * n)),
    )
    positions = rng.uniform(-3.0, 3.0, size=n)
    step = 1e-5 * np.eye(n)
    expected = (arm.forward(positions + step) - arm.forward(positions - step)).T / 2e-5
    np.testing.assert_allclose(arm.jacobian(positions), expected, atol=1e-5)


def test_it_has_what_an_arm_has() -> None:
    """Reach, frame, other names and limits; the skeleton is only the way from the origin to the tip."""
    arm = get_arm("two_link")
    learned = learned_arm(arm)
    assert learned.reach == pytest.approx(2.0, rel=0.1)
    assert (learned.base_link, learned.n_joints, learned.n_coordinates) == ("base_link", 2, 2)
    positions = np.array([0.3, 0.4])
    np.testing.assert_allclose(learned.skeleton(positions), [[0.0, 0.0], arm.forward(positions)], atol=1e-12)
    renamed = learned.with_changes(joint_names=("a", "b"), limits=((0.0, 0.0), (1.0, 1.0)))
    assert (renamed.joint_names, renamed.upper) == (("a", "b"), (1.0, 1.0))
    assert learned.forward(np.empty((0, 2))).shape == (0, 2)
    with pytest.raises(ValueError, match="no link lengths"):
        learned.with_changes(link_lengths=(1.0, 1.0))


def test_the_description_comes_back() -> None:
    """All but the coefficients are JSON types."""
    learned = learned_arm(get_arm("three_link"), 2)
    again = LearnedArm.from_parts(learned.to_dict(), learned.coefficients)
    assert again.to_dict() == learned.to_dict()
    assert (again.order, again.reach) == (2, learned.reach)


def test_a_plane_has_a_height() -> None:
    """It is described, and what was described before there was one is at 0."""
    learned = learned_arm(get_arm("two_link"), plane_height=0.4)
    np.testing.assert_array_equal(learned.in_space([[0.1, 0.2]]), [[0.1, 0.2, 0.4]])
    data = learned.to_dict()
    assert LearnedArm.from_parts(data, learned.coefficients).plane_height == 0.4
    del data["plane_height"]
    assert LearnedArm.from_parts(data, learned.coefficients).plane_height == 0.0
    with pytest.raises(ValueError, match="plane_height must be finite, got nan"):
        learned_arm(get_arm("two_link"), plane_height=np.nan)


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        (np.zeros((2, 3)), "2 joints need coefficients"),
        (np.zeros((2, 4, 4)), "odd K"),
        (np.zeros((4, 3, 3)), r"shape \(2 or 3"),
        (np.zeros(()), "2 joints need"),
        (np.full((2, 3, 3), np.nan), "must be finite"),
    ],
)
def test_coefficients_that_do_not_fit_are_refused(coefficients: np.ndarray, message: str) -> None:
    """The message says what is expected."""
    data = learned_arm(get_arm("two_link")).to_dict()
    with pytest.raises(ValueError, match=message):
        LearnedArm.from_parts(data, coefficients)


def test_derivative_of_constants_is_zero() -> None:
    """The constant harmonic does not change with the angle."""
    coefficients = np.zeros((2, 3, 3))
    coefficients[:, 0, 0] = 1.0
    assert not harmonic.derivative(coefficients, 1).any()


def test_the_frame_may_be_anywhere() -> None:
    """Reach is the size of the workspace; how far that is from the origin counts for far targets alone."""
    learned = learned_arm(get_arm("two_link"))
    coefficients = learned.coefficients.copy()
    coefficients[:, 0, 0] += 1000.0
    shifted = replace(learned, coefficients=coefficients)
    assert shifted.reach == pytest.approx(learned.reach, rel=1e-9)
    assert shifted.farthest == pytest.approx(1000.0 * np.sqrt(2.0), rel=2e-3)
