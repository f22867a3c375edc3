"""What is whole in a recording that was cut short: a recorder that was killed, a disk that was full."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

_MAGIC = b"\x89MCAP0\r\n"
_FOOTER, _CHUNK, _DATA_END = 0x02, 0x06, 0x0F
_RECORD = struct.Struct("<BQ")  # opcode, length of what follows
#: Of a chunk, before the name of its compression: start, end, uncompressed size, checksum.
_CHUNK_HEAD = struct.Struct("<QQQI")
#: An end of data without checksum, and a footer that says that there is no summary.
_END = _RECORD.pack(_DATA_END, 4) + bytes(4) + _RECORD.pack(_FOOTER, 20) + bytes(20) + _MAGIC

_TABLES = ("schema", "metadata", "topics", "message_definitions", "messages")


def salvage(file: Path, folder: Path) -> Path:
    """Write what is whole in a damaged ``file`` (.mcap or .db3) to ``folder``, as a file of the same name.

    Messages are kept in their order up to the damage. Of an MCAP chunk that is cut, what comes before the cut
    is kept where the chunk is not compressed.

    Raises:
        ValueError: It is no such file, or damaged from its beginning.
    """
    target = folder / file.name
    if file.suffix == ".mcap":
        _salvage_mcap(file, target)
    else:
        _salvage_db3(file, target)
    return target


def _salvage_mcap(file: Path, target: Path) -> None:
    with file.open("rb") as source, target.open("wb") as result:
        if source.read(len(_MAGIC)) != _MAGIC:
            raise ValueError("it does not begin as an MCAP file")
        result.write(_MAGIC)
        size = file.stat().st_size
        while True:
            head = source.read(_RECORD.size)
            if len(head) < _RECORD.size:
                break
            opcode, length = _RECORD.unpack(head)
            if opcode in (_DATA_END, _FOOTER):
                break
            if source.tell() + length > size:
                if opcode == _CHUNK:
                    result.write(_whole_records_of_chunk(source))
                break
            result.write(head)
            result.write(source.read(length))
        result.write(_END)


def _whole_records_of_chunk(source: BinaryIO) -> bytes:
    """The records at the beginning of a chunk whose end is missing, from after its length on."""
    rest = source.read()
    start = _CHUNK_HEAD.size + 4
    if len(rest) < start or rest[_CHUNK_HEAD.size : start] != bytes(4):  # compressed
        return b""
    records = rest[start + 8 :]
    end = 0
    while end + _RECORD.size <= len(records):
        _, length = _RECORD.unpack_from(records, end)
        if end + _RECORD.size + length > len(records):
            break
        end += _RECORD.size + length
    return records[:end]


def _salvage_db3(file: Path, target: Path) -> None:
    address = f"file:{quote(str(file.resolve()))}?immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(target)) as result:
        try:
            # SQLite then opens a file with fewer pages than its head says.
            source.execute("PRAGMA writable_schema=ON")
            tables = dict(source.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        except sqlite3.DatabaseError as error:
            raise ValueError(str(error)) from None
        for table in _TABLES:
            if table in tables:
                result.execute(tables[table])
                _copy_rows(source, result, table)
        result.commit()


def _copy_rows(source: sqlite3.Connection, result: sqlite3.Connection, table: str) -> None:
    """Copy the rows before the damage, in the order in which they were written."""
    try:
        for row in source.execute(f"SELECT * FROM {table} ORDER BY rowid"):
            result.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    except (sqlite3.DatabaseError, OverflowError):
        return
