"""Paths of poses, and the trajectories of the joints that are published for them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from hypothesis import given, settings
from hypothesis import strategies as st
from probe import START_TIMEOUT, Probe, values_of
from rules import acceptance_problems
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header
from std_srvs.srv import SetBool
from test_settings import configured
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.ros.answer import Answerer
from itnnr_ik.ros.frames import Frames
from itnnr_ik.ros.joint_memory import JointMemory
from itnnr_ik.ros.joint_path import MOST_POSES, solve_poses
from itnnr_ik.ros.status import Code, RejectedError

NOW = 10.0


def answerer_of(probe: Probe, model: str, state: Sequence[float] | None, **settings: Any) -> Answerer:
    """An answerer whose robot stands at ``state`` (n,)."""
    configuration = replace(configured(model), **settings)
    arm = configuration.solver.arm
    joints = JointMemory(arm.joint_names, "/joint_states", 0.5, np.isinf(arm.lower))
    if state is not None:
        joints.take(JointState(name=list(arm.joint_names), position=list(state)), NOW)
    return Answerer(configuration, joints, Frames(probe.node, arm.base_link, 1.0, False))


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
    found = solve_poses(answerer, Header(frame_id="base_link"), poses, NOW, values)
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
    found = solve_poses(answerer, Header(), poses, NOW, {})
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
        found = solve_poses(answerer, Header(), poses, NOW, {})
        np.testing.assert_allclose(positions_of(found), path, atol=1e-6)


def test_the_frame_of_the_path_stands_in(probe: Probe) -> None:
    """For poses that name none; one in a frame that nobody knows is named."""
    answerer = answerer_of(probe, "two_link", [0.0, 0.5])
    target = answerer.configuration.solver.target_at([[0.0, 0.5]])
    solve_poses(answerer, Header(frame_id="base_link"), poses_of(probe, target, ""), NOW, {})
    for frames in (("base_link", "table"), ("table", "")):
        poses = poses_of(probe, target, "base_link") + poses_of(probe, target, frames[1])
        with pytest.raises(RejectedError, match=r"pose 1: expected a target in frame 'base_link'") as caught:
            solve_poses(answerer, Header(frame_id=frames[0]), poses, NOW, {})
        assert caught.value.code is Code.WRONG_FRAME


def refusals(probe: Probe) -> dict[str, tuple[list[PoseStamped], Code, str]]:
    """What is refused of a path of the two-link arm, and how."""
    good = probe.pose((1.5, 0.3), frame="base_link")
    broken = probe.pose((math.nan, 0.3), frame="base_link")
    return {
        "empty": ([], Code.INVALID_TARGET, f"expected a path of 1 to {MOST_POSES} poses, got 0"),
        "long": ([good] * (MOST_POSES + 1), Code.INVALID_TARGET, f"poses, got {MOST_POSES + 1}"),
        "nan": ([good, broken], Code.INVALID_TARGET, "pose 1: expected a finite target position"),
    }


@pytest.mark.parametrize("kind", ["empty", "long", "nan"])
def test_bad_paths_are_refused_in_one_line(probe: Probe, kind: str) -> None:
    poses, code, text = refusals(probe)[kind]
    with pytest.raises(RejectedError) as caught:
        solve_poses(answerer_of(probe, "two_link", [0.0, 0.5]), Header(), poses, NOW, {})
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
        solve_poses(answerer, Header(), poses_of(probe, targets, "base_link"), NOW, values)
    assert caught.value.code is Code.GAPS
    assert values["gaps"] == "targets 10 to 14: out of reach, 0.25 m"


def test_the_joints_have_to_be_known(probe: Probe) -> None:
    """As for a target."""
    poses = [probe.pose((1.5, 0.3), frame="base_link")]
    with pytest.raises(RejectedError) as caught:
        solve_poses(answerer_of(probe, "two_link", None), Header(), poses, NOW, {})
    assert caught.value.code is Code.NO_JOINT_STATE
    answerer = answerer_of(probe, "two_link", None, require_joint_states=False)
    assert len(solve_poses(answerer, Header(), poses, NOW, {}).points) == 1


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
            found = solve_poses(answerer, Header(frame_id=arm.base_link), poses, NOW, {})
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


class Asker:
    """Sends paths to a running node, and keeps what comes back."""

    def __init__(self, probe: Probe) -> None:
        messages = pytest.importorskip("nav_msgs.msg", reason="needs nav_msgs")
        self._probe, self._path = probe, messages.Path
        self.statuses: list[DiagnosticStatus] = []
        self.found: list[JointTrajectory] = []
        node = probe.node
        node.create_subscription(JointTrajectory, "itnnr_ik/path_solution", self.found.append, 10)
        node.create_subscription(DiagnosticStatus, "itnnr_ik/path_status", self.statuses.append, 10)
        self._sender = node.create_publisher(messages.Path, "itnnr_ik/solve_path", 1)

    def ask(self, poses: list[PoseStamped]) -> dict[str, str]:
        """The values of the status for a path."""
        self.statuses.clear()
        message = self._path(header=Header(frame_id="base_link"), poses=poses)
        message.header.stamp.sec = 7
        self._probe.repeat_until(
            lambda: self._sender.publish(message) if not self.statuses else None,
            lambda: bool(self.statuses),
            "a status of a path",
        )
        return values_of(self.statuses[0])


def test_the_node_answers_paths_beside_targets(probe: Probe) -> None:
    """Over DDS: one status for each, a trajectory for the good one, targets before and after as ever."""
    asker, path = Asker(probe), elbow_path()
    solver = configured("two_link").solver
    probe.start_ik_node()
    probe.send_first_joint_state(solver.arm.joint_names, path[0].tolist())
    good = poses_of(probe, solver.target_at(path), "")
    bad, code, text = refusals(probe)["nan"]
    assert asker.ask(bad)["code"] == code.value
    assert text in asker.statuses[0].message
    assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=True)).success
    assert asker.ask(good)["code"] == "paused"
    assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=False)).success
    assert asker.found == []
    values = asker.ask(good)
    assert (values["code"], values["stamp"], values["poses"]) == ("solved", "7.000000000", str(len(path)))
    probe.spin_until(lambda: bool(asker.found), START_TIMEOUT, "a trajectory")
    np.testing.assert_allclose(positions_of(asker.found[0]), path, atol=1e-3)
    assert probe.ask(probe.target(1.5, 0.3))[0]["code"] == "solved"
    assert probe.solutions != []
    assert not probe.node.count_publishers("joint_trajectory_controller/joint_trajectory")


def test_an_arm_that_is_moved_comes_first(probe: Probe) -> None:
    """Its commands go on; before, a path is answered, and sent to no controller."""
    asker, path = Asker(probe), elbow_path()
    solver, commands = configured("two_link").solver, []
    probe.node.create_subscription(Float64MultiArray, "arm/positions", commands.append, 100)
    options = ("command_out_type:=std_msgs/Float64MultiArray", "command_out_topic:=arm/positions")
    slowly = "max_velocity:=0.001"
    probe.start_ik_node(*(word for option in (*options, slowly) for word in ("-p", option)))
    probe.send_first_joint_state(solver.arm.joint_names, path[0].tolist())
    good = poses_of(probe, solver.target_at(path), "")
    assert asker.ask(good)["code"] == "solved"
    assert commands == []
    away = solver.target_at(path[0] + [0.1, 0.0])
    probe.repeat_until(
        lambda: probe.ask(probe.pose(away, frame="base_link")), lambda: bool(commands), "a command"
    )
    assert asker.ask(good)["code"] == "moving"
    count = len(commands)
    probe.spin_until(lambda: len(commands) > count, START_TIMEOUT, "one more command")
