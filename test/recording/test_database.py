"""Databases of recorders that were killed, and databases that are odd."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from arm_recordings import bag, states
from reads import reads

from itnnr_ik.recording import Bag, BagError

SCHEMA = """CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT,
    offered_qos_profiles TEXT);
CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);
CREATE INDEX timestamp_idx ON messages (timestamp ASC);"""


def content(folder: Path) -> list[tuple[int, bytes]]:
    """Times and messages of sixty joint states."""
    (file,) = bag(folder, "db3", joint_states=states()).glob("*.db3")
    with closing(sqlite3.connect(file)) as database:
        return database.execute("SELECT timestamp, data FROM messages ORDER BY id").fetchall()


def killed(folder: Path, mode: str, committed: int, rows: list[tuple[int, bytes]]) -> Path:
    """The files of a recorder that was killed after committing some messages, but not the others."""
    live = folder / "live.db3"
    with closing(sqlite3.connect(live, isolation_level=None)) as database:
        database.execute(f"PRAGMA journal_mode={mode}")
        database.execute("PRAGMA cache_size=1")
        database.executescript(SCHEMA)
        database.execute(
            "INSERT INTO topics VALUES(1, '/joint_states', 'sensor_msgs/msg/JointState', 'cdr', '')"
        )
        database.execute("BEGIN")
        insert = "INSERT INTO messages(topic_id, timestamp, data) VALUES(1, ?, ?)"
        database.executemany(insert, rows[:committed])
        database.execute("COMMIT")
        database.execute("BEGIN")
        database.executemany(insert, rows[committed:])
        left = folder / "bag"
        left.mkdir()
        for file in folder.glob("live.db3*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, left / file.name.replace("live", "bag_0"))
        database.execute("ROLLBACK")
    return left


@reads(
    "odd",
    "database of a killed recorder, with its `-wal` or `-journal`",
    "what SQLite reads: all that was committed; reported",
)
@pytest.mark.parametrize(("mode", "journal"), [("WAL", "-wal"), ("DELETE", "-journal")])
@pytest.mark.parametrize("part", ["folder", "file"])
def test_a_recorder_that_was_killed(tmp_path: Path, mode: str, journal: str, part: str) -> None:
    """All committed messages are read, as by SQLite itself, from whichever file, and no others."""
    rows = content(tmp_path / "source")
    left = killed(tmp_path, mode, 45, rows)
    before = {file.name: file.read_bytes() for file in left.iterdir()}
    assert sorted(before) == ["bag_0.db3", f"bag_0.db3{journal}"]
    copy = shutil.copytree(left, tmp_path / "copy")
    with closing(sqlite3.connect(copy / "bag_0.db3")) as database:
        ((expected,),) = database.execute("SELECT count(*) FROM messages").fetchall()
    assert expected == 45
    if mode == "WAL":  # nothing was moved into the database yet
        alone = shutil.copy(left / "bag_0.db3", tmp_path / "alone.db3")
        with pytest.raises(BagError, match="expected a table topics"), Bag(alone):
            pass
    notes: list[str] = []
    with Bag(left if part == "folder" else left / "bag_0.db3", warn=notes.append) as opened:
        times = [state.received for state in opened.joint_states()]
    assert times == [time for time, _ in rows[:45]]
    (note,) = notes
    assert note.startswith(
        f"the recorder of bag_0.db3 did not end: 45 messages are read with bag_0.db3{journal}"
    )
    assert ("bytes are not in a complete transaction" in note) == (mode == "WAL")
    assert {file.name: file.read_bytes() for file in left.iterdir()} == before


class _FullDisk(sqlite3.Connection):
    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if "wal_checkpoint" in sql:
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *parameters)


def test_a_log_that_cannot_be_moved_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the note says of the end of the log needs room on the disk."""
    left = killed(tmp_path, "WAL", 45, content(tmp_path / "source"))
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=_FullDisk))
    notes: list[str] = []
    with Bag(left, warn=notes.append) as opened:
        assert len(list(opened.joint_states())) == 45
    assert notes == ["the recorder of bag_0.db3 did not end: 45 messages are read with bag_0.db3-wal"]


