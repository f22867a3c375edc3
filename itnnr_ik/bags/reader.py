"""Typed records from a rosbag2 recording: poses and joint states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.typesys import Stores, get_typestore

POSE_STAMPED = "geometry_msgs/msg/PoseStamped"
JOINT_STATE = "sensor_msgs/msg/JointState"

_SUFFIXES = (".mcap", ".db3")


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
    """

    received: int
    stamp: int
    frame: str
    position: np.ndarray


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
    """A rosbag2 recording, open for reading: a folder with its metadata.yaml, or one .mcap or .db3 file.

    Use it in a ``with`` statement. Every method that takes a topic finds it alone where the recording has
    only one with messages of the right type.

    Raises:
        BagError: There is no such recording, or it is not one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise BagError(f"no recording at {self.path}")
        is_bag = (
            (self.path / "metadata.yaml").exists() if self.path.is_dir() else self.path.suffix in _SUFFIXES
        )
        if not is_bag:
            raise BagError(
                f"{self.path} is no recording: expected a folder with a metadata.yaml, "
                f"or a file ending in {' or '.join(_SUFFIXES)}"
            )
        # A .db3 from before Iron carries no message definitions.
        self._reader = AnyReader([self.path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))

    def __enter__(self) -> Bag:
        try:
            self._reader.open()
        except AnyReaderError as error:
            raise BagError(f"cannot read {self.path}: {error}") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.close()

    @property
    def topics(self) -> list[TopicSummary]:
        """What was recorded, by name."""
        return [
            TopicSummary(name, info.msgtype or "several types", info.msgcount)
            for name, info in self._reader.topics.items()
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

    def poses(self, topic: str | None = None) -> Iterator[RecordedPose]:
        """The poses of a PoseStamped topic, in the order in which they were received."""
        for received, message in self._messages(POSE_STAMPED, topic):
            position = message.pose.position
            yield RecordedPose(
                received=received,
                stamp=_nanoseconds(message.header.stamp),
                frame=message.header.frame_id,
                position=np.array([position.x, position.y, position.z]),
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
        connections = [c for c in self._reader.connections if c.topic == name]
        for connection, received, data in self._reader.messages(connections):
            yield received, self._reader.deserialize(data, connection.msgtype)


def _nanoseconds(stamp: Any) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
