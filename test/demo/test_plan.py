"""The plan says what is run and what must hold, and refuses what cannot be run, before any node starts."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from bag_writer import STORAGES, TYPES, joint_state, pose, write_bag
from rosbags.rosbag2 import Writer

from itnnr_ik import IKSolver
from itnnr_ik.demo.plan import ARMS, POSITION_ARMS, plan_patterns, plan_recording
from itnnr_ik.recording import POSE_STAMPED
from itnnr_ik.targets import curve_for

JOINTS = ("wheel", "elbow", "shoulder")


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    messages = [(i, pose(i, (1.5, 0.2, 0.1 * i), "world")) for i in range(1, 8)]
    return write_bag(tmp_path / "poses", "mcap", {"/tracker": messages})


@pytest.fixture
def states(tmp_path: Path) -> Path:
    messages = [(i, joint_state(i, JOINTS, (0.0, 0.5, 0.1 * i))) for i in range(1, 8)]
    return write_bag(tmp_path / "states", "mcap", {"/joint_states": messages})


def test_each_arm_follows_a_curve_and_then_random_points() -> None:
    """Only the curve has a step bound, no target may be unreachable, and the arm starts on the curve."""
    assert "panda" in ARMS
    plans = plan_patterns(list(ARMS), 3.0)
    assert [plan.arm.name for plan in plans] == list(ARMS)
    for plan in plans:
        curve, points = plan.runs
        assert (curve.expected.count, points.expected.count) == (300, 150)
        assert (curve.source["count"], points.source["count"]) == (300, 150)
        assert curve.expected.step_bound == 0.05
        assert points.expected.step_bound is None
        assert not curve.expected.may_be_unreachable
        start = curve_for(plan.solver, curve.source["pattern"]).at([0.0])
        assert plan.posture is not None
        away, turned = plan.solver.errors(plan.posture[None], start)
        assert away[0] <= IKSolver.load(plan.model).tolerance
        assert turned is None or turned[0] <= plan.solver.orientation_tolerance


def test_recorded_poses_are_for_all_arms(poses: Path) -> None:
    """By default the three position arms follow; targets may be out of reach."""
    plans = plan_recording(poses, [], None, [], 2.0)
    assert [plan.arm.name for plan in plans] == list(POSITION_ARMS)
    for plan in plans:
        (run,) = plan.runs
        assert (run.label, run.expected.count, run.source["speed"]) == ("poses", 7, 2.0)
        assert run.expected.may_be_unreachable
        assert plan.posture is not None


def test_arms_start_at_the_first_pose_that_is_a_target(tmp_path: Path) -> None:
    """A tracker that does not see the tool yet gives NaN; a recording of nothing else is refused."""
    unseen = [(i, pose(i, (math.nan, 0.2, 0.1))) for i in range(1, 4)]
    seen = [(i, pose(i, (1.5, 0.2, 0.1))) for i in range(4, 8)]
    plans = plan_recording(write_bag(tmp_path / "a", "mcap", {"/tracker": unseen + seen}), [], None, [], 1.0)
    for plan in plans:
        assert plan.posture is not None
        assert plan.solver.point_at(plan.posture)[:2] == pytest.approx([1.5, 0.2], abs=1e-5)
    with pytest.raises(ValueError, match=r"no message of /tracker in .* can be read as a target"):
        plan_recording(write_bag(tmp_path / "b", "mcap", {"/tracker": unseen}), ["two_link"], None, [], 1.0)


def test_recorded_joints_replace_the_simulator(states: Path) -> None:
    """The robot's joint names are used throughout, and the first state gives no target."""
    (plan,) = plan_recording(states, ["two_link"], None, ["shoulder", "elbow"], 1.0)
    (run,) = plan.runs
    assert plan.posture is None  # nobody else publishes joint states
    assert plan.joints == ("shoulder", "elbow")
    assert run.source["joints"] == ["shoulder", "elbow"]
    assert run.source["publish_joint_states"] is True
    assert (run.expected.count, run.expected.replays_joints) == (6, True)


def test_recorded_joints_may_have_the_models_names(tmp_path: Path) -> None:
    """Joints with the model's names need not be given."""
    messages = [(i, joint_state(i, ("joint_2", "joint_1"), (0.5, 0.1 * i))) for i in range(1, 8)]
    bag = write_bag(tmp_path / "states", "mcap", {"/joint_states": messages})
    (plan,) = plan_recording(bag, ["two_link"], None, [], 1.0)
    assert plan.joints == ("joint_1", "joint_2")


def test_another_devices_joint_states_give_no_target(tmp_path: Path) -> None:
    """A gripper's among the arm's, the first one too: the arm's count, all but the first."""
    messages = [(i, joint_state(i, JOINTS, (0.0, 0.5, 0.1 * i))) for i in (2, 3, 5, 6)]
    messages += [(i, joint_state(i, ("finger",), (0.01,))) for i in (1, 4)]
    bag = write_bag(tmp_path / "states", "mcap", {"/joint_states": sorted(messages, key=lambda row: row[0])})
    (plan,) = plan_recording(bag, ["two_link"], None, ["shoulder", "elbow"], 1.0)
    assert plan.runs[0].expected.count == 3
    with pytest.raises(ValueError, match="recorded are: finger, wheel, elbow, shoulder"):
        plan_recording(bag, ["two_link"], None, [], 1.0)


@pytest.mark.parametrize(
    ("models", "joints", "message"),
    [
        (
            [],
            ["shoulder", "elbow"],
            r"/joint_states holds joint states: .*--model DIR; train one with `itnnr-ik train --urdf",
        ),
        (["two_link"], [], "--joints; recorded are: wheel, elbow, shoulder"),
        (["two_link"], ["elbow"], "two_link has 2 joints, --joints names 1"),
        (
            ["two_link"],
            ["elbow", "wrist"],
            "no joint wrist in the recording; recorded: wheel, elbow, shoulder",
        ),
    ],
)
def test_joint_states_need_a_model_and_names(
    states: Path, models: list[str], joints: list[str], message: str
) -> None:
    """Each refusal says what to give."""
    with pytest.raises(ValueError, match=message):
        plan_recording(states, models, None, joints, 1.0)


def test_poses_that_cannot_be_decoded_are_told_and_not_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence on standard error, and one target less; a recording of nothing else is refused."""
    good = TYPES.serialize_cdr(pose(1, (1.5, 0.2, 0.0)), POSE_STAMPED)
    for name, messages in (("cut", [b"\0\1\0\0"]), ("half", [good, b"\0\1\0\0", good])):
        with Writer(tmp_path / name, version=9, storage_plugin=STORAGES["mcap"]) as writer:
            connection = writer.add_connection("/tracker", POSE_STAMPED, typestore=TYPES)
            for i, message in enumerate(messages):
                writer.write(connection, i, bytes(message))
    with pytest.raises(ValueError, match=r"no message of /tracker in .*cut can be read"):
        plan_recording(tmp_path / "cut", [], None, [], 1.0)
    for plan in plan_recording(tmp_path / "half", [], None, [], 1.0):
        assert plan.runs[0].expected.count == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("1 messages of /tracker cannot be decoded and are left out")
    assert second == first
