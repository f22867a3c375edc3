"""What data of a stranger must look like: types, lists and objects, checked before they are used."""

from __future__ import annotations

import math
from collections.abc import Iterable
from reprlib import Repr
from typing import Any

#: Longest text of a value in a message, and most names.
_MOST, _LISTED = 120, 100
_short = Repr()
_short.maxstring = _short.maxother = 80

_NAMES = {float: "a finite number", int: "a whole number", bool: "true or false", str: "a string"}


def shown(value: object) -> str:
    """A value for a message: on one line, and not longer than a line."""
    text = " ".join(_short.repr(value).split())
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def reason(error: BaseException, most: int | None = None) -> str:
    """What an error says, on one line of at most so many characters; its type where it says nothing."""
    return " ".join(str(error).split()).rstrip(".")[:most] or type(error).__name__


def listed(names: Iterable[str]) -> str:
    """Names for a message."""
    given = list(names)
    more = f" and {len(given) - _LISTED} more" if len(given) > _LISTED else ""
    return (", ".join(given[:_LISTED]) or "none") + more


def checked(value: Any, form: Any, *where: Any) -> Any:
    """A value of JSON that has the form, its numbers as floats where the form says so.

    Args:
        value: As `json` reads it.
        form: ``float``: any finite number, ``int``, ``bool`` or ``str``; ``object``: anything; ``[form]``: a
            list; ``{"name": form, …}``: an object. A name that ends in ``?`` may be missing, and with
            ``...: form`` there may be others.
        where: What the value is, for messages, and the names and indices that lead to it.

    Raises:
        ValueError: It has another form; the message says where, what was expected and what came.
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
        expected = _NAMES[form]
    raise ValueError(f"{_place(where)} must be {expected}, got {shown(value)}")


def _forms(value: dict[str, Any], form: dict[Any, Any], where: tuple[Any, ...]) -> dict[str, Any]:
    """The form of each member of an object."""
    named = {name: part for name, part in form.items() if name is not ...}
    forms = {name.rstrip("?"): part for name, part in named.items()}
    if missing := [name for name in named if not name.endswith("?") and name not in value]:
        raise ValueError(f"{_place(where)} must have {missing[0]!r}, which is missing")
    others = value.keys() - forms.keys()
    if others and ... not in form:
        possible = ", ".join(forms)
        raise ValueError(f"{_place(where)} must have no {shown(min(others))}; it may have {possible}")
    return {**dict.fromkeys(others, form.get(...)), **forms}


def _place(where: tuple[Any, ...]) -> str:
    return "".join([str(where[0]), *(f"[{shown(part)}]" for part in where[1:])])
