"""The table of what is read says what the tests show."""

from __future__ import annotations

from pathlib import Path

import reads


def test_the_table_is_that_of_the_tests(root: Path) -> None:
    """As `python test/recording/reads.py` writes it."""
    assert (root / "docs" / "recordings.md").read_text(encoding="utf-8") == reads.page()
    rows = reads.table().splitlines()[2:]
    assert len(rows) == len(set(rows)) > 30
