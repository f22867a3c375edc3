"""Damaged files by the thousand: one line or a report with what was read, in bounded time and memory."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from arm_recordings import bag, states
from bag_writer import TYPES
from mcap_records import channel, chunk, mcap, message, schema, statistics

from itnnr_ik.cli import main
from itnnr_ik.recording import JOINT_STATE

COUNT = 60
SECONDS, MEGABYTES = 10, 1000


def make_recordings(folder: Path) -> list[Path]:
    """Recordings of sixty joint states in every storage, which are then damaged."""
    rows = states(COUNT)
    made = [bag(folder / storage, storage, joint_states=rows) for storage in ("mcap", "db3")]
    definition, _ = TYPES.generate_msgdef(JOINT_STATE, ros_version=2)
    opening = [schema(1, JOINT_STATE, "ros2msg", definition), channel(1, 1, "/joint_states")]
    messages = [message(1, at, bytes(TYPES.serialize_cdr(state, JOINT_STATE))) for at, state in rows]
    for compression in ("", "zstd", "lz4"):
        chunks = [
            chunk([*opening, *messages[:20]], compression),
            *(chunk(messages[i : i + 20], compression) for i in (20, 40)),
        ]
        path = folder / f"chunks_{compression or 'plain'}"
        path.mkdir()
        (path / "bag.mcap").write_bytes(mcap(*chunks, summary=[*opening, statistics(COUNT)]))
        shutil.copy(made[0] / "metadata.yaml", path)
        made.append(path)
    path = folder / "killed"
    path.mkdir()
    with (
        closing(sqlite3.connect(next(made[1].glob("*.db3")))) as source,
        closing(sqlite3.connect(folder / "live", isolation_level=None)) as live,
    ):
        live.execute("PRAGMA journal_mode=WAL")
        live.executescript("\n".join(source.iterdump()))
        for end in ("", "-wal"):
            shutil.copy(folder / f"live{end}", path / f"bag.db3{end}")
    return [*made, path]


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The content of a file with bytes flipped, a part cut or repeated, or a size that lies."""
    data = bytearray(content)
    kind = rng.integers(6)
    if not data:
        return bytes(data)
    place = int(rng.integers(len(data)))
    if kind == 0:
        for _ in range(int(rng.integers(1, 20))):
            data[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))
    elif kind == 1:
        del data[place:]
    elif kind == 2:
        del data[place : place + int(rng.integers(1, 2000))]
    elif kind == 3:
        width = int(rng.choice([2, 4, 8]))
        size = int(rng.choice([0, 1, 255, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1]))
        data[place : place + width] = (size % 256**width).to_bytes(width, "little")
    elif kind == 4:
        length = int(rng.integers(1, 4096))
        data[place : place + length] = bytes(length if rng.integers(2) else 0) or b"\xff" * length
    else:
        data[place:place] = data[int(rng.integers(len(data))) :][: int(rng.integers(1, 4096))]
    return bytes(data)


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    def late(number: int, frame: object) -> None:
        raise AssertionError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(folder: Path) -> str:
    """The outcome of evaluating a recording: ``all``, ``part`` or ``none``."""
    out, err = StringIO(), StringIO()
    with at_most(SECONDS), redirect_stdout(out), redirect_stderr(err):
        status = main(["evaluate", str(folder), "--arm", "two_link", "--json"])
    if status == 1:
        assert out.getvalue() == ""
        assert re.fullmatch(r"itnnr-ik evaluate: [^\n]+\n", err.getvalue()), err.getvalue()
        return "none"
    assert (status, err.getvalue()) == (0, "")
    result = json.loads(out.getvalue())
    read = result["messages"] - sum(n for reason, n in result["skipped"].items() if "decoded" in reason)
    if read >= COUNT:
        return "all"
    told = " ".join([*result["notes"], *result["skipped"]])
    assert re.search(r"damaged|left out|could be read|cannot be|metadata.yaml|did not end|channels", told), (
        told
    )
    return "part"


def run(folder: Path, first: int, last: int) -> dict[str, int]:
    """Damage recordings with seeds from first to last, and count the outcomes."""
    recordings = make_recordings(folder)
    counts = {"all": 0, "part": 0, "none": 0}
    for seed in range(first, last):
        rng = np.random.default_rng(seed)
        source = recordings[seed % len(recordings)]
        copy = folder / "damaged"
        shutil.copytree(source, copy)
        files = sorted(copy.iterdir())
        # The data more often than what describes it.
        weights = np.array([1.0 if file.suffix == ".yaml" else 4.0 for file in files])
        file = files[int(rng.choice(len(files), p=weights / weights.sum()))]
        file.write_bytes(damaged(file.read_bytes(), rng))
        if rng.integers(2):
            (copy / "metadata.yaml").unlink(missing_ok=True)  # then the file alone has to tell
        try:
            counts[outcome(copy)] += 1
        except BaseException as error:
            raise AssertionError(f"seed {seed}, {source.name}/{file.name}: {error}") from error
        shutil.rmtree(copy)
    # Unlike that of getrusage, this peak is of this program alone, not of the one that started it.
    used = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    assert used < MEGABYTES, f"{used:.0f} MB"
    return counts | {"megabytes": round(used)}


def run_apart(folder: Path, first: int, last: int) -> dict[str, int]:
    """As `run`, in a process of its own, whose memory is limited."""
    result = subprocess.run(
        [sys.executable, __file__, str(folder), str(first), str(last)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert result.returncode == 0, result.stderr[-2000:]
    counts: dict[str, int] = json.loads(result.stdout)
    return counts


def test_some_damaged_files(tmp_path: Path) -> None:
    """Every outcome occurs."""
    counts = run_apart(tmp_path, 0, 150)
    assert sum(counts[kind] for kind in ("all", "part", "none")) == 150
    assert min(counts[kind] for kind in ("all", "part", "none")) > 15


@pytest.mark.slow
def test_ten_thousand_damaged_files(tmp_path: Path) -> None:
    """No damage causes a traceback, a hang or high memory, and the messages read are reported."""
    counts = run_apart(tmp_path, 0, 10_000)
    assert sum(counts[kind] for kind in ("all", "part", "none")) == 10_000


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
