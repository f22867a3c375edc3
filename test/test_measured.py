"""Numbers in README and docs are those of a recorded run of a command that is shown.

`<!-- from: FILE -->` before a block of output or a table names where it is from, seen from docs/: a file of
docs/measured/, whose first lines are the commands, each after `$`, or a page with the output itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
DOCS, MEASURED = ROOT / "docs", ROOT / "docs" / "measured"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
RECORDS = sorted(MEASURED.glob("*.txt"))
#: Pages with output that no record is named for, and why.
UNRECORDED = {
    "many_recordings.md": "of recordings that are other people's",
    "paths.md": "not recorded yet",
    "performance.md": "eleven minutes, and times: they are those of one machine on one day",
    "recordings.md": "of recordings that are other people's",
    "security.md": "of three processes that talk",
}

_FENCE = re.compile(r"(<!-- from: \S+ -->\n)?^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_FROM = re.compile(r"<!-- from: (\S+) -->\n(?:```\n(.*?)^```$|((?:\|.*\n)+))", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w.]*\w)")
#: Output has decimals, and no line that a shell would take.
_COMMAND = re.compile(r"^ *(itnnr-ik|ros2|make|python3?|export|\.venv|pip|rosdep|colcon) ", re.MULTILINE)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _is_output(block: str) -> bool:
    return len(re.findall(r"\d\.\d", block)) >= 3 and not _COMMAND.search(block)


def _named() -> list[tuple[Path, Path, str, str]]:
    """Page, source, and the block or the table that is from it."""
    return [(page, DOCS / name, *parts) for page in PAGES for name, *parts in _FROM.findall(_text(page))]


def _commands(record: Path) -> list[str]:
    return [line[2:] for line in _text(record).splitlines() if line.startswith("$ ")]


def _missing(table: str, source: str) -> list[str]:
    """Numbers in a table, its first column left out, that no number of a source rounds to."""
    cells = [cell for row in table.splitlines()[2:] for cell in row.strip("|").split("|")[1:]]
    known = [float(number) for number in _NUMBER.findall(source)]
    return [
        number
        for cell in cells
        for number in _NUMBER.findall(cell)
        if not any(f"{value:.{len(number.partition('.')[2])}f}" == number for value in known)
    ]


def test_what_is_said_to_be_from_a_record_is_in_it() -> None:
    """Blocks are compared line by line with their source, and tables number by number, rounded."""
    found = _named()
    assert {source for _, source, *_ in found} >= set(RECORDS)
    for page, source, block, table in found:
        where = f"{page.name}, from {source.name}"
        assert block in _text(source), where
        assert _missing(table, _text(source)) == [], where


def test_the_commands_of_a_record_are_shown() -> None:
    """The commands of a record are in the page that shows its output."""
    for page, source, *_ in _named():
        if source in RECORDS:
            assert _commands(source)
            shown = " ".join(_text(page).split())
            assert [command for command in _commands(source) if command not in shown] == [], source.name


def test_other_output_is_known() -> None:
    """A page with output that no record is named for is one of a few, each with its reason."""
    found = {
        page.name
        for page in PAGES
        for named, language, block in _FENCE.findall(_text(page))
        if not (named or language) and _is_output(block)
    }
    assert "performance.md" in found
    assert found - {*UNRECORDED} == set()


def test_a_number_that_is_not_there_is_found() -> None:
    """The comparison detects a wrong digit and a wrong rounding, and accepts right numbers."""
    table = "| a 1.5 | b |\n|---|---|\n| x 9.9 | 100, 47 / 0.33 |\n"
    assert _missing(table, "100.00 46.8 0.329") == []
    assert _missing(table, "100.00 47.8 0.339") == ["47", "0.33"]


@pytest.mark.slow
def test_a_run_prints_what_was_recorded() -> None:
    """The bench of the motion is simulated, cycle by cycle, so no machine's speed is in it."""
    record = MEASURED / "bench_motion.txt"
    (command,) = _commands(record)
    words = command.removeprefix("itnnr-ik ").split()
    ran = subprocess.run([sys.executable, "-m", "itnnr_ik.cli", *words], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    recorded = _text(record).partition("\n")[2]
    assert _NUMBER.sub("#", ran.stdout).split() == _NUMBER.sub("#", recorded).split()
    numbers = [np.array(_NUMBER.findall(text), dtype=float) for text in (ran.stdout, recorded)]
    np.testing.assert_allclose(*numbers, rtol=0.02, atol=0.002)
