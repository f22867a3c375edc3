"""Limits come from the URDF or the caller, are narrowed by followers, and hold for locked joints."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from itnnr_ik.robot import KinematicChain
from robot.generated import joint, link, robot, serial

_NO_LIMIT = {"limit": 'velocity="2" effort="1"'}


def _leader_and_follower(mimic: str, limit: str | None, kind: str = "revolute") -> str:
    return robot(
        *map(link, "abc"),
        joint("leader", "revolute", "a", "b", limit='lower="-1" upper="2" velocity="3" effort="1"'),
        joint("follower", kind, "b", "c", limit=limit, mimic=f'joint="leader" {mimic}'),
    )


def test_limits_of_the_urdf_are_taken() -> None:
    """Of position and velocity; continuous joints have limits of velocity only."""
    chain = KinematicChain.from_urdf(serial("revolute", "prismatic", "continuous"))
    assert chain.lower.tolist() == [-1.0, -1.0, -math.inf]
    assert chain.upper.tolist() == [2.0, 2.0, math.inf]
    assert chain.velocity.tolist() == [3.0, 3.0, 3.0]
    assert KinematicChain.from_urdf(serial("continuous", limit=None)).velocity.tolist() == [math.inf]


def test_given_limits_go_before_those_of_the_urdf() -> None:
    """A continuous joint that is given limits is a revolute joint."""
    limits = {"j1": (-3, 3), "j3": np.array([-0.5, 0.5])}
    chain = KinematicChain.from_urdf(serial("revolute", "prismatic", "continuous"), limits=limits)
    assert chain.lower.tolist() == [-3.0, -1.0, -0.5]
    assert chain.upper.tolist() == [3.0, 2.0, 0.5]
    assert chain.joint_types == ("revolute", "prismatic", "revolute")


def test_missing_limits_are_all_named_with_what_to_give() -> None:
    """Revolute and prismatic joints without limits, in one message."""
    message = (
        r"^made_up has no limits for j1, j2; give limits=\{'j1': \(lower, upper\), 'j2': \(lower, upper\)\} "
        r"in rad, prismatic in m$"
    )
    with pytest.raises(ValueError, match=message):
        KinematicChain.from_urdf(serial("revolute", "prismatic", **_NO_LIMIT))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"j1": (1.0, 1.0)}, r"must have lower < upper, got \[1, 1\]; give limits=.* or lock it: locked="),
        ({"j1": (2.0, 1.0)}, r"limits of joint 'j1' must have lower < upper, got \[2, 1\]"),
        ({"j1": (0.0, math.inf)}, "limits of joint 'j1' must be finite, got inf"),
        ({"j1": (math.nan, 1.0)}, "limits of joint 'j1' must be finite, got nan"),
        ({"j1": ("low", 1.0)}, "limits of joint 'j1' must be finite, got 'low'"),
        ({"j1": (0.0, True)}, "limits of joint 'j1' must be finite, got True"),
        ({"j1": (0.0, 10**400)}, "limits of joint 'j1' must be finite, got 1000"),
        ({"j1": (0.0, 1e300)}, r"of joint 'j1' must be finite and at most 1e\+18 in size, got 1e\+300"),
        ({"j1": (1.0, 2.0, 3.0)}, r"'j1' must be a pair \(lower, upper\), got \(1.0, 2.0, 3.0\)"),
        ({"j1": 1.0}, r"limits of joint 'j1' must be a pair \(lower, upper\), got 1.0"),
        ({"j1": np.array(1.0)}, r"limits of joint 'j1' must be a pair \(lower, upper\), got array\(1.\)"),
        ({"j1": "ab"}, r"limits of joint 'j1' must be a pair \(lower, upper\), got 'ab'"),
        ({"j9": (0.0, 1.0)}, "^limits names 'j9', which is no moving joint of the chain from 'l0' to 'l2' in "
                             "made_up; moving joints: j1$"),
        ({"j2": (0.0, 1.0)}, "limits names 'j2', which is no moving joint"),
        ([(0.0, 1.0)], r"^limits must be a dictionary by joint name, got \[\(0.0, 1.0\)\]$"),
    ],
)  # fmt: skip
def test_limits_that_do_not_fit_are_refused(limits: Any, message: str) -> None:
    """The message names the joint, what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        KinematicChain.from_urdf(serial("revolute", "fixed"), limits=limits)


def test_limits_of_the_urdf_that_leave_nothing_are_refused() -> None:
    """Exporters write 0 and 0 where they know none."""
    urdf = serial("revolute", limit='lower="0" upper="0"')
    with pytest.raises(ValueError, match=r"must have lower < upper, got \[0, 0\]; give limits=\{'j1': "):
        KinematicChain.from_urdf(urdf)


def test_a_locked_joint_stays() -> None:
    """It is part of the transforms between the others, at its position."""
    urdf = serial("revolute", "prismatic", "revolute", xyz="0.1 0.2 0.3", rpy="0.4 0.5 0.6", axis="1 2 3")
    whole = KinematicChain.from_urdf(urdf)
    locked = KinematicChain.from_urdf(urdf, locked={"j2": 0.75, "j1": -0.5})
    assert locked.joint_names == ("j3",)
    np.testing.assert_allclose(
        locked.transforms([0.25]), whole.transforms([-0.5, 0.75, 0.25]), rtol=0, atol=1e-15
    )


