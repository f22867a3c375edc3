"""The arrays that a chain is made of."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.robot import KinematicChain
from robot.generated import joint, link, robot, serial


def test_elements_have_the_documented_layout() -> None:
    """Fixed transform, kind of motion, index, ratio and offset; the last row leads to the tip."""
    chain = KinematicChain.from_urdf(serial("revolute", "fixed", "prismatic", "fixed", xyz="1 2 3"))
    identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    step = [1, 0, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3]
    assert chain.elements.tolist() == [
        [*step, 0, 0, 1, 0],
        [*(2 * np.array(step) - identity), 1, 1, 1, 0],
        [*step, 0, 0, 0, 0],
    ]
    assert chain.elements.flags.c_contiguous
    assert chain.elements.dtype == np.float64


def test_the_axis_is_z_of_the_element() -> None:
    """Third column of the first transform, for an axis in any direction."""
    chain = KinematicChain.from_urdf(serial("revolute", axis="0.3 -0.4 -1.2", rpy="0.1 0.2 0.3"))
    first = chain.elements[0, :12].reshape(3, 4)
    unturned = KinematicChain.from_urdf(serial("revolute", rpy="0.1 0.2 0.3")).elements[0, :12].reshape(3, 4)
    axis = np.array([0.3, -0.4, -1.2]) / 1.3
    np.testing.assert_allclose(first[:, 2], unturned[:, :3] @ axis, rtol=0, atol=1e-15)
    np.testing.assert_allclose(chain.transforms([0.0])[:3, :3], unturned[:, :3], rtol=0, atol=1e-15)


@pytest.mark.parametrize("count", [1, 10])
def test_one_to_ten_joints_can_move(count: int) -> None:
    """Both ends of the range."""
    assert KinematicChain.from_urdf(serial(*["revolute"] * count)).n_joints == count


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        (["fixed"], "^the chain from 'l0' to 'l1' in made_up must have 1 to 10 moving joints, got 0: none$"),
        (
            ["revolute"] * 11,
            "^the chain from 'l0' to 'l11' in made_up must have 1 to 10 moving joints, got 11: j1, j2, ",
        ),
    ],
)
def test_other_counts_are_refused(kinds: list[str], message: str) -> None:
    """With the joints that there are."""
    with pytest.raises(ValueError, match=message):
        KinematicChain.from_urdf(serial(*kinds))


def _mimic_of_a_mimic() -> str:
    huge = 'multiplier="1e9" offset="1e9"'
    return robot(
        *map(link, "abcd"),
        joint("j1", "continuous", "a", "b"),
        joint("j2", "continuous", "b", "c", mimic=f'joint="j1" {huge}'),
        joint("j3", "continuous", "c", "d", mimic=f'joint="j2" {huge}'),
    )


@pytest.mark.parametrize("urdf", [serial("fixed", "fixed", "revolute", xyz="1e308 0 0"), _mimic_of_a_mimic()])
def test_sums_that_overflow_are_refused(urdf: str) -> None:
    """Numbers that are finite one by one need not be so together."""
    with pytest.raises(ValueError, match=r"in made_up has lengths, multipliers or offsets beyond 1e\+09$"):
        KinematicChain.from_urdf(urdf)


def test_an_arm_gets_a_million_kilometres_from_its_base() -> None:
    """Up to there a double tells positions apart; a prismatic joint without limits gets farther."""
    far = KinematicChain.from_urdf(serial("revolute", "fixed", xyz="4e8 0 0"))
    assert far.farthest == pytest.approx(8e8)
    for urdf in (
        serial("revolute", "fixed", "fixed", xyz="4e8 0 0"),
        serial("prismatic", limit='lower="-1e16" upper="1e16"'),
    ):
        with pytest.raises(ValueError, match=r"made_up must get at most 1e\+09 m from its base, got 1"):
            KinematicChain.from_urdf(urdf)
    assert KinematicChain.from_urdf(serial("revolute", limit='lower="-1e16" upper="1e16"')).upper == [1e16]


@pytest.mark.parametrize("kind", ["floating", "planar"])
def test_joints_of_several_degrees_of_freedom_are_refused(kind: str) -> None:
    """In the chain only: beyond its base they do not matter."""
    urdf = serial(kind, "revolute")
    with pytest.raises(
        ValueError, match=f"^joint 'j1' is {kind}, and the chain from 'l0' to 'l2' in made_up can have "
    ):
        KinematicChain.from_urdf(urdf)
    assert KinematicChain.from_urdf(urdf, base="l1").joint_names == ("j2",)
