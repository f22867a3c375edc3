"""What is wrong with a recording is said in one line, and the rest of it is evaluated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arm_recordings import ARM, NAMES, PERIOD, START, bag, poses, states
from bag_writer import STORAGES, TYPES, joint_state, pose
from reads import reads
from rosbags.rosbag2 import Writer

from itnnr_ik.cli import main
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.learning.matching import read_recording
from itnnr_ik.recording import JOINT_STATE, Bag

Report = dict[str, Any]


def report(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> Report:
    """The JSON report of a recording."""
    assert main(["evaluate", str(path), "--arm", "two_link", "--json", *arguments]) == 0
    result: Report = json.loads(capsys.readouterr().out)
    assert result["solved"] == result["targets"] > 0
    return result


def failure(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> str:
    """The error line of a recording that cannot be used."""
    assert main(["evaluate", str(path), "--arm", "two_link", *arguments]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    return line


def test_missing_topics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the missing topic and lists the recorded ones with type and number."""
    path = bag(tmp_path / "bag", joint_states=states(3))
    line = failure(capsys, path, "--pose-topic", "/tracker")
    assert line == (
        f"itnnr-ik evaluate: no topic /tracker in {path}; recorded: /joint_states ({JOINT_STATE}, 3)"
    )
    line = failure(capsys, path, "--joint-topic", "/arm")
    assert f"no topic /arm in {path}; recorded: /joint_states" in line


def test_an_empty_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording without messages is an error."""
    with Writer(tmp_path / "bag", version=9) as writer:
        writer.add_connection("/joint_states", JOINT_STATE, typestore=TYPES)
    assert failure(capsys, tmp_path / "bag") == f"itnnr-ik evaluate: {tmp_path / 'bag'} holds no messages"


def test_neither_poses_nor_joint_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error lists the supported types and the recorded topics."""
    text = TYPES.types["std_msgs/msg/String"](data="x")
    line = failure(capsys, bag(tmp_path / "bag", chatter=[(1, text)]))
    assert "no message of type geometry_msgs/msg/PoseStamped or sensor_msgs/msg/JointState" in line
    assert "recorded: /chatter (std_msgs/msg/String, 1)" in line


@reads("odd", "a file that is cut", "messages before the cut are read; reported")
@pytest.mark.parametrize("storage", sorted(STORAGES))
@pytest.mark.parametrize("metadata", [True, False])
@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_a_truncated_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], storage: str, metadata: bool, share: float
) -> None:
    """Messages before the cut are evaluated, with and without the metadata of the folder."""
    path = bag(tmp_path / "bag", storage, joint_states=states(600))
    (file,) = (file for file in path.iterdir() if file.suffix in (".mcap", ".db3"))
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    if not metadata:
        (path / "metadata.yaml").unlink()
    result = report(capsys, path)
    assert 0.5 * share * 600 < result["messages"] <= min(600, 1.3 * share * 600)
    (note,) = (note for note in result["notes"] if "damaged" in note)
    assert note.startswith(f"{file.name} is damaged (")
    assert note.endswith(f"): {result['messages']} messages before the damage are read")


@pytest.mark.parametrize("storage", sorted(STORAGES))
def test_a_file_cut_at_its_head(tmp_path: Path, capsys: pytest.CaptureFixture[str], storage: str) -> None:
    """A file that is cut within its head is an error of one line."""
    path = bag(tmp_path / "bag", storage, joint_states=states(60))
    (file,) = (file for file in path.iterdir() if file.suffix in (".mcap", ".db3"))
    for size in (0, 5, 30):
        file.write_bytes(file.read_bytes()[:size])
        assert failure(capsys, path).startswith(f"itnnr-ik evaluate: cannot read {path}: ")


def test_damage_in_the_middle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A database with a page overwritten is read up to there."""
    path = bag(tmp_path / "bag", "db3", joint_states=states(600))
    (file,) = path.glob("*.db3")
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    result = report(capsys, path)
    assert 0 < result["messages"] < 600
    assert result["notes"]


def test_damaged_metadata(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The data file is complete, and is read without the metadata."""
    path = bag(tmp_path / "bag", joint_states=states(60))
    (path / "metadata.yaml").write_text("rosbag2_bagfile_information: [cut")
    assert report(capsys, path)["messages"] == 60


