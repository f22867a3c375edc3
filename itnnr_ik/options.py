"""Types of command-line values: comma-separated lists and seeds; and options that require others."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import Any

_MAX_SEED = 2**32 - 1


def number_list(text: str) -> list[float]:
    """Parse ``0.65,1.45``."""
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"expected numbers with commas between, got {text!r}") from None


def name_list(text: str) -> tuple[str, ...]:
    """Parse ``shoulder,elbow``: distinct names of joints."""
    names = tuple(name.strip() for name in text.split(","))
    if "" in names or len(set(names)) < len(names):
        raise ArgumentTypeError(f"expected names with commas between, each once, got {text!r}")
    return names


def seed_number(text: str) -> int:
    """Parse a whole number from 0 to the largest one that all random generators take."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= _MAX_SEED:
        raise ArgumentTypeError(f"expected a whole number from 0 to {_MAX_SEED}, got {text!r}")
    return number


def check_goes_with(args: Namespace, what: str, given: object, **defaults: Any) -> None:
    """Raise ValueError if an option is not at its default although ``what``, which it requires, is not given.

    Args:
        args: All options.
        what: What the options require, in words.
        given: Whether that is given.
        defaults: The options that require it, with their defaults.
    """
    for name, default in defaults.items():
        if not given and getattr(args, name) != default:
            raise ValueError(f"--{name.replace('_', '-')} goes with {what}")
