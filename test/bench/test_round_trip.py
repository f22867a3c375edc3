"""Exchanges in numbers."""

from __future__ import annotations

import math

import pytest

from itnnr_ik.bench.round_trip import Exchange, summarise


def exchange(delays: list[float | None], period: float = 0.01) -> Exchange:
    """Targets ``period`` apart, each answered after its delay, or never."""
    sent = [i * period for i in range(len(delays))]
    answered = [
        (i, sent[i] + delay, sum(time <= sent[i] + delay for time in sent))
        for i, delay in enumerate(delays)
        if delay is not None
    ]
    return Exchange(sent, answered)


def test_counts_and_times() -> None:
    """Targets without an answer count as dropped, and whether the newest was answered is reported."""
    summary = summarise("node", 100.0, [exchange([0.002, None, 0.002, 0.004]), exchange([0.002] * 4)])
    assert (summary.sent, summary.answered, summary.dropped) == (8, 7, 1)
    assert summary.sent_rate == pytest.approx(100.0)
    assert summary.median == pytest.approx(0.002)
    assert summary.newest_answered
    assert summary.behind == 0
    assert not summarise("node", 100.0, [exchange([0.002] * 4), exchange([0.002, None])]).newest_answered


def test_a_queue_that_grows_shows() -> None:
    """When each answer takes longer than the last, the second half is slower, and answers fall behind."""
    steady = summarise("node", 100.0, [exchange([0.002] * 40)])
    growing = summarise("node", 100.0, [exchange([0.002 + 0.004 * i for i in range(40)])])
    assert (steady.growth, steady.behind) == (pytest.approx(1.0), 0)
    assert growing.growth > 2.5
    assert growing.behind > 5


def test_silence_is_not_a_number() -> None:
    """A node that never answered has dropped all targets, and its times are NaN."""
    summary = summarise("node", 100.0, [exchange([None] * 3)])
    assert (summary.answered, summary.dropped, summary.newest_answered) == (0, 3, False)
    assert math.isnan(summary.median)
    assert math.isnan(summary.growth)
