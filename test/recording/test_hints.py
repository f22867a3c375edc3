"""What is in the files counts; metadata.yaml is a hint, and where it differs, that is told."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from arm_recordings import Messages, bag, states
from backports import zstd
from bag_writer import STORAGES, TYPES
from reads import reads
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer

from itnnr_ik.recording import JOINT_STATE, Bag


def read(path: Path) -> tuple[list[int], list[str]]:
    """Times of receipt of the joint states, and the notes."""
    notes: list[str] = []
    with Bag(path, warn=notes.append) as opened:
        assert opened.topics[0].name == "/joint_states"
        times = [state.received for state in opened.joint_states()]
        assert opened.topics[0].count == len(times)
    return times, notes


def times_of(rows: Messages) -> list[int]:
    return [received for received, _ in rows]


def split(folder: Path, storage: str, rows: Messages) -> tuple[Path, Path]:
    """A recording in two files, with a metadata.yaml of both; the files."""
    whole = bag(folder, storage, joint_states=rows)
    (first,) = (file for file in whole.iterdir() if file.suffix != ".yaml")
    half = len(rows) // 2
    parts = []
    for i, part in enumerate((rows[:half], rows[half:])):
        (file,) = (
            file
            for file in bag(folder.parent / f"part_{i}", storage, joint_states=part).iterdir()
            if file.suffix != ".yaml"
        )
        parts.append(Path(shutil.copy(file, whole / f"part_{i}{file.suffix}")))
    first.unlink()
    metadata = whole / "metadata.yaml"
    listed = re.sub(r"- .*" + re.escape(first.name), "- part_0.x\n  - part_1.x", metadata.read_text())
    metadata.write_text(listed.replace(".x", first.suffix))
    return parts[0], parts[1]


@reads("odd", "metadata.yaml with emptied QoS texts", "all messages are read")
@pytest.mark.parametrize("storage", sorted(STORAGES))
def test_quality_of_service_that_was_emptied(tmp_path: Path, storage: str) -> None:
    """Recordings rewritten by tools are read completely, without a note."""
    rows = states()
    path = bag(tmp_path / "bag", storage, joint_states=rows)
    metadata = path / "metadata.yaml"
    changed = re.sub(
        r"offered_qos_profiles:(.|\n)*?(?=\n +type_desc)", 'offered_qos_profiles: ""', metadata.read_text()
    )
    assert changed != metadata.read_text()
    metadata.write_text(changed)
    assert read(path) == (times_of(rows), [])


@reads("odd", "split files that differ in QoS", "all messages are read")
def test_quality_of_service_that_differs_between_split_files(tmp_path: Path) -> None:
    """If one of two databases was rewritten, none of its messages is lost."""
    rows = states()
    first, _ = split(tmp_path / "bag", "db3", rows)
    with closing(sqlite3.connect(first)) as database:
        database.execute(
            "UPDATE topics SET offered_qos_profiles = '- history: 3', type_description_hash = ''"
        )
        database.commit()
    assert read(first.parent) == (times_of(rows), [])


@pytest.mark.parametrize("storage", sorted(STORAGES))
def test_times_that_go_back_from_file_to_file_are_reported(tmp_path: Path, storage: str) -> None:
    """Where the clock was set back between split files, a note says that they are mixed."""
    rows = states(400)
    set_back = [(received - 1_500_000_000, message) for received, message in rows[200:]]
    first, _ = split(tmp_path / "bag", storage, [*rows[:200], *set_back])
    found, (note,) = read(first.parent)
    assert found == sorted(times_of([*rows[:200], *set_back]))
    assert note.startswith("times of receipt of /joint_states overlap by up to 1.49 s from file to file: ")


@reads("odd", "metadata.yaml with wrong counts", "all messages are read; reported")
@pytest.mark.parametrize("storage", sorted(STORAGES))
def test_counts_that_are_wrong(tmp_path: Path, storage: str) -> None:
    """Wrong counts in metadata.yaml are noted, also counts of zero."""
    rows = states()
    path = bag(tmp_path / "bag", storage, joint_states=rows)
    metadata = path / "metadata.yaml"
    text = metadata.read_text()
    assert "message_count: 60" in text
    for said in (0, 1000):
        metadata.write_text(text.replace("message_count: 60", f"message_count: {said}"))
        note = f"metadata.yaml says {said} messages of /joint_states, the files have 60"
        assert read(path) == (times_of(rows), [note])


@reads("odd", "metadata.yaml with a wrong list of files", "the files that are there are read; reported")
def test_a_list_of_files_that_is_wrong(tmp_path: Path) -> None:
    """A file that is not listed is read; a listed file that is missing is noted."""
    rows = states()
    first, second = split(tmp_path / "bag", "mcap", rows)
    metadata = first.parent / "metadata.yaml"
    text = metadata.read_text()
    metadata.write_text(text.replace(f"  - {second.name}\n", ""))
    assert read(first.parent) == (
        times_of(rows),
        [f"{second.name} is read, which metadata.yaml does not list"],
    )
    metadata.write_text(text)
    second.unlink()
    assert read(first.parent) == (
        times_of(rows)[:30],
        [
            f"metadata.yaml lists {second.name}, which is not there",
            "metadata.yaml says 60 messages of /joint_states, the files have 30",
        ],
    )


@reads(
    "format",
    "zstd files, whether metadata.yaml and the name say so or not",
    "read; reported where metadata.yaml does not",
)
@pytest.mark.parametrize("storage", sorted(STORAGES))
@pytest.mark.parametrize("suffix", ["", ".zstd"])
def test_files_whose_compression_is_not_named(tmp_path: Path, storage: str, suffix: str) -> None:
    """Compression is detected by the content of a file."""
    rows = states()
    path = bag(tmp_path / "bag", storage, joint_states=rows)
    (file,) = (file for file in path.iterdir() if file.suffix != ".yaml")
    packed = zstd.compress(file.read_bytes())
    file.unlink()
    (path / f"{file.name}{suffix}").write_bytes(packed)
    times, notes = read(path)
    assert times == times_of(rows)
    assert "metadata.yaml says that the files are not compressed, which is not so" in notes
    (path / "metadata.yaml").unlink()
    assert read(path) == (times_of(rows), [])


@reads("odd", "a file beside its compressed copy", "read once; reported")
def test_a_file_that_was_unpacked_beside_the_packed_one(tmp_path: Path) -> None:
    """Messages of a file that was unpacked by playing it do not count twice."""
    rows = states()
    path = bag(tmp_path / "bag", "db3", joint_states=rows)
    (file,) = path.glob("*.db3")
    (path / f"{file.name}.zstd").write_bytes(zstd.compress(file.read_bytes()))
    assert read(path) == (times_of(rows), [f"{file.name}.zstd is left out: {file.name} is there, too"])


@reads("odd", "a link in the folder to another file of it", "read once; reported")
def test_a_file_under_two_names(tmp_path: Path) -> None:
    """Messages of a linked file do not count twice, whichever name comes first."""
    rows = states()
    first, second = split(tmp_path / "bag", "mcap", rows)
    (first.parent / "metadata.yaml").unlink()
    (first.parent / "latest.mcap").symlink_to(second.name)
    (first.parent / "the_same.mcap").hardlink_to(first)
    assert read(first.parent) == (
        times_of(rows),
        [
            f"the_same.mcap is left out: it is {first.name} once more",
            f"latest.mcap is left out: it is {second.name} once more",
        ],
    )


@reads(
    "format",
    "messages compressed one by one (zstd), said or not",
    "read; reported where metadata.yaml does not",
)
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("storage", sorted(STORAGES))
def test_messages_that_are_compressed_one_by_one(tmp_path: Path, storage: str, named: bool) -> None:
    """Compressed messages are read whether metadata.yaml mentions it or not."""
    rows = states()
    path = tmp_path / "bag"
    writer = Writer(path, version=9, storage_plugin=STORAGES[storage])
    writer.set_compression(CompressionMode.MESSAGE, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection("/joint_states", JOINT_STATE, typestore=TYPES)
        for received, message in rows:
            writer.write(connection, received, TYPES.serialize_cdr(message, JOINT_STATE))
    notes = []
    if not named:
        metadata = path / "metadata.yaml"
        text = re.sub(r"compression_(format|mode):.*", r'compression_\1: ""', metadata.read_text())
        metadata.write_text(text)
        notes = ["metadata.yaml says that the files are not compressed, which is not so"]
    assert read(path) == (times_of(rows), notes)


@reads("odd", "metadata.yaml that is no YAML, or none of rosbag2", "the files are read; reported")
@pytest.mark.parametrize(
    "content", ["", "[", "a: 1", "rosbag2_bagfile_information: 3", "[" * 5000, "\0", "x: &a [*a]"]
)
def test_metadata_that_is_none(tmp_path: Path, content: str) -> None:
    """A metadata.yaml that cannot be read is noted in one line, and the files are read without it."""
    rows = states()
    path = bag(tmp_path / "bag", joint_states=rows)
    (path / "metadata.yaml").write_text(content)
    times, (note,) = read(path)
    assert times == times_of(rows)
    assert note.startswith("metadata.yaml cannot be read (")
    assert "\n" not in note