def test_a_joint_that_is_locked_needs_no_limits() -> None:
    """Neither in the URDF nor from the caller."""
    urdf = serial("revolute", "continuous", **_NO_LIMIT)
    assert KinematicChain.from_urdf(urdf, locked={"j1": 9.0}).joint_names == ("j2",)


@pytest.mark.parametrize(
    ("locked", "message"),
    [
        ({"j1": 2.5}, r"^locked position of joint 'j1' must be in \[-1, 2\], got 2.5$"),
        ({"j1": math.nan}, "^locked position of joint 'j1' must be finite, got nan$"),
        ({"j1": "open"}, "^locked position of joint 'j1' must be finite, got 'open'$"),
        (
            {"j2": 0.0},
            "^locked names 'j2', which is fixed and cannot be locked; moving joints of the chain from 'l0' ",
        ),
        ({"j9": 0.0}, "^locked names 'j9', which is no joint of made_up; joints: j1, j2, j3$"),
        (["j1"], r"^locked must be a dictionary by joint name, got \['j1'\]$"),
        (
            {"j1": 0.0, "j3": 0.0},
            "^the chain from 'l0' to 'l3' in made_up must have 1 to 10 moving joints, got 0: none",
        ),
    ],
)
def test_what_cannot_be_locked_is_refused(locked: Any, message: str) -> None:
    """Positions outside the limits, unknown joints and joints that do not move."""
    with pytest.raises(ValueError, match=message):
        KinematicChain.from_urdf(serial("revolute", "fixed", "prismatic"), locked=locked)


def test_given_limits_hold_for_locked_joints() -> None:
    """The caller's limits decide where both are given."""
    urdf = serial("revolute", "revolute")
    chain = KinematicChain.from_urdf(urdf, limits={"j1": (2.0, 4.0)}, locked={"j1": 3.0})
    assert chain.joint_names == ("j2",)
    with pytest.raises(ValueError, match=r"must be in \[2, 4\], got 0$"):
        KinematicChain.from_urdf(urdf, limits={"j1": (2.0, 4.0)}, locked={"j1": 0.0})


@pytest.mark.parametrize(
    ("mimic", "limit", "expected"),
    [
        ('multiplier="2"', 'lower="-1" upper="3" velocity="4"', (-0.5, 1.5, 2.0)),
        ('multiplier="-2" offset="1"', 'lower="-1" upper="2" velocity="10"', (-0.5, 1.0, 3.0)),
        ('multiplier="0.5"', 'lower="-1" upper="3"', (-1.0, 2.0, 3.0)),
        ("", None, (-1.0, 2.0, 3.0)),
        ('multiplier="-2"', 'velocity="4"', (-1.0, 2.0, 2.0)),
    ],
)
def test_followers_narrow_the_range_of_their_leader(
    mimic: str, limit: str | None, expected: tuple[float, float, float]
) -> None:
    """Such that position and velocity of the follower are within its limits, where it has any."""
    chain = KinematicChain.from_urdf(_leader_and_follower(mimic, limit))
    assert (chain.lower[0], chain.upper[0], chain.velocity[0]) == expected


@pytest.mark.parametrize("limit", ['lower="0" upper="0"', 'lower="1" upper="-1"'])
def test_limits_of_a_follower_that_leave_nothing_are_refused(limit: str) -> None:
    """As those of its leader, also when they are the wrong way round."""
    with pytest.raises(ValueError, match=r"^limits of joint 'follower' must have lower < upper, got "):
        KinematicChain.from_urdf(_leader_and_follower("", limit))


def test_limits_of_a_follower_can_be_given() -> None:
    """They narrow the leader's range in place of those in the URDF."""
    urdf = _leader_and_follower('multiplier="2"', 'lower="5" upper="6"')
    message = (
        "^joint 'follower' mimics 'leader' and leaves it nowhere to move with its limits "
        r"\[5, 6\]; give limits=\{'follower': \(lower, upper\)\}$"
    )
    with pytest.raises(ValueError, match=message):
        KinematicChain.from_urdf(urdf)
    assert KinematicChain.from_urdf(urdf, limits={"follower": (-1.0, 1.0)}).upper.tolist() == [0.5]


def test_a_limited_follower_limits_a_continuous_leader() -> None:
    """Which is no longer continuous then."""
    links = [*map(link, "abc"), joint("leader", "continuous", "a", "b", limit=None)]
    follower = joint("f", "revolute", "b", "c", mimic='joint="leader"')
    chain = KinematicChain.from_urdf(robot(*links, follower))
    assert (chain.lower[0], chain.upper[0], chain.joint_types[0]) == (-1.0, 2.0, "revolute")


def test_each_joint_of_a_chain_of_mimics_keeps_its_own_limits() -> None:
    """Also one that is between the two and not in the chain itself."""
    urdf = robot(
        *map(link, "abcx"),
        joint("leader", "revolute", "a", "b"),
        joint(
            "between",
            "revolute",
            "a",
            "x",
            limit='lower="-1" upper="1"',
            mimic='joint="leader" multiplier="2"',
        ),
        joint(
            "last", "revolute", "b", "c", limit='lower="-9" upper="9"', mimic='joint="between" multiplier="3"'
        ),
    )
    chain = KinematicChain.from_urdf(urdf, "a", "c")
    assert (chain.lower[0], chain.upper[0]) == (-0.5, 0.5)
    wider = KinematicChain.from_urdf(urdf, "a", "c", limits={"between": (-1.5, 1.5)})
    assert (wider.lower[0], wider.upper[0]) == (-0.75, 0.75)
