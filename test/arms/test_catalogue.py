"""The paper's three arms."""

from __future__ import annotations

import math

import pytest

from itnnr_ik.arms import ARMS, get_arm


@pytest.mark.parametrize(
    ("name", "joints", "links", "coordinates"),
    [("two_link", 2, 2, 2), ("three_link", 3, 3, 2), ("yaw_pitch_pitch", 3, 2, 3)],
)
def test_the_defaults_are_those_of_the_paper(name: str, joints: int, links: int, coordinates: int) -> None:
    """All links 1.0 m, all joints within ±π/2."""
    arm = get_arm(name)
    assert arm.name == name
    assert (arm.n_joints, arm.n_coordinates) == (joints, coordinates)
    assert arm.link_lengths == (1.0,) * links
    assert arm.lower == (-math.pi / 2,) * joints
    assert arm.upper == (math.pi / 2,) * joints
    assert arm.base_link == "base_link"


def test_an_unknown_arm_is_answered_with_the_known_ones() -> None:
    """The message lists every name."""
    with pytest.raises(ValueError, match=r"'four_link'; available: two_link, three_link, yaw_pitch_pitch"):
        get_arm("four_link")


def test_there_are_no_others() -> None:
    """Three arms, as in the paper."""
    assert list(ARMS) == ["two_link", "three_link", "yaw_pitch_pitch"]
