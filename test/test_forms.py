"""Checks of JSON values against an expected form, and values in error messages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from itnnr_ik.forms import checked, listed, reason, shown

_FORM = {
    "x": float,
    "size": int,
    "name": str,
    "on": bool,
    "list": [[float]],
    "maybe?": int,
    "by": {...: [int]},
}
_DATA = {"x": 1.5, "size": 3, "name": "a", "on": True, "list": [[1.0], []], "by": {"b": [1], "c": []}}


def test_what_has_the_form_comes_back() -> None:
    """A value of the right form is returned unchanged, except for integers where a float is expected."""
    assert checked(_DATA, _FORM, "it") == _DATA
    whole = checked({**_DATA, "x": 2, "maybe": 1}, _FORM, "it")
    assert whole == {**_DATA, "x": 2.0, "maybe": 1}
    assert isinstance(whole["x"], float)
    assert checked({"a": 1, "more": None}, {"a": int, ...: object}, "it") == {"a": 1, "more": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *(({"x": value}, r"^it\['x'\] must be a finite number, got ") for value in (None, True, "1", [], {})),
        *(
            ({"x": value}, r"^it\['x'\] must be a finite number, got (nan|-?inf)$")
            for value in (math.nan, -math.inf)
        ),
        *(
            ({"size": value}, r"^it\['size'\] must be a whole number, got ")
            for value in (None, True, 1.0, "1")
        ),
        *(({"name": value}, r"^it\['name'\] must be a string, got ") for value in (None, True, 1, ["a"])),
        *(({"on": value}, r"^it\['on'\] must be true or false, got ") for value in (None, 1, "true", [True])),
        *(({"list": value}, r"^it\['list'\] must be a list, got ") for value in (None, "ab", {"0": 1}, 1)),
        ({"list": [[1.0], [2.0, "3"]]}, r"^it\['list'\]\[1\]\[1\] must be a finite number, got '3'$"),
        ({"by": [1]}, r"^it\['by'\] must be an object, got \[1\]$"),
        ({"by": {"a\nb": [1.5]}}, r"^it\['by'\]\['a\\nb'\]\[0\] must be a whole number, got 1.5$"),
        ({"maybe": None}, r"^it\['maybe'\] must be a whole number, got None$"),
        ({"colour": 1}, r"^it must have no 'colour'; it may have x, size, name, on, list, maybe, by$"),
    ],
)
def test_another_form_is_refused(change: dict[str, Any], message: str) -> None:
    """The message says where the value is, what was expected and what was found."""
    with pytest.raises(ValueError, match=message):
        checked({**_DATA, **change}, _FORM, "it")


def test_what_is_missing_is_named() -> None:
    """The message names the first member that is missing."""
    with pytest.raises(ValueError, match=r"^it\['in'\] must have 'x', which is missing$"):
        checked({"in": {"y": 1}}, {"in": {"x": int, "y": int, "z?": int}}, "it")


@pytest.mark.parametrize(
    "value", ["a" * 10**6, "a\nb", list(range(10**5)), [["a" * 500] * 9] * 9, np.ones((9, 9))]
)
def test_a_value_is_shown_on_one_line(value: object) -> None:
    """Values of any length are cut to one line."""
    assert 1 <= len(shown(value)) <= 121
    assert len(shown(value).splitlines()) == 1


def test_an_error_is_told_on_one_line() -> None:
    """The text has no full stop, is cut where a length is given, and is never empty."""
    assert reason(ValueError("it is\n\tso.")) == "it is so"
    assert reason(ValueError("a" * 400)) == "a" * 400
    assert reason(ValueError("a" * 400), 30) == "a" * 30
    assert reason(KeyError()) == "KeyError"


def test_names_are_listed() -> None:
    """A hundred names are listed, and the number of the others."""
    assert listed([]) == "none"
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(10**5))).endswith(", 98, 99 and 99900 more")
