"""Files of records in blocks, MCAP and ROS 1 bags: read block by block, in the order of time.

Every block is read twice: once to count its messages, because an index in the file may be wrong, and once for
the messages themselves. Memory holds a few blocks, however long the file is.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from itnnr_ik.recording.channels import MAX_TIME, Channel, ReceiptTimes
from itnnr_ik.recording.unpacking import MAX_BYTES

#: Size of the cache of unpacked blocks [bytes]; at least one block is cached.
_CACHE_SIZE = 1 << 23

#: A message within its block: time [ns], start and end of its content [bytes], number of its channel.
MessageLocation = tuple[int, int, int, int]


@dataclass
class Span:
    """The messages of one channel in a block: their number, and the first and last time [ns]."""

    count: int = 0
    first: int = MAX_TIME
    last: int = 0

    def add(self, time: int) -> None:
        """Count a message."""
        self.count += 1
        self.first = min(self.first, time)
        self.last = max(self.last, time)


@dataclass
class Block:
    """Some consecutive records of a file.

    Attributes:
        start, packed: Offset in the file and length there, in [bytes].
        compression: Empty for none.
        size: Length when unpacked according to the file, in [bytes].
        checksum: CRC-32 of the unpacked content; 0 for none.
        cut: Whether the file ends within the block.
        spans: The messages of each channel, by number of the channel.
    """

    start: int
    packed: int
    compression: str = ""
    size: int = 0
    checksum: int = 0
    cut: bool = False
    spans: dict[int, Span] = field(default_factory=dict)


class ChunkedFile(ABC):
    """A file of blocks; a subclass knows the format.

    Args:
        path: The file.

    Raises:
        ValueError: The file has another format, or nothing of it can be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        self._size = path.stat().st_size
        self._blocks: list[Block] = []
        self._channels: dict[int, Channel] = {}
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._problem = ""
        self._receipt = ReceiptTimes()
        self._n_skipped = self._n_invalid_times = 0
        self._n_announced: int | None = None
        self._scanning = True
        try:
            self._scan()
        except BaseException:
            self._file.close()
            raise
        self._scanning = False
        counts = dict.fromkeys(self._channels, 0)
        for block in self._blocks:
            for number, span in block.spans.items():
                counts[number] = counts.get(number, 0) + span.count
        self._channels = {n: replace(channel, count=counts[n]) for n, channel in self._channels.items()}
        self._n_unknown = sum(count for number, count in counts.items() if number not in self._channels)
        found = sum(counts.values()) + self._n_invalid_times
        if not self._problem and self._n_announced not in (None, found):
            self._note_damage(f"it announces {self._n_announced} messages")
        if self._problem and not any(counts.values()):
            self._file.close()
            raise ValueError(self._problem)

    @abstractmethod
    def _scan(self) -> None:
        """Find blocks and channels."""

    @abstractmethod
    def _unpack(self, packed: bytes, block: Block) -> bytes:
        """The unpacked content of a block; ValueError where it is damaged."""

    @abstractmethod
    def _locate_messages(self, data: bytes) -> Iterator[MessageLocation]:
        """The messages in the content of a block, up to where it is damaged."""

    @property
    def channels(self) -> Sequence[Channel]:
        """All channels of the file."""
        return list(self._channels.values())

    @property
    def notes(self) -> Sequence[str]:
        """What is damaged or left out, a sentence each."""
        name, count = self._path.name, sum(channel.count for channel in self._channels.values())
        notes = self._receipt.notes(name)
        if self._n_skipped:
            chunks = "chunk is" if self._n_skipped == 1 else "chunks are"
            notes.append(
                f"{name} is damaged ({self._problem}): {self._n_skipped} {chunks} left out, {count} messages "
                "around the damage are read"
            )
        elif self._problem:
            notes.append(f"{name} is damaged ({self._problem}): {count} messages before the damage are read")
        if self._n_unknown:
            notes.append(f"{name} has {self._n_unknown} messages of channels that it does not name")
        if self._n_invalid_times:
            notes.append(
                f"{name} has {self._n_invalid_times} messages whose time cannot be; they are left out"
            )
        return notes

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._cache.clear()

    def messages(self, topic: str) -> Iterator[tuple[int, Channel, bytes]]:
        """See `RecordingFile`."""
        wanted = {number: channel for number, channel in self._channels.items() if channel.topic == topic}
        starts = []
        for index, block in enumerate(self._blocks):
            spans = [block.spans[number] for number in wanted if number in block.spans]
            if spans:
                starts.append((min(span.first for span in spans), index))
        starts.sort()
        active: list[tuple[int, int, int, list[MessageLocation]]] = []  # time, block, index, locations
        for time, index in starts:
            yield from self._messages_before(time, active, wanted)
            data = self._cached_block(index)
            locations = sorted((p for p in self._locate_messages(data) if p[3] in wanted), key=_time_of)
            if locations:
                heapq.heappush(active, (locations[0][0], index, 0, locations))
        yield from self._messages_before(MAX_TIME + 1, active, wanted)

    def _messages_before(
        self, end: int, active: list[tuple[int, int, int, list[MessageLocation]]], wanted: dict[int, Channel]
    ) -> Iterator[tuple[int, Channel, bytes]]:
        """Messages before the time ``end`` [ns] of the blocks that are being read."""
        while active and active[0][0] < end:
            _, index, i, locations = heapq.heappop(active)
            # Until another block has an earlier message, the heap need not be asked.
            bound = min(end, active[0][0] + 1) if active else end
            data = self._cached_block(index)
            while i < len(locations) and locations[i][0] < bound:
                time, start, stop, number = locations[i]
                yield time, wanted[number], data[start:stop]
                i += 1
            if i < len(locations):
                heapq.heappush(active, (locations[i][0], index, i, locations))

    def _cached_block(self, index: int) -> bytes:
        """A block's unpacked content, from the cache or the file."""
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        data = self._cache[index] = self._read_block(self._blocks[index])
        while len(self._cache) > 1 and sum(map(len, self._cache.values())) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return data

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        data = self._file.read(count)
        if len(data) < count:
            raise ValueError("it is shorter than it was")
        return data

    def _read_block(self, block: Block) -> bytes:
        for size in (block.packed, block.size):
            if size > MAX_BYTES:
                raise ValueError(too_large(size))
        return self._unpack(self._read(block.start, block.packed), block)

    def _read_or_skip(self, block: Block, start: int) -> bytes | None:
        """Content of the chunk at byte ``start``; None, and a note, where it is damaged."""
        try:
            return self._read_block(block)
        except ValueError as error:
            self._skip_chunk(f"the chunk at byte {start}: {error}", block.cut)
            return None

    def _skip_chunk(self, problem: str, cut: bool) -> None:
        """Note that a chunk is not read, or not completely; one that is cut counts as the end of the file."""
        self._n_skipped += not cut
        self._note_damage(problem)

    def _note_damage(self, problem: str) -> None:
        self._problem = self._problem or problem

    def _add_block(self, block: Block, data: bytes) -> None:
        """Count the messages of a block, and remember it if there are any."""
        for time, _, _, number in self._locate_messages(data):
            span = block.spans.get(number)
            if span is None:
                span = block.spans[number] = Span()
            span.add(time)
            self._receipt.add(number, time)
        if block.spans:
            self._blocks.append(block)


def too_large(size: int) -> str:
    """Why a piece of ``size`` bytes is not read."""
    return f"{size} bytes in one piece, expected at most {MAX_BYTES}"


def _time_of(location: MessageLocation) -> int:
    return location[0]
