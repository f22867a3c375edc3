"""Poses of every message type that says where something is, and of transforms."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import arm_recordings
import numpy as np
import pytest
from arm_recordings import ARM, PERIOD, START, Messages, bag, path
from bag_writer import joint_state, write_bag
from hypothesis import given, settings
from hypothesis import strategies as st
from pose_messages import SECOND, TYPE, message, transform
from reads import reads
from scipy.spatial.transform import Rotation, Slerp

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.evaluation.replay_sources import read_replay
from itnnr_ik.learning.matching import read_recording
from itnnr_ik.recording import POSE_TYPES, Bag, BagError
from itnnr_ik.recording.transforms import transform_poses


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["evaluate", *arguments, "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


@reads(
    "source",
    "PoseStamped, PoseWithCovarianceStamped, TransformStamped, PointStamped, Odometry; PoseArray "
    "with `--pose-index`",
    "poses; points where there is no orientation",
)
@pytest.mark.parametrize("kind", POSE_TYPES)
def test_every_type_gives_the_same_targets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Targets are poses if the message has an orientation, else positions."""
    solver = IKSolver.load("ur5e")
    posture = np.array([0.4, -1.2, 1.4, -1.0, -1.3, 0.3])
    there = solver.target_at(posture + 0.01 * np.arange(20)[:, None])
    rows = [(START + i * PERIOD, message(kind, START + i * PERIOD, row)) for i, row in enumerate(there)]
    folder = write_bag(tmp_path / "bag", "mcap", {"/place": rows})
    options = ["--pose-index", "1"] if kind.endswith("PoseArray") else []
    if kind.endswith("PointStamped"):
        assert main(["evaluate", str(folder), "--arm", "ur5e"]) == 1
        assert "20 pose without an orientation, which counts here" in capsys.readouterr().err
        options += ["--task", "position"]
    result = report(capsys, str(folder), "--arm", "ur5e", *options)
    assert (result["targets"], result["solved"], result["source"]) == (20, 20, "poses of /place")
    with Bag(folder) as opened:
        if not kind.endswith("PoseArray"):
            with pytest.raises(BagError, match="--pose-index goes with a PoseArray"):
                opened.poses("/place", 1)
        read = list(opened.poses("/place", 1 if kind.endswith("PoseArray") else None))
    np.testing.assert_array_equal([found.position for found in read], there[:, :3])
    if not kind.endswith("PointStamped"):
        np.testing.assert_array_equal([found.orientation for found in read], there[:, 3:])
    assert [found.stamp for found in read] == [received for received, _ in rows]


def test_an_index_of_no_pose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A PoseArray needs an index, which must exist."""
    rows = [(START, message("geometry_msgs/msg/PoseArray", START, np.array([1.0, 1, 0, 0, 0, 0, 1])))]
    folder = write_bag(tmp_path / "bag", "mcap", {"/place": rows})
    assert main(["evaluate", str(folder), "--arm", "two_link"]) == 1
    assert "/place is a PoseArray: say which of its poses with --pose-index" in capsys.readouterr().err
    assert main(["evaluate", str(folder), "--arm", "two_link", "--pose-index", "3"]) == 1
    assert "1 message of /place that cannot be decoded" in capsys.readouterr().err


def test_an_index_asks_for_poses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With an index targets are the poses of an array, also beside joint states."""
    rows, joints = [], []
    for i, (q, tip) in enumerate(zip(path(30), ARM.forward(path(30)), strict=True)):
        at = START + i * PERIOD
        joints.append((at, joint_state(at, ARM.joint_names, q)))
        there = np.array([*tip[:2], 0, 0, 0, 0, 1])
        rows.append((at + 5, message("geometry_msgs/msg/PoseArray", at + 5, there)))
    folder = write_bag(tmp_path / "bag", "mcap", {"/place": rows, "/joint_states": joints})
    result = report(capsys, str(folder), "--arm", "two_link", "--pose-index", "1")
    assert (result["source"], result["targets"]) == ("poses of /place", 30)
    (tmp_path / "alone").mkdir()
    alone = write_bag(tmp_path / "alone" / "bag", "mcap", {"/joint_states": joints})
    assert main(["evaluate", str(alone), "--arm", "two_link", "--pose-index", "1"]) == 1
    assert "no message of type geometry_msgs/msg/PoseStamped or" in capsys.readouterr().err


