"""Message conversion, as pure functions on real messages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from hypothesis import given
from hypothesis import strategies as st
from learned import learned_arm
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from itnnr_ik.arms import Arm, get_arm
from itnnr_ik.ros.messages import (
    has_orientation,
    joint_state_from_positions,
    positions_by_name,
    quote_all,
    target_from_position,
)
from itnnr_ik.ros.status import Code, RejectedError

JOINTS = ("shoulder", "elbow", "wrist")
PLANAR, IN_SPACE = get_arm("two_link"), get_arm("yaw_pitch_pitch")


@given(st.permutations([("shoulder", 0.1), ("elbow", 0.2), ("wrist", 0.3), ("gripper", math.nan)]))
def test_positions_go_by_name(pairs: list[tuple[str, float]]) -> None:
    """Any order of the names gives the same positions, and another device's joint does not matter."""
    names, positions = zip(*pairs, strict=True)
    message = JointState(name=names, position=positions)
    np.testing.assert_array_equal(positions_by_name(message, JOINTS), [0.1, 0.2, 0.3])


@pytest.mark.parametrize("names", [("shoulder", "elbow"), ("elbow", "shoulder")])
def test_some_of_the_joints_are_not_enough(names: tuple[str, ...]) -> None:
    """The text says which joint is missing and which names came."""
    message = JointState(name=names, position=[0.1, 0.2])
    with pytest.raises(
        RejectedError, match=r"missing \['wrist'\]; names in the message: \['.*', '.*'\]"
    ) as rejection:
        positions_by_name(message, JOINTS)
    assert rejection.value.code is Code.INVALID_JOINT_STATE


@pytest.mark.parametrize(
    ("names", "positions"),
    [([], []), (["gripper"], [0.1]), (["gripper", "gripper"], [math.nan]), (["", "Elbow"], [])],
)
def test_none_of_the_joints_is_another_device(names: list[str], positions: list[float]) -> None:
    """Such a message is no error, however wrong it is otherwise."""
    assert positions_by_name(JointState(name=names, position=positions), JOINTS) is None


@pytest.mark.parametrize(
    ("names", "positions", "text"),
    [
        ((*JOINTS, "elbow"), [0.1, 0.2, 0.3, 0.4], "'elbow' is named more than once"),
        (JOINTS, [0.1, 0.2], "one position for each of 3 names, got 2"),
        (JOINTS, [0.1, 0.2, 0.3, 0.4], "one position for each of 3 names, got 4"),
        (JOINTS, [], "one position for each of 3 names, got 0"),
        (JOINTS, [0.1, math.nan, 0.3], r"finite positions of .*, got \[0.1, nan, 0.3\]"),
        (JOINTS, [0.1, 0.2, -math.inf], r"finite positions of .*, got \[0.1, 0.2, -inf\]"),
    ],
)
def test_a_joint_state_that_cannot_be_trusted(names: list[str], positions: list[float], text: str) -> None:
    """Each kind of damage has a text that says what was expected and what came."""
    with pytest.raises(RejectedError, match=text) as rejection:
        positions_by_name(JointState(name=names, position=positions), JOINTS)
    assert rejection.value.code is Code.INVALID_JOINT_STATE


@given(
    st.lists(st.one_of(st.sampled_from(JOINTS), st.text()), max_size=20),
    st.lists(st.floats(), max_size=20),
)
def test_any_joint_state_gives_finite_positions_or_a_short_text(
    names: list[str], positions: list[float]
) -> None:
    """Whatever comes: finite positions by name, None, or a rejection that fits a line of a log."""
    message = JointState(name=names, position=positions)
    try:
        result = positions_by_name(message, JOINTS)
    except RejectedError as error:
        rejection = error
    else:
        if result is None:
            assert not set(names) & set(JOINTS)
        else:
            assert np.isfinite(result).all()
            assert result.tolist() == [positions[names.index(joint)] for joint in JOINTS]
        return
    assert rejection.code is Code.INVALID_JOINT_STATE
    assert "\n" not in str(rejection)
    assert len(str(rejection)) < 3000


def test_quoted_names_are_cut() -> None:
    """A message with a thousand long names, control characters among them, fits a line."""
    text = quote_all([f"joint\n{'x' * 500}"] * 1000)
    assert "\\n" in text
    assert "\n" not in text
    assert "and 988 more" in text
    assert len(text) < 1200


