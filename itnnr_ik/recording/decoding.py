"""Messages out of bytes, by the definitions in the recording, and by those of ROS where it has none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore

from itnnr_ik.forms import reason
from itnnr_ik.recording.channels import ROS1, Channel
from itnnr_ik.recording.records import MOST_TOLD
from itnnr_ik.recording.unpacking import MOST_BYTES, ZSTD, ZSTD_MAGIC, unpack

#: No definition of a message is longer, in characters and in lines but for comments; no sequence of one has
#: more elements; and none has more fields, those of its parts included, each as often as it is there.
_LONGEST, _MOST_LINES, _MOST_ELEMENTS, _MOST_FIELDS = 1 << 18, 4000, 1 << 20, 4000
_IDL_RULE = "=" * 80 + "\n"

Fields = dict[str, Any]


class Decoder:
    """Decodes the messages of a channel.

    Args:
        channel: A readable one.

    Attributes:
        problem: Why the definition in the file is not used, though there is one; empty if it is.
        standard: Whether messages are laid out as ROS 2 defines their type.

    Raises:
        ValueError: Neither the recording nor ROS defines the type.
    """

    def __init__(self, channel: Channel) -> None:
        installed = _installed(channel.encoding == ROS1)
        self.problem = ""
        parsed: Fields = {}
        if channel.definition:
            try:
                parsed = _parse(channel)
            # What rosbags raises depends on where the text is odd.
            except Exception as error:
                self.problem = reason(error, MOST_TOLD)
        same = all(name in installed and installed[name][1] == parsed[name][1] for name in parsed)
        self.standard = same and channel.encoding != ROS1
        if channel.msgtype not in parsed and channel.msgtype not in installed:
            raise ValueError(self.problem or f"no definition of {channel.msgtype}")
        self._msgtype = channel.msgtype
        store = (
            _installed_store(channel.encoding == ROS1) if same else _store({**installed, **parsed}, channel)
        )
        self._decode: Callable[[bytes, str], Any] = (
            store.deserialize_ros1 if channel.encoding == ROS1 else store.deserialize_cdr
        )

    def __call__(self, data: bytes) -> Any:
        """The message, or ValueError."""
        try:
            return self._decode(plain(data), self._msgtype)
        # Of a damaged message rosbags raises what comes.
        except Exception as error:
            raise ValueError(reason(error, MOST_TOLD)) from None


def plain(data: bytes) -> bytes:
    """A message as it was before the recorder compressed it: no message begins as zstd does.

    Raises:
        ValueError: It cannot be unpacked.
    """
    return unpack(data, ZSTD, MOST_BYTES) if data[:4] == ZSTD_MAGIC else data


def _parse(channel: Channel) -> Fields:
    """Types in the definition of a channel."""
    text = channel.definition
    lines = sum(not line.lstrip().startswith("#") for line in text.splitlines())
    if len(text) > _LONGEST or lines > _MOST_LINES:
        raise ValueError(f"a definition of {len(text)} characters in {lines} lines")
    if channel.language == "ros2idl":
        parsed: Fields = {}
        parts = (
            [part.partition("\n")[2] for part in text.split(_IDL_RULE)[1:]] if _IDL_RULE in text else [text]
        )
        for part in parts:
            parsed.update(get_types_from_idl(part))
    else:
        parsed = dict(get_types_from_msg(text, channel.msgtype))
    size = _size(channel.msgtype, {**_installed(channel.encoding == ROS1), **parsed}, ())
    if size > _MOST_FIELDS:
        raise ValueError(f"a definition of {size} fields")
    return parsed


def _size(name: str, types: Fields, within: tuple[str, ...]) -> int:
    """How many fields a message has; an array of numbers counts as one.

    Raises:
        ValueError: A type contains itself, is not defined, or has an array that is too long.
    """
    if name in within or name not in types:
        raise ValueError(f"{name} contains itself" if name in within else f"no definition of {name}")
    total = 1
    for field, (kind, content) in types[name][1]:
        count = 1
        while kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
            outer = kind
            (kind, content), length = content
            count *= length if outer == Nodetype.ARRAY else 1
        if kind == Nodetype.NAME:
            total += count * _size(content, types, (*within, name))
        elif count > _MOST_ELEMENTS:
            raise ValueError(f"{field} of {name} has {count} elements")
        else:
            total += 1
        if total > _MOST_FIELDS:
            return total
    return total


def _store(types: Fields, channel: Channel) -> Any:
    """A type store of what the channel's type consists of."""
    needed: Fields = {}
    waiting = [channel.msgtype]
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        if name not in types:
            raise ValueError(f"no definition of {name}")
        needed[name] = types[name]
        for _, (kind, content) in types[name][1]:
            while kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
                kind, content = content[0]
            if kind == Nodetype.NAME:
                waiting.append(content)
    store: Any = get_typestore(Stores.EMPTY)
    try:
        store.register(needed)
        store.get_msgdef(channel.msgtype)
    except Exception as error:
        raise ValueError(reason(error, MOST_TOLD)) from None
    store.max_sequence_length = _MOST_ELEMENTS
    return store


@cache
def _installed_store(ros1: bool) -> Any:
    store: Any = get_typestore(Stores.ROS1_NOETIC if ros1 else Stores.ROS2_HUMBLE)
    store.max_sequence_length = _MOST_ELEMENTS
    return store


def _installed(ros1: bool) -> Fields:
    fields: Fields = _installed_store(ros1).fielddefs
    return fields
