"""MCAP files record by record, to write what no recorder of ROS does."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from zlib import crc32

import lz4.frame
from backports import zstd

MAGIC = b"\x89MCAP0\r\n"


def text(value: str) -> bytes:
    """A string, with its length before it."""
    encoded = value.encode("utf-8", "surrogateescape")
    return struct.pack("<I", len(encoded)) + encoded


def record(opcode: int, content: bytes, length: int | None = None) -> bytes:
    """A record, with a wrong ``length`` if given."""
    return struct.pack("<BQ", opcode, len(content) if length is None else length) + content


def schema(number: int, name: str, language: str = "ros2msg", definition: str = "") -> bytes:
    return record(3, struct.pack("<H", number) + text(name) + text(language) + text(definition))


def channel(number: int, schema_number: int, topic: str, encoding: str = "cdr") -> bytes:
    head = struct.pack("<HH", number, schema_number)
    return record(4, head + text(topic) + text(encoding) + struct.pack("<I", 0))


def message(number: int, time: int, data: bytes) -> bytes:
    return record(5, struct.pack("<HIQQ", number, 0, time, time) + data)


def chunk(
    records: Sequence[bytes],
    compression: str = "",
    size: int | None = None,
    checksum: int | None = None,
    packed: bytes | None = None,
) -> bytes:
    """A chunk, with wrong sizes, checksum and content if given."""
    content = b"".join(records)
    if packed is None:
        packed = {"": bytes, "zstd": zstd.compress, "lz4": lz4.frame.compress}[compression](content)
    head = struct.pack(
        "<QQQI",
        0,
        0,
        len(content) if size is None else size,
        crc32(content) if checksum is None else checksum,
    )
    return record(6, head + text(compression) + struct.pack("<Q", len(packed)) + packed)


def statistics(messages: int) -> bytes:
    """Statistics of a file with this number of messages; other numbers are not read."""
    return record(11, struct.pack("<Q", messages) + bytes(34))


def mcap(*records: bytes, profile: str = "ros2", ended: bool = True, summary: Sequence[bytes] = ()) -> bytes:
    """A file of records, without its end if it is not ``ended``."""
    end = record(15, bytes(4)) + b"".join(summary) + record(2, bytes(20)) + MAGIC if ended else b""
    return MAGIC + record(1, text(profile) + text("test")) + b"".join(records) + end
