"""Message conversion, as pure functions on real messages."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from hypothesis import given
from hypothesis import strategies as st
from learned import learned_arm
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain, load_robot
from itnnr_ik.ros import interfaces
from itnnr_ik.ros.messages import (
    has_orientation,
    joint_state_from_positions,
    positions_by_name,
    quote_all,
    target_from_pose,
)
from itnnr_ik.ros.status import Code, RejectedError

JOINTS = ("shoulder", "elbow", "wrist")
ARM = load_robot("two_link")
PLANAR, IN_SPACE, POSE = (IKSolver.load(name) for name in ("two_link", "yaw_pitch_pitch", "panda"))
POINTING = IKSolver.load("so101")
UPRIGHT = [0.0, 0.0, 0.0, 1.0]


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


def test_target_of_each_task() -> None:
    """A planar arm takes x and y, an arm in space x, y and z, others the orientation too, of any length."""
    pose = [0.1, 0.2, 0.3, 0.0, 0.0, 1.2, 1.6]
    assert target_from_pose(pose, PLANAR) == [0.1, 0.2]
    assert target_from_pose(pose, IN_SPACE) == [0.1, 0.2, 0.3]
    for solver in (POSE, POINTING):
        assert target_from_pose(pose, solver) == [0.1, 0.2, 0.3, 0.0, 0.0, 0.6, 0.8]


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("solver", [PLANAR, IN_SPACE, POSE], ids=["planar", "in space", "pose"])
def test_target_that_is_not_finite(axis: int, value: float, solver: IKSolver) -> None:
    """No coordinate may be, not even the one that a planar arm does not use."""
    pose = [0.1, 0.2, 0.3, *UPRIGHT]
    pose[axis] = value
    with pytest.raises(
        RejectedError, match=r"expected a finite target position, got .*(nan|inf)"
    ) as rejection:
        target_from_pose(pose, solver)
    assert rejection.value.code is Code.INVALID_TARGET


@pytest.mark.parametrize("quaternion", [[0.0] * 4, [math.nan, 0.0, 0.0, 1.0], [0.0, math.inf, 0.0, 1.0]])
def test_target_without_an_orientation(quaternion: list[float]) -> None:
    """Refused where it counts, and not looked at where it does not."""
    for solver in (POSE, POINTING):
        text = f"counts in a {solver.task.kind} task: a finite"
        with pytest.raises(RejectedError, match=text) as rejection:
            target_from_pose([0.1, 0.2, 0.3, *quaternion], solver)
        assert rejection.value.code is Code.INVALID_TARGET
    assert target_from_pose([0.1, 0.2, 0.3, *quaternion], IN_SPACE) == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("off", [0.011, -0.011])
@pytest.mark.parametrize("height", [0.0, 0.4], ids=["known", "learned"])
def test_target_off_the_plane(height: float, off: float) -> None:
    """Where a tolerance is given, and for a planar arm only; the plane is where the arm moves."""
    solver = PLANAR
    if height:
        arm = learned_arm(ARM, plane_height=height)
        solver = IKSolver(arm, PLANAR.task)
    pose = [0.1, 0.2, height + off, *UPRIGHT]
    text = rf"is {off} m off the arm's plane z = {height:g} m, .* plane_tolerance = 0\.01 m"
    with pytest.raises(RejectedError, match=text) as rejection:
        target_from_pose(pose, solver, 0.01)
    assert rejection.value.code is Code.OFF_PLANE
    assert target_from_pose([0.1, 0.2, height, *UPRIGHT], solver, 0.0) == [0.1, 0.2]
    for other, tolerance in ((solver, 0.02), (solver, -1.0), (IN_SPACE, 0.01)):
        assert len(target_from_pose(pose, other, tolerance)) == other.task.n_coordinates


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
    arm = ARM
    header = Header(frame_id="base_link")
    header.stamp.sec = 7
    message = joint_state_from_positions(np.array([arm.lower[0], arm.upper[1]]), arm, ("a", "b"), header)
    assert (message.header, list(message.name)) == (header, ["a", "b"])
    assert list(message.position) == [arm.lower[0], arm.upper[1]]


@given(st.lists(st.floats(), min_size=2, max_size=2))
def test_nothing_outside_the_limits_becomes_a_message(positions: list[float]) -> None:
    """The last guard before a robot: finite and within limits, or an error."""
    arm = ARM
    inside = all(low <= p <= high for low, p, high in zip(arm.lower, positions, arm.upper, strict=True))
    if inside:
        message = joint_state_from_positions(np.array(positions), arm, arm.joint_names, Header())
        assert list(message.position) == positions
        return
    with pytest.raises(RejectedError, match="it is not published") as rejection:
        joint_state_from_positions(np.array(positions), arm, arm.joint_names, Header())
    assert rejection.value.code is Code.SOLVER_ERROR


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_joint_without_limits_has_to_be_finite_still(value: float) -> None:
    """Infinity lies within limits that are infinite."""
    urdf = ARM.urdf.replace('"revolute"', '"continuous"')
    arm = KinematicChain.from_urdf(urdf)
    assert np.isinf(arm.upper).all()
    message = joint_state_from_positions(np.array([99.0, -99.0]), arm, arm.joint_names, Header())
    assert list(message.position) == [99.0, -99.0]
    with pytest.raises(RejectedError, match="it is not published"):
        joint_state_from_positions(np.array([0.0, value]), arm, arm.joint_names, Header())


def test_a_solution_of_the_wrong_length_becomes_no_message() -> None:
    """Nor does one of too few or too many positions."""
    arm = ARM
    for count in (0, 1, 3):
        with pytest.raises(RejectedError, match="it is not published"):
            joint_state_from_positions(np.zeros(count), arm, arm.joint_names, Header())


@pytest.mark.parametrize("exponent", [-1000, 0, 1, 1000])
def test_an_orientation_of_any_length_is_brought_to_about_unit_length(exponent: int) -> None:
    """Squares of its numbers may be 0 or infinite: nobody behind has to think of that. No digit changes."""
    quaternion = [0.6, 0.0, 0.8, 0.0]
    pose = [0.1, 0.2, 0.3, *(math.ldexp(number, exponent) for number in quaternion)]
    assert target_from_pose(pose, POSE) == [0.1, 0.2, 0.3, *quaternion]


@pytest.mark.parametrize(
    ("commands", "state"),
    [
        (interfaces.COMMAND_TYPES[interfaces.TRAJECTORY][1], interfaces.CONTROLLER_STATE.name),
        ("joint_trajectory", "controller_state"),
        ("/joint_trajectory", "/controller_state"),
        ("arm/joint_trajectory", "arm/controller_state"),
        ("/a/b/joint_trajectory", "/a/b/controller_state"),
    ],
)
def test_a_controller_tells_its_state_beside_where_commands_go(
    commands: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a namespace, too, a topic that begins with a slash is not below it."""
    monkeypatch.setattr(interfaces, "CONTROLLER_STATE", replace(interfaces.CONTROLLER_STATE, type=JointState))
    assert interfaces.controller_state_topic(commands) == state
