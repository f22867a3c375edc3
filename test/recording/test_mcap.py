"""MCAP files by their own schemas, whatever their profile, index and sizes say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from arm_recordings import NAMES, START, states
from backports import zstd
from bag_writer import TYPES
from hypothesis import given
from hypothesis import strategies as st
from mcap_records import channel, chunk, mcap, message, schema, statistics
from reads import reads
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from itnnr_ik.recording import JOINT_STATE, Bag, BagError, RecordedJoints

DEFINITION, _ = TYPES.generate_msgdef(JOINT_STATE, ros_version=2)
ROWS = [(received, bytes(TYPES.serialize_cdr(m, JOINT_STATE))) for received, m in states()]
OPENING = [schema(1, JOINT_STATE, "ros2msg", DEFINITION), channel(1, 1, "/joint_states")]
MESSAGES = [message(1, received, data) for received, data in ROWS]
TIMES = [received for received, _ in ROWS]


def read(path: Path, content: bytes) -> tuple[list[RecordedJoints], list[str]]:
    """Joint states in a file, and the notes."""
    path = path / "file.mcap" if path.is_dir() else path
    path.write_bytes(content)
    notes: list[str] = []
    with Bag(path, warn=notes.append) as bag:
        return list(bag.joint_states()), notes


def times(path: Path, content: bytes) -> tuple[list[int], list[str]]:
    found, notes = read(path, content)
    return [state.received for state in found], notes


@reads("format", "MCAP of any profile, without an index; chunks plain, zstd or lz4", "read")
@pytest.mark.parametrize("profile", ["", "ros2", "px4", "\x1b[31m"])
@pytest.mark.parametrize("compression", ["", "zstd", "lz4"])
def test_any_profile_and_compression(tmp_path: Path, profile: str, compression: str) -> None:
    """A file with chunks and without an index is read completely."""
    chunks = [
        chunk([*OPENING, *MESSAGES[:40]], compression),
        chunk(MESSAGES[40:], compression),
    ]
    assert times(tmp_path, mcap(*chunks, profile=profile)) == (TIMES, [])


@reads("format", "MCAP without chunks", "read")
def test_messages_outside_chunks(tmp_path: Path) -> None:
    """Messages outside chunks, as small writers make them, are read."""
    assert times(tmp_path, mcap(*OPENING, *MESSAGES)) == (TIMES, [])


@reads("odd", "MCAP messages in any order, chunks that overlap", "in the order of receipt")
@given(st.permutations(range(12)), st.integers(1, 5), st.booleans())
def test_messages_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], size: int, chunked: bool
) -> None:
    """Messages of overlapping chunks are in the order of receipt."""
    folder = tmp_path_factory.mktemp("order")
    shuffled = [MESSAGES[i] for i in order]
    parts = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]
    content = mcap(*OPENING, *(chunk(part) for part in parts)) if chunked else mcap(*OPENING, *shuffled)
    assert times(folder, content) == (TIMES[:12], [])


@reads("odd", "times of receipt that go back by more than 1 s", "in the order of these times; reported")
@pytest.mark.parametrize("chunked", [False, True])
def test_times_that_go_back_are_reported(tmp_path: Path, chunked: bool) -> None:
    """Times that decrease are noted: messages before and after a clock was set back are mixed."""
    back = 2 * 10**9
    later = [message(1, received - back, data) for received, data in ROWS[20:]]
    parts = [chunk(MESSAGES[:20]), chunk(later)] if chunked else [*MESSAGES[:20], *later]
    found, (note,) = times(tmp_path, mcap(*OPENING, *parts))
    assert found == sorted([*TIMES[:20], *(time - back for time in TIMES[20:])])
    assert note.startswith("times of receipt in file.mcap go back by up to 1.99 s")


@reads("format", "protobuf, JSON or no schema beside CDR, in MCAP", "passed over, and named")
def test_other_encodings_beside_cdr(tmp_path: Path) -> None:
    """Topics of other encodings are left out with a note."""
    others = [
        schema(2, "pkg.Thing", "protobuf", "\0\1"),
        schema(3, "thing", "jsonschema", "{}"),
        channel(2, 2, "/proto", "protobuf"),
        channel(3, 3, "/json", "json"),
        channel(4, 0, "/bare", "cdr"),
        channel(5, 0, "/text\x1b[2J", ""),
        *(message(number, START, b"x") for number in (2, 3, 4, 5)),
    ]
    found, (note,) = times(tmp_path, mcap(chunk([*others, *OPENING, *MESSAGES]), profile=""))
    assert found == TIMES
    assert note == (
        "passed over, because only CDR and ros1 messages are read: /bare (cdr without a type), "
        "/json (thing in json), /proto (pkg/msg/Thing in protobuf), "
        "/text\x1b[2J (an unknown encoding without a type)"
    ).replace("pkg/msg/Thing", "pkg.Thing")


@reads(
    "format",
    "a message definition that is not that of ROS (a header with `seq`)",
    "the definition in the file is used",
)
def test_a_definition_in_the_file_comes_first(tmp_path: Path) -> None:
    """A recorded definition with other fields, in another order, is used."""
    definition = """std_msgs/Header header
