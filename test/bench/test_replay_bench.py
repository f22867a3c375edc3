"""``itnnr-ik bench replay``, small."""

from __future__ import annotations

from itnnr_ik.bench.replay import format_rows, measure


def test_every_kind_of_recording_is_read_and_solved() -> None:
    """All targets of both kinds of recordings are solved, and every number is measured."""
    rows = measure(["two_link"], 300)
    assert [(row.targets, row.messages, row.solved) for row in rows] == [
        ("joints", 300, 1.0),
        ("poses", 300, 1.0),
    ]
    assert all(row.rate > 0.0 and row.cpu_rate > 0.0 for row in rows)
    assert len(format_rows(rows).splitlines()) == 3
