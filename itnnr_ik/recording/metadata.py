"""Hints from a recording's metadata.yaml, which may be wrong and are only compared with the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML

from itnnr_ik.forms import reason
from itnnr_ik.recording.records import MAX_REASON

NAME = "metadata.yaml"
#: Largest metadata.yaml that is read [bytes].
_MAX_SIZE = 1 << 22


@dataclass(frozen=True)
class Hints:
    """The readable contents of a metadata.yaml.

    Attributes:
        files: Names of the data files; None where it does not say.
        counts: Numbers of messages by topic.
        compressed: Whether it says that the files are compressed.
        problem: Why it cannot be read; empty if it can.
    """

    files: tuple[str, ...] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    compressed: bool = False
    problem: str = ""

    def differences(self, names: Sequence[str], counts: Mapping[str, int], compressed: bool) -> list[str]:
        """A sentence on each difference between metadata.yaml and the files.

        Args:
            names: Names of the data files.
            counts: Numbers of messages in them, by topic.
            compressed: Whether the files are compressed.
        """
        if self.problem:
            return [f"{NAME} cannot be read ({self.problem}): the files are read without it"]
        told = []
        if self.files is not None:
            told += [f"{NAME} lists {name}, which is not there" for name in self.files if name not in names]
            told += [
                f"{name} is read, which {NAME} does not list" for name in names if name not in self.files
            ]
        for topic in dict.fromkeys([*self.counts, *counts]):
            said, found = self.counts.get(topic, 0), counts.get(topic, 0)
            if said != found:
                told.append(f"{NAME} says {said} messages of {topic}, the files have {found}")
        if self.compressed != compressed:
            said_so = "are compressed" if self.compressed else "are not compressed"
            told.append(f"{NAME} says that the files {said_so}, which is not so")
        return told


def read_hints(path: Path) -> Hints:
    """Read a metadata.yaml; invalid entries are ignored."""
    try:
        if path.stat().st_size > _MAX_SIZE:
            return Hints(problem=f"more than {_MAX_SIZE} bytes")
        # On invalid text YAML raises errors of several types.
        content = YAML(typ="safe", pure=True).load(path.read_bytes().decode("utf-8", "replace"))
        info = content["rosbag2_bagfile_information"]
        files, topics = info.get("relative_file_paths"), info.get("topics_with_message_count")
        mode = info.get("compression_mode")
    except Exception as error:
        return Hints(problem=reason(error, MAX_REASON))
    counts: Counter[str] = Counter()
    for row in topics if isinstance(topics, list) else []:
        name, count = _entry(row)
        if name is not None and count is not None:
            counts[name] += count
    return Hints(
        tuple(PurePosixPath(str(file)).name for file in files) if isinstance(files, list) else None,
        counts,
        isinstance(mode, str) and mode.lower() in ("file", "message"),
    )


def _entry(row: Any) -> tuple[str | None, int | None]:
    """Name and number of messages of a topic."""
    try:
        name, count = row["topic_metadata"]["name"], row["message_count"]
    except (TypeError, KeyError, LookupError):
        return None, None
    return (name if isinstance(name, str) else None), (count if type(count) is int else None)
