"""What is read, as the tests have it: each names its row of the table in docs/recordings.md.

Run as a program, it writes the table anew.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T", bound=Callable[..., object])

#: Groups of rows, in the order of the table.
GROUPS = ("format", "source", "joint states", "odd")
BEGIN, END = "<!-- written by test/recording/reads.py -->", "<!-- end -->"
_TESTS = Path(__file__).parent
_PAGE = _TESTS.parents[1] / "docs" / "recordings.md"


def reads(group: str, what: str, outcome: str) -> Callable[[_T], _T]:
    """Document what a test shows: ``what`` is in a recording, of one of `GROUPS`, and its ``outcome``."""
    assert group in GROUPS, group
    assert what and outcome
    return lambda test: test


def table() -> str:
    """The table in Markdown, with the test of each row."""
    rows: list[tuple[int, str]] = []
    for file in sorted(_TESTS.glob("test_*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "reads":
                    group, what, outcome = (ast.literal_eval(value) for value in mark.args)
                    name = node.name.removeprefix("test_").replace("_", " ")
                    link = f"[{name}](../test/recording/{file.name})"
                    label = f"{group} {what}" if group == "joint states" else what
                    rows.append((GROUPS.index(group), f"| {label} | {outcome} | {link} |"))
    lines = ["| in the recording | what comes of it | |", "|---|---|---|"]
    return "\n".join([*lines, *(row for _, row in sorted(rows, key=lambda row: row[0]))])


def page() -> str:
    """The page with the table in its place."""
    text = _PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    _PAGE.write_text(page(), encoding="utf-8")
