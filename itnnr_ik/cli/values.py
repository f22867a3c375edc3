"""Values on the command line: lists with commas between, seeds, and options that go with others."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import Any


def number_list(text: str) -> list[float]:
    """``0.65,1.45``."""
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"expected numbers with commas between, got {text!r}") from None


def name_list(text: str) -> tuple[str, ...]:
    """``shoulder,elbow``: names of joints, each once."""
    names = tuple(name.strip() for name in text.split(","))
    if "" in names or len(set(names)) < len(names):
        raise ArgumentTypeError(f"expected names with commas between, each once, got {text!r}")
    return names


def seed_number(text: str) -> int:
    """``0``, or any other whole number that is not negative."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ArgumentTypeError(f"expected a whole number from 0 on, got {text!r}")
    return number


def check_goes_with(args: Namespace, what: str, given: object, **defaults: Any) -> None:
    """Raise ValueError where an option has another value than its default, but ``what`` is not given.

    Args:
        args: The options.
        what: What they go with, in words.
        given: Whether it is given; what is not does nothing with them.
        defaults: Their values where they are not given.
    """
    for name, default in defaults.items():
        if not given and getattr(args, name) != default:
            raise ValueError(f"--{name.replace('_', '-')} goes with {what}")
