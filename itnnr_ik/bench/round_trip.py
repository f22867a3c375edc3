"""Round trips of one node at one rate, from the publication of a target to the reception of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass
class Exchange:
    """Targets sent at a constant rate, and their answers.

    Attributes:
        sent: Publication time of each target [s].
        answered: (index of the target, reception time [s], number of targets sent by then), in the order of
            reception.
    """

    sent: list[float]
    answered: list[tuple[int, float, int]]

    @property
    def last_answered(self) -> bool:
        """Whether the newest target has its answer."""
        return bool(self.answered) and self.answered[-1][0] == len(self.sent) - 1

    def round_trips(self) -> np.ndarray:
        """Round-trip times [s] of the answers, in the order of reception."""
        return np.array([received - self.sent[i] for i, received, _ in self.answered])

    def behind(self) -> np.ndarray:
        """Number of newer targets that had been sent when each answer was received."""
        return np.array([sent - 1 - i for i, _, sent in self.answered], dtype=int)


@dataclass(frozen=True)
class Summary:
    """Summary of several exchanges of one node at one rate; times in [s], NaN without answers.

    ``dropped`` targets got no answer because a newer one had arrived. ``growth`` is the ratio of the median
    round trip in an exchange's second half to that in its first, the median over the exchanges: a growing
    queue makes it much larger than 1. ``behind`` is the 99th percentile of `Exchange.behind`.
    """

    node: str
    rate: float
    sent_rate: float
    sent: int
    answered: int
    dropped: int
    median: float
    p99: float
    growth: float
    behind: float
    newest_answered: bool


def summarise(node: str, rate: float, exchanges: Sequence[Exchange]) -> Summary:
    """The summary of exchanges of ``node`` at ``rate`` targets a second."""
    trips = np.concatenate([exchange.round_trips() for exchange in exchanges])
    sent = sum(len(exchange.sent) for exchange in exchanges)
    duration = sum(exchange.sent[-1] - exchange.sent[0] for exchange in exchanges)
    halves = [np.array_split(exchange.round_trips(), 2) for exchange in exchanges]
    return Summary(
        node=node,
        rate=rate,
        sent_rate=(sent - len(exchanges)) / duration if duration > 0.0 else float("nan"),
        sent=sent,
        answered=len(trips),
        dropped=sent - len(trips),
        median=_quantile(trips, 0.5),
        p99=_quantile(trips, 0.99),
        growth=_quantile(
            np.array(
                [np.median(late) / np.median(early) for early, late in halves if len(early) and len(late)]
            ),
            0.5,
        ),
        behind=_quantile(np.concatenate([exchange.behind() for exchange in exchanges]), 0.99),
        newest_answered=all(exchange.last_answered for exchange in exchanges),
    )


def _quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")
