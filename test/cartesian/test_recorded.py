"""`itnnr-ik path` on recordings: poses in, trajectories out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import TYPES, path, pose, write_bag
from pose_messages import SECOND, message
from rosbags.rosbag2 import Reader

from itnnr_ik import IKSolver
from itnnr_ik.cartesian.joined import joined_rows, joined_steps
from itnnr_ik.cartesian.recorded import read_recorded
from itnnr_ik.cli import main
from itnnr_ik.paths import Gap, PathSolution
from itnnr_ik.recording import POSE_TYPES
from itnnr_ik.recording.pose_messages import POSE_ARRAY

TURNED = (1.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def solver() -> IKSolver:
    return IKSolver.load("two_link")


def messages(
    solver: IKSolver, points: np.ndarray, frame: str | None = None, stamped: bool = True
) -> list[tuple[int, Any]]:
    """PoseStamped of points (m, 2), received a quarter of a second apart, in the arm's base."""
    frame = solver.arm.base_link if frame is None else frame
    return [
        (1000 * SECOND + i * SECOND // 4, pose(i * SECOND // 2 if stamped else 0, (x, y, 0.0), frame, TURNED))
        for i, (x, y) in enumerate(points.tolist())
    ]


def read_trajectories(folder: Path) -> list[tuple[int, Any]]:
    with Reader(folder) as reader:
        assert [(c.topic, c.msgtype) for c in reader.connections] == [
            ("/joint_trajectory", "trajectory_msgs/msg/JointTrajectory")
        ]
        return [(time, TYPES.deserialize_cdr(data, c.msgtype)) for c, time, data in reader.messages()]


def seconds(message: Any) -> list[float]:
    return [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in message.points]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_poses_become_a_trajectory(solver: IKSolver, tmp_path: Path, storage: str) -> None:
    """The trajectory, read by rosbags, passes the points at their times of reception."""
    points = solver.target_at(np.linspace([0.2, 0.5], [0.4, 0.9], 12))
    bag = write_bag(tmp_path / "poses", "mcap", {"/tip": messages(solver, points)})
    output = tmp_path / "joints"
    options = ["--record", str(output), "--storage", storage]
    assert main(["path", str(bag), "--arm", "two_link", *options]) == 0
    ((received, message),) = read_trajectories(output)
    assert received == 0
    assert message.joint_names == list(solver.arm.joint_names)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)
    np.testing.assert_allclose(seconds(message), 0.25 * np.arange(12), atol=1e-9)
    positions = np.array([p.positions for p in message.points])
    np.testing.assert_allclose(solver.target_at(positions), points, atol=1e-6)