def database(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as opened:
        opened.executescript(script)
    return path


@reads("odd", "database with other tables or columns", "refused in one line")
@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("CREATE TABLE other(x)", "expected a table topics with id, name, type, got none"),
        (
            "CREATE TABLE topics(id, name, type); CREATE TABLE messages(id, data)",
            "expected a table messages with topic_id, timestamp, data, got data, id",
        ),
        (
            "CREATE TABLE topics(id, name, type); CREATE VIEW messages AS WITH RECURSIVE n(topic_id) AS "
            "(SELECT 1 UNION ALL SELECT topic_id FROM n) SELECT topic_id, 1 AS timestamp, 'x' AS data FROM n",
            "expected a table messages",
        ),
    ],
)
def test_odd_schemas(tmp_path: Path, script: str, problem: str) -> None:
    """The error has one line that says what was expected."""
    path = database(tmp_path / "bag.db3", script)
    with pytest.raises(BagError, match="cannot read") as caught, Bag(path):
        pass
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@reads("odd", "a time that cannot be, such as 9.9e300", "the message is left out and reported")
@pytest.mark.parametrize(
    "change",
    [
        "timestamp = 9.9e300",
        "timestamp = -9223372036854775808",
        "timestamp = 'soon'",
        "timestamp = x'00'",
        "topic_id = 7",
        "data = NULL",
    ],
)
def test_times_that_cannot_be(tmp_path: Path, change: str) -> None:
    """Invalid rows are left out with a note, and the others are read."""
    rows = content(tmp_path / "source")
    path = database(tmp_path / "bag.db3", SCHEMA)
    with closing(sqlite3.connect(path)) as opened:
        opened.execute(
            "INSERT INTO topics VALUES(1, '/joint_states', 'sensor_msgs/msg/JointState', 'cdr', '')"
        )
        opened.executemany("INSERT INTO messages(topic_id, timestamp, data) VALUES(1, ?, ?)", rows)
        opened.execute(f"UPDATE messages SET {change} WHERE id = 7")
        opened.commit()
    notes: list[str] = []
    with Bag(path, warn=notes.append) as opened_bag:
        assert [s.received for s in opened_bag.joint_states()] == [t for t, _ in rows[:6] + rows[7:]]
    assert notes == ["bag.db3 has 1 messages whose time, topic or content cannot be; they are left out"]


@reads("odd", "database without index, rows in any order", "in the order of receipt")
def test_messages_that_were_written_out_of_order(tmp_path: Path) -> None:
    """Messages are in the order of receipt although the index was dropped."""
    rows = content(tmp_path / "source")
    path = database(tmp_path / "bag.db3", SCHEMA + "DROP INDEX timestamp_idx;")
    with closing(sqlite3.connect(path)) as opened:
        opened.execute(
            "INSERT INTO topics VALUES(1, '/joint_states', 'sensor_msgs/msg/JointState', 'cdr', '')"
        )
        opened.executemany(
            "INSERT INTO messages(topic_id, timestamp, data) VALUES(1, ?, ?)", [*rows[30:], *rows[:30]]
        )
        opened.commit()
    with Bag(path) as opened_bag:
        assert [s.received for s in opened_bag.joint_states()] == [time for time, _ in rows]


