"""``itnnr-ik bench replay``, small."""

from __future__ import annotations

from itnnr_ik.bench.replay import format_rows, measure


def test_every_kind_of_recording_is_read_and_solved() -> None:
    """Both kinds of targets are solved whole, and every number is there."""
    rows = measure(["two_link"], 300)
    assert [(row.targets, row.messages, row.solved) for row in rows] == [
        ("joints", 300, 1.0),
        ("poses", 300, 1.0),
    ]
    assert all(row.rate > 0.0 and row.cpu_rate > 0.0 for row in rows)
    assert len(format_rows(rows).splitlines()) == 3
