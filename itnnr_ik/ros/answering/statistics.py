"""Counts and times of a node since it was activated, and its rate since the last report, for /diagnostics."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np

from itnnr_ik.ros.status import Code

#: Targets over which percentiles are taken.
_WINDOW = 1000


class Statistics:
    """What became of the targets: how many of each outcome, how long they took, how far they were off."""

    def __init__(self) -> None:
        self.counts: Counter[Code] = Counter()
        self.joint_states_rejected = 0
        self._latencies: deque[float] = deque(maxlen=_WINDOW)
        self._residuals: deque[float] = deque(maxlen=_WINDOW)
        self._orientation_errors: deque[float] = deque(maxlen=_WINDOW)
        self._reported_total = 0
        self._reported_at: float | None = None
        self._last_target_at: float | None = None

    def add(
        self,
        code: Code,
        now: float,
        latency: float,
        residual: float | None,
        orientation_error: float | None = None,
    ) -> None:
        """Count a target.

        Args:
            code: Its outcome.
            now: Time in [s].
            latency: Seconds from its callback's start to its answer.
            residual: Position error in [m], where it was solved for.
            orientation_error: In [rad], where it was and has an orientation.
        """
        self.counts[code] += 1
        self._last_target_at = now
        self._latencies.append(latency)
        if residual is not None:
            self._residuals.append(residual)
        if orientation_error is not None:
            self._orientation_errors.append(orientation_error)

    def values(self, now: float) -> dict[str, str | float]:
        """Values of a DiagnosticStatus: totals, and what came since the last call.

        Args:
            now: Time in [s].
        """
        total = self.counts.total()
        elapsed = 0.0 if self._reported_at is None else now - self._reported_at
        rate = (total - self._reported_total) / elapsed if elapsed > 0.0 else 0.0
        self._reported_at, self._reported_total = now, total
        values: dict[str, str | float] = {
            "targets": str(total),
            "targets_per_second": round(rate, 3),
            **{code.value: str(self.counts[code]) for code in Code if self.counts[code]},
            "joint_states_rejected": str(self.joint_states_rejected),
        }
        if self._last_target_at is not None:
            values["target_age"] = now - self._last_target_at
        for name, figures in (
            ("latency", self._latencies),
            ("residual", self._residuals),
            ("orientation_error", self._orientation_errors),
        ):
            if figures:
                for suffix, q in (("median", 0.5), ("p99", 0.99), ("max", 1.0)):
                    values[f"{name}_{suffix}"] = float(np.quantile(figures, q))
        return values