def test_target_of_a_planar_arm_and_of_one_in_space() -> None:
    """A planar arm takes x and y, an arm in space x, y and z."""
    position = [0.1, 0.2, 0.3]
    np.testing.assert_array_equal(target_from_position(position, PLANAR), [0.1, 0.2])
    np.testing.assert_array_equal(target_from_position(position, IN_SPACE), [0.1, 0.2, 0.3])


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("arm", [PLANAR, IN_SPACE], ids=["planar", "in space"])
def test_target_that_is_not_finite(axis: int, value: float, arm: Arm) -> None:
    """No coordinate may be, not even the one that a planar arm does not use."""
    position = [0.1, 0.2, 0.3]
    position[axis] = value
    with pytest.raises(
        RejectedError, match=r"expected a finite target position, got .*(nan|inf)"
    ) as rejection:
        target_from_position(position, arm)
    assert rejection.value.code is Code.INVALID_TARGET


@pytest.mark.parametrize("off", [0.011, -0.011])
@pytest.mark.parametrize("arm", [PLANAR, learned_arm(PLANAR, plane_height=0.4)], ids=["known", "learned"])
def test_target_off_the_plane(arm: Arm, off: float) -> None:
    """Where a tolerance is given, and for a planar arm only; the plane is where the arm moves."""
    position = [0.1, 0.2, arm.plane_height + off]
    text = rf"is {off} m off the arm's plane z = {arm.plane_height:g} m, .* plane_tolerance = 0\.01 m"
    with pytest.raises(RejectedError, match=text) as rejection:
        target_from_position(position, arm, 0.01)
    assert rejection.value.code is Code.OFF_PLANE
    assert target_from_position([0.1, 0.2, arm.plane_height], arm, 0.0) == [0.1, 0.2]
    for other, tolerance in ((arm, 0.02), (arm, -1.0), (IN_SPACE, 0.01)):
        assert len(target_from_position(position, other, tolerance)) == other.n_coordinates


@pytest.mark.parametrize(
    ("quaternion", "wanted"),
    [((0, 0, 0, 0), False), ((0, 0, 0, 1), False), ((0, 0, 0, -1), False), ((0, 0.6, 0, 0.8), True)],
)
def test_what_asks_for_an_orientation(quaternion: tuple[float, ...], wanted: bool) -> None:
    """A sender that leaves it empty, or at the frame's own, does not."""
    message = PoseStamped()
    q = message.pose.orientation
    q.x, q.y, q.z, q.w = map(float, quaternion)
    assert has_orientation(message) is wanted


def test_solution_carries_names_and_header() -> None:
    """The robot's names and the target's header, on the limits too."""
    arm = get_arm("two_link")
    header = Header(frame_id="base_link")
    header.stamp.sec = 7
    message = joint_state_from_positions(np.array([arm.lower[0], arm.upper[1]]), arm, ("a", "b"), header)
    assert (message.header, list(message.name)) == (header, ["a", "b"])
    assert list(message.position) == [arm.lower[0], arm.upper[1]]


@given(st.lists(st.floats(), min_size=2, max_size=2))
def test_nothing_outside_the_limits_becomes_a_message(positions: list[float]) -> None:
    """The last guard before a robot: finite and within limits, or an error."""
    arm = get_arm("two_link")
    inside = all(low <= p <= high for low, p, high in zip(arm.lower, positions, arm.upper, strict=True))
    if inside:
        message = joint_state_from_positions(np.array(positions), arm, arm.joint_names, Header())
        assert list(message.position) == positions
        return
    with pytest.raises(RejectedError, match="it is not published") as rejection:
        joint_state_from_positions(np.array(positions), arm, arm.joint_names, Header())
    assert rejection.value.code is Code.SOLVER_ERROR


def test_a_solution_of_the_wrong_length_becomes_no_message() -> None:
    """Nor does one of too few or too many positions."""
    arm = get_arm("two_link")
    for count in (0, 1, 3):
        with pytest.raises(RejectedError, match="it is not published"):
            joint_state_from_positions(np.zeros(count), arm, arm.joint_names, Header())