def test_a_database_whose_times_go_back_is_reported(tmp_path: Path) -> None:
    """Times that decrease by more than a writer's delay are noted."""
    rows = content(tmp_path / "source")
    path = database(tmp_path / "bag.db3", SCHEMA)
    with closing(sqlite3.connect(path)) as opened:
        opened.execute(
            "INSERT INTO topics VALUES(1, '/joint_states', 'sensor_msgs/msg/JointState', 'cdr', '')"
        )
        opened.executemany(
            "INSERT INTO messages(topic_id, timestamp, data) VALUES(1, ?, ?)",
            [(time - 3 * 10**9 * (i >= 30), data) for i, (time, data) in enumerate(rows)],
        )
        opened.commit()
    notes: list[str] = []
    with Bag(path, warn=notes.append) as opened_bag:
        received = [s.received for s in opened_bag.joint_states()]
    assert received == sorted(received)
    assert len(received) == len(rows)
    (note,) = notes
    assert note.startswith("times of receipt in bag.db3 go back by up to 2.99 s")


@reads("odd", "database whose index is damaged", "read: the index is not used")
def test_an_index_that_was_damaged(tmp_path: Path) -> None:
    """A damaged index loses or confuses no message, because it is not used."""
    rows = content(tmp_path / "source")
    (file,) = (tmp_path / "source").glob("*.db3")
    with closing(sqlite3.connect(file)) as opened:
        ((page,),) = opened.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'timestamp_idx'"
        ).fetchall()
        ((size,),) = opened.execute("PRAGMA page_size").fetchall()
    damaged = bytearray(file.read_bytes())
    damaged[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(damaged)
    with Bag(file) as opened_bag:
        assert [s.received for s in opened_bag.joint_states()] == [time for time, _ in rows]


@reads("odd", "a row of 900 MB", "left out and reported; not loaded")
def test_a_row_of_900_megabytes(tmp_path: Path) -> None:
    """A message that is too large is left out without loading it."""
    rows = content(tmp_path / "source")
    (file,) = (tmp_path / "source").glob("*.db3")
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("INSERT INTO messages(topic_id, timestamp, data) VALUES(1, 1, zeroblob(900000000))")
        opened.commit()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    notes: list[str] = []
    with Bag(file, warn=notes.append) as opened_bag:
        assert [s.received for s in opened_bag.joint_states()] == [time for time, _ in rows]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    assert any("1 messages of more than" in note for note in notes)


def test_rows_that_are_gone(tmp_path: Path) -> None:
    """A gap in the row numbers, the only sign of a lost page, is noted."""
    rows = content(tmp_path / "source")
    (file,) = (tmp_path / "source").glob("*.db3")
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("DELETE FROM messages WHERE id BETWEEN 11 AND 20")
        opened.commit()
    notes: list[str] = []
    with Bag(file, warn=notes.append) as opened_bag:
        assert [s.received for s in opened_bag.joint_states()] == [t for t, _ in rows[:10] + rows[20:]]
    (note,) = notes
    assert note.endswith("lacks 10 of its row numbers: messages were deleted, or are damaged")


def test_a_page_that_is_lost(tmp_path: Path) -> None:
    """Missing last rows are detected by the index."""
    (file,) = bag(tmp_path / "source", "db3", joint_states=states(300)).glob("*.db3")
    rows = states(300)
    with closing(sqlite3.connect(file)) as opened:
        ((size,),) = opened.execute("PRAGMA page_size").fetchall()
        ((page,),) = opened.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchall()
    damaged = bytearray(file.read_bytes())
    root = (page - 1) * size
    assert damaged[root] == 5, "expected an inner page"
    count = int.from_bytes(damaged[root + 3 : root + 5], "big")
    assert count >= 2
    # The page before the last one takes the place of the last one.
    cell = root + int.from_bytes(damaged[root + 10 + 2 * count : root + 12 + 2 * count], "big")
    damaged[root + 8 : root + 12] = damaged[cell : cell + 4]
    damaged[root + 3 : root + 5] = (count - 1).to_bytes(2, "big")
    file.write_bytes(damaged)
    notes: list[str] = []
    with Bag(file, warn=notes.append) as opened_bag:
        times = [state.received for state in opened_bag.joint_states()]
    assert 0 < len(times) < 300
    assert times == [time for time, _ in rows[: len(times)]]
    assert any(f"is damaged (its index lists 300 messages, not {len(times)})" in note for note in notes)
