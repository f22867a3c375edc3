"""Typed records from a recording: poses, joint states, and whatever else is in its files."""

from __future__ import annotations

import heapq
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from itnnr_ik.forms import reason
from itnnr_ik.recording import metadata
from itnnr_ik.recording.channels import Channel, RecordingFile
from itnnr_ik.recording.decoding import Decoder, decompressed
from itnnr_ik.recording.files import data_files, is_packed, open_file, suffixes
from itnnr_ik.recording.joint_layout import JointStateDecoder, joints_of
from itnnr_ik.recording.pose_messages import POSE_ARRAY, READERS, poses_of_path
from itnnr_ik.recording.records import (
    JOINT_STATE,
    MAX_REASON,
    PATH,
    BagError,
    RecordedJoints,
    RecordedPose,
    TopicSummary,
)
from itnnr_ik.recording.unpacking import ZSTD_MAGIC

#: What reading a file raises where it is damaged.
_READ_ERRORS = (ValueError, OSError, MemoryError)
#: Makes a record of a time of receipt [ns] and a message.
_Maker = Callable[[int, bytes], Any]


class Bag:
    """A recording, open for reading: a rosbag2 folder, or one file (MCAP, SQLite, ROS 1 bag).

    Use it in a ``with`` statement. Every method that takes a topic finds it alone where the recording has
    only one with messages of the right type. What is in the files counts, whatever metadata.yaml says. What
    is damaged is left out and told of, and the rest is read.

    Args:
        path: The folder, with or without its metadata.yaml, or the file; compressed or not.
        warn: Called with a sentence on whatever is left out, or is otherwise than metadata.yaml says.

    Attributes:
        undecodable: Numbers of messages that cannot be decoded, by topic, of those read so far.

    Raises:
        BagError: There is no such recording, or it is not one, or nothing of it can be read.
    """

    def __init__(self, path: str | Path, warn: Callable[[str], None] = warnings.warn) -> None:
        self.path = Path(path)
        self._warn_of = warn
        self._told: set[str] = set()
        self.undecodable: Counter[str] = Counter()
        if not self.path.exists():
            raise BagError(f"no recording at {self.path}")
        self._notes: list[str] = []
        self._paths = data_files(self.path, self._notes)
        self._metadata = self.path / metadata.NAME
        if not self._metadata.is_file() and not self._paths:
            raise BagError(
                f"{self.path} is no recording: expected a file ending in {suffixes()}, or a folder with such "
                f"files, with or without a {metadata.NAME}"
            )

    def __enter__(self) -> Bag:
        with ExitStack() as stack:
            self._files = self._open(stack)
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._opened.close()

    def _open(self, stack: ExitStack) -> list[RecordingFile]:
        notes, files = list(self._notes), []
        problem = "it has no data file"
        for path in self._paths:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="itnnr_bag_")))
            try:
                file = open_file(path, folder, notes)
            except _READ_ERRORS as error:
                problem = reason(error, MAX_REASON)
                notes.append(f"{path.name} cannot be read ({problem}): it is left out")
                continue
            stack.callback(file.close)
            files.append(file)
            notes += file.notes
        if not files:
            raise BagError(f"cannot read {self.path}: {problem}")
        unreadable = sorted({f"{c.topic} ({c.kind})" for c in _channels(files) if c.count and not c.readable})
        if unreadable:
            notes.append(f"passed over, because only CDR and ros1 messages are read: {', '.join(unreadable)}")
        if self._metadata.is_file():
            counts: Counter[str] = Counter()
            for channel in _channels(files):
                counts[channel.topic] += channel.count
            compressed = any(map(is_packed, self._paths)) or any(map(_packs_messages, files))
            names = [path.name for path in self._paths]
            notes += metadata.read_hints(self._metadata).differences(names, counts, compressed)
        for note in notes:
            self._warn(note)
        return files

    def _warn(self, note: str) -> None:
        """Tell of something once, though a topic may be read twice."""
        if note not in self._told:
            self._told.add(note)
            self._warn_of(note)

    @property
    def topics(self) -> list[TopicSummary]:
        """What was recorded, by name."""
        types: dict[str, set[str]] = {}
        counts: Counter[str] = Counter()
        for channel in _channels(self._files):
            types.setdefault(channel.topic, set()).add(channel.kind)
            counts[channel.topic] += channel.count
        return [
            TopicSummary(name, types[name].pop() if len(types[name]) == 1 else "several types", counts[name])
            for name in sorted(types)
        ]

    def find_topic(self, msgtypes: Sequence[str], topic: str | None = None) -> TopicSummary:
        """The topic called ``topic``, or the only one with messages, among those of the given types.

        The earlier a type stands in ``msgtypes`` the rather it is taken: a later one is looked for only
        where no topic has an earlier one.

        Raises:
            BagError: No such topic, one of another type, or several to choose from.
        """
        topics = self.topics
        listing = ", ".join(f"{t.name} ({t.msgtype}, {t.count})" for t in topics) or "none"
        wanted = " or ".join(msgtypes)
        if topic is not None:
            for found in topics:
                if found.name == topic:
                    if found.msgtype not in msgtypes:
                        raise BagError(
                            f"{topic} in {self.path} is of type {found.msgtype}, expected {wanted}"
                        )
                    return found
            raise BagError(f"no topic {topic} in {self.path}; recorded: {listing}")
        for msgtype in msgtypes:
            fitting = [found for found in topics if found.msgtype == msgtype and found.count > 0]
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                names = ", ".join(found.name for found in fitting)
                raise BagError(f"several topics of type {msgtype} in {self.path}, name one of: {names}")
        raise BagError(f"no message of type {wanted} in {self.path}; recorded: {listing}")

    def poses(self, topic: str | None = None, index: int | None = None) -> Iterator[RecordedPose]:
        """The poses of a topic of any type in `POSE_TYPES`, in the order in which they were received.

        Args:
            topic: Its name.
            index: Which pose of a PoseArray.

        Raises:
            BagError: There is no such topic, or an index is missing, or given though it is no PoseArray.
        """
        found = self.find_topic(list(READERS), topic)
        if found.msgtype == POSE_ARRAY and index is None:
            raise BagError(f"{found.name} is a PoseArray: say which of its poses with --pose-index")
        if found.msgtype != POSE_ARRAY and index is not None:
            raise BagError(f"{found.name} is of type {found.msgtype}: --pose-index goes with a PoseArray")
        read = READERS[found.msgtype]
        return self._records(found.name, lambda _, decode: lambda at, data: read(at, decode(data), index))

    def last_path(self, topic: str | None = None) -> list[RecordedPose]:
        """The poses of the last message of a Path topic: a path that grows or is planned anew is sent again.

        Raises:
            BagError: None of its messages can be read.
        """
        found = self.find_topic([PATH], topic)
        paths = self._records(found.name, lambda _, decode: lambda at, data: poses_of_path(at, decode(data)))
        last = deque(paths, maxlen=1)
        if not last:
            raise BagError(f"no message of {found.name} in {self.path} can be read")
        poses: list[RecordedPose] = last.pop()
        return poses

    def joint_states(self, topic: str | None = None) -> Iterator[RecordedJoints]:
        """The joint states of a JointState topic, in the order in which they were received."""

        def maker(standard: bool, decode: Callable[[bytes], Any]) -> _Maker:
            return JointStateDecoder(decode) if standard else lambda at, data: joints_of(at, decode(data))

        return self._records(self.find_topic([JOINT_STATE], topic).name, maker)

    def messages(self, topic: str) -> Iterator[tuple[int, Any]]:
        """Times of receipt [ns] and decoded messages of a topic of any type."""
        return self._records(topic, lambda _, decode: lambda at, data: (at, decode(data)))

    def _records(
        self, topic: str, maker_of: Callable[[bool, Callable[[bytes], Any]], _Maker]
    ) -> Iterator[Any]:
        """What a maker gives for each message of a topic; those that it cannot use are counted."""
        makers: dict[Channel, _Maker] = {}
        problem, undecodable = "", 0
        last: Channel | None = None
        maker: _Maker | None = None
        streams = [self._raw(file, topic) for file in self._files]
        for received, channel, data in streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_first):
            try:
                if channel is not last or maker is None:
                    maker, last = makers.get(channel), channel
                    if maker is None:
                        maker = makers[channel] = self._maker(channel, maker_of)
                record = maker(received, decompressed(data) if data[:4] == ZSTD_MAGIC else data)
            # Fields that are not there, or of another kind than their name says.
            except (ValueError, AttributeError, TypeError, LookupError, OverflowError) as error:
                problem = problem or reason(error, MAX_REASON)
                undecodable += 1
                continue
            yield record
        if undecodable:
            self.undecodable[topic] = undecodable
            self._warn(f"{undecodable} messages of {topic} cannot be decoded and are left out ({problem})")

    def _maker(self, channel: Channel, maker_of: Callable[[bool, Callable[[bytes], Any]], _Maker]) -> _Maker:
        try:
            decoder = Decoder(channel)
        except ValueError as error:
            problem = error

            def refuse(received: int, data: bytes) -> Any:
                raise ValueError(str(problem))

            return refuse
        if decoder.problem:
            self._warn(
                f"the recorded definition of {channel.msgtype} cannot be read ({decoder.problem}): that of "
                "ROS is used"
            )
        return maker_of(decoder.standard, decoder)

    def _raw(self, file: RecordingFile, topic: str) -> Iterator[tuple[int, Channel, bytes]]:
        """Times of receipt, channels and contents of a topic's messages, up to where the file is damaged."""
        count = 0
        last: Channel | None = None
        readable = False
        try:
            for message in file.messages(topic):
                if message[1] is not last:
                    last = message[1]
                    readable = last.readable
                if readable:
                    count += 1
                    yield message
        except _READ_ERRORS as error:
            self._warn(f"{topic} could be read up to its message {count} only ({reason(error, MAX_REASON)})")


def _channels(files: Sequence[RecordingFile]) -> list[Channel]:
    return [channel for file in files for channel in file.channels]


def _packs_messages(file: RecordingFile) -> bool:
    """Whether messages are compressed one by one, by the first of a topic."""
    for channel in file.channels:
        if channel.count:
            try:
                return any(data[:4] == ZSTD_MAGIC for _, _, data in _one(file.messages(channel.topic)))
            except _READ_ERRORS:
                return False
    return False


def _one(messages: Iterator[tuple[int, Channel, bytes]]) -> list[tuple[int, Channel, bytes]]:
    first = next(messages, None)
    return [] if first is None else [first]


def _first(item: tuple[int, Channel, bytes]) -> int:
    return item[0]