@reads(
    "source",
    "TransformStamped or Odometry of several frames on one topic",
    "those of the commonest; the others are counted",
)
@pytest.mark.parametrize("kind", ["geometry_msgs/msg/TransformStamped", "nav_msgs/msg/Odometry"])
def test_poses_of_several_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """Poses of other objects on the same topic, as of a tracker, are left out."""
    rows = []
    for i, tip in enumerate(ARM.forward(path(30))):
        at = START + i * PERIOD
        rows.append((at, message(kind, at, np.array([*tip[:2], 0, 0, 0, 0, 1]))))
        if i % 3:
            cup = message(kind, at + 5, np.array([9.0, 9.0, 0, 0, 0, 0, 1]))
            cup.child_frame_id = "cup"
            rows.append((at + 5, cup))
    folder = write_bag(tmp_path / "bag", "mcap", {"/tracker": rows})
    result = report(capsys, str(folder), "--arm", "two_link")
    assert (result["messages"], result["targets"], result["reachable"]) == (50, 30, 30)
    assert result["skipped"] == {"pose of another frame than 'tool': 'cup'": 20}
    joints = [(at, joint_state(at, ARM.joint_names, q)) for (at, _), q in zip(rows, path(50), strict=True)]
    with Bag(write_bag(tmp_path / "learn", "mcap", {"/joints": joints, "/tracker": rows})) as opened:
        recording = read_recording(opened, Selection())
    assert (recording.frame, len(recording.poses)) == ("base_link", 30)
    assert recording.skipped == result["skipped"]


@pytest.mark.parametrize(
    ("frame", "chosen", "left_out"),
    [
        (
            None,
            ("map", 20),
            {
                "pose in another frame than 'map': 'camera'": 22,
                "pose of another frame than 'tool': 'case'": 19,
            },
        ),
        ("camera", ("camera", 22), {"pose in another frame than 'camera': 'map'": 39}),
    ],
)
def test_evaluate_and_learn_choose_the_same_frames(
    tmp_path: Path, frame: str | None, chosen: tuple[str, int], left_out: dict[str, int]
) -> None:
    """The commonest child frame of the commonest frame, also where a child frame of another is commoner."""
    frames = [("map", "tool")] * 20 + [("map", "case")] * 19 + [("camera", "cup")] * 22
    joints, rows = [], []
    for i, (posture, (parent, child)) in enumerate(zip(path(61), frames, strict=True)):
        at = START + i * PERIOD
        joints.append((at, joint_state(at, ARM.joint_names, posture)))
        rows.append((at + 5, transform(at + 5, parent, child, np.array([1.0, 1.0, 0, 0, 0, 0, 1]))))
    folder = write_bag(tmp_path / "bag", "mcap", {"/joints": joints, "/tracker": rows})
    selection = Selection(pose_topic="/tracker", frame=frame)
    replay = read_replay(folder, IKSolver.load("two_link"), selection)
    with Bag(folder) as opened:
        recording = read_recording(opened, selection)
    name, count = chosen
    assert (recording.frame, len(recording.poses), len(replay)) == (name, count, count)
    assert recording.skipped == replay.skipped == left_out
    with Bag(folder) as opened, pytest.raises(BagError, match=r"got 0; .*than 'door': 'map', 'camera'"):
        read_recording(opened, Selection(pose_topic="/tracker", frame="door"))


