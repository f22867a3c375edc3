"""Checks untrusted JSON values against an expected form, and formats values for error messages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from reprlib import Repr
from typing import Any

_MAX_LENGTH = 120  # of a value's text in a message [characters]
_MAX_NAMES = 100  # in a message
_short = Repr()
_short.maxstring = _short.maxother = 80

_TYPE_NAMES = {float: "a finite number", int: "a whole number", bool: "true or false", str: "a string"}


def shown(value: object) -> str:
    """A value as text for a message, on one line and cut to its length."""
    text = " ".join(_short.repr(value).split())
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"


def reason(error: BaseException, max_length: int | None = None) -> str:
    """Text of an error on one line of at most ``max_length`` characters; its type where it has no text."""
    return " ".join(str(error).split()).rstrip(".")[:max_length] or type(error).__name__


def listed(names: Iterable[str]) -> str:
    """Names as text for a message, at most 100 of them."""
    given = list(names)
    more = f" and {len(given) - _MAX_NAMES} more" if len(given) > _MAX_NAMES else ""
    return (", ".join(given[:_MAX_NAMES]) or "none") + more


def checked(value: Any, form: Any, *where: Any) -> Any:
    """The value, if it has the given form, with integers converted to floats where the form says ``float``.

    Args:
        value: As `json` reads it.
        form: ``float``: any finite number, ``int``, ``bool`` or ``str``; ``object``: anything; ``[form]``: a
            list; ``{"name": form, …}``: an object. A name that ends in ``?`` may be missing, and with
            ``...: form`` there may be others.
        where: Name of the value, for messages, and the names and indices that lead to it.

    Raises:
        ValueError: It has another form; the message says where, what was expected and what was found.
    """
    if isinstance(form, list):
        if isinstance(value, list):
            return [checked(item, form[0], *where, i) for i, item in enumerate(value)]
        expected = "a list"
    elif isinstance(form, dict):
        if isinstance(value, dict):
            forms = _forms(value, form, where)
            return {name: checked(item, forms[name], *where, name) for name, item in value.items()}
        expected = "an object"
    else:
        if form is object or (type(value) is form and (form is not float or math.isfinite(value))):
            return value
        if form is float and type(value) is int:
            return float(value)
        expected = _TYPE_NAMES[form]
    raise ValueError(f"{_location(where)} must be {expected}, got {shown(value)}")


def _forms(value: dict[str, Any], form: dict[Any, Any], where: tuple[Any, ...]) -> dict[str, Any]:
    """The expected form of each member of an object."""
    named = {name: part for name, part in form.items() if name is not ...}
    forms = {name.rstrip("?"): part for name, part in named.items()}
    if missing := [name for name in named if not name.endswith("?") and name not in value]:
        raise ValueError(f"{_location(where)} must have {missing[0]!r}, which is missing")
    others = value.keys() - forms.keys()
    if others and ... not in form:
        possible = ", ".join(forms)
        raise ValueError(f"{_location(where)} must have no {shown(min(others))}; it may have {possible}")
    return {**dict.fromkeys(others, form.get(...)), **forms}


def _location(where: tuple[Any, ...]) -> str:
    return "".join([str(where[0]), *(f"[{shown(part)}]" for part in where[1:])])
