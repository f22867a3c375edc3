"""MCAP files, read by their records alone: summary, index and profile may be missing or wrong."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from zlib import crc32

from itnnr_ik.recording.channels import MAX_TIME, Channel, in_ros2
from itnnr_ik.recording.chunked import Block, ChunkedFile, MessageLocation, too_large
from itnnr_ik.recording.unpacking import MAX_BYTES, unpack

MAGIC = b"\x89MCAP0\r\n"
_FOOTER, _SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _STATISTICS = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B
_RECORD = struct.Struct("<BQ")  # opcode, length of what follows
#: Head of a message's record: opcode, length, channel, sequence, times of receipt and of publication.
_MSG_HEAD = struct.Struct("<BQHIQQ")
#: Head of a chunk: first and last time, unpacked size, checksum, length of the compression's name.
_CHUNK_HEAD = struct.Struct("<QQQII")
#: Messages outside chunks are read in blocks of at most this size [bytes].
_MAX_BLOCK = 1 << 20
#: Records of schemas and channels beyond this size [bytes] are ignored as damaged.
_MAX_DEFINITION_SIZE = 1 << 22


class McapFile(ChunkedFile):
    """An MCAP file, complete or cut; see `ChunkedFile`."""

    def _scan(self) -> None:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise ValueError("it does not begin as an MCAP file")
        self._schemas: dict[int, tuple[str, str, str]] = {}
        self._unresolved: dict[int, tuple[int, str, str]] = {}
        self._ended = False
        position = len(MAGIC)
        run = Block(position, 0)
        while position < self._size and (record := self._record_at(position)) is not None:
            opcode, inside, end = record
            if opcode == _MESSAGE and run.start + run.packed == position and end - run.start <= _MAX_BLOCK:
                run.packed = end - run.start
            else:
                self._close_run(run)
                run = Block(position, end - position) if opcode == _MESSAGE else Block(end, 0)
                self._handle_record(opcode, inside, end)
            position = end
        self._close_run(run)
        if not self._ended:
            self._note_damage("its end is missing")
        for number, (schema, topic, encoding) in self._unresolved.items():
            name, language, text = self._schemas.get(schema, ("", "", ""))
            self._channels[number] = Channel(topic, in_ros2(name), encoding, text, language, 0)

    def _record_at(self, position: int) -> tuple[int, int, int] | None:
        """Opcode, and where the content begins and ends; None where there is no further record."""
        self._file.seek(position)
        head = self._file.read(_RECORD.size)
        if len(head) < _RECORD.size:
            self._note_damage("it ends within a record")
            return None
        opcode, length = _RECORD.unpack(head)
        inside = position + _RECORD.size
        if opcode == _FOOTER:
            self._ended = True
            if inside + length + len(MAGIC) != self._size:
                self._note_damage(f"its end is at byte {position} of {self._size}")
        elif not opcode:
            self._note_damage(f"no record at byte {position}")
        elif inside + length > self._size and opcode != _CHUNK:
            self._note_damage("it ends within a record, or a length is wrong")
        else:
            return opcode, inside, inside + length
        return None

    def _handle_record(self, opcode: int, start: int, end: int) -> None:
        """Evaluate the record whose content is next in the file, unless it is a message."""
        length = end - start
        if opcode == _CHUNK:
            self._scan_chunk(start, length, end > self._size)
            if end > self._size:
                self._note_damage("it ends within a chunk, or a length is wrong")
        elif opcode in (_SCHEMA, _CHANNEL) and length <= _MAX_DEFINITION_SIZE:
            self._define(opcode, self._file.read(length))
        elif opcode == _STATISTICS and length >= 8:
            (self._n_announced,) = struct.unpack("<Q", self._file.read(8))

    def _close_run(self, run: Block) -> None:
        """Add consecutive messages outside chunks as one block."""
        if not run.packed:
            return
        run.size = run.packed
        if run.packed > MAX_BYTES:
            self._skip_chunk(too_large(run.packed), cut=False)
            return
        self._add_block(run, self._read(run.start, run.packed))

    def _scan_chunk(self, start: int, length: int, cut: bool) -> None:
        """Add the chunk whose head is at byte ``start``."""
        head = self._file.read(_CHUNK_HEAD.size)
        if len(head) < _CHUNK_HEAD.size:
            return
        _, _, size, checksum, named = _CHUNK_HEAD.unpack(head)
        rest = self._file.read(min(named, 64) + 8)
        data_start = start + _CHUNK_HEAD.size + named + 8
        available = min(start + length, self._size) - data_start
        if named > 64 or available < 0:
            self._skip_chunk(f"the head of the chunk at byte {start} is wrong", cut)
            return
        compression = rest[:named].decode("ascii", "replace")
        (packed,) = struct.unpack("<Q", rest[named:])
        block = Block(data_start, min(packed, available), compression, size, checksum, cut)
        if packed > available and not cut:
            self._skip_chunk(f"the chunk at byte {start}: its length is wrong", cut)
            return
        data = self._read_or_skip(block, start)
        if data is None:
            return
        complete = self._define_all(data)
        if not complete and not cut:
            self._skip_chunk(f"the chunk at byte {start}: a part of it is no records", cut)
        self._add_block(block, data)

    def _unpack(self, packed: bytes, block: Block) -> bytes:
        data = unpack(packed, block.compression, block.size, block.cut)
        if block.cut:
            return data
        if len(data) != block.size:
            raise ValueError(f"expected {block.size} bytes, got {len(data)}")
        if block.checksum and crc32(data) != block.checksum:
            raise ValueError("its checksum is wrong")
        return data

    def _locate_messages(self, data: bytes) -> Iterator[MessageLocation]:
        position, end, head = 0, len(data), _MSG_HEAD.size
        unpack_head = _MSG_HEAD.unpack_from
        while position + head <= end:
            opcode, length, channel, _, time, _ = unpack_head(data, position)
            stop = position + _RECORD.size + length
            if stop > end:
                return
            if opcode == _MESSAGE:
                if length < head - _RECORD.size:
                    return
                if time <= MAX_TIME:
                    yield time, position + head, stop, channel
                elif self._scanning:
                    self._n_invalid_times += 1
            position = stop

    def _define_all(self, data: bytes) -> bool:
        """Read schemas and channels of a chunk; whether it consists of complete records."""
        position, end = 0, len(data)
        while position + _RECORD.size <= end:
            opcode, length = _RECORD.unpack_from(data, position)
            start = position + _RECORD.size
            position = start + length
            if (
                not opcode
                or position > end
                or (opcode == _MESSAGE and length < _MSG_HEAD.size - _RECORD.size)
            ):
                return False
            if opcode in (_SCHEMA, _CHANNEL) and length <= _MAX_DEFINITION_SIZE:
                self._define(opcode, data[start:position])
        return position == end

    def _define(self, opcode: int, record: bytes) -> None:
        """Store a schema or a channel, unless its number is already taken."""
        try:
            (number,) = struct.unpack_from("<H", record)
            if opcode == _SCHEMA:
                name, after = _text(record, 2)
                language, after = _text(record, after)
                text, _ = _text(record, after)
                self._schemas.setdefault(number, (name, language, text))
            else:
                (schema,) = struct.unpack_from("<H", record, 2)
                topic, after = _text(record, 4)
                encoding, _ = _text(record, after)
                self._unresolved.setdefault(number, (schema, topic, encoding))
        except (struct.error, ValueError):
            self._note_damage("a schema or a channel is cut")


def _text(record: bytes, start: int) -> tuple[str, int]:
    """The string at ``start`` of a record, and where it ends."""
    (length,) = struct.unpack_from("<I", record, start)
    end = start + 4 + length
    if end > len(record):
        raise ValueError("a text is longer than its record")
    return record[start + 4 : end].decode("utf-8", "replace"), end
