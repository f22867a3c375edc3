"""An arm as data: what it accepts, and that its batched kinematics is consistent."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itnnr_ik.arms import ARMS, Arm
from itnnr_ik.solver import scalars


@st.composite
def arms_and_positions(draw: st.DrawFn) -> tuple[Arm, list[float]]:
    """One of the arms with other link lengths, and joint positions within a turn."""
    arm = draw(st.sampled_from(list(ARMS.values())))
    lengths = draw(
        st.lists(st.floats(0.01, 5.0), min_size=len(arm.link_lengths), max_size=len(arm.link_lengths))
    )
    positions = draw(st.lists(st.floats(-math.pi, math.pi), min_size=arm.n_joints, max_size=arm.n_joints))
    return arm.with_changes(link_lengths=lengths), positions


@given(arms_and_positions())
@settings(deadline=None)
def test_the_jacobian_is_the_derivative_of_the_forward_kinematics(case: tuple[Arm, list[float]]) -> None:
    """Central differences give the same numbers."""
    arm, positions = case
    steps = 1e-6 * np.eye(arm.n_joints)
    difference = (arm.forward(positions + steps) - arm.forward(positions - steps)).T / 2e-6
    np.testing.assert_allclose(arm.jacobian(positions), difference, atol=1e-7 * max(1.0, arm.reach))


@given(arms_and_positions())
@settings(deadline=None)
def test_floats_and_arrays_share_one_formula(case: tuple[Arm, list[float]]) -> None:
    """`tip` of plain floats is `forward` and `jacobian` of an array."""
    arm, positions = case
    tip, jacobian = arm.tip(positions, scalars)
    np.testing.assert_allclose(arm.forward(positions), tip, atol=1e-14 * max(1.0, arm.reach))
    np.testing.assert_allclose(arm.jacobian(positions), jacobian, atol=1e-14 * max(1.0, arm.reach))


@given(arms_and_positions())
@settings(deadline=None)
def test_the_tip_stays_within_reach(case: tuple[Arm, list[float]]) -> None:
    """No posture is longer than the stretched arm."""
    arm, positions = case
    assert np.linalg.norm(arm.forward(positions)) <= arm.reach * (1.0 + 1e-12)
    assert np.linalg.norm(arm.forward([0.0] * arm.n_joints)) == pytest.approx(arm.reach)


@pytest.mark.parametrize("name", ARMS)
def test_torch_and_numpy_share_one_formula(name: str) -> None:
    """Tensors in, tensors out, with the same numbers and a gradient that is the Jacobian."""
    torch = pytest.importorskip("torch", reason="compares with torch")
    arm = ARMS[name]
    batch = arm.sample(30, np.random.default_rng(0))
    tensor = torch.tensor(batch, requires_grad=True)
    tips = arm.forward(tensor)
    np.testing.assert_allclose(tips.detach().numpy(), arm.forward(batch), atol=1e-14)
    np.testing.assert_allclose(arm.jacobian(tensor).detach().numpy(), arm.jacobian(batch), atol=1e-14)
    for row in range(arm.n_coordinates):
        (gradient,) = torch.autograd.grad(tips[:, row].sum(), tensor, retain_graph=True)
        np.testing.assert_allclose(gradient.numpy(), arm.jacobian(batch)[:, row], atol=1e-14)


@pytest.mark.parametrize("name", ARMS)
@pytest.mark.parametrize("batch", [(), (1,), (0,), (4,), (2, 3)])
def test_kinematics_keeps_leading_dimensions(name: str, batch: tuple[int, ...]) -> None:
    """Any batch shape (..., n) comes back as (..., m) and (..., m, n)."""
    arm = ARMS[name]
    positions = np.zeros((*batch, arm.n_joints))
    assert arm.forward(positions).shape == (*batch, arm.n_coordinates)
    assert arm.jacobian(positions).shape == (*batch, arm.n_coordinates, arm.n_joints)


@pytest.mark.parametrize("positions", [0.0, [0.0], [0.0] * 3, np.zeros((2, 4))], ids=str)
def test_wrong_joint_counts_are_refused(positions: Any) -> None:
    """The message says what was expected and what came."""
    shape = str(np.shape(positions)).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"two_link expects .* \(\.\.\., 2\), got {shape}"):
        ARMS["two_link"].forward(positions)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "scara"}, "family must be one of .*planar.*yaw_pitch.*, got 'scara'"),
        ({"link_lengths": (1.0, 0.0)}, r"link lengths must be positive and finite, got \(1.0, 0.0\)"),
        ({"link_lengths": (1.0, -1.0)}, "link lengths must be positive"),
        ({"link_lengths": (1.0, math.nan)}, "link lengths must be positive and finite"),
        ({"link_lengths": (1.0, math.inf)}, "link lengths must be positive and finite"),
        ({"link_lengths": ()}, "link lengths must be positive"),
        ({"link_lengths": (1.0, 1.0, 1.0)}, "two_link needs 3 lower limits, got 2"),
        ({"lower": (-1.0,)}, "needs 2 lower limits, got 1"),
        ({"upper": (1.0, 1.0, 1.0)}, "needs 2 upper limits, got 3"),
        ({"joint_names": ("a",)}, "needs 2 joint names, got 1"),
        ({"joint_names": ("a", "a")}, "joint names must be distinct"),
        ({"joint_names": ("a", "")}, "joint names must be distinct and not empty"),
        ({"link_names": ("base", "link")}, "needs 3 link names, got 2"),
        ({"link_names": ("base", "link", "base")}, "link names must be distinct"),
        (
            {"lower": (1.0, -1.0), "upper": (0.5, 1.0)},
            r"limits of joint_1 .* lower < upper, got \[1.0, 0.5\]",
        ),
        ({"lower": (0.0, 0.0), "upper": (0.0, 1.0)}, "limits of joint_1"),
        ({"lower": (-1.0, -math.inf)}, "limits of joint_2 must be finite"),
        ({"upper": (1.0, math.nan)}, "limits of joint_2 must be finite"),
    ],
)
def test_an_impossible_arm_is_refused(change: dict[str, Any], message: str) -> None:
    """What does not fit is named, with what came."""
    values = Arm.to_dict(ARMS["two_link"])
    with pytest.raises(ValueError, match=message):
        Arm.from_dict({**values, **change})


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_survives_json(name: str) -> None:
    """What `to_dict` writes, `from_dict` reads."""
    arm = ARMS[name].with_changes(link_lengths=[0.1 * (i + 1) for i in range(len(ARMS[name].link_lengths))])
    assert Arm.from_dict(json.loads(json.dumps(arm.to_dict()))) == arm


def test_changes_leave_the_rest_alone() -> None:
    """Lengths, limits and joint names change one by one, and the original stays as it is."""
    arm = ARMS["two_link"]
    changed = arm.with_changes([0.65, 1.45], ([-1.0, -2.0], [1.5, 0.5]), ["shoulder", "elbow"])
    assert (changed.link_lengths, changed.joint_names) == ((0.65, 1.45), ("shoulder", "elbow"))
    assert (changed.lower, changed.upper) == ((-1.0, -2.0), (1.5, 0.5))
    assert changed.reach == pytest.approx(2.1)
    np.testing.assert_array_equal(changed.limits, [[-1.0, -2.0], [1.5, 0.5]])
    assert arm.with_changes() == arm == ARMS["two_link"]
    assert arm.link_lengths == (1.0, 1.0)


def test_samples_fill_the_limits() -> None:
    """Uniform within the limits of each joint, and the same again with the same seed."""
    arm = ARMS["yaw_pitch_pitch"].with_changes(limits=((-3.0, 0.1, -2.5), (3.0, 1.5, -0.2)))
    positions = arm.sample(2000, np.random.default_rng(7))
    assert positions.shape == (2000, 3)
    assert (positions >= arm.lower).all()
    assert (positions <= arm.upper).all()
    np.testing.assert_allclose(positions.mean(axis=0), arm.limits.mean(axis=0), atol=0.15)
    np.testing.assert_array_equal(positions, arm.sample(2000, np.random.default_rng(7)))


def test_the_skeleton_ends_at_the_tip() -> None:
    """From the base over every elbow, each a link's length from the one before."""
    for arm in ARMS.values():
        for positions in arm.sample(20, np.random.default_rng(0)):
            points = arm.skeleton(positions)
            assert not points[0].any()
            np.testing.assert_allclose(points[-1], arm.forward(positions), atol=1e-12)
            lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
            np.testing.assert_allclose(lengths, arm.link_lengths, atol=1e-12)


@pytest.mark.parametrize("name", ARMS)
def test_the_place_in_space(name: str) -> None:
    """A planar arm is in the plane z = 0; leading dimensions stay."""
    arm = ARMS[name]
    tips = arm.forward(arm.sample(6, np.random.default_rng(0))).reshape(2, 3, -1)
    places = arm.in_space(tips)
    np.testing.assert_array_equal(places[..., : arm.n_coordinates], tips)
    assert places.shape == (2, 3, 3)
    assert arm.n_coordinates == 3 or not places[..., 2].any()
    assert arm.plane_height == 0.0
