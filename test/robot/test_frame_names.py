"""Names of frames as tf2 has them."""

from __future__ import annotations

import pytest

from itnnr_ik.robot.frame_names import without_slash


@pytest.mark.parametrize(
    ("name", "expected"), [("/base_link", "base_link"), ("arm/base", "arm/base"), ("//a", "/a"), ("", "")]
)
def test_one_leading_slash_does_not_count(name: str, expected: str) -> None:
    """Others belong to the name: tf2, too, takes off one."""
    assert without_slash(name) == expected