def test_unknown_types(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Topics of unknown types are ignored, and cannot be selected."""
    path = tmp_path / "bag"
    with Writer(path, version=9) as writer:
        strange = writer.add_connection(
            "/strange", "gripper_msgs/msg/Squeeze", msgdef="nonsense in no grammar {", rihs01="RIHS01_0"
        )
        usual = writer.add_connection("/joint_states", JOINT_STATE, typestore=TYPES)
        for received, message in states(60):
            writer.write(strange, received, b"\0\1\0\0")
            writer.write(usual, received, TYPES.serialize_cdr(message, JOINT_STATE))
    assert report(capsys, path)["messages"] == 60
    line = failure(capsys, path, "--pose-topic", "/strange")
    assert (
        "/strange" in line and "is of type gripper_msgs/msg/Squeeze, expected geometry_msgs/msg/Pose" in line
    )


@reads("odd", "a message that cannot be decoded", "left out and counted")
def test_a_message_that_cannot_be_decoded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged message is counted, and the others are used."""
    path = tmp_path / "bag"
    with Writer(path, version=9) as writer:
        usual = writer.add_connection("/joint_states", JOINT_STATE, typestore=TYPES)
        for i, (received, message) in enumerate(states(60)):
            data = bytes(TYPES.serialize_cdr(message, JOINT_STATE))
            writer.write(usual, received, data[:20] if i == 30 else data)
    result = report(capsys, path)
    assert result["skipped"]["message of /joint_states that cannot be decoded"] == 1
    assert (result["messages"], result["targets"]) == (60, 58)
    assert any("1 messages of /joint_states cannot be decoded" in note for note in result["notes"])


@reads("odd", "positions that are no numbers", "left out and counted")
def test_positions_that_are_no_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """NaN and infinity in joint states and in poses are left out, each counted."""
    rows = states()
    rows[10] = (rows[10][0], joint_state(1, NAMES, (0.0, np.nan, 0.2)))
    rows[20] = (rows[20][0], joint_state(1, NAMES, (np.nan, 0.8, 0.2)))  # another joint's
    measured = poses()
    measured[5] = (measured[5][0], pose(1, (np.nan, 1.0, 0.0)))
    measured[6] = (measured[6][0], pose(1, (1.0, np.inf, 0.0)))
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows, tracker=measured))
    assert result["skipped"] == {"joint positions not finite": 1, "pose not finite": 2}
    assert result["targets"] == 58


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (joint_state(1, (), ()), "joint state without joint names"),
        (joint_state(1, ("", ""), (0.1, 0.2)), "joint state without joint names"),
        (joint_state(1, ("wheel",), (0.1,)), "joint state of other joints"),
        (joint_state(1, ("joint_1",), (0.1,)), "joint state without some of the joints"),
        (joint_state(1, ("joint_1", "joint_2"), (0.1,)), "joint names and positions differ in number"),
        (joint_state(1, ("joint_1", "joint_1", "joint_2"), (0.1, 0.1, 0.2)), "joint named more than once"),
    ],
)
def test_joint_names(tmp_path: Path, capsys: pytest.CaptureFixture[str], message: Any, reason: str) -> None:
    """A joint state without identifiable joints is left out with a reason."""
    rows = states()
    rows[10] = (rows[10][0], message)
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    assert result["skipped"] == {reason: 1, "target before the first joint state": 1}
    assert result["targets"] == 58


@reads("joint states", "with names in changing order", "picked by name; reported")
def test_joint_names_that_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed order of the names changes no result, and is noted."""
    rows = states()
    for i in range(30, 60):
        received, message = rows[i]
        first, second = message.position[2], message.position[1]
        rows[i] = (received, joint_state(1, ("joint_1", "joint_2"), (first, second)))
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    assert "the joint names change 1 times on the way: joints are picked by name" in result["notes"]
    assert result["displacement"]["all"]["max"] < 1e-5


def test_joints_of_other_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error lists the recorded names and the option to name the arm's joints."""
    path = bag(tmp_path / "bag", joint_states=states(60, ("wheel", "elbow", "shoulder")))
    assert failure(capsys, path) == (
        "itnnr-ik evaluate: no joint joint_1, joint_2 in /joint_states; recorded: wheel, elbow, shoulder; "
        "name the arm's joints, base to tip, with --joints"
    )
    assert report(capsys, path, "--joints", "shoulder,elbow")["displacement"]["all"]["max"] < 1e-5