string[] name
float64[] velocity
float64[] position
================================================================================
MSG: std_msgs/Header
uint32 seq
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""
    types = get_typestore(Stores.EMPTY)
    types.register(get_types_from_msg(definition, JOINT_STATE))
    stamp = types.types["builtin_interfaces/msg/Time"](sec=12, nanosec=34)
    header = types.types["std_msgs/msg/Header"](seq=77, stamp=stamp, frame_id="base")
    rows = [
        types.types[JOINT_STATE](
            header=header, name=list(NAMES), velocity=np.zeros(3), position=np.array([1.0, 2.0, 3.0 + i])
        )
        for i in range(3)
    ]
    content = mcap(
        schema(1, JOINT_STATE, "ros2msg", definition),
        OPENING[1],
        *(message(1, i, bytes(types.serialize_cdr(row, JOINT_STATE))) for i, row in enumerate(rows)),
    )
    found, notes = read(tmp_path, content)
    assert notes == []
    assert [state.stamp for state in found] == [12 * 10**9 + 34] * 3
    assert [state.positions.tolist() for state in found] == [[1.0, 2.0, 3.0 + i] for i in range(3)]


RULE = "\n" + "=" * 80 + "\nMSG: "


@reads("odd", "a message definition that cannot be read", "that of ROS is used, and it is reported")
@pytest.mark.parametrize(
    "definition",
    [
        "nonsense {",
        "std_msgs/Header header\n" * 20_000,
        "".join(f"float64 x{i}\n" for i in range(10_000)),
        "float64[9000000000] x",
        f"p/A a{RULE}p/A\np/B b{RULE}p/B\np/A a",
        f"p/A[1000000] a{RULE}p/A\n",
        f"p/A[1000] a{RULE}p/A\np/B[1000] b{RULE}p/B\nuint8 x",
        "int32 X=" + "9" * 100_000,
    ],
    ids=["grammar", "length", "fields", "array", "loop", "parts", "parts of parts", "digits"],
)
def test_a_definition_that_cannot_be_read(tmp_path: Path, definition: str) -> None:
    """The definition of ROS replaces one that cannot be read, with a note."""
    content = mcap(schema(1, JOINT_STATE, "ros2msg", definition), OPENING[1], *MESSAGES)
    found, (note,) = times(tmp_path, content)
    assert found == TIMES
    assert note.startswith(f"the recorded definition of {JOINT_STATE} cannot be read (")
    assert "\n" not in note


def test_a_definition_without_what_is_needed(tmp_path: Path) -> None:
    """A type of a known name with other fields is an error of one line."""
    content = mcap(schema(1, JOINT_STATE, "ros2msg", "uint8 x\n"), OPENING[1], message(1, 5, b"\0\1\0\0\7"))
    found, (note,) = times(tmp_path, content)
    assert found == []
    assert note.startswith("1 messages of /joint_states cannot be decoded")


