"""Untrusted files are read up to a maximal size, and only regular files and unambiguous JSON are accepted."""

from __future__ import annotations

import math
import socket
from pathlib import Path

import pytest

from itnnr_ik.files import read_bytes, read_json

_MAX_SIZE = 2**20


def test_a_file_is_read_up_to_the_size(tmp_path: Path) -> None:
    """A file of the maximal size is read, also through a link; one with a byte more is refused unread."""
    path = tmp_path / "file"
    (tmp_path / "link").symlink_to(path)
    path.write_bytes(b"x" * _MAX_SIZE)
    assert read_bytes(path, _MAX_SIZE) == read_bytes(tmp_path / "link", _MAX_SIZE) == b"x" * _MAX_SIZE
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(OSError, match="Larger than 1 MiB"):
        read_bytes(path, _MAX_SIZE)


def test_what_has_no_size_is_read_up_to_it() -> None:
    """Files of /proc report a size of 0 bytes and are read up to the maximal size all the same."""
    assert read_bytes("/proc/self/status", _MAX_SIZE).startswith(b"Name:")
    with pytest.raises(OSError, match="Larger than"):
        read_bytes("/proc/self/status", 10)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """Folders, circular links, sockets, devices and missing files each raise an error of their own."""
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    for path, message in (
        (tmp_path, "Is a directory"),
        (tmp_path / "ring", "Too many levels of symbolic links"),
        (tmp_path / "socket", "Not a regular file"),
        ("/dev/null", "Not a regular file"),
    ):
        with pytest.raises(OSError, match=message):
            read_bytes(path, _MAX_SIZE)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none", _MAX_SIZE)


def _json(folder: Path, content: bytes) -> object:
    (folder / "data.json").write_bytes(content)
    return read_json(folder / "data.json", _MAX_SIZE)


def test_json_is_read(tmp_path: Path) -> None:
    """JSON is read with a byte-order mark or without; an integer too large for a float becomes infinite."""
    assert _json(tmp_path, '\ufeff{"a": [1, 2.5, "ä"]}'.encode()) == {"a": [1, 2.5, "ä"]}
    assert _json(tmp_path, b"[9007199254740993]") == [9007199254740993]
    assert _json(tmp_path, b"[1" + b"0" * 5000 + b"]") == [math.inf]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"a": 1} {', "Extra data"),
        (b"\xff\xfe{\x00}\x00", "can't decode byte 0xff"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"b": {"a": 1, "c": 2, "a": 3}}', "'a' stands twice in one object"),
        (b'{"a\\n": 1, "a\\n": 3}', r"'a\\n' stands twice"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Malformed, ambiguous or too deeply nested JSON is refused with a message of one line."""
    with pytest.raises(ValueError, match=message) as error:
        _json(tmp_path, content)
    assert len(str(error.value).splitlines()) == 1
