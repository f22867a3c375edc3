"""Decompression within bounds: nothing unpacks to more than was announced and may be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lz4.frame

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD, LZ4 = "zstd", "lz4"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: The most [bytes] that a chunk or a message may have, packed or not.
MOST_BYTES = 1 << 28
#: A packed file may unpack to this many bytes, and to so many times its size if that is more.
_MOST_OF_FILE, _MOST_RATIO = 1 << 30, 100
_PIECE = 1 << 20


def unpack(data: bytes, compression: str, most: int, cut: bool = False) -> bytes:
    """Decompress ``data``.

    Args:
        data: One or several frames.
        compression: `ZSTD` or `LZ4`; empty for none.
        most: How many bytes it may unpack to.
        cut: Whether the end may be missing: what is before it is returned.

    Raises:
        ValueError: It is damaged, of another compression, or unpacks to more.
    """
    if not compression:
        result = data
    elif compression == ZSTD:
        result = _unpack(zstd.ZstdDecompressor, data, most, cut)
    elif compression == LZ4:
        result = _unpack(lz4.frame.LZ4FrameDecompressor, data, most, cut)
    else:
        raise ValueError(f"expected compression {ZSTD} or {LZ4}, got {compression!r:.40}")
    if len(result) > most:
        raise ValueError(f"it unpacks to more than {most} bytes")
    return result


def _unpack(decoder_type: Any, data: bytes, most: int, cut: bool) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data and size <= most:
        decoder = decoder_type()
        try:
            part = decoder.decompress(data, most + 1 - size)
        except (zstd.ZstdError, RuntimeError, EOFError) as error:
            if cut and parts:
                break
            raise ValueError(f"it cannot be unpacked ({error})") from None
        parts.append(part)
        size += len(part)
        if not decoder.eof:
            if not cut and size <= most:
                raise ValueError("its end is missing")
            break
        data = decoder.unused_data or b""
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unpack_file(source: Path, target: Path) -> bool:
    """Decompress a zstd file to ``target``; whether all of it was there.

    Raises:
        ValueError: It unpacks to more than a recording does.
    """
    left = max(_MOST_OF_FILE, _MOST_RATIO * source.stat().st_size)
    decoder = zstd.ZstdDecompressor()
    with source.open("rb") as packed, target.open("wb") as result:
        data = b""
        while True:
            if decoder.needs_input and not data:
                data = packed.read(_PIECE)
                if not data:
                    return False
            try:
                part = decoder.decompress(data, _PIECE)
            except zstd.ZstdError:
                return False
            data = b""
            left -= len(part)
            if left < 0:
                raise ValueError(
                    f"it unpacks to more than {max(_MOST_OF_FILE, _MOST_RATIO * source.stat().st_size)} bytes"
                )
            result.write(part)
            if decoder.eof:
                data = decoder.unused_data or packed.read(_PIECE)
                if not data:
                    return True
                decoder = zstd.ZstdDecompressor()