@reads("odd", "MCAP chunk whose checksum is wrong", "left out and reported; the chunks around it are read")
def test_a_chunk_that_is_damaged(tmp_path: Path) -> None:
    """A damaged chunk is detected by its checksum, and the others are read."""
    chunks = [
        bytearray(chunk([*OPENING, *MESSAGES[:20]])),
        bytearray(chunk(MESSAGES[20:40])),
        chunk(MESSAGES[40:]),
    ]
    chunks[1][len(chunks[1]) // 2] ^= 0xFF
    found, (note,) = times(tmp_path, mcap(*map(bytes, chunks)))
    assert found == TIMES[:20] + TIMES[40:]
    assert note.startswith("file.mcap is damaged (the chunk at byte ")
    assert note.endswith("checksum is wrong): 1 chunk is left out, 40 messages around the damage are read")


@reads(
    "odd",
    "MCAP chunk that unpacks to gigabytes, or whose size lies",
    "left out and reported; no memory is taken",
)
def test_a_chunk_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    """A chunk that unpacks to gigabytes is left out, whatever its size says, without using the memory."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    compressor = zstd.ZstdCompressor()
    packed = b"".join(compressor.compress(bytes(1 << 24)) for _ in range(192)) + compressor.flush()
    assert len(packed) < 400_000
    for size in (3 << 30, 1000, 2**63):
        bomb = chunk([], "zstd", size=size, packed=packed)
        found, (note,) = times(tmp_path, mcap(*OPENING, *MESSAGES, bomb))
        assert found == TIMES
        assert "1 chunk is left out" in note
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


@reads("odd", "MCAP cut within a chunk", "what is whole is read, and reported")
@pytest.mark.parametrize("compression", ["", "zstd", "lz4"])
def test_a_chunk_that_is_cut(tmp_path: Path, compression: str) -> None:
    """Of a cut chunk the complete messages are read as far as it can be unpacked."""
    whole = mcap(*OPENING, chunk(MESSAGES[:30], compression), chunk(MESSAGES[30:], compression))
    found, (note,) = times(tmp_path, whole[: -len(mcap()) - 100])
    assert found == TIMES[: len(found)]
    assert len(found) >= (55 if not compression else 30)
    assert note.endswith(f": {len(found)} messages before the damage are read")


@reads("odd", "MCAP without its end", "read, and reported")
def test_a_recorder_that_was_killed(tmp_path: Path) -> None:
    """A file without its end is read completely, with a note."""
    found, (note,) = times(tmp_path, mcap(chunk([*OPENING, *MESSAGES]), ended=False))
    assert found == TIMES
    assert note == "file.mcap is damaged (its end is missing): 60 messages before the damage are read"


def test_times_that_cannot_be(tmp_path: Path) -> None:
    """Messages whose time exceeds a signed 64-bit number are left out."""
    odd = message(1, 2**64 - 1, ROWS[0][1])
    assert times(tmp_path, mcap(*OPENING, odd, *MESSAGES)) == (
        TIMES,
        ["file.mcap has 1 messages whose time cannot be; they are left out"],
    )


@reads("format", "ros1 messages in MCAP", "read")
def test_ros_1_messages(tmp_path: Path) -> None:
    """ROS 1 messages in an MCAP file are decoded with their own definition."""
    types = get_typestore(Stores.ROS1_NOETIC)
    definition, _ = types.generate_msgdef(JOINT_STATE)
    stamp = types.types["builtin_interfaces/msg/Time"](sec=12, nanosec=34)
    header = types.types["std_msgs/msg/Header"](seq=7, stamp=stamp, frame_id="")
    state = types.types[JOINT_STATE](
        header=header,
        name=["a", "b"],
        position=np.array([0.5, 0.25]),
        velocity=np.empty(0),
        effort=np.empty(0),
    )
    data = bytes(types.serialize_ros1(state, JOINT_STATE))
    content = mcap(
        schema(1, "sensor_msgs/JointState", "ros1msg", definition),
        channel(1, 1, "/joint_states", "ros1"),
        message(1, 5, data),
        profile="ros1",
    )
    (found,), notes = read(tmp_path, content)
    assert (found.stamp, found.names, found.positions.tolist(), notes) == (
        12 * 10**9 + 34,
        ("a", "b"),
        [0.5, 0.25],
        [],
    )


def test_nothing_but_damage(tmp_path: Path) -> None:
    """One line."""
    path = tmp_path / "file.mcap"
    path.write_bytes(mcap(b"\0" * 50, ended=False))
    with pytest.raises(BagError, match=r"cannot read .*: no record at byte \d+$"), Bag(path):
        pass


@reads("odd", "MCAP with more after its end", "what is before it is read, and reported")
def test_an_end_in_the_middle(tmp_path: Path) -> None:
    """Data after the end, from a damaged opcode or a second file, is noted."""
    half = len(MESSAGES) // 2
    second = chunk(MESSAGES[half:])
    content = mcap(*OPENING, chunk(MESSAGES[:half]), second, summary=[statistics(len(MESSAGES))])
    at = content.index(second)
    damaged = content[:at] + b"\x02" + content[at + 1 :]
    found, notes = times(tmp_path, damaged)
    assert found == TIMES[:half]
    told = f"(its end is at byte {at} of {len(content)}): {half} messages before the damage are read"
    assert [note.partition("damaged ")[2] for note in notes] == [told]
    found, notes = times(tmp_path, mcap(*OPENING, *MESSAGES) + content)
    assert (found, len(notes)) == (TIMES, 1)
