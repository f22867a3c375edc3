"""Typed records from a rosbag2 recording: poses and joint states."""

from __future__ import annotations

import heapq
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import numpy as np
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from itnnr_ik.bags.salvage import salvage

POSE_STAMPED = "geometry_msgs/msg/PoseStamped"
JOINT_STATE = "sensor_msgs/msg/JointState"

_SUFFIXES = (".mcap", ".db3")
#: What rosbags raises on a damaged file depends on where the damage is, and is of no type of its own.
_READ_ERRORS = (Exception,)


class BagError(ValueError):
    """A recording that cannot be opened, or does not hold what was asked of it."""


@dataclass(frozen=True)
class TopicSummary:
    """A topic of a recording: its name, message type and number of messages."""

    name: str
    msgtype: str
    count: int


@dataclass(frozen=True)
class RecordedPose:
    """One PoseStamped.

    Attributes:
        received: Time at which the recorder got the message, in [ns].
        stamp: Time in its header, in [ns]; another clock than ``received`` for a simulated robot.
        frame: Frame in its header.
        position: Position (3,) in [m].
        orientation: Quaternion (4,) as x, y, z, w; as recorded, so of any length.
    """

    received: int
    stamp: int
    frame: str
    position: np.ndarray
    orientation: np.ndarray


@dataclass(frozen=True)
class RecordedJoints:
    """One JointState, with its joints in recorded order.

    Attributes:
        received: Time at which the recorder got the message, in [ns].
        stamp: Time in its header, in [ns]; another clock than ``received`` for a simulated robot.
        names: Names of the joints.
        positions: Joint positions, one per name, in [rad] (or [m] for a sliding joint).
    """

    received: int
    stamp: int
    names: tuple[str, ...]
    positions: np.ndarray

    def pick(self, joints: Sequence[str]) -> np.ndarray:
        """Positions (n,) of ``joints`` in the order asked for, whatever the recorded order.

        Raises:
            BagError: A joint was not recorded; the message lists those that were.
        """
        missing = [joint for joint in joints if joint not in self.names]
        if missing:
            raise BagError(
                f"no joint {', '.join(missing)} in the recording; recorded: {', '.join(self.names)}"
            )
        if len(self.positions) != len(self.names):
            raise BagError(f"{len(self.names)} joint names came with {len(self.positions)} positions")
        return self.positions[[self.names.index(joint) for joint in joints]]


