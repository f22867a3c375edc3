"""Recordings are read by topic, type and joint name, and errors say what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import STORAGES, TYPES, joint_state, pose, write_bag
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.recording import JOINT_STATE, POSE_STAMPED, Bag, BagError
from itnnr_ik.recording.joint_layout import JointStateDecoder
from itnnr_ik.recording.pairing import usable_positions

JOINTS = ("wheel", "elbow", "shoulder")


def _joints(stamp: int, positions: tuple[float, ...]) -> Any:
    return joint_state(stamp, JOINTS, positions)


@pytest.fixture(params=sorted(STORAGES))
def bag(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_bag(
        tmp_path / "bag",
        request.param,
        {
            "/tracker": [(10**9 * i + 7, pose(10**9 * i, (i, 2.0, -3.0))) for i in range(1, 4)],
            "/joint_states": [(10**9 * i + 5, _joints(i, (0.1, 0.2 * i, -0.3))) for i in range(1, 6)],
        },
    )


def test_topics_are_listed_with_type_and_count(bag: Path) -> None:
    """The listing names each topic, its type and its number of messages."""
    with Bag(bag) as reader:
        listed = [(topic.name, topic.msgtype, topic.count) for topic in reader.topics]
    assert sorted(listed) == [("/joint_states", JOINT_STATE, 5), ("/tracker", POSE_STAMPED, 3)]


def test_poses_carry_both_times_the_frame_and_the_position(bag: Path) -> None:
    """Records have time of receipt and header stamp, and are in the order of receipt."""
    with Bag(bag) as reader:
        poses = list(reader.poses())
    assert [(p.received, p.stamp, p.frame) for p in poses] == [
        (10**9 * i + 7, 10**9 * i, "world") for i in range(1, 4)
    ]
    np.testing.assert_array_equal([p.position for p in poses], [[i, 2.0, -3.0] for i in range(1, 4)])


def test_joints_are_picked_by_name(bag: Path) -> None:
    """Positions are in the requested order of the joints, and other joints are left out."""
    with Bag(bag) as reader:
        states = list(reader.joint_states("/joint_states"))
    assert states[1].names == JOINTS
    np.testing.assert_allclose(states[1].positions, [0.1, 0.4, -0.3])
    np.testing.assert_allclose(usable_positions(states[1], ["shoulder", "elbow"])[0], [-0.3, 0.4])


def test_a_single_file_reads_as_its_folder_does(bag: Path) -> None:
    """A .mcap or .db3 file without its folder's metadata gives the same records."""
    (file,) = (path for path in bag.iterdir() if path.suffix in (".mcap", ".db3"))
    with Bag(file) as alone, Bag(bag) as whole:
        for one, other in zip(alone.poses(), whole.poses(), strict=True):
            assert (one.received, one.stamp) == (other.received, other.stamp)
            np.testing.assert_array_equal(one.position, other.position)


def test_an_unknown_topic_lists_those_recorded(bag: Path) -> None:
    """The error says which topics there are, with type and count."""
    with (
        Bag(bag) as reader,
        pytest.raises(BagError, match=rf"no topic /nope .*/tracker \({POSE_STAMPED}, 3\)"),
    ):
        next(reader.poses("/nope"))


def test_a_topic_of_another_type_is_refused(bag: Path) -> None:
    """The error says which type was expected and which came."""
    with Bag(bag) as reader, pytest.raises(BagError, match=f"type {JOINT_STATE}, expected {POSE_STAMPED}"):
        next(reader.poses("/joint_states"))


def test_several_fitting_topics_must_be_told_apart(tmp_path: Path) -> None:
    """With two pose topics the reader asks for one by name, and takes the named one."""
    poses = [(1, pose(1, (1.0, 2.0, 3.0)))]
    path = write_bag(tmp_path / "bag", "mcap", {"/a": poses, "/b": poses})
    with Bag(path) as reader:
        with pytest.raises(BagError, match="name one of: /a, /b"):
            next(reader.poses())
        assert len(list(reader.poses("/b"))) == 1


def test_the_type_named_first_is_preferred(bag: Path) -> None:
    """Where poses and joint states are both there, the order of the types decides."""
    with Bag(bag) as reader:
        assert reader.find_topic([POSE_STAMPED, JOINT_STATE]).name == "/tracker"
        assert reader.find_topic([JOINT_STATE, POSE_STAMPED]).name == "/joint_states"


def test_a_bag_without_fitting_messages_lists_its_topics(tmp_path: Path) -> None:
    """Asking for poses of a bag of joint states says what is in it."""
    path = write_bag(tmp_path / "bag", "db3", {"/joint_states": [(1, _joints(1, (0.0, 0.0, 0.0)))]})
    with Bag(path) as reader, pytest.raises(BagError, match=rf"recorded: /joint_states \({JOINT_STATE}, 1\)"):
        next(reader.poses())


names = st.lists(st.text(max_size=9), max_size=4)
numbers = st.lists(st.floats(allow_nan=False), max_size=4)


@given(st.lists(st.tuples(names, numbers, numbers, st.integers(0, 2**31 - 1)), max_size=8), st.booleans())
def test_joint_states_of_one_layout_are_read_as_any_message(
    rows: list[tuple[list[str], list[float], list[float], int]], twice: bool
) -> None:
    """The fast decoder gives the same results as the full one for any sequence of messages."""
    decode = JointStateDecoder(lambda data: TYPES.deserialize_cdr(data, JOINT_STATE))
    for joints, positions, velocities, second in rows * (1 + twice):
        message = joint_state(second * 10**9 + 7, joints, positions)
        message.velocity = np.array(velocities)
        found = decode(5, bytes(TYPES.serialize_cdr(message, JOINT_STATE)))
        assert (found.received, found.stamp, found.names) == (5, second * 10**9 + 7, tuple(joints))
        np.testing.assert_array_equal(found.positions, positions)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(BagError, match=r"no recording at .*nowhere"):
        Bag(tmp_path / "nowhere")


def test_a_folder_without_data_files_is_no_recording(tmp_path: Path) -> None:
    """The error says what a recording consists of."""
    with pytest.raises(BagError, match=r"or a folder with such files"):
        Bag(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BagError, match=r"ending in .mcap, .db3 or .bag"):
        Bag(tmp_path / "notes.txt")


def test_a_file_that_is_no_bag_is_refused(tmp_path: Path) -> None:
    """A right name with wrong content gives one clear error."""
    (tmp_path / "broken.mcap").write_bytes(b"nothing of the kind")
    with pytest.raises(BagError, match=r"cannot read .*broken.mcap"), Bag(tmp_path / "broken.mcap"):
        pass
    (tmp_path / "broken.db3").write_bytes(b"nothing of the kind")
    with pytest.raises(BagError, match=r"cannot read .*broken.db3"), Bag(tmp_path / "broken.db3"):
        pass
