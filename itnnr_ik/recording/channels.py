"""The interface of a recording's files, whatever their storage: channels, and messages in time order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

CDR, ROS1 = "cdr", "ros1"
#: Largest time of receipt [ns]: times are signed 64-bit numbers.
MAX_TIME = 2**63 - 1
#: Threads of a recorder write a message at most this much later [ns] than one that was received after it.
_MAX_WRITE_DELAY = 10**9


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
        """The message type, with the encoding where messages cannot be decoded."""
        if self.readable:
            return self.msgtype
        encoding = self.encoding or "an unknown encoding"
        return f"{self.msgtype} in {encoding}" if self.msgtype else f"{encoding} without a type"


class ReceiptTimes:
    """Finds where times of receipt of a channel decrease from one message in the file to the next."""

    def __init__(self) -> None:
        self._latest: dict[Any, int] = {}
        self._step_back = 0

    def add(self, channel: Any, time: int) -> None:
        """Take the time of receipt [ns] of the next message in the file."""
        latest = self._latest.get(channel, 0)
        if time < latest:
            self._step_back = max(self._step_back, latest - time)
        else:
            self._latest[channel] = time

    def notes(self, name: str) -> list[str]:
        """A warning if the times in the file ``name`` decrease by more than a recorder's threads explain."""
        if self._step_back <= _MAX_WRITE_DELAY:
            return []
        return [
            f"times of receipt in {name} go back by up to {1e-9 * self._step_back:.3g} s: messages are taken "
            "in the order of these times, which mixes two stretches if the clock was set back"
        ]


class FileSpans:
    """Finds where the times of receipt of a topic in one file go on in another.

    Args:
        topic: Its name.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._spans: list[list[int]] = []

    def watch(self, messages: Iterator[tuple[int, Channel, bytes]]) -> Iterator[tuple[int, Channel, bytes]]:
        """The messages of one file, as of `RecordingFile.messages`."""
        span: list[int] = []
        for message in messages:
            if not span:
                span += [message[0], message[0]]
                self._spans.append(span)
            span[1] = message[0]
            yield message

    def notes(self) -> list[str]:
        """A warning if a file begins earlier, by more than a recorder's threads explain, than one ends."""
        overlap = 0
        end = -MAX_TIME
        for first, last in sorted(self._spans):
            overlap = max(overlap, end - first)
            end = max(end, last)
        if overlap <= _MAX_WRITE_DELAY:
            return []
        return [
            f"times of receipt of {self._topic} overlap by up to {1e-9 * overlap:.3g} s from file to file: "
            "messages are taken in the order of these times, which mixes two stretches if the clock was set "
            "back"
        ]


class RecordingFile(Protocol):
    """One open file of a recording."""

    @property
    def channels(self) -> Sequence[Channel]:
        """All channels of the file."""

    @property
    def notes(self) -> Sequence[str]:
        """What is damaged or left out, a sentence each."""

    def messages(self, topic: str) -> Iterator[tuple[int, Channel, bytes]]:
        """Time of receipt [ns], channel and content of each message of a topic, in the order of these times.

        Raises:
            OSError: It can no longer be read.
            ValueError: A part of it can no longer be read, or has changed.
        """

    def close(self) -> None:
        """Close the file."""


def in_ros2(msgtype: str) -> str:
    """A message type by its ROS 2 name: ROS 1 leaves out ``msg``."""
    package, _, name = msgtype.partition("/")
    return f"{package}/msg/{name}" if name and "/" not in name else msgtype
