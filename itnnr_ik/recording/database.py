"""SQLite files of rosbag2, including the journal that a killed recorder leaves beside them."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from itnnr_ik.forms import reason
from itnnr_ik.recording.channels import Channel, ReceiptTimes, in_ros2
from itnnr_ik.recording.records import MAX_REASON
from itnnr_ik.recording.unpacking import MAX_BYTES

MAGIC = b"SQLite format 3\0"
#: Endings of the files beside a database that SQLite reads too: write-ahead log and rollback journal.
_JOURNALS = ("-wal", "-journal")
#: Sizes of the headers of a write-ahead log and of each page in it [bytes].
_WAL_HEADER, _WAL_FRAME_HEADER = 32, 24
_REQUIRED_COLUMNS = {"topics": ("id", "name", "type"), "messages": ("topic_id", "timestamp", "data")}
_ERRORS = (sqlite3.Error, OverflowError, MemoryError)


@dataclass
class _TopicCount:
    """Number of messages of a topic, whether their times never decrease, and the last time [ns]."""

    count: int = 0
    in_order: bool = True
    last: int = -(2**63)


class DatabaseFile:
    """One database, read row by row, because an index in it may be wrong.

    Args:
        path: The file. It is not changed: with a journal beside it, copies of both are read.
        folder: An empty one, for copies.

    Raises:
        ValueError: The file is no recording, or nothing of it can be read.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._name = path.name
        self.notes: list[str] = []
        journals = [
            j for end in _JOURNALS if (j := path.with_name(path.name + end)).is_file() and j.stat().st_size
        ]
        copied = path
        if journals:
            copied = folder / path.name
            for file in (path, *journals):
                shutil.copyfile(file, folder / file.name)
        try:
            self._connection = _connect(copied, bool(journals))
        except _ERRORS as error:
            raise ValueError(reason(error, MAX_REASON)) from None
        self._problem = ""
        self._counts: defaultdict[Any, _TopicCount] = defaultdict(_TopicCount)
        try:
            self._channels = self._read_channels()
            self._count_rows()
        except _ERRORS as error:
            self.close()
            raise ValueError(reason(error, MAX_REASON)) from None
        except BaseException:
            self.close()
            raise
        if journals:
            names = " and ".join(journal.name for journal in journals)
            self.notes.append(
                f"the recorder of {path.name} did not end: {self._total} messages are read with {names}"
                f"{self._unused_log(copied)}"
            )

    @property
    def channels(self) -> Sequence[Channel]:
        """All channels of the file."""
        return list(self._channels.values())

    @property
    def _total(self) -> int:
        return sum(channel.count for channel in self._channels.values())

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def messages(self, topic: str) -> Iterator[tuple[int, Channel, bytes]]:
        """See `RecordingFile`."""
        wanted = {number: channel for number, channel in self._channels.items() if channel.topic == topic}
        in_order = len(wanted) == 1 and all(self._counts[n].in_order for n in wanted if n in self._counts)
        try:
            for number, time, data in self._rows_in_order(wanted) if in_order else self._rows_by_time(wanted):
                yield time, wanted[number], data if isinstance(data, bytes) else b""
        except _ERRORS as error:
            raise ValueError(reason(error, MAX_REASON)) from None

    def _read_channels(self) -> dict[Any, Channel]:
        tables = {
            name
            for (name,) in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        columns = {}
        for table, required in _REQUIRED_COLUMNS.items():
            columns[table] = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
            missing = [name for name in required if name not in columns[table]]
            if table not in tables or missing:
                raise ValueError(
                    f"expected a table {table} with {', '.join(required)}, got "
                    f"{', '.join(sorted(columns[table])) or 'none'}"
                )
        encoding = "serialization_format" if "serialization_format" in columns["topics"] else "'cdr'"
        definitions = self._definitions() if "message_definitions" in tables else {}
        channels = {}
        rows = self._connection.execute(f"SELECT id, name, type, {encoding} FROM topics ORDER BY id")
        for number, *texts in rows:
            topic, msgtype, form = map(_as_text, texts)
            language, text = definitions.get(msgtype, ("", ""))
            channels[number] = Channel(topic, in_ros2(msgtype), form, text, language, 0)
        return channels

    def _unused_log(self, copied: Path) -> str:
        """A remark on the end of the write-ahead log that SQLite does not use; empty without one."""
        log = copied.with_name(copied.name + "-wal")
        if not log.is_file():
            return ""
        try:
            _, frames, _ = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            (page,) = self._connection.execute("PRAGMA page_size").fetchone()
        except _ERRORS:  # it moves the log into the database: the disk may be full
            return ""
        left = log.stat().st_size - (_WAL_HEADER + max(0, frames) * (_WAL_FRAME_HEADER + page))
        return f", of which the last {left} bytes are not in a complete transaction" if left > 0 else ""

    def _definitions(self) -> dict[str, tuple[str, str]]:
        try:
            rows = self._connection.execute(
                "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions"
            )
            return {_as_text(name): (_as_text(language), _as_text(text)) for name, language, text in rows}
        except _ERRORS:
            return {}

    def _count_rows(self) -> None:
        """Check and count the rows, without their content, up to where the file is damaged."""
        counts, receipt, rows, invalid, large, last_row = self._counts, ReceiptTimes(), 0, 0, 0, None
        try:
            for row, number, time, size in self._connection.execute(
                "SELECT rowid, topic_id, timestamp, length(data) FROM messages NOT INDEXED ORDER BY rowid"
            ):
                if last_row is not None and row <= last_row:
                    raise sqlite3.DatabaseError("rows are out of order")
                last_row = row
                rows += 1
                valid = isinstance(time, int) and time >= 0 and isinstance(size, int)
                if not valid or number not in self._channels:
                    invalid += 1
                elif size > MAX_BYTES:
                    large += 1
                else:
                    topic = counts[number]
                    topic.count += 1
                    topic.in_order &= time >= topic.last
                    topic.last = time
                    receipt.add(number, time)
        except _ERRORS as error:
            self._problem = reason(error, MAX_REASON)
            if not counts:
                raise ValueError(self._problem) from None
        self._last_row = last_row
        indexed = None if self._problem else self._count_in_index()
        if indexed not in (None, rows):
            self._problem = f"its index lists {indexed} messages, not {rows}"
        for number, topic in counts.items():
            self._channels[number] = replace(self._channels[number], count=topic.count)
        self.notes += receipt.notes(self._name)
        self._note_damage(rows, invalid, large)

    def _note_damage(self, rows: int, invalid: int, large: int) -> None:
        """Note what is damaged, missing or left out of ``rows``."""
        name, notes = self._name, self.notes
        if self._problem:
            notes.append(
                f"{name} is damaged ({self._problem}): {self._total} messages before the damage are read"
            )
        elif self._last_row is not None and self._last_row > rows:
            # A lost page leaves no other trace.
            notes.append(
                f"{name} lacks {self._last_row - rows} of its row numbers: messages were deleted, or are "
                "damaged"
            )
        if invalid:
            notes.append(
                f"{name} has {invalid} messages whose time, topic or content cannot be; they are left out"
            )
        if large:
            notes.append(f"{name} has {large} messages of more than {MAX_BYTES} bytes; they are left out")

    def _count_in_index(self) -> int | None:
        """Number of rows in an index of the messages; None without a readable index."""
        try:
            for _, name, *_ in self._connection.execute("PRAGMA index_list(messages)").fetchall():
                quoted = str(name).replace('"', '""')
                query = f'SELECT count(*) FROM messages INDEXED BY "{quoted}"'
                return int(self._connection.execute(query).fetchone()[0])
        except _ERRORS:
            pass
        return None

    def _rows_in_order(self, wanted: dict[Any, Channel]) -> Iterator[tuple[Any, int, Any]]:
        (number,) = wanted
        return self._connection.execute(
            "SELECT topic_id, timestamp, data FROM messages NOT INDEXED WHERE topic_id = ? AND rowid <= ? "
            "AND typeof(timestamp) = 'integer' AND timestamp >= 0 AND length(data) <= ? ORDER BY rowid",
            (number, self._last_row, MAX_BYTES),
        )

    def _rows_by_time(self, wanted: dict[Any, Channel]) -> Iterator[tuple[Any, int, Any]]:
        """Rows in the order of their times, looked up one by one."""
        found: list[tuple[int, int]] = []
        for number in wanted:
            found += self._connection.execute(
                "SELECT timestamp, rowid FROM messages NOT INDEXED WHERE topic_id = ? AND rowid <= ? "
                "AND typeof(timestamp) = 'integer' AND timestamp >= 0 AND length(data) <= ? ORDER BY rowid",
                (number, self._last_row, MAX_BYTES),
            ).fetchall()
        found_rows = np.array(found, dtype=np.int64).reshape(-1, 2)
        for row in found_rows[np.argsort(found_rows[:, 0], kind="stable"), 1].tolist():
            yield from self._connection.execute(
                "SELECT topic_id, timestamp, data FROM messages WHERE rowid = ?", (row,)
            )


def _connect(path: Path, with_journal: bool) -> sqlite3.Connection:
    options = "mode=rw" if with_journal else "immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{options}", uri=True)
    try:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        if sys.version_info >= (3, 11):
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES + 4096)
        connection.execute("PRAGMA trusted_schema=OFF")
        # With this SQLite opens a file that has fewer pages than its header says.
        connection.execute("PRAGMA writable_schema=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else ""
