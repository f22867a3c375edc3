"""What the files of a recording have in common, of whatever storage: channels, and messages in time order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

CDR, ROS1 = "cdr", "ros1"
#: Times of receipt are kept as signed 64-bit nanoseconds.
LATEST = 2**63 - 1
#: A message may stand so much later in a file than its time says [ns].
_LATE = 10**9


@dataclass(frozen=True)
class Channel:
    """Messages of one topic and type in a file.

    Attributes:
        topic: Its name.
        msgtype: As in ROS 2, such as ``sensor_msgs/msg/JointState``; empty where the file does not say.
        encoding: `CDR`, `ROS1` or another, which is not read.
        definition: Text that defines the message type, and those within; empty where the file has none.
        language: Of the definition: ``ros2msg``, ``ros2idl``, ``ros1msg`` or another.
        count: Number of messages.
    """

    topic: str
    msgtype: str
    encoding: str
    definition: str
    language: str
    count: int

    @property
    def readable(self) -> bool:
        """Whether messages can be decoded at all."""
        return self.encoding in (CDR, ROS1) and bool(self.msgtype)

    @property
    def kind(self) -> str:
        """Its message type or, where that is of no use, how it is encoded."""
        if self.readable:
            return self.msgtype
        encoding = self.encoding or "an unknown encoding"
        return f"{self.msgtype} in {encoding}" if self.msgtype else f"{encoding} without a type"


class Receipt:
    """How far times of receipt go back, from a message of a channel to a later one in the file."""

    def __init__(self) -> None:
        self._latest: dict[Any, int] = {}
        self._back = 0

    def add(self, channel: Any, time: int) -> None:
        """Count a message of a channel's number at a time [ns]."""
        latest = self._latest.get(channel, 0)
        if time < latest:
            self._back = max(self._back, latest - time)
        else:
            self._latest[channel] = time

    def notes(self, name: str) -> list[str]:
        """What a reader should know of a file called ``name``: a writer's threads are not so late."""
        if self._back <= _LATE:
            return []
        return [
            f"times of receipt in {name} go back by up to {1e-9 * self._back:.3g} s: messages are taken in "
            "the order of these times, which mixes two stretches if the clock was set back"
        ]


class RecordingFile(Protocol):
    """One open file of a recording."""

    @property
    def channels(self) -> Sequence[Channel]:
        """All of them."""

    @property
    def notes(self) -> Sequence[str]:
        """What is wrong with it, a sentence each."""

    def messages(self, topic: str) -> Iterator[tuple[int, Channel, bytes]]:
        """Times of receipt [ns], never falling, with channel and content of each message of a topic.

        Raises:
            OSError: It can no longer be read.
            ValueError: A part of it can no longer be read, or has changed.
        """

    def close(self) -> None:
        """Close it."""


def in_ros2(msgtype: str) -> str:
    """A message type by its ROS 2 name: ROS 1 leaves out ``msg``."""
    package, _, name = msgtype.partition("/")
    return f"{package}/msg/{name}" if name and "/" not in name else msgtype
