"""Escapes control characters in untrusted text before it is printed to a terminal."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """``text`` with control characters escaped, which a terminal would obey; line breaks are kept."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() or _is_space(c) else _escaped(c) for c in text)


def one_line(text: str) -> str:
    """``text`` as `printable` makes it, without line breaks."""
    return " ".join(printable(text).splitlines())


def _is_space(character: str) -> bool:
    return unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
