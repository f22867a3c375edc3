"""Paths of poses, and the trajectories of the joints that are published for them."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from configurations import NOW, answerer_of, configured
from geometry_msgs.msg import PoseStamped
from hypothesis import given, settings
from hypothesis import strategies as st
from probe import Probe
from rclpy.serialization import serialize_message
from rules import acceptance_problems
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.ros.answering.answer import Answerer
from itnnr_ik.ros.messages import pose_values
from itnnr_ik.ros.paths.joint_path import MAX_POSES, Start, read_path, solve_poses, stamp_of
from itnnr_ik.ros.status import Code, RejectedError
from itnnr_ik.ros.time_messages import nanoseconds_of


def answer_path(
    answerer: Answerer, header: Header, poses: list[PoseStamped], values: dict[str, str | float]
) -> JointTrajectory:
    """The trajectory for a path that comes now."""
    start = Start(answerer.configuration, answerer.current(NOW), answerer.turns)
    return solve_poses(start, answerer.frames, header, poses, values)


def elbow_path(count: int = 50) -> np.ndarray:
    """Joint positions (count, 2) of the two-link arm, through its stretched posture."""
    elbow = np.linspace(0.5, -0.5, count)
    return np.stack([0.2 - 0.3 * elbow, elbow], axis=1)


def poses_of(probe: Probe, targets: np.ndarray, frame: str, times: np.ndarray | None = None) -> list[Any]:
    poses = [probe.pose(target, frame=frame) for target in targets]
    for pose, time in zip(poses, np.zeros(len(poses)) if times is None else times, strict=True):
        pose.header.stamp.sec, pose.header.stamp.nanosec = int(time), round(1e9 * (time % 1.0))
    return poses


def times_of(trajectory: JointTrajectory) -> np.ndarray:
    offsets = [point.time_from_start for point in trajectory.points]
    return np.array([offset.sec + 1e-9 * offset.nanosec for offset in offsets])


def positions_of(trajectory: JointTrajectory) -> np.ndarray:
    return np.array([point.positions for point in trajectory.points])


def test_a_path_is_followed_through_a_singular_posture(probe: Probe) -> None:
    """At its stamps, where the joints are fast enough; as a controller accepts it."""
    path = elbow_path()
    answerer = answerer_of(probe, "two_link", path[0])
    times = 1_700_000_000 + 0.1 * np.arange(len(path))
    poses = poses_of(probe, answerer.configuration.solver.target_at(path), "base_link", times)
    values: dict[str, str | float] = {}
    found = answer_path(answerer, Header(frame_id="base_link"), poses, values)
    np.testing.assert_allclose(positions_of(found), path, atol=1e-3)
    np.testing.assert_allclose(np.diff(times_of(found)), 0.1, atol=1e-6)
    names = answerer.configuration.joints
    assert acceptance_problems(found, names) == []
    assert (found.header.frame_id, found.header.stamp.sec) == ("base_link", 0)
    assert values["poses"] == str(len(path))
    assert float(values["residual"]) <= 1e-6


@pytest.mark.parametrize("stamped", [False, True])
def test_velocity_limits_are_kept(probe: Probe, stamped: bool) -> None:
    """The first point is as far in time as it takes to get there; all steps are as fast as they may be."""
    path = elbow_path()
    away = path[0] + [0.4, 0.0]
    answerer = answerer_of(probe, "two_link", away, max_velocity=(0.5,))
    times = 1e-3 * np.arange(1, len(path) + 1) if stamped else None
    poses = poses_of(probe, answerer.configuration.solver.target_at(path), "base_link", times)
    found = answer_path(answerer, Header(), poses, {})
    positions = np.concatenate([[away], positions_of(found)])
    steps = np.diff(np.concatenate([[0.0], times_of(found)]))
    speeds = np.abs(np.diff(positions, axis=0)).max(axis=1) / steps
    assert speeds.max() <= 0.5 * (1.0 + 1e-5)
    assert speeds.min() >= 0.5 * (1.0 - 1e-5)


def test_the_arm_stays_on_its_branch(probe: Probe) -> None:
    """From either elbow, where both can follow."""
    for side in (1.0, -1.0):
        path = np.array([[0.1, 0.9 * side], [0.11, 0.91 * side], [0.12, 0.92 * side]])
        answerer = answerer_of(probe, "two_link", path[0])
        poses = poses_of(probe, answerer.configuration.solver.target_at(path), "base_link")
        found = answer_path(answerer, Header(), poses, {})
        np.testing.assert_allclose(positions_of(found), path, atol=1e-6)


def test_the_frame_of_the_path_stands_in(probe: Probe) -> None:
    """For poses that name none; one in a frame that nobody knows is named."""
    answerer = answerer_of(probe, "two_link", [0.0, 0.5])
    target = answerer.configuration.solver.target_at([[0.0, 0.5]])
    for frame in ("base_link", "/base_link"):
        answer_path(answerer, Header(frame_id=frame), poses_of(probe, target, ""), {})
    for frames in (("base_link", "table"), ("table", "")):
        poses = poses_of(probe, target, "base_link") + poses_of(probe, target, frames[1])
        with pytest.raises(RejectedError, match=r"pose 1: expected a target in frame 'base_link'") as caught:
            answer_path(answerer, Header(frame_id=frames[0]), poses, {})
        assert caught.value.code is Code.WRONG_FRAME


def refusals(probe: Probe) -> dict[str, tuple[list[PoseStamped], Code, str]]:
    """What is refused of a path of the two-link arm, and how."""
    good = probe.pose((1.5, 0.3), frame="base_link")
    broken = probe.pose((math.nan, 0.3), frame="base_link")
    return {
        "empty": ([], Code.INVALID_TARGET, f"expected a path of 1 to {MAX_POSES} poses, got 0"),
        "long": ([good] * (MAX_POSES + 1), Code.INVALID_TARGET, f"poses, got {MAX_POSES + 1}"),
        "nan": ([good, broken], Code.INVALID_TARGET, "pose 1: expected a finite target position"),
    }


@pytest.mark.parametrize("kind", ["empty", "long", "nan"])
def test_bad_paths_are_refused_in_one_line(probe: Probe, kind: str) -> None:
    poses, code, text = refusals(probe)[kind]
    with pytest.raises(RejectedError) as caught:
        answer_path(answerer_of(probe, "two_link", [0.0, 0.5]), Header(), poses, {})
    assert caught.value.code is code
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_gaps_are_told(probe: Probe) -> None:
    """A stretch out of reach, with its poses and how far it is; a whole path needs to be without one."""
    answerer = answerer_of(probe, "two_link", [0.0, 0.5])
    reach = answerer.configuration.solver.arm.reach
    targets = np.stack([np.full(30, reach - 0.05), np.zeros(30)], axis=1)
    targets[10:15, 0] = reach + 0.25
    values: dict[str, str | float] = {}
    with pytest.raises(RejectedError, match=r"targets 10 to 14: out of reach, 0\.25 m") as caught:
        answer_path(answerer, Header(), poses_of(probe, targets, "base_link"), values)
    assert caught.value.code is Code.GAPS
    assert values["gaps"] == "targets 10 to 14: out of reach, 0.25 m"


def test_the_joints_have_to_be_known(probe: Probe) -> None:
    """As for a target."""
    poses = [probe.pose((1.5, 0.3), frame="base_link")]
    with pytest.raises(RejectedError) as caught:
        answer_path(answerer_of(probe, "two_link", None), Header(), poses, {})
    assert caught.value.code is Code.NO_JOINT_STATE
    answerer = answerer_of(probe, "two_link", None, require_joint_states=False)
    assert len(answer_path(answerer, Header(), poses, {}).points) == 1


NUMBERS = st.one_of(st.floats(-1.5, 1.5), st.floats(), st.sampled_from((0.0, 1e300, math.nan, math.inf)))


@st.composite
def any_poses(draw: st.DrawFn) -> list[PoseStamped]:
    """Poses near the arm and far, of numbers that are none, in frames that are known or not."""
    poses = []
    for _ in range(draw(st.integers(0, 6))):
        message = PoseStamped()
        message.header.frame_id = draw(st.sampled_from(("base_link", "base_link", "", "moon")))
        message.header.stamp.sec = draw(st.integers(-(2**31), 2**31 - 1))
        point, q = message.pose.position, message.pose.orientation
        near = st.tuples(st.floats(1.4, 1.9), st.floats(-0.3, 0.3), st.just(0.0))
        point.x, point.y, point.z = draw(near | st.tuples(NUMBERS, NUMBERS, NUMBERS))
        q.x, q.y, q.z, q.w = draw(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
        poses.append(message)
    return poses


@pytest.mark.parametrize("model", ["two_link", "ur5e"])
def test_any_path_gets_a_trajectory_or_a_refusal(probe: Probe, model: str) -> None:
    """Within limits and as a controller accepts it, or in one line; of both there are some."""
    arm = configured(model).solver.arm
    answerer = answerer_of(probe, model, np.clip(np.zeros(arm.n_joints), arm.lower, arm.upper))
    outcomes = Counter[str]()

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(any_poses())
    def solve(poses: list[PoseStamped]) -> None:
        try:
            found = answer_path(answerer, Header(frame_id=arm.base_link), poses, {})
        except RejectedError as rejection:
            assert "\n" not in str(rejection)
            assert rejection.code is not Code.SOLVER_ERROR
            outcomes[rejection.code.value] += 1
            return
        outcomes["solved"] += 1
        assert acceptance_problems(found, answerer.configuration.joints) == []
        positions = positions_of(found)
        assert ((arm.lower <= positions) & (positions <= arm.upper)).all()

    solve()
    assert outcomes.keys() >= {"solved", "invalid_target", "wrong_frame", "gaps"} - (
        {"solved"} if model == "ur5e" else set()
    )


def test_a_path_is_read_from_its_bytes(probe: Probe) -> None:
    """As rclpy writes them; what is no path is refused."""
    messages = pytest.importorskip("nav_msgs.msg", reason="needs nav_msgs")
    message = messages.Path(header=Header(frame_id="table"))
    message.header.stamp.sec, message.header.stamp.nanosec = -7, 5
    message.poses = [probe.pose((0.1, 0.2, 0.3, 0.0, 0.6, 0.0, 0.8), frame=frame) for frame in ("a", "")]
    data = bytes(serialize_message(message))
    assert stamp_of(data) == "-7.000000005"
    found = read_path(data)
    assert found.header.frame_id == "table"
    for pose, expected in zip(found.poses, message.poses, strict=True):
        assert pose.header.frame_id == expected.header.frame_id
        assert nanoseconds_of(pose.header.stamp) == nanoseconds_of(expected.header.stamp)
        assert pose_values(pose.pose) == pose_values(expected.pose)
    for damaged in (b"", data[:9], data[:-40], b"\xff" * 300):
        with pytest.raises(RejectedError, match="expected a nav_msgs/Path, got") as caught:
            read_path(damaged)
        assert caught.value.code is Code.INVALID_TARGET
    assert stamp_of(data[:9]) == ""


def test_a_path_that_takes_longer_than_a_message_can_say_is_refused(probe: Probe) -> None:
    """A time from the start that wraps around would be negative."""
    path = elbow_path(2)
    answerer = answerer_of(probe, "two_link", path[0])
    times = np.array([-(2**31), 2**31 - 1])
    poses = poses_of(probe, answerer.configuration.solver.target_at(path), "base_link", times)
    with pytest.raises(RejectedError, match="expected a path of less than 2147483648 s") as rejected:
        answer_path(answerer, Header(frame_id="base_link"), poses, {})
    assert rejected.value.code is Code.INVALID_TARGET