@reads("odd", "stamps of zero, or that go back", "times of receipt are used; reported")
def test_stamps_of_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without stamps the times of receipt are used, with a note."""
    rows = [(received, joint_state(0, m.name, m.position)) for received, m in states()]
    result = report(capsys, bag(tmp_path / "a", joint_states=rows))
    assert result["notes"] == [
        "60 of 60 joint states have a stamp of zero: times of receipt are used in their place"
    ]
    result = report(capsys, bag(tmp_path / "b", joint_states=rows, tracker=poses()))
    assert (
        "poses and joint states are matched by the times of receipt: 60 of 60 joint states have a stamp of "
        "zero"
    ) in result["notes"]


def test_stamps_that_go_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With decreasing stamps the times of receipt are used, with a note."""
    rows = states()
    for i in range(30, 60):
        received, message = rows[i]
        rows[i] = (received, joint_state(START - PERIOD * 100 + PERIOD * i, message.name, message.position))
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    assert result["notes"] == [
        "the stamps of joint states go back 1 times: times of receipt are used in their place"
    ]
    assert result["displacement"]["all"]["max"] < 1e-5


@reads("source", "poses in several frames", "those of the commonest frame, or of `--frame`; reported")
def test_poses_in_another_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The frame that is used is noted; poses in another one are left out."""
    measured = poses(frame="world")
    measured[7] = (measured[7][0], pose(1, (9.0, 9.0, 0.0), "camera"))
    path = bag(tmp_path / "bag", joint_states=states(), tracker=measured)
    result = report(capsys, path)
    assert result["skipped"] == {"pose in another frame than 'world': 'camera'": 1}
    assert any("in frame 'world', which is taken for the arm's base link" in note for note in result["notes"])
    line = failure(capsys, path, "--frame", "base_link")
    assert "no target in bag" in line
    assert "60 pose in another frame than 'base_link': 'world', 'camera'" in line


@reads("source", "frames with a leading slash, as of ROS 1", "the slash does not count")
@pytest.mark.parametrize("options", [(), ("--frame", "base_link"), ("--frame", "/base_link")])
def test_a_leading_slash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    """Poses with and without it are in one frame, which is the arm's base."""
    measured = poses()
    measured[20:] = poses(frame="/base_link")[20:]
    path = bag(tmp_path / "bag", joint_states=states(), tracker=measured)
    result = report(capsys, path, *options)
    assert (result["targets"], result["skipped"]) == (60, {})
    assert not any("base_link" in note for note in result["notes"])
    with Bag(path) as opened:
        recording = read_recording(opened, Selection(joints=ARM.joint_names))
    assert (recording.frame, len(recording.poses), recording.skipped) == ("base_link", 60, {})


def test_a_gap_in_the_joint_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target is left out if the last joint state before it is too old."""
    rows = [(received + (2 * 10**9 if i >= 30 else 0), m) for i, (received, m) in enumerate(states())]
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    assert result["skipped"]["target with a joint state older than 1 s"] == 1
    assert result["targets"] == 58


def test_a_single_joint_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A single joint state gives no target, because there is no state before it."""
    line = failure(capsys, bag(tmp_path / "bag", joint_states=states(1)))
    assert line.endswith("forward kinematics of /joint_states: 1 target before the first joint state")


@reads("format", "a split recording without metadata.yaml", "all files, in the order of receipt")
def test_a_split_bag_without_metadata(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All files of the folder are read, in the order of receipt."""
    rows = states()
    folder = tmp_path / "bag"
    folder.mkdir()
    for name, part in (("b_0", rows[:30]), ("a_1", rows[30:])):
        (file,) = bag(tmp_path / name, joint_states=part).glob("*.mcap")
        shutil.copy(file, folder / file.name)
    result = report(capsys, folder)
    assert (result["messages"], result["targets"]) == (60, 59)
    assert result["displacement"]["all"]["max"] < 1e-5
