"""A joint's numbers are read as the URDF format says, or refused in one line."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest

from itnnr_ik.robot.joint import Joint, Limit, Mimic
from robot.generated import joint


def _joint(kind: str = "revolute", *, inside: str | None = None, **parts: str | None) -> Joint:
    text = joint("elbow", kind, "a", "b", **parts)  # type: ignore[arg-type]
    if inside is not None:
        text = f'<joint name="elbow" type="{kind}">{inside}</joint>'
    return Joint("elbow", kind, "a", "b", ElementTree.fromstring(text))


def test_what_is_left_out_has_the_default_of_the_format() -> None:
    """No origin is the identity, no axis is x, no limit is none, and no mimic is none."""
    bare = _joint(inside="")
    assert np.array_equal(bare.origin(), np.eye(4))
    assert np.array_equal(bare.axis(), [1.0, 0.0, 0.0])
    assert bare.limit() == Limit(None, None, math.inf)
    assert bare.mimic() is None
    half = _joint(inside='<origin/><axis/><limit effort="1"/><mimic joint="other"/>')
    assert np.array_equal(half.origin(), np.eye(4))
    assert np.array_equal(half.axis(), [1.0, 0.0, 0.0])
    assert half.limit() == Limit(None, None, math.inf)
    assert half.mimic() == Mimic("other", 1.0, 0.0)


def test_one_limit_alone_makes_the_other_zero() -> None:
    """The format's default of lower and upper is 0."""
    assert _joint(limit='upper="1.5"').limit()[:2] == (0.0, 1.5)
    assert _joint(limit='lower="-1.5"').limit()[:2] == (-1.5, 0.0)


@pytest.mark.parametrize(
    ("text", "value"), [("2.5", 2.5), ("0", math.inf), ("-1", math.inf), ("inf", math.inf)]
)
def test_velocity_limits_that_say_nothing_are_none(text: str, value: float) -> None:
    """Exporters write 0 or −1 where they know no limit."""
    assert _joint(limit=f'velocity="{text}"').limit().velocity == value


def test_the_axis_has_unit_length() -> None:
    """An axis of any length is normalised, sign and all."""
    np.testing.assert_allclose(_joint(axis="0 -3e-5 4e-5").axis(), [0.0, -0.6, 0.8], rtol=0, atol=1e-15)


def test_an_origin_may_have_a_quaternion() -> None:
    """quat_xyzw takes the place of rpy in newer files."""
    turned = _joint(inside='<origin xyz="1 2 3" quat_xyzw="0 0 2 2"/>').origin()
    np.testing.assert_allclose(
        turned, [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]], rtol=0, atol=1e-15
    )


@pytest.mark.parametrize(
    ("call", "inside", "message"),
    [
        (
            "origin",
            '<origin xyz="1 2"/>',
            "xyz in <origin> of joint 'elbow' must be 3 finite numbers, got '1 2'",
        ),
        ("origin", '<origin xyz=""/>', "xyz in <origin> of joint 'elbow' must be 3 finite numbers, got ''"),
        ("origin", '<origin xyz="1 2 x"/>', "xyz in <origin> .* must be 3 finite numbers, got '1 2 x'"),
        ("origin", '<origin xyz="1 2 1_0"/>', "xyz in <origin> .* must be 3 finite numbers, got '1 2 1_0'"),
        ("origin", '<origin rpy="0 nan 0"/>', "rpy in <origin> .* must be 3 finite numbers, got '0 nan 0'"),
        ("origin", '<origin rpy="0 inf 0"/>', "rpy in <origin> .* must be 3 finite numbers, got '0 inf 0'"),
        ("origin", '<origin quat_xyzw="0 0 1"/>', "quat_xyzw in <origin> .* must be 4 finite numbers"),
        ("origin", '<origin quat_xyzw="0 0 0 0"/>', "either rpy or a quat_xyzw that is not zero"),
        ("origin", '<origin rpy="0 0 0" quat_xyzw="0 0 0 1"/>', "either rpy or a quat_xyzw that is not zero"),
        ("axis", '<axis xyz="0 0 0"/>', r"axis of joint 'elbow' must not be zero, got \[0.0, 0.0, 0.0\]"),
        ("axis", '<axis xyz="1.7e308 1.7e308 0"/>', "axis of joint 'elbow' must not be zero"),
        ("origin", '<origin quat_xyzw="1.7e308 1.7e308 0 0"/>', "either rpy or a quat_xyzw that is not zero"),
        ("origin", f'<origin xyz="{"1" * 9999} 0 0"/>', "finite numbers, got '1{37}[.]{3}1+ 0 0'"),
        ("axis", '<axis xyz="0 0"/>', "xyz in <axis> of joint 'elbow' must be 3 finite numbers, got '0 0'"),
        (
            "limit",
            '<limit lower="nan"/>',
            "lower in <limit> of joint 'elbow' must be a finite number, got 'nan'",
        ),
        (
            "limit",
            '<limit upper="inf"/>',
            "upper in <limit> of joint 'elbow' must be a finite number, got 'inf'",
        ),
        ("limit", '<limit upper="1 2"/>', "upper in <limit> .* must be a finite number, got '1 2'"),
        ("limit", '<limit velocity="fast"/>', "velocity in <limit> .* must be a finite number, got 'fast'"),
        (
            "limit",
            '<limit upper="1e300"/>',
            r"upper in <limit> .* must be a finite number of at most 1e\+18 in size, got '1e300'",
        ),
        (
            "mimic",
            '<mimic joint="a" multiplier="1e10"/>',
            "multiplier in <mimic> .* must be 0 or from 1e-09 to ",
        ),
        ("mimic", '<mimic joint="a" multiplier="-1e-10"/>', "in size, got -1e-10"),
        ("mimic", "<mimic/>", "<mimic> of joint 'elbow' must name a joint"),
        ("mimic", '<mimic joint="a" offset="x"/>', "offset in <mimic> .* must be a finite number, got 'x'"),
        (
            "mimic",
            '<mimic joint="a" multiplier=""/>',
            "multiplier in <mimic> .* must be a finite number, got ''",
        ),
    ],
)
def test_what_is_wrong_is_said_with_joint_and_attribute(call: str, inside: str, message: str) -> None:
    """Malformed vectors, numbers that are not finite and axes of no length name the joint."""
    with pytest.raises(ValueError, match=message):
        getattr(_joint(inside=inside), call)()
