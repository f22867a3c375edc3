"""Joint states decoded fast: messages of a publisher have the same layout, of which only numbers change."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from itnnr_ik.recording.records import RecordedJoints

_LITTLE = b"\x00\x01\x00\x00"
_STAMP = struct.Struct("<iI")
#: Before the frame in a message: encapsulation and stamp.
_FIXED = 12


class JointStateDecoder:
    """Makes joint states of messages that are laid out as sensor_msgs/JointState, little-endian CDR.

    A message that has the same bytes as one before it but for the stamp and the numbers is read without being
    decoded; its joint names are the very same tuple.

    Args:
        decode: Decodes any message of the type.
    """

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        self._decode = decode
        self._known: dict[int, tuple[bytes, int, int, tuple[str, ...]]] = {}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __call__(self, received: int, data: bytes) -> RecordedJoints:
        """The joint state received at a time [ns]; ValueError where it cannot be decoded."""
        known = self._known.get(len(data))
        if known is not None:
            layout, start, count, names = known
            if data[_FIXED:start] == layout and data[:4] == _LITTLE:
                seconds, nanoseconds = _STAMP.unpack_from(data, 4)
                return RecordedJoints(
                    received,
                    seconds * 1_000_000_000 + nanoseconds,
                    names,
                    np.frombuffer(data, np.float64, count, start),
                )
        state = joints_of(received, self._decode(data))
        state = RecordedJoints(
            received, state.stamp, self._names.setdefault(state.names, state.names), state.positions
        )
        self._learn(data, state)
        return state

    def _learn(self, data: bytes, state: RecordedJoints) -> None:
        """Where the positions are in messages like this one."""
        count = len(state.positions)
        if data[:4] != _LITTLE or not count or len(self._names) > 1000:
            return
        start = _positions_at(data)
        if start is None or start + 8 * count > len(data):
            return
        found = np.frombuffer(data, "<f8", count, start)
        if found.tobytes() == state.positions.tobytes():
            self._known[len(data)] = data[_FIXED:start], start, count, state.names


def joints_of(received: int, message: Any) -> RecordedJoints:
    """A decoded JointState as a record; AttributeError or TypeError where it is none."""
    return RecordedJoints(
        received=received,
        stamp=nanoseconds(message.header.stamp),
        names=tuple(map(str, message.name)),
        positions=np.asarray(message.position, dtype=float),
    )


def nanoseconds(stamp: Any) -> int:
    """A stamp in [ns]."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _positions_at(data: bytes) -> int | None:
    """Where the numbers of the positions begin; None where that is not within the message."""
    try:
        position = _after_text(data, _FIXED)
        position += -position % 4
        (count,) = struct.unpack_from("<I", data, position)
        position += 4
        for _ in range(count):
            position = _after_text(data, position + -position % 4)
        position += -position % 4 + 4  # and the number of positions
        return 4 + (position - 4) + -(position - 4) % 8
    except struct.error:
        return None


def _after_text(data: bytes, position: int) -> int:
    (length,) = struct.unpack_from("<I", data, position)
    return int(position + 4 + length)
