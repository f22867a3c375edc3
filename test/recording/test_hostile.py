"""What would hang, fill the memory or play tricks on a terminal is refused or made harmless."""

from __future__ import annotations

import os
import resource
import unicodedata
from pathlib import Path

import pytest
from arm_recordings import bag, poses, states
from backports import zstd
from bag_writer import TYPES
from hypothesis import given
from hypothesis import strategies as st
from reads import reads
from rosbags.rosbag2 import Writer

from itnnr_ik.cli import main
from itnnr_ik.printable import printable
from itnnr_ik.recording import JOINT_STATE, Bag, BagError
from itnnr_ik.recording.unpacking import unpack, unpack_file


@reads("odd", "a pipe or a device", "refused; left out of a folder")
def test_a_pipe_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe is refused without opening it, which would block; in a folder it is left out."""
    pipe = tmp_path / "pipe.mcap"
    os.mkfifo(pipe)
    assert main(["evaluate", str(pipe), "--arm", "two_link"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"itnnr-ik evaluate: {pipe} is neither a folder nor a regular file"
    folder = bag(tmp_path / "bag", joint_states=states())
    os.mkfifo(folder / "x.db3")
    os.remove(folder / "metadata.yaml")
    os.mkfifo(folder / "metadata.yaml")
    notes: list[str] = []
    with Bag(folder, warn=notes.append) as opened:
        assert len(list(opened.joint_states())) == 60
    assert notes == ["x.db3 is no regular file and is left out"]


def test_a_device_is_refused() -> None:
    """A device, which may have no end, is refused."""
    with pytest.raises(BagError, match="/dev/zero is neither a folder nor a regular file"):
        Bag("/dev/zero")


@reads("odd", "terminal escapes in names", "shown escaped")
@pytest.mark.parametrize("escape", ["\x1b[2J", "\x9b31m", "\u202e", "\r", "\x07"])
def test_terminal_escapes_in_names(tmp_path: Path, capsys: pytest.CaptureFixture[str], escape: str) -> None:
    """Escapes in names are neutralised in reports, errors and JSON."""
    rows = states(names=(f"wheel{escape}", "joint_2", "joint_1"))
    path = tmp_path / f"bag{escape}"
    with Writer(path, version=9) as writer:
        connection = writer.add_connection(f"/joints{escape}", JOINT_STATE, typestore=TYPES)
        for received, message in rows:
            writer.write(connection, received, TYPES.serialize_cdr(message, JOINT_STATE))
    (path / f"other{escape}.mcap").write_bytes(b"x")
    shown = []
    for options in (
        [],
        ["--json"],
        ["--joints", "a,b"],
        ["--joint-topic", "/no"],
        ["--html", str(path / "x")],
    ):
        main(["evaluate", str(path), "--arm", "two_link", *options])
        output = capsys.readouterr()
        shown += [output.out, output.err]
    tracked = bag(tmp_path / f"poses{escape}", tracker=poses(frame=f"world{escape}"))
    main(["evaluate", str(tracked), "--arm", "two_link"])
    main(["evaluate", str(tracked), "--arm", "two_link", "--frame", "x"])
    output = capsys.readouterr()
    main(["path", str(tracked), "--arm", "two_link", "--frame", f"world{escape}", "-o", f"{tracked}.csv"])
    (tracked / f"bad{escape}.mcap").write_bytes(b"x")
    main(["path", str(tracked), "--arm", "two_link", "--frame", f"world{escape}"])
    shown += [output.out, output.err]
    output = capsys.readouterr()
    assert "joint path written to" in output.out and "cannot be read" in output.out
    text = "".join([*shown, output.out, output.err])
    assert escape not in text
    assert "world" in text and "joints" in text


@given(st.text())
def test_printable_text(text: str) -> None:
    """Control characters are removed, and harmless text is unchanged."""
    made = printable(text)
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in made)
    if text.isprintable():
        assert made == text


@pytest.mark.slow
@reads("odd", "zstd file that unpacks to gigabytes", "refused; no memory is taken")
def test_unpacking_is_bounded(tmp_path: Path) -> None:
    """A file or a message of 93 kB that unpacks to gigabytes is an error without using memory."""
    compressor = zstd.ZstdCompressor()
    packed = b"".join(compressor.compress(bytes(1 << 24)) for _ in range(180)) + compressor.flush()
    assert 60_000 < len(packed) < 400_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="unpacks to more than 1000 bytes"):
        unpack(packed, "zstd", 1000)
    source = tmp_path / "packed"
    source.write_bytes(packed)
    with pytest.raises(ValueError, match="unpacks to more than 1073741824 bytes"):
        unpack_file(source, tmp_path / "unpacked")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_several_frames_unpack_to_one(tmp_path: Path) -> None:
    """Several frames, as some recorders write, unpack to one file."""
    parts = [os.urandom(1000) for _ in range(3)]
    packed = b"".join(map(zstd.compress, parts))
    assert unpack(packed, "zstd", 3000) == b"".join(parts)
    (tmp_path / "packed").write_bytes(packed)
    assert unpack_file(tmp_path / "packed", tmp_path / "unpacked")
    assert (tmp_path / "unpacked").read_bytes() == b"".join(parts)