class Bag:
    """A rosbag2 recording, open for reading: a folder, or one .mcap or .db3 file.

    Use it in a ``with`` statement. Every method that takes a topic finds it alone where the recording has
    only one with messages of the right type. What is damaged is left out and told of, and the rest is read.

    Args:
        path: The folder, with or without its metadata.yaml, or the file. Compressed files take the
            metadata.yaml, which says how they are compressed.
        warn: Called with a sentence on whatever is left out.

    Attributes:
        undecodable: Numbers of messages that cannot be decoded, by topic, of those read so far.

    Raises:
        BagError: There is no such recording, or it is not one, or nothing of it can be read.
    """

    def __init__(self, path: str | Path, warn: Callable[[str], None] = warnings.warn) -> None:
        self.path = Path(path)
        self._warn = warn
        self.undecodable: Counter[str] = Counter()
        if not self.path.exists():
            raise BagError(f"no recording at {self.path}")
        self._has_metadata = (self.path / "metadata.yaml").exists()
        if not self._has_metadata and not self._files():
            raise BagError(
                f"{self.path} is no recording: expected a folder with a metadata.yaml, "
                f"or a file ending in {' or '.join(_SUFFIXES)}"
            )

    def __enter__(self) -> Bag:
        with ExitStack() as stack:
            self._readers = self._open(stack)
            self._opened = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.close()

    def _files(self) -> list[Path]:
        """The data files, without the help of metadata."""
        files = sorted(self.path.iterdir()) if self.path.is_dir() else [self.path]
        return [file for file in files if file.suffix in _SUFFIXES]

    def _open(self, stack: ExitStack) -> list[Reader]:
        problem = ""
        if self._has_metadata:
            try:
                return [stack.enter_context(Reader(self.path))]
            except _READ_ERRORS as error:
                problem = _sentence(error)
        readers = []
        for file in self._files():
            try:
                readers.append(stack.enter_context(Reader(file)))
            except _READ_ERRORS as error:
                problem = _sentence(error)
                readers += self._open_salvaged(file, problem, stack)
        if not readers:
            raise BagError(f"cannot read {self.path}: {problem}")
        return readers

    def _open_salvaged(self, file: Path, problem: str, stack: ExitStack) -> list[Reader]:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="itnnr_bag_")))
        try:
            reader = stack.enter_context(Reader(salvage(file, folder)))
        except _READ_ERRORS:
            return []
        if not reader.message_count:
            return []
        self._warn(
            f"{file.name} is damaged ({problem}): {reader.message_count} messages before the damage are read"
        )
        return [reader]

    @property
    def topics(self) -> list[TopicSummary]:
        """What was recorded, by name."""
        types: dict[str, set[str]] = {}
        counts: Counter[str] = Counter()
        for connection in self._connections:
            types.setdefault(connection.topic, set()).add(connection.msgtype)
            counts[connection.topic] += connection.msgcount
        return [
            TopicSummary(name, types[name].pop() if len(types[name]) == 1 else "several types", counts[name])
            for name in sorted(types)
        ]

    @property
    def _connections(self) -> list[Any]:
        return [connection for reader in self._readers for connection in reader.connections]

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

    def poses(self, topic: str | None = None) -> Iterator[RecordedPose]:
        """The poses of a PoseStamped topic, in the order in which they were received."""
        for received, message in self._messages(POSE_STAMPED, topic):
            position, orientation = message.pose.position, message.pose.orientation
            yield RecordedPose(
                received=received,
                stamp=_nanoseconds(message.header.stamp),
                frame=message.header.frame_id,
                position=np.array([position.x, position.y, position.z]),
                orientation=np.array([orientation.x, orientation.y, orientation.z, orientation.w]),
            )

    def joint_states(self, topic: str | None = None) -> Iterator[RecordedJoints]:
        """The joint states of a JointState topic, in the order in which they were received."""
        for received, message in self._messages(JOINT_STATE, topic):
            yield RecordedJoints(
                received=received,
                stamp=_nanoseconds(message.header.stamp),
                names=tuple(message.name),
                positions=np.asarray(message.position, dtype=float),
            )

    def _messages(self, msgtype: str, topic: str | None) -> Iterator[tuple[int, Any]]:
        name = self.find_topic([msgtype], topic).name
        # The definitions of these types are the same in every distribution: what a recording says of its
        # types, damaged or of types unknown here, need not be read.
        types = _message_types()
        problem = ""
        undecodable = 0
        for received, data in heapq.merge(*(self._raw(reader, name) for reader in self._readers), key=_first):
            try:
                message = types.deserialize_cdr(data, msgtype)
            except _READ_ERRORS as error:
                problem = problem or _sentence(error)
                undecodable += 1
                continue
            yield received, message
        if undecodable:
            self.undecodable[name] = undecodable
            self._warn(f"{undecodable} messages of {name} cannot be decoded and are left out ({problem})")

    def _raw(self, reader: Reader, topic: str) -> Iterator[tuple[int, bytes]]:
        """Times of receipt and contents of a topic's messages, up to where the file is damaged."""
        connections = [connection for connection in reader.connections if connection.topic == topic]
        if not connections:
            return
        count = 0
        try:
            for _, received, data in reader.messages(connections):
                count += 1
                yield received, data
        except _READ_ERRORS as error:
            self._warn(f"{topic} could be read up to its message {count} only ({_sentence(error)})")


@cache
def _message_types() -> Any:
    return get_typestore(Stores.ROS2_HUMBLE)


def _first(item: tuple[int, bytes]) -> int:
    return item[0]


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _nanoseconds(stamp: Any) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
