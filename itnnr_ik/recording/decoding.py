"""Decodes messages by the definitions in the recording, or by those of ROS where it has none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore

from itnnr_ik.forms import reason
from itnnr_ik.recording.channels import ROS1, Channel
from itnnr_ik.recording.records import MAX_REASON
from itnnr_ik.recording.unpacking import MAX_BYTES, ZSTD, ZSTD_MAGIC, unpack

#: Bounds on a message's definition: its characters, its lines without comments, the elements of an array, and
#: its fields, those of nested messages included.
_MAX_CHARACTERS, _MAX_LINES, _MAX_ELEMENTS, _MAX_FIELDS = 1 << 18, 4000, 1 << 20, 4000
_IDL_SEPARATOR = "=" * 80 + "\n"

Fields = dict[str, Any]


class Decoder:
    """Decodes the messages of a channel.

    Args:
        channel: A readable one.

    Attributes:
        problem: Why the definition in the file cannot be used; empty if it can, or there is none.
        standard: Whether the definition is that of ROS 2.

    Raises:
        ValueError: Neither the recording nor ROS defines the type.
    """

    def __init__(self, channel: Channel) -> None:
        ros_types = _ros_types(channel.encoding == ROS1)
        self.problem = ""
        parsed: Fields = {}
        if channel.definition:
            try:
                parsed = _parse(channel)
            # Depending on the text, rosbags raises errors of any type.
            except Exception as error:
                self.problem = reason(error, MAX_REASON)
        as_in_ros = all(name in ros_types and ros_types[name][1] == parsed[name][1] for name in parsed)
        self.standard = as_in_ros and channel.encoding != ROS1
        if channel.msgtype not in parsed and channel.msgtype not in ros_types:
            raise ValueError(self.problem or f"no definition of {channel.msgtype}")
        self._msgtype = channel.msgtype
        store = (
            _ros_store(channel.encoding == ROS1)
            if as_in_ros
            else _make_store({**ros_types, **parsed}, channel)
        )
        self._decode: Callable[[bytes, str], Any] = (
            store.deserialize_ros1 if channel.encoding == ROS1 else store.deserialize_cdr
        )

    def __call__(self, data: bytes) -> Any:
        """Decode a message; ValueError where that is not possible."""
        try:
            return self._decode(decompressed(data), self._msgtype)
        # On damaged messages rosbags raises errors of any type.
        except Exception as error:
            raise ValueError(reason(error, MAX_REASON)) from None


def decompressed(data: bytes) -> bytes:
    """A message without the zstd compression of the recorder; no plain message begins like that.

    Raises:
        ValueError: It cannot be unpacked.
    """
    return unpack(data, ZSTD, MAX_BYTES) if data[:4] == ZSTD_MAGIC else data


def _parse(channel: Channel) -> Fields:
    """The types in the definition of a channel."""
    text = channel.definition
    lines = sum(not line.lstrip().startswith("#") for line in text.splitlines())
    if len(text) > _MAX_CHARACTERS or lines > _MAX_LINES:
        raise ValueError(f"a definition of {len(text)} characters in {lines} lines")
    if channel.language == "ros2idl":
        parsed: Fields = {}
        parts = (
            [part.partition("\n")[2] for part in text.split(_IDL_SEPARATOR)[1:]]
            if _IDL_SEPARATOR in text
            else [text]
        )
        for part in parts:
            parsed.update(get_types_from_idl(part))
    else:
        parsed = dict(get_types_from_msg(text, channel.msgtype))
    size = _count_fields(channel.msgtype, {**_ros_types(channel.encoding == ROS1), **parsed}, ())
    if size > _MAX_FIELDS:
        raise ValueError(f"a definition of {size} fields")
    return parsed


def _count_fields(name: str, types: Fields, parents: tuple[str, ...]) -> int:
    """Number of fields of a message, nested ones included; an array of numbers counts as one.

    Raises:
        ValueError: A type contains itself, is not defined, or has an array that is too long.
    """
    if name in parents or name not in types:
        raise ValueError(f"{name} contains itself" if name in parents else f"no definition of {name}")
    total = 1
    for field, (kind, content) in types[name][1]:
        count = 1
        while kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
            outer = kind
            (kind, content), length = content
            count *= length if outer == Nodetype.ARRAY else 1
        if kind == Nodetype.NAME:
            total += count * _count_fields(content, types, (*parents, name))
        elif count > _MAX_ELEMENTS:
            raise ValueError(f"{field} of {name} has {count} elements")
        else:
            total += 1
        if total > _MAX_FIELDS:
            return total
    return total


def _make_store(types: Fields, channel: Channel) -> Any:
    """A type store of the channel's type and those that it contains."""
    required: Fields = {}
    waiting = [channel.msgtype]
    while waiting:
        name = waiting.pop()
        if name in required:
            continue
        if name not in types:
            raise ValueError(f"no definition of {name}")
        required[name] = types[name]
        for _, (kind, content) in types[name][1]:
            while kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
                kind, content = content[0]
            if kind == Nodetype.NAME:
                waiting.append(content)
    store: Any = get_typestore(Stores.EMPTY)
    try:
        store.register(required)
        store.get_msgdef(channel.msgtype)
    except Exception as error:
        raise ValueError(reason(error, MAX_REASON)) from None
    store.max_sequence_length = _MAX_ELEMENTS
    return store


@cache
def _ros_store(ros1: bool) -> Any:
    store: Any = get_typestore(Stores.ROS1_NOETIC if ros1 else Stores.ROS2_HUMBLE)
    store.max_sequence_length = _MAX_ELEMENTS
    return store


def _ros_types(ros1: bool) -> Fields:
    fields: Fields = _ros_store(ros1).fielddefs
    return fields