@reads("source", "Odometry beside joint states", "joint states are taken, unless `--pose-topic` names it")
def test_odometry_does_not_displace_joint_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside joint states an Odometry topic is used only if it is selected."""
    from arm_recordings import states

    rows = [(START, message("nav_msgs/msg/Odometry", START, np.array([1.0, 1, 0, 0, 0, 0, 1])))]
    folder = write_bag(tmp_path / "bag", "mcap", {"/joint_states": states(), "/odom": rows})
    assert report(capsys, str(folder), "--arm", "two_link")["source"].endswith("of /joint_states")


@reads("source", "poses in millimetres", "taken for metres; reported that they are too far away")
def test_poses_in_millimetres(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Poses in other units get a note on their distance; poses in metres do not."""
    for scale in (1.0, 1000.0):
        rows = arm_recordings.poses()
        for _, tip in rows:
            at = tip.pose.position
            at.x, at.y = scale * at.x, scale * at.y
        result = report(capsys, str(bag(tmp_path / f"bag_{scale}", tracker=rows)), "--arm", "two_link")
        told = [note for note in result["notes"] if "times the arm's reach: metres are expected" in note]
        assert (len(told), result["reachable"]) == ((0, 60) if scale == 1.0 else (1, 0))


def tf(stamp: int, *transforms: Any) -> tuple[int, Any]:
    return stamp, TYPE["tf2_msgs/msg/TFMessage"](transforms=list(transforms))


