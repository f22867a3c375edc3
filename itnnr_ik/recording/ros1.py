"""ROS 1 bags (format 2.0), read by their records alone, whether indexed or not."""

from __future__ import annotations

import bz2
import struct
from collections.abc import Iterator

from itnnr_ik.recording.channels import ROS1, Channel, in_ros2
from itnnr_ik.recording.chunked import Block, ChunkedFile, MessageLocation
from itnnr_ik.recording.unpacking import LZ4, unpack

MAGIC = b"#ROSBAG V2.0\n"
_MESSAGE, _CHUNK, _CHUNK_INFO, _CONNECTION = 0x02, 0x05, 0x06, 0x07
#: Largest header of a record, and largest data of a connection's record [bytes].
_MAX_HEADER_SIZE = 1 << 22
_LENGTH = struct.Struct("<I")
#: An entry of a chunk's index record: connection, and number of its messages in the chunk.
_COUNT = struct.Struct("<II")

HeaderFields = dict[bytes, bytes]


class Ros1File(ChunkedFile):
    """A ROS 1 bag, complete or cut; see `ChunkedFile`."""

    def _scan(self) -> None:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise ValueError("it does not begin as a ROS 1 bag")
        position = len(MAGIC)
        while position < self._size:
            self._file.seek(position)
            fields, start, length = self._read_head(position)
            if fields is None:
                self._note_damage("it ends within a record, or a length is wrong")
                break
            cut = start + length > self._size
            operation = fields.get(b"op", b"")
            if operation == bytes([_CHUNK]):
                self._scan_chunk(fields, start, min(length, self._size - start), cut)
            elif operation == bytes([_CONNECTION]) and length <= _MAX_HEADER_SIZE:
                self._define(fields, self._file.read(length))
            elif operation == bytes([_CHUNK_INFO]) and length <= _MAX_HEADER_SIZE:
                counts = _COUNT.iter_unpack(self._file.read(length // _COUNT.size * _COUNT.size))
                self._n_announced = (self._n_announced or 0) + sum(count for _, count in counts)
            if cut:
                self._note_damage("it ends within a record, or a length is wrong")
                break
            position = start + length

    def _read_head(self, position: int) -> tuple[HeaderFields | None, int, int]:
        """Header fields of the record at ``position``, None where it is cut; start and length of its data."""
        size = self._file.read(4)
        (length,) = _LENGTH.unpack(size) if len(size) == 4 else (_MAX_HEADER_SIZE + 1,)
        rest = self._file.read(length + 4) if length <= _MAX_HEADER_SIZE else b""
        if len(rest) < length + 4:
            return None, 0, 0
        fields = _header_fields(rest[:length])
        return fields, position + 8 + length, _LENGTH.unpack_from(rest, length)[0]

    def _scan_chunk(self, fields: HeaderFields, start: int, packed: int, cut: bool) -> None:
        compression = fields.get(b"compression", b"none").decode("ascii", "replace")
        size = int.from_bytes(fields.get(b"size", b""), "little")
        block = Block(start, packed, "" if compression == "none" else compression, size, cut=cut)
        data = self._read_or_skip(block, start)
        if data is None:
            return
        for fields, begin, end in _records(data):
            if fields.get(b"op") == bytes([_CONNECTION]):
                self._define(fields, data[begin:end])
        self._add_block(block, data)

    def _unpack(self, packed: bytes, block: Block) -> bytes:
        if block.compression != "bz2":
            return unpack(
                packed, LZ4 if block.compression == "lz4" else block.compression, block.size, block.cut
            )
        try:
            return bz2.BZ2Decompressor().decompress(packed, block.size)
        except (OSError, ValueError) as error:
            raise ValueError(f"it cannot be unpacked ({error})") from None

    def _locate_messages(self, data: bytes) -> Iterator[MessageLocation]:
        for fields, start, end in _records(data):
            if fields.get(b"op") != bytes([_MESSAGE]):
                continue
            number, time = fields.get(b"conn", b""), fields.get(b"time", b"")
            if len(number) == 4 and len(time) == 8:
                seconds, nanoseconds = struct.unpack("<II", time)
                yield seconds * 10**9 + nanoseconds, start, end, _LENGTH.unpack(number)[0]

    def _define(self, fields: HeaderFields, data: bytes) -> None:
        inner = {**_header_fields(data)}
        number = int.from_bytes(fields.get(b"conn", b""), "little")
        if number in self._channels:
            return
        topic, msgtype, text = (
            value.decode("utf-8", "replace")
            for value in (
                fields.get(b"topic", b""),
                inner.get(b"type", b""),
                inner.get(b"message_definition", b""),
            )
        )
        self._channels[number] = Channel(topic, in_ros2(msgtype), ROS1, text, "ros1msg", 0)


def _header_fields(data: bytes) -> HeaderFields:
    """Names and values in a header, as far as it is complete."""
    result: HeaderFields = {}
    position = 0
    while position + 4 <= len(data):
        (length,) = _LENGTH.unpack_from(data, position)
        name, found, value = data[position + 4 : position + 4 + length].partition(b"=")
        if found:
            result[name] = value
        position += 4 + length
    return result


def _records(data: bytes) -> Iterator[tuple[HeaderFields, int, int]]:
    """Header fields, and start and end of the data, of each complete record."""
    position = 0
    while position + 8 <= len(data):
        (length,) = _LENGTH.unpack_from(data, position)
        after = position + 4 + length
        if after + 4 > len(data):
            return
        (size,) = _LENGTH.unpack_from(data, after)
        start, end = after + 4, after + 4 + size
        if end > len(data):
            return
        yield _header_fields(data[position + 4 : after]), start, end
        position = end
