"""Files of records in blocks, MCAP and ROS 1 bags: read block by block, in the order of time.

Blocks are read twice, once to count what is in them and once for the messages: an index in the file is not
believed. Memory holds a few blocks, however long the file is.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from itnnr_ik.recording.channels import LATEST, Channel, Receipt
from itnnr_ik.recording.unpacking import MOST_BYTES

#: Unpacked blocks that are kept, in [bytes]; at least one is.
_KEPT = 1 << 23

#: Where a message is within its block: time [ns], start and end of its content, number of its channel.
Place = tuple[int, int, int, int]


@dataclass
class Span:
    """How many messages of a channel a block has, and the least and the greatest of their times [ns]."""

    count: int = 0
    first: int = LATEST
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
        start, packed: Where they are in the file, and how long, in [bytes].
        compression: Empty for none.
        size: Unpacked, as the file says, in [bytes].
        checksum: CRC-32 of what is unpacked; 0 for none.
        cut: Whether the file ends within it.
        spans: By number of channel.
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
        ValueError: It is no such file, or nothing of it can be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        self._size = path.stat().st_size
        self._blocks: list[Block] = []
        self._channels: dict[int, Channel] = {}
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._problem = ""
        self._receipt = Receipt()
        self._left_out = self._impossible = 0
        self._announced: int | None = None
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
        self._unknown = sum(count for number, count in counts.items() if number not in self._channels)
        found = sum(counts.values()) + self._impossible
        if not self._problem and self._announced not in (None, found):
            self._note_damage(f"it announces {self._announced} messages")
        if self._problem and not any(counts.values()):
            self._file.close()
            raise ValueError(self._problem)

    @abstractmethod
    def _scan(self) -> None:
        """Find blocks and channels."""

    @abstractmethod
    def _unpack(self, packed: bytes, block: Block) -> bytes:
        """Content of a block; ValueError where it is damaged."""

    @abstractmethod
    def _places(self, data: bytes) -> Iterator[Place]:
        """Where messages are in the content of a block; ends where that is damaged."""

    @property
    def channels(self) -> Sequence[Channel]:
        """All of them."""
        return list(self._channels.values())

    @property
    def notes(self) -> Sequence[str]:
        """What is wrong with the file."""
        name, count = self._path.name, sum(channel.count for channel in self._channels.values())
        notes = self._receipt.notes(name)
        if self._left_out:
            chunks = "chunk is" if self._left_out == 1 else "chunks are"
            notes.append(
                f"{name} is damaged ({self._problem}): {self._left_out} {chunks} left out, {count} messages "
                "around the damage are read"
            )
        elif self._problem:
            notes.append(f"{name} is damaged ({self._problem}): {count} messages before the damage are read")
        if self._unknown:
            notes.append(f"{name} has {self._unknown} messages of channels that it does not name")
        if self._impossible:
            notes.append(f"{name} has {self._impossible} messages whose time cannot be; they are left out")
        return notes

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._kept.clear()

    def messages(self, topic: str) -> Iterator[tuple[int, Channel, bytes]]:
        """See `RecordingFile`."""
        wanted = {number: channel for number, channel in self._channels.items() if channel.topic == topic}
        starts = []
        for index, block in enumerate(self._blocks):
            spans = [block.spans[number] for number in wanted if number in block.spans]
            if spans:
                starts.append((min(span.first for span in spans), index))
        starts.sort()
        active: list[tuple[int, int, int, list[Place]]] = []  # time, block, next place, places
        for time, index in starts:
            yield from self._until(time, active, wanted)
            data = self._content(index)
            places = sorted((p for p in self._places(data) if p[3] in wanted), key=_time)
            if places:
                heapq.heappush(active, (places[0][0], index, 0, places))
        yield from self._until(LATEST + 1, active, wanted)

    def _until(
        self, end: int, active: list[tuple[int, int, int, list[Place]]], wanted: dict[int, Channel]
    ) -> Iterator[tuple[int, Channel, bytes]]:
        """Messages before ``end`` of the blocks that are being read."""
        while active and active[0][0] < end:
            _, index, i, places = heapq.heappop(active)
            # As long as no other block has an earlier one, no heap is needed.
            bound = min(end, active[0][0] + 1) if active else end
            data = self._content(index)
            while i < len(places) and places[i][0] < bound:
                time, start, stop, number = places[i]
                yield time, wanted[number], data[start:stop]
                i += 1
            if i < len(places):
                heapq.heappush(active, (places[i][0], index, i, places))

    def _content(self, index: int) -> bytes:
        """A block unpacked: kept, or read anew."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        data = self._kept[index] = self._unpacked(self._blocks[index])
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _KEPT:
            self._kept.popitem(last=False)
        return data

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        data = self._file.read(count)
        if len(data) < count:
            raise ValueError("it is shorter than it was")
        return data

    def _unpacked(self, block: Block) -> bytes:
        for size in (block.packed, block.size):
            if size > MOST_BYTES:
                raise ValueError(too_large(size))
        return self._unpack(self._read(block.start, block.packed), block)

    def _scanned(self, block: Block, start: int) -> bytes | None:
        """Content of the chunk that is found at ``start``; None where it is damaged, which is noted."""
        try:
            return self._unpacked(block)
        except ValueError as error:
            self._leave_out(f"the chunk at byte {start}: {error}", block.cut)
            return None

    def _leave_out(self, problem: str, cut: bool) -> None:
        """Note a chunk that is not read, or not all of it; one that is cut counts as the end of the file."""
        self._left_out += not cut
        self._note_damage(problem)

    def _note_damage(self, problem: str) -> None:
        self._problem = self._problem or problem

    def _add(self, block: Block, data: bytes) -> None:
        """Count what is in a block, and keep it if there is a message."""
        for time, _, _, number in self._places(data):
            span = block.spans.get(number)
            if span is None:
                span = block.spans[number] = Span()
            span.add(time)
            self._receipt.add(number, time)
        if block.spans:
            self._blocks.append(block)


def too_large(size: int) -> str:
    """Why something of ``size`` bytes is not read."""
    return f"{size} bytes in one piece, expected at most {MOST_BYTES}"


def _time(place: Place) -> int:
    return place[0]
