"""Reads poses, joint states and other messages of a recording."""

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
from itnnr_ik.recording.channels import Channel, FileSpans, RecordingFile
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

#: Errors of reading a damaged file.
_READ_ERRORS = (ValueError, OSError, MemoryError)
#: Makes a record from a time of receipt [ns] and the bytes of a message.
_Maker = Callable[[int, bytes], Any]


class Bag:
    """A recording, open for reading: a rosbag2 folder, or one file (MCAP, SQLite, ROS 1 bag).

    Use it in a ``with`` statement. A topic may be left open where the recording has only one with messages
    of the right type. The files decide what is read, whatever metadata.yaml says. Damaged parts are left out
    with a warning.

    Args:
        path: The folder, with or without its metadata.yaml, or the file; compressed or not.
        warn: Called with a sentence on whatever is left out or differs from metadata.yaml.

    Attributes:
        undecodable: Number of messages that could not be decoded, by topic, of those read so far.

    Raises:
        BagError: There is no recording at ``path``, or nothing of it can be read.
    """

    def __init__(self, path: str | Path, warn: Callable[[str], None] = warnings.warn) -> None:
        self.path = Path(path)
        self._warn_callback = warn
        self._warned: set[str] = set()
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
            self._exit_stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._exit_stack.close()

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
            compressed = any(map(is_packed, self._paths)) or any(map(_has_compressed_messages, files))
            names = [path.name for path in self._paths]
            notes += metadata.read_hints(self._metadata).differences(names, counts, compressed)
        for note in notes:
            self._warn(note)
        return files

    def _warn(self, note: str) -> None:
        """Give a warning, but only once: a topic may be read twice."""
        if note not in self._warned:
            self._warned.add(note)
            self._warn_callback(note)

    @property
    def topics(self) -> list[TopicSummary]:
        """The topics, sorted by name."""
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

        Earlier ``msgtypes`` are preferred: a later one is used only where no topic has an earlier one.

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
        """The poses of the last message of a Path topic; earlier messages are older versions of the path.

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
        """The record of each message of a topic; messages that cannot be decoded are counted."""
        makers: dict[Channel, _Maker] = {}
        problem, undecodable = "", 0
        last: Channel | None = None
        maker: _Maker | None = None
        spans = FileSpans(topic)
        streams = [self._raw(file, topic) for file in self._files]
        for received, channel, data in (
            streams[0] if len(streams) == 1 else heapq.merge(*map(spans.watch, streams), key=_received)
        ):
            try:
                if channel is not last or maker is None:
                    maker, last = makers.get(channel), channel
                    if maker is None:
                        maker = makers[channel] = self._maker(channel, maker_of)
                record = maker(received, decompressed(data) if data[:4] == ZSTD_MAGIC else data)
            # Missing fields, or fields of another type, raise the others.
            except (ValueError, AttributeError, TypeError, LookupError, OverflowError) as error:
                problem = problem or reason(error, MAX_REASON)
                undecodable += 1
                continue
            yield record
        for note in spans.notes():
            self._warn(note)
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
        """Readable messages of a topic as of `RecordingFile.messages`, up to where the file is damaged."""
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


def _has_compressed_messages(file: RecordingFile) -> bool:
    """Whether messages are compressed individually, judged by the first one."""
    for channel in file.channels:
        if channel.count:
            try:
                return any(data[:4] == ZSTD_MAGIC for _, _, data in _first_only(file.messages(channel.topic)))
            except _READ_ERRORS:
                return False
    return False


def _first_only(messages: Iterator[tuple[int, Channel, bytes]]) -> list[tuple[int, Channel, bytes]]:
    first = next(messages, None)
    return [] if first is None else [first]


def _received(item: tuple[int, Channel, bytes]) -> int:
    return item[0]
