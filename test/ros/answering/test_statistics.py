"""Counts, rates and percentiles."""

from __future__ import annotations

import pytest

from itnnr_ik.ros.answering.statistics import Statistics
from itnnr_ik.ros.status import Code


def test_counts_rates_and_percentiles() -> None:
    """Totals of each outcome, targets a second since the last report, times over all."""
    statistics = Statistics()
    assert statistics.values(0.0) == {
        "targets": "0",
        "targets_per_second": 0.0,
        "joint_states_rejected": "0",
    }
    for i in range(1, 101):
        statistics.add(Code.SOLVED, 0.5, i * 1e-3, 1e-9, i * 1e-8)
    statistics.add(Code.UNREACHABLE, 1.5, 0.2, None)
    values = statistics.values(2.0)
    assert (values["targets"], values["solved"], values["unreachable"]) == ("101", "100", "1")
    assert values["targets_per_second"] == 50.5
    assert values["latency_median"] == pytest.approx(0.051)
    assert values["latency_max"] == pytest.approx(0.2)
    assert values["residual_max"] == pytest.approx(1e-9)
    assert values["orientation_error_max"] == pytest.approx(1e-6)
    assert values["target_age"] == 0.5
    assert "wrong_frame" not in values
    assert statistics.values(4.0)["targets_per_second"] == 0.0
