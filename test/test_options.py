"""Values of command-line options, and options that go with others."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable

import pytest

from itnnr_ik.options import check_goes_with, name_list, number_list, seed_number


def test_lists_may_have_spaces_between() -> None:
    """Spaces around the commas belong to neither names nor numbers."""
    assert name_list(" a, b") == ("a", "b")
    assert number_list("0.65, -1e-3") == [0.65, -0.001]


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *((name_list, text) for text in ("", "a,", "a,a", "a, a")),
        *((number_list, text) for text in ("", "1,", "1,a")),
        *((seed_number, text) for text in ("-1", "0.5", "a", "", "4294967296")),
    ],
)
def test_what_cannot_be_parsed_is_shown(parse: Callable[[str], object], text: str) -> None:
    """The message ends with what came."""
    with pytest.raises(ArgumentTypeError, match=rf"^expected .*, got {text!r}$"):
        parse(text)


def test_seeds_have_32_bits() -> None:
    """The smallest and the largest seed."""
    assert [seed_number(text) for text in ("0", "4294967295")] == [0, 2**32 - 1]


def test_an_option_goes_with_another() -> None:
    """It is refused unless it is at its default or what it requires is given."""
    args = Namespace(max_offset=1.0, topic=None)
    for given, default in ((True, 0.5), (False, 1.0)):
        check_goes_with(args, "--bag", given, topic=None, max_offset=default)
    with pytest.raises(ValueError, match=r"^--max-offset goes with --bag$"):
        check_goes_with(args, "--bag", None, topic=None, max_offset=0.5)
