"""Fast decoding of joint states: messages of a publisher have the same layout, only the numbers change."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from itnnr_ik.recording.records import RecordedJoints

_LITTLE_ENDIAN = b"\x00\x01\x00\x00"
_STAMP = struct.Struct("<iI")
#: Offset of the frame in a message [bytes], after encapsulation and stamp.
_FRAME_OFFSET = 12


class JointStateDecoder:
    """Decodes messages that are laid out as sensor_msgs/JointState in little-endian CDR.

    A message that differs from an earlier one only in stamp and numbers is read without the full decoder, and
    shares its tuple of joint names.

    Args:
        decode: Decodes any message of the type.
    """

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        self._decode = decode
        self._layouts: dict[int, tuple[bytes, int, int, tuple[str, ...]]] = {}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __call__(self, received: int, data: bytes) -> RecordedJoints:
        """The joint state received at a time [ns]; ValueError where it cannot be decoded."""
        known = self._layouts.get(len(data))
        if known is not None:
            layout, start, count, names = known
            if data[_FRAME_OFFSET:start] == layout and data[:4] == _LITTLE_ENDIAN:
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
        self._remember_layout(data, state)
        return state

    def _remember_layout(self, data: bytes, state: RecordedJoints) -> None:
        """Remember where messages like this one have their positions."""
        count = len(state.positions)
        if data[:4] != _LITTLE_ENDIAN or not count or len(self._names) > 1000:
            return
        start = _positions_offset(data)
        if start is None or start + 8 * count > len(data):
            return
        found = np.frombuffer(data, "<f8", count, start)
        if found.tobytes() == state.positions.tobytes():
            self._layouts[len(data)] = data[_FRAME_OFFSET:start], start, count, state.names


def joints_of(received: int, message: Any) -> RecordedJoints:
    """A decoded JointState as a record; AttributeError or TypeError for other messages."""
    return RecordedJoints(
        received=received,
        stamp=nanoseconds(message.header.stamp),
        names=tuple(map(str, message.name)),
        positions=np.asarray(message.position, dtype=float),
    )


def nanoseconds(stamp: Any) -> int:
    """A stamp in [ns]."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _positions_offset(data: bytes) -> int | None:
    """Offset of the first position in a message [bytes]; None where the message is too short."""
    try:
        position = _end_of_string(data, _FRAME_OFFSET)
        position += -position % 4
        (count,) = struct.unpack_from("<I", data, position)
        position += 4
        for _ in range(count):
            position = _end_of_string(data, position + -position % 4)
        position += -position % 4 + 4  # and the number of positions
        return 4 + (position - 4) + -(position - 4) % 8
    except struct.error:
        return None


def _end_of_string(data: bytes, position: int) -> int:
    (length,) = struct.unpack_from("<I", data, position)
    return int(position + 4 + length)