def random_pose(rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([rng.normal(size=3), Rotation.random(random_state=rng).as_quat()])


def matrix(values: np.ndarray) -> np.ndarray:
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = Rotation.from_quat(values[3:]).as_matrix(), values[:3]
    return result


def between(times: np.ndarray, poses: np.ndarray, at: float) -> np.ndarray:
    """A pose (4, 4) interpolated as tf2 does: linearly, and spherically for the rotation."""
    turn = Slerp(times, Rotation.from_quat(poses[:, 3:]))(at).as_quat()
    return matrix(np.concatenate([[np.interp(at, times, column) for column in poses[:, :3].T], turn]))


def chain(
    tmp_path: Path, seed: int, counts: tuple[int, int]
) -> tuple[Path, list[np.ndarray], list[np.ndarray]]:
    """world → base (static), world → arm → wrist (moving), wrist → tool (static); moving ones by matrices."""
    rng = np.random.default_rng(seed)
    times = [np.sort(rng.choice(900, size=count, replace=False)) / 1000.0 for count in counts]
    moving = [np.array([random_pose(rng) for _ in time]) for time in times]
    fixed = [random_pose(rng), random_pose(rng)]
    rows = []
    for name, parent, time, poses in zip(("arm", "wrist"), ("world", "/arm"), times, moving, strict=True):
        for at, values in zip(time, poses, strict=True):
            stamp = START + round(at * 1e9)
            rows.append(tf(stamp + 7, transform(stamp, parent, name, values)))
    rows.sort(key=lambda row: row[0])
    static = [tf(START, transform(0, "world", "base", fixed[0]), transform(0, "wrist", "tool", fixed[1]))]
    folder = write_bag(tmp_path / "bag", "mcap", {"/tf": rows, "/tf_static": static})
    expected = []
    stamps = []
    for at in np.unique(np.concatenate(times)):
        if all(time[0] <= at <= time[-1] for time in times):
            both = [between(time, poses, at) for time, poses in zip(times, moving, strict=True)]
            expected.append(np.linalg.inv(matrix(fixed[0])) @ both[0] @ both[1] @ matrix(fixed[1]))
            stamps.append(START + round(at * 1e9))
    return folder, expected, stamps


@reads(
    "source",
    "/tf and /tf_static (`--pose-from BASE:TOOL`)",
    "the chain at each stamp, interpolated as tf2 does",
)
@settings(max_examples=10)
@given(st.integers(0, 10**6), st.tuples(st.integers(2, 40), st.integers(2, 700)))
def test_a_chain_of_transforms(
    tmp_path_factory: pytest.TempPathFactory, seed: int, counts: tuple[int, int]
) -> None:
    """Transforms are composed at each stamp, with interpolation of the others."""
    folder, expected, stamps = chain(tmp_path_factory.mktemp("tf"), seed, counts)
    with Bag(folder) as opened:
        found = list(transform_poses(opened, "base", "tool", lambda note: None))
    assert [pose.stamp for pose in found] == stamps
    assert {pose.frame for pose in found} <= {"base"}
    for pose_found, wanted in zip(found, expected, strict=True):
        got = matrix(np.concatenate([pose_found.position, pose_found.orientation]))
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_transforms_of_different_delays(tmp_path: Path) -> None:
    """Poses are in the order of receipt, although one of their transforms comes half a second late."""
    here, rows = np.array([1.0, 0, 0, 0, 0, 0, 1]), []
    for i in range(600):
        stamp = START + i * PERIOD
        rows.append(tf(stamp, transform(stamp, "a", "b", here)))
        rows.append(tf(stamp + SECOND // 2, transform(stamp + PERIOD // 2, "b", "c", here)))
    rows.sort(key=lambda row: row[0])
    folder = write_bag(tmp_path / "bag", "mcap", {"/tf": rows})
    with Bag(folder) as opened:
        found = list(transform_poses(opened, "a", "c", lambda note: None))
    assert len(found) == 1198
    assert (np.diff([pose.stamp for pose in found]) > 0).all()
    assert (np.diff([pose.received for pose in found]) >= 0).all()


@reads("source", "transforms with gaps of more than 1 s", "no pose there; reported")
def test_gaps_are_reported(tmp_path: Path) -> None:
    """There is no pose where a transform of the chain is missing for more than a second."""
    here = np.array([1.0, 0, 0, 0, 0, 0, 1])
    rows = [
        tf(START + i * SECOND // 10, transform(START + i * SECOND // 10, "a", "b", here)) for i in range(60)
    ]
    for i in (0, 5, 10, 40, 45):
        rows.append(tf(START + i * SECOND // 10, transform(START + i * SECOND // 10, "b", "c", here)))
    rows.sort(key=lambda row: row[0])
    folder = write_bag(tmp_path / "bag", "mcap", {"/tf": rows})
    notes: list[str] = []
    with Bag(folder) as opened:
        stamps = [
            (pose.stamp - START) * 10 / SECOND for pose in transform_poses(opened, "a", "c", notes.append)
        ]
    assert stamps == [*range(11), *range(40, 46)]
    assert notes == ["no pose of 'c' in 'a' at 43 moments: 43 in a gap of 'c'"]


def read_transforms(tmp_path: Path, rows: Messages) -> tuple[list[Any], list[str]]:
    """The poses of 'tool' in 'base' from transforms, and the notes."""
    folder = write_bag(tmp_path / "bag", "mcap", {"/tf": rows})
    notes: list[str] = []
    with Bag(folder) as opened:
        return list(transform_poses(opened, "base", "tool", notes.append)), notes


def along_x(stamp: int, x: float, parent: str = "base", stamped: bool = True) -> Any:
    return transform(stamp if stamped else 0, parent, "tool", np.array([x, 0, 0, 0, 0, 0, 1]))


@reads("source", "transforms of one frame in two others", "those on the shorter way; reported")
def test_a_frame_with_two_parents(tmp_path: Path) -> None:
    """Transforms of the tool with another parent are left out with a note."""
    rows: Messages = []
    for i in range(20):
        at = START + i * PERIOD
        rows += [tf(at, along_x(at, 0.1 * i)), tf(at + 5, along_x(at + 5, 9.0, "camera"))]
    found, notes = read_transforms(tmp_path, rows)
    np.testing.assert_allclose([pose.position[0] for pose in found], 0.1 * np.arange(20))
    assert notes == [
        "20 transforms of 'tool' in 'camera' are left out: 'base' is its parent on the way from 'base' to "
        "'tool'"
    ]


@reads("source", "transforms without stamps", "times of receipt are used, and it is reported")
def test_transforms_without_stamps(tmp_path: Path) -> None:
    """Transforms with stamps of zero are used at their time of receipt."""
    times = [START + i * PERIOD for i in range(20)]
    found, notes = read_transforms(
        tmp_path, [tf(at, along_x(at, 1e-9 * (at - START), "base", False)) for at in times]
    )
    assert [pose.stamp for pose in found] == [pose.received for pose in found] == times
    np.testing.assert_allclose([pose.position[0] for pose in found], 0.01 * np.arange(20), atol=1e-9)
    assert notes == ["20 transforms have a stamp of zero: times of receipt are used in their place"]


@reads("source", "transforms played in a loop", "those whose stamps were there before are left out; reported")
def test_transforms_in_a_loop(tmp_path: Path) -> None:
    """Every transform gives a pose or is counted as left out."""
    again = 1000 * PERIOD
    rows = [
        tf(START + loop * again + i * PERIOD, along_x(START + i * PERIOD, float(i)))
        for loop in (0, 1)
        for i in range(500)
    ]
    rows.append(tf(START + 2 * again, along_x(START + 2 * again, np.nan)))
    found, notes = read_transforms(tmp_path, rows)
    np.testing.assert_allclose([pose.position[0] for pose in found], np.arange(500))
    (note,) = notes
    left_out = {reason: int(count) for count, reason in re.findall(r"(\d+) ([a-z ]+) \('tool'\)", note)}
    assert set(left_out) == {"at the time of another", "not a pose", "older than one before"}
    assert sum(left_out.values()) == len(rows) - len(found)


@reads("source", "static transforms that change", "the last one is used throughout; reported")
def test_a_static_transform_that_changes(tmp_path: Path) -> None:
    """A repeated static transform is no change; after a calibration the last one is used, with a note."""
    times = [START + i * PERIOD for i in range(20)]
    rows = [tf(at, transform(at, "base", "arm", np.array([1.0, 0, 0, 0, 0, 0, 1]))) for at in times]
    for offsets, told in (((0.1, 0.1, 0.1), 0), ((0.1, 0.3, 0.2), 1)):
        static = [tf(at, along_x(0, x, "arm")) for at, x in zip(times, offsets, strict=False)]
        folder = write_bag(tmp_path / f"bag_{told}", "mcap", {"/tf": rows, "/tf_static": static})
        notes: list[str] = []
        with Bag(folder) as opened:
            found = list(transform_poses(opened, "base", "tool", notes.append))
        np.testing.assert_allclose([pose.position[0] for pose in found], 1.0 + offsets[-1])
        assert (
            notes
            == ["the static transform of 'tool' in 'arm' changes: the last one is used throughout"] * told
        )


def test_frames_that_are_not_there(tmp_path: Path) -> None:
    """Errors list the recorded frames, and report separate trees and a static chain."""
    here = np.array([1.0, 0, 0, 0, 0, 0, 1])
    rows = [tf(START, transform(START, "a", "b", here), transform(START, "x", "y", here))]
    static = [tf(START, transform(START, "b", "c", here))]
    folder = write_bag(tmp_path / "bag", "mcap", {"/tf": rows, "/tf_static": static})
    for base, tool, problem in (
        ("a", "nose", "no frame 'nose' in the transforms of .*; recorded: a, b, c, x, y"),
        ("a", "y", "no transforms lead from 'a' to 'y' in .*: they lead only to a, b, c"),
        ("b", "c", "are static: there is nothing that moves"),
    ):
        with Bag(folder) as opened, pytest.raises(BagError, match=problem):
            next(transform_poses(opened, base, tool, lambda note: None))


def test_transforms_are_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Transforms can be selected on the command line, beside joint states."""
    from arm_recordings import states

    rows: Messages = []
    for i, (x, y) in enumerate(ARM.forward(path(60))[:, :2]):
        stamp = START + PERIOD * i
        values = np.array([x, y, 0, 0, 0, 0, 1])
        rows.append(tf(stamp + 2000, transform(stamp, "base_link", "tool0", values)))
    folder = bag(tmp_path / "bag", joint_states=states(), tf=rows)
    result = report(capsys, str(folder), "--arm", "two_link", "--pose-from", "base_link:tool0")
    assert result["source"] == "poses of /tf, tool0 in base_link"
    assert result["solved"] == result["targets"] == 60
    assert result["displacement"]["all"]["max"] < 1e-4
    with_slashes = report(capsys, str(folder), "--arm", "two_link", "--pose-from", "/base_link:/tool0")
    assert with_slashes["displacement"] == result["displacement"]
    assert main(["evaluate", str(folder), "--arm", "two_link", "--pose-from", "base_link:nose"]) == 1
    assert "no frame 'nose'" in capsys.readouterr().err
