"""Mimic joints resolved to the joints that drive them."""

from __future__ import annotations

import pytest

from itnnr_ik.robot import KinematicChain
from robot.generated import joint, link, robot

_FINGER = 'joint="finger" multiplier="2" offset="0.25"'


def _gripper(**finger: str) -> str:
    """A wrist that turns, and a thumb on it that mimics a finger on another branch."""
    return robot(
        *map(link, ("palm", "wrist", "finger", "thumb")),
        joint("turn", "revolute", "palm", "wrist"),
        joint("finger", **{"kind": "revolute", "parent": "palm", "child": "finger", **finger}),  # type: ignore[arg-type]
        joint("thumb", "prismatic", "wrist", "thumb", mimic=_FINGER),
    )


def _ratio_and_offset(urdf: str, base: str, tip: str) -> list[list[float]]:
    return KinematicChain.from_urdf(urdf, base, tip).elements[:-1, 13:].tolist()


def test_ratios_and_offsets_go_through_chains_of_mimics() -> None:
    """A follower of a follower has the product of ratios, wherever the leader is in the chain."""
    urdf = robot(
        *map(link, "abcd"),
        joint("third", "revolute", "a", "b", mimic='joint="second" multiplier="3" offset="1"'),
        joint("first", "revolute", "b", "c"),
        joint("second", "revolute", "c", "d", mimic='joint="first" multiplier="-0.5" offset="2"'),
    )
    chain = KinematicChain.from_urdf(urdf, limits={"third": (-20.0, 20.0), "second": (-20.0, 20.0)})
    assert chain.joint_names == ("first",)
    assert chain.elements[:-1, 13:].tolist() == [[0, -1.5, 7.0], [0, 1.0, 0.0], [0, -0.5, 2.0]]


def test_a_leader_elsewhere_must_be_locked() -> None:
    """The message says how; then its follower stays where that puts it."""
    message = (
        "^joint 'thumb' mimics 'finger', which is not in the chain from 'palm' to 'thumb' in made_up; "
        r"lock it: locked=\{'finger': value\}$"
    )
    with pytest.raises(ValueError, match=message):
        KinematicChain.from_urdf(_gripper(), "palm", "thumb")
    chain = KinematicChain.from_urdf(_gripper(), "palm", "thumb", locked={"finger": 0.5})
    assert chain.joint_names == ("turn",)
    assert chain.forward([0.0])[2] == 2 * 0.5 + 0.25


def test_a_follower_must_stay_within_its_limits() -> None:
    """A leader locked where its follower cannot go is refused."""
    with pytest.raises(
        ValueError, match=r"^joint 'thumb' stays at 2.25 by what it mimics, outside its limits \[-1, 2\]"
    ):
        KinematicChain.from_urdf(_gripper(), "palm", "thumb", locked={"finger": 1.0})


def test_a_follower_can_be_locked_itself() -> None:
    """It mimics nothing then."""
    chain = KinematicChain.from_urdf(_gripper(), "palm", "thumb", locked={"thumb": 1.5})
    assert (chain.joint_names, chain.forward([0.0])[2]) == (("turn",), 1.5)


def test_what_mimics_a_fixed_joint_stays() -> None:
    """A fixed joint is at 0."""
    chain = KinematicChain.from_urdf(_gripper(kind="fixed"), "palm", "thumb")
    assert (chain.joint_names, chain.forward([0.0])[2]) == (("turn",), 0.25)


def test_a_ratio_of_zero_stays() -> None:
    """It is at its offset, whatever moves."""
    urdf = _gripper().replace('multiplier="2"', 'multiplier="0"')
    assert KinematicChain.from_urdf(urdf, "palm", "thumb").forward([0.7])[2] == 0.25


@pytest.mark.parametrize(
    ("mimic", "message"),
    [
        (
            'joint="toe"',
            "^<mimic> of joint 'thumb' names 'toe', which is no joint of made_up; joints: turn, finger",
        ),
        ('joint="thumb"', "^joint 'thumb' mimics itself in the end: 'thumb' → 'thumb'$"),
    ],
)
def test_mimics_that_lead_nowhere_are_refused(mimic: str, message: str) -> None:
    """Unknown joints and rings."""
    with pytest.raises(ValueError, match=message):
        KinematicChain.from_urdf(_gripper().replace(_FINGER, mimic), "palm", "thumb")


def test_rings_of_mimics_are_refused() -> None:
    """Two joints that mimic each other have no position."""
    urdf = robot(
        *map(link, "abc"),
        joint("x", "revolute", "a", "b", mimic='joint="y"'),
        joint("y", "revolute", "b", "c", mimic='joint="x"'),
    )
    with pytest.raises(ValueError, match=r"^joint 'x' mimics itself in the end: 'x' → 'y' → 'x'$"):
        KinematicChain.from_urdf(urdf)


def _row(count: int, multiplier: str = "1") -> str:
    """Joints in a row, each of which mimics the one before it."""
    mimics = [None, *(f'joint="j{i}" multiplier="{multiplier}"' for i in range(count - 1))]
    return robot(
        *(link(f"l{i}") for i in range(count + 1)),
        *(joint(f"j{i}", "revolute", f"l{i}", f"l{i + 1}", mimic=mimics[i], limit='lower="-9" upper="9"')
          for i in range(count)),
    )  # fmt: skip


@pytest.mark.parametrize("multiplier", ["1e-9", "1e9"])
def test_many_mimics_of_mimics_are_followed(multiplier: str) -> None:
    """Products of their multipliers stay finite; longer chains are refused."""
    if multiplier == "1e-9":
        chain = KinematicChain.from_urdf(_row(33, multiplier))
        assert chain.elements[1, 14] == 1e-9
        assert (chain.elements[:-1, 14] > 0.0).all()
    else:
        with pytest.raises(ValueError, match=r"lengths, multipliers or offsets beyond 1e\+09$"):
            KinematicChain.from_urdf(_row(33, multiplier))


def test_too_many_mimics_of_mimics_are_refused() -> None:
    """At once, however many."""
    for count in (34, 256):
        with pytest.raises(ValueError, match=r"^joint 'j33' mimics another through more than 32 joints$"):
            KinematicChain.from_urdf(_row(count))
    with pytest.raises(ValueError, match=r"in made_up can have 256 joints that move, got 9999$"):
        KinematicChain.from_urdf(_row(9999))


def test_joints_of_several_degrees_of_freedom_cannot_be_mimicked() -> None:
    """They have no single position."""
    with pytest.raises(ValueError, match=r"^joint 'thumb' mimics 'finger', which is floating$"):
        KinematicChain.from_urdf(_gripper(kind="floating"), "palm", "thumb")
