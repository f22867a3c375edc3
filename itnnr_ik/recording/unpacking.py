"""Decompression with bounds on the size of the result."""

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
#: Largest chunk or message that is read [bytes], packed or not.
MAX_BYTES = 1 << 28
#: A compressed file may unpack to this size [bytes], or to this many times its own if that is more.
_MAX_FILE_SIZE, _MAX_RATIO = 1 << 30, 100
_PIECE_SIZE = 1 << 20  # [bytes] that are read or decompressed at a time


def unpack(data: bytes, compression: str, max_size: int, cut: bool = False) -> bytes:
    """Decompress ``data``.

    Args:
        data: One or several frames.
        compression: `ZSTD` or `LZ4`; empty for none.
        max_size: Largest size of the result [bytes].
        cut: Whether the end may be missing; what comes before it is returned then.

    Raises:
        ValueError: The data is damaged, compressed otherwise, or unpacks to more.
    """
    if not compression:
        result = data
    elif compression == ZSTD:
        result = _unpack(zstd.ZstdDecompressor, data, max_size, cut)
    elif compression == LZ4:
        result = _unpack(lz4.frame.LZ4FrameDecompressor, data, max_size, cut)
    else:
        raise ValueError(f"expected compression {ZSTD} or {LZ4}, got {compression!r:.40}")
    if len(result) > max_size:
        raise ValueError(f"it unpacks to more than {max_size} bytes")
    return result


def _unpack(decoder_type: Any, data: bytes, max_size: int, cut: bool) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data and size <= max_size:
        decoder = decoder_type()
        try:
            part = decoder.decompress(data, max_size + 1 - size)
        except (zstd.ZstdError, RuntimeError, EOFError) as error:
            if cut and parts:
                break
            raise ValueError(f"it cannot be unpacked ({error})") from None
        parts.append(part)
        size += len(part)
        if not decoder.eof:
            if not cut and size <= max_size:
                raise ValueError("its end is missing")
            break
        data = decoder.unused_data or b""
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unpack_file(source: Path, target: Path) -> bool:
    """Decompress a zstd file to ``target``; whether its end was reached.

    Raises:
        ValueError: It unpacks to more than a recording does.
    """
    n_remaining = max(_MAX_FILE_SIZE, _MAX_RATIO * source.stat().st_size)
    decoder = zstd.ZstdDecompressor()
    with source.open("rb") as packed, target.open("wb") as result:
        data = b""
        while True:
            if decoder.needs_input and not data:
                data = packed.read(_PIECE_SIZE)
                if not data:
                    return False
            try:
                part = decoder.decompress(data, _PIECE_SIZE)
            except zstd.ZstdError:
                return False
            data = b""
            n_remaining -= len(part)
            if n_remaining < 0:
                raise ValueError(
                    f"it unpacks to more than {max(_MAX_FILE_SIZE, _MAX_RATIO * source.stat().st_size)} bytes"
                )
            result.write(part)
            if decoder.eof:
                data = decoder.unused_data or packed.read(_PIECE_SIZE)
                if not data:
                    return True
                decoder = zstd.ZstdDecompressor()