@pytest.mark.parametrize("stamped", [True, False])
def test_the_last_path_counts(
    solver: IKSolver, tmp_path: Path, stamped: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last Path is preferred to odometry; without stamps it has no times, and no trajectory."""
    points = solver.target_at(np.linspace([0.2, 0.5], [0.4, 0.9], 12))
    plans = [
        path([m for _, m in messages(solver, part, "", stamped)], solver.arm.base_link)
        for part in (points[:3], points)
    ]
    planned = [(i * SECOND, plan) for i, plan in enumerate(plans)]
    driven = [(0, message("nav_msgs/msg/Odometry", 0, np.array([9.0, 9.0, 0.0, *TURNED])))]
    bag = write_bag(tmp_path / "plans", "db3", {"/odometry": driven, "/plan": planned})
    output = tmp_path / "joints.csv"
    command = ["path", str(bag), "--arm", "two_link"]
    assert main([*command, "-o", str(output)]) == 0
    header, *rows = (line.split(",") for line in output.read_text().splitlines())
    assert (header[0] == "t") == stamped
    table = np.array(rows, dtype=float)
    np.testing.assert_allclose(solver.target_at(table[:, -2:]), points, atol=1e-6)
    capsys.readouterr()
    assert main([*command, "--record", str(tmp_path / "joints")]) == (0 if stamped else 1)
    if stamped:
        np.testing.assert_allclose(table[:, 0], 0.5 * np.arange(12), atol=1e-9)
    else:
        assert "--record needs a path with times" in capsys.readouterr().err
        assert not (tmp_path / "joints").exists()


@pytest.mark.parametrize("kind", POSE_TYPES)
def test_poses_of_every_type(solver: IKSolver, tmp_path: Path, kind: str) -> None:
    """Poses of every message type give the same joints as CSV, at the times of reception."""
    points = solver.target_at(np.linspace([0.2, 0.5], [0.4, 0.9], 5))
    (tmp_path / "path.csv").write_text(
        "t,x,y\n" + "".join(f"{i / 4},{x},{y}\n" for i, (x, y) in enumerate(points))
    )
    command = ["--arm", "two_link", "-o"]
    assert main(["path", str(tmp_path / "path.csv"), *command, str(tmp_path / "expected.csv")]) == 0
    poses = np.column_stack([points, np.zeros(5), np.tile(TURNED, (5, 1))])
    recorded = [(i * SECOND // 4, message(kind, i, values)) for i, values in enumerate(poses)]
    elsewhere = [(0, path([pose(0, (9.0, 9.0, 9.0))]))]
    bag = write_bag(tmp_path / "bag", "mcap", {"/plan": elsewhere, "/tip": recorded})
    options = ["--topic", "/tip", *(["--pose-index", "1"] if kind == POSE_ARRAY else [])]
    assert main(["path", str(bag), *options, *command, str(tmp_path / "joints.csv")]) == 0
    expected, found = ((tmp_path / name).read_text() for name in ("expected.csv", "joints.csv"))
    assert found == expected


def test_no_trajectory_crosses_a_gap(solver: IKSolver, tmp_path: Path) -> None:
    """A path out of the workspace and back gives two trajectories, each within velocity limits."""
    stretched = solver.target_at(np.zeros(2))
    along = 1.1 - 0.2 * np.abs(np.linspace(-1.0, 1.0, 31))
    points = along[:, None] * stretched
    inside = np.linalg.norm(points, axis=1) < np.linalg.norm(stretched)
    bag = write_bag(tmp_path / "poses", "mcap", {"/tip": messages(solver, points)})
    assert main(["path", str(bag), "--arm", "two_link", "--record", str(tmp_path / "joints")]) == 1
    recorded = read_trajectories(tmp_path / "joints")
    assert len(recorded) == 2
    assert sum(len(message.points) for _, message in recorded) == inside.sum()
    (first, before), (second, after) = recorded
    assert second - first > SECOND * seconds(before)[-1]
    for sent, part in ((before, points[: len(before.points)]), (after, points[-len(after.points) :])):
        positions = np.array([p.positions for p in sent.points])
        np.testing.assert_allclose(solver.target_at(positions), part, atol=1e-6)
        speed = np.abs(np.diff(positions, axis=0)) / np.diff(seconds(sent))[:, None]
        assert (speed <= solver.arm.velocity * (1.0 + 1e-6)).all()


def test_a_leading_slash_of_a_frame_does_not_count(solver: IKSolver, tmp_path: Path) -> None:
    """As ROS 1 wrote frames; poses with and without it make one path."""
    points = np.array([[1.0, 1.0], [1.0, 0.9]])
    rows = messages(solver, points[:1]) + messages(solver, points, f"/{solver.arm.base_link}")[1:]
    found = read_recorded(write_bag(tmp_path / "poses", "mcap", {"/tip": rows}), solver)
    np.testing.assert_array_equal(found.targets, points)


def test_joined_steps_and_rows() -> None:
    """A jump between reached targets separates two parts; missed targets belong to no part."""
    reached = np.array([False, True, True, True, True, False, False, True, True])
    ends = ((0, 0, "out of reach", "m"), (2, 3, "singular", "rad"), (5, 6, "out of reach", "m"))
    gaps = tuple(Gap(first, last, why, 1.0, unit) for first, last, why, unit in ends)
    closing = Gap(8, 0, "does not close", 1.0, "rad")
    found = PathSolution(np.zeros((9, 1)), np.zeros(9), None, reached, None, (*gaps, closing))
    assert joined_steps(found).tolist() == [False, True, False, True, False, False, False, True]
    assert [(rows.start, rows.stop) for rows in joined_rows(found)] == [(1, 3), (3, 5), (7, 9)]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"frame": "map"}, "", "expected poses in frame 'base_link', got pose 0 of /tip in 'map'"),
        ({}, "--frame map", "expected poses in frame 'map', got pose 0 of /tip in 'base_link'"),
        ({}, "--topic /other", "no topic /other in"),
        ({"points": [[1.0, 1.0], [np.nan, 0.0]]}, "", "got pose 1 of /tip: pose not finite"),
        ({}, "--record .", "exists already"),
        ({}, "--record {bag}/joints", "is within the recording"),
        ({}, "-o {bag}/joints.csv", "is within the recording"),
    ],
)
def test_what_is_wrong_with_a_recording(
    solver: IKSolver,
    change: dict[str, Any],
    options: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit status is 1, and the message has one line."""
    points = np.array(change.pop("points", [[1.0, 1.0], [1.0, 0.9]]))
    bag = write_bag(tmp_path / "poses", "mcap", {"/tip": messages(solver, points, **change)})
    assert main(["path", str(bag), "--arm", "two_link", *options.format(bag=bag).split()]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_frame_that_is_the_base_and_topics_that_are_not(
    solver: IKSolver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--frame names the base frame of a recording; it and --topic are refused for CSV."""
    bag = write_bag(tmp_path / "poses", "mcap", {"/tip": messages(solver, np.array([[1.0, 1.0]]), "map")})
    for frame in ("map", "/map"):
        assert main(["path", str(bag), "--arm", "two_link", "--frame", frame, "--topic", "/tip"]) == 0
    (tmp_path / "path.csv").write_text("x,y\n1,1\n")
    capsys.readouterr()
    assert main(["path", str(tmp_path / "path.csv"), "--arm", "two_link", "--topic", "/tip"]) == 1
    assert "--topic goes with a recording" in capsys.readouterr().err


def test_poses_of_several_frames_are_no_path(
    solver: IKSolver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A topic with poses of several child frames, as from a tracker, is refused."""
    kind = "geometry_msgs/msg/TransformStamped"
    rows = [(i, message(kind, i, np.array([1.0, 0.5, 0.0, *TURNED]))) for i in range(2)]
    rows[1][1].child_frame_id = "cup"
    bag = write_bag(tmp_path / "poses", "mcap", {"/tracker": rows})
    assert main(["path", str(bag), "--arm", "two_link"]) == 1
    assert (
        "expected poses of one frame on /tracker, got those of 'tool' and of 'cup'" in capsys.readouterr().err
    )
