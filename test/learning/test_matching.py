"""One time axis for joint states and poses, whatever their clocks and messages are like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag

from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.learning.matching import Recording, read_recording
from itnnr_ik.recording import Bag, BagError

MS = 1_000_000
NAMES = ("wheel", "shoulder", "gripper", "elbow")


def states(count: int, names: tuple[str, ...] = NAMES, stamped: bool = True) -> list[tuple[int, Any]]:
    """Joint states at 100 Hz of which two joints move."""
    angles = 0.02 * np.arange(count)
    rows = np.stack([0 * angles, np.sin(angles), 0.001 * angles, np.cos(angles)], axis=1)
    times = [(i + 1) * 10 * MS for i in range(count)]
    return [(at, joint_state(at if stamped else 0, names, row)) for at, row in zip(times, rows, strict=True)]


def poses(count: int, **options: Any) -> list[tuple[int, Any]]:
    """Poses at 100 Hz."""
    return [
        ((i + 1) * 10 * MS, pose((i + 1) * 10 * MS, (0.01 * i, 0.0, 0.0), **options)) for i in range(count)
    ]


def read(
    folder: Path, topics: dict[str, list[tuple[int, Any]]], joints: list[str] | None = None
) -> Recording:
    with Bag(write_bag(folder / "bag", "mcap", topics)) as bag:
        return read_recording(bag, Selection(joints=joints))


def test_the_joints_that_move_are_the_arms(tmp_path: Path) -> None:
    """Moving joints are in recorded order unless they are named."""
    topics = {"/joints": states(300), "/tip": poses(300)}
    recording = read(tmp_path, topics)
    assert recording.joint_names == ("shoulder", "elbow")
    assert (recording.frame, recording.clock) == ("world", "stamp")
    assert len(recording.joints) == len(recording.poses) == 300
    (tmp_path / "named").mkdir()
    assert read(tmp_path / "named", topics, ["elbow", "shoulder"]).joint_names == ("elbow", "shoulder")


def test_a_joint_at_rest_at_the_end_of_its_turn_does_not_move(tmp_path: Path) -> None:
    """A joint that rests at π may jump to -π by noise."""
    rows = states(300)
    for i, (_, message) in enumerate(rows):
        message.position[0] = (np.pi - 1e-3) * (-1) ** i
    assert read(tmp_path, {"/joints": rows, "/tip": poses(300)}).joint_names == ("shoulder", "elbow")


def test_the_usual_topic_of_joint_states_is_preferred(tmp_path: Path) -> None:
    """As by `evaluate`; where it has other joints, the others are told."""
    topics = {"/joint_states": states(300), "/joint_commands": states(200, ("a", "b", "c", "d"))}
    recording = read(tmp_path, {**topics, "/tip": poses(300)})
    assert (recording.joint_names, len(recording.joints)) == (("shoulder", "elbow"), 300)
    (tmp_path / "other").mkdir()
    message = r"no joint b in /joint_states \(--joint-topic takes /joint_commands\); recorded: wheel"
    with pytest.raises(BagError, match=message):
        read(tmp_path / "other", {**topics, "/tip": poses(300)}, ["b"])


def test_messages_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    """Unusable messages are counted, and the others used."""
    joint_states, tips = states(300), poses(300)
    joint_states[5] = (joint_states[5][0], joint_state(60 * MS, NAMES, [0.0, np.nan, 0.0, 0.0]))
    joint_states[6] = (joint_states[6][0], joint_state(70 * MS, ["other"], [0.0]))
    tips[7] = (tips[7][0], pose(80 * MS, (np.inf, 0.0, 0.0)))
    tips[8] = (tips[8][0], pose(90 * MS, (0.0, 0.0, 0.0), frame="map"))
    tips[9] = (tips[9][0], pose(20 * MS, (0.0, 0.0, 0.0)))
    recording = read(tmp_path, {"/joints": joint_states, "/tip": tips})
    assert recording.skipped == {
        "joint positions not finite": 1,
        "joint state of other joints": 1,
        "poses that are not finite or beyond all reach": 1,
        "pose in another frame than 'world': 'map'": 1,
        "poses whose time does not rise": 1,
    }
    assert (len(recording.joints), len(recording.poses)) == (298, 297)


def test_a_grippers_messages_among_the_arms(tmp_path: Path) -> None:
    """One before the arm's first, and one for every two of the arm's, moving as well: the arm is chosen."""
    joint_states = states(300)
    gripper = [(i * 20 * MS - 5 * MS, joint_state(i, ["finger"], [0.01 * i])) for i in range(1, 151)]
    topics = {"/joints": sorted(joint_states + gripper, key=lambda row: row[0]), "/tip": poses(300)}
    for place, joints in (("found", None), ("named", ["shoulder", "elbow"])):
        (tmp_path / place).mkdir()
        recording = read(tmp_path / place, topics, joints)
        assert recording.joint_names == ("shoulder", "elbow")
        assert len(recording.joints) == 300
        assert recording.skipped == {"joint state of other joints": 150}


@pytest.mark.parametrize("index", [0, 150, 299])
@pytest.mark.parametrize("topic", ["/joints", "/tip"])
def test_a_stamp_far_in_the_future_costs_one_message(tmp_path: Path, topic: str, index: int) -> None:
    """Messages after an outlier and the time axis are kept."""
    topics = {"/joints": states(300), "/tip": poses(300)}
    _, message = topics[topic][index]
    message.header.stamp.sec += 10**8
    recording = read(tmp_path, topics)
    what = {"/joints": "joint states", "/tip": "poses"}[topic]
    assert recording.skipped == {f"{what} whose time is far from the others'": 1}
    assert len(recording.joints) + len(recording.poses) == 599
    for series in (recording.joints, recording.poses):
        assert np.ptp(series.times) <= 3.0


def test_a_clock_that_is_wrong_for_a_while_costs_what_it_stamped(tmp_path: Path) -> None:
    """A clock that was set back permanently is not used."""
    topics = {"/joints": states(1000), "/tip": poses(1000)}
    for _, message in topics["/joints"][300:340]:
        message.header.stamp.sec += 500
    (tmp_path / "while").mkdir()
    recording = read(tmp_path / "while", topics)
    assert (recording.clock, len(recording.joints), len(recording.poses)) == ("stamp", 960, 1000)
    for received, message in topics["/joints"][500:]:
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(received - 4 * 10**9, 10**9)
    (tmp_path / "back").mkdir()
    recording = read(tmp_path / "back", topics)
    assert (recording.clock, len(recording.joints)) == ("receipt", 1000)


@pytest.mark.parametrize("pace", [0.5, 1.0])
def test_a_pause_or_another_pace_of_the_stamps_costs_nothing(tmp_path: Path, pace: float) -> None:
    """As of a simulation that was stopped for a minute, or runs at half the speed."""
    topics: dict[str, list[tuple[int, Any]]] = {}
    for topic, messages in (("/joints", states(300)), ("/tip", poses(300))):
        for received, message in messages:
            stamp = round(pace * received) + (60 * 10**9 if received > 10**9 else 0)
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
        topics[topic] = messages
    recording = read(tmp_path, topics)
    assert (recording.clock, recording.skipped) == ("stamp", {})
    assert len(recording.joints) == len(recording.poses) == 300


def test_without_usable_stamps_the_time_of_receipt_counts(tmp_path: Path) -> None:
    """Stamps of zero, as some drivers leave them."""
    tips = [(received, pose(0, (0.0, 0.0, 0.0))) for received, _ in poses(300)]
    assert read(tmp_path, {"/joints": states(300), "/tip": tips}).clock == "receipt"


def test_clocks_that_share_no_time_are_not_compared(tmp_path: Path) -> None:
    """A simulated robot under a measuring system's clock."""
    tips = [(received, pose(received + 10**18, (0.0, 0.0, 0.0))) for received, _ in poses(300)]
    assert read(tmp_path, {"/joints": states(300), "/tip": tips}).clock == "receipt"


@pytest.mark.parametrize(
    ("topics", "joints", "message"),
    [
        ({"/joints": states(9)}, None, "no message of type geometry_msgs/msg/PoseStamped"),
        ({"/tip": poses(9)}, None, "no message of type sensor_msgs/msg/JointState"),
        ({"/joints": states(300), "/tip": poses(1)}, None, "at least two finite poses"),
        (
            {"/joints": states(300), "/tip": poses(9)},
            ["arm"],
            "no joint arm in /joints; recorded: wheel",
        ),
        ({"/joints": states(1), "/tip": poses(9)}, None, "no joint moves by more than 0.05 rad"),
        (
            {"/joints": [(5, message) for _, message in states(300, stamped=False)], "/tip": poses(9)},
            None,
            "at least two joint states whose times rise in .*, got 1",
        ),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, topics: dict[str, list[tuple[int, Any]]], joints: list[str] | None, message: str
) -> None:
    """The error names missing topics, messages, joints or motion."""
    with pytest.raises(BagError, match=message):
        read(tmp_path, topics, joints)
