"""ROS 1 bags: read as they are, whole or cut."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from arm_recordings import NAMES, states
from reads import reads
from rosbags.rosbag1 import Writer
from rosbags.typesys import Stores, get_typestore

from itnnr_ik.cli import main
from itnnr_ik.recording import JOINT_STATE, Bag

TYPES = get_typestore(Stores.ROS1_NOETIC)


def write(path: Path, compression: Writer.CompressionFormat | None = None) -> list[int]:
    """Sixty joint states as a ROS 1 bag; their times."""
    writer = Writer(path)
    if compression is not None:
        writer.set_compression(compression)
    with writer:
        connection = writer.add_connection("/joint_states", JOINT_STATE, typestore=TYPES)
        for i, (received, message) in enumerate(states()):
            stamp = message.header.stamp
            state = TYPES.types[JOINT_STATE](
                header=TYPES.types["std_msgs/msg/Header"](
                    seq=i,
                    stamp=TYPES.types["builtin_interfaces/msg/Time"](sec=stamp.sec, nanosec=stamp.nanosec),
                    frame_id="",
                ),
                name=list(NAMES),
                position=message.position,
                velocity=np.empty(0),
                effort=np.empty(0),
            )
            writer.write(connection, received, TYPES.serialize_ros1(state, JOINT_STATE))
    return [received for received, _ in states()]


@reads("format", "ROS 1 bag (2.0), plain, bz2 or lz4, indexed or not", "read")
@pytest.mark.parametrize("compression", [None, *Writer.CompressionFormat])
def test_a_bag_of_ros_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], compression: Writer.CompressionFormat | None
) -> None:
    """A ROS 1 bag gives the same numbers as the ROS 2 recording."""
    times = write(tmp_path / "arm.bag", compression)
    with Bag(tmp_path / "arm.bag") as opened:
        found = list(opened.joint_states())
    assert [state.received for state in found] == times
    assert found[0].names == NAMES
    assert main(["evaluate", str(tmp_path / "arm.bag"), "--arm", "two_link", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["messages"], result["solved"], result["notes"]) == (60, 59, [])


def test_a_bag_whose_recorder_was_killed(tmp_path: Path) -> None:
    """Without an index the complete records are read."""
    path = tmp_path / "arm.bag"
    times = write(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(0.7 * len(content))])
    notes: list[str] = []
    with Bag(path, warn=notes.append) as opened:
        found = [state.received for state in opened.joint_states()]
    assert 20 < len(found) < 60
    assert found == times[: len(found)]
    assert notes == [
        f"arm.bag is damaged (it ends within a record, or a length is wrong): {len(found)} messages before "
        "the damage are read"
    ]


@reads("odd", "ROS 1 bag that has fewer messages than its index says", "read, and reported")
def test_a_message_that_is_damaged(tmp_path: Path) -> None:
    """A damaged message, which has no checksum, is detected by the index."""
    path = tmp_path / "arm.bag"
    times = write(path)
    content = path.read_bytes()
    at = content.index(b"op=\x02") + 3
    path.write_bytes(content[:at] + b"\x09" + content[at + 1 :])
    notes: list[str] = []
    with Bag(path, warn=notes.append) as opened:
        assert [state.received for state in opened.joint_states()] == times[1:]
    assert notes == ["arm.bag is damaged (it announces 60 messages): 59 messages before the damage are read"]
