"""The paper's own numbers, for comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class PublishedRow:
    """One experiment of Table 1 or 2 and of Figure 8 or 9: RMSE in y, in the units of f.

    All numbers are means over five training seeds, in the published protocol.

    Attributes:
        knn, itnnr: By anchor, first to fifth.
        best_exact: ITNNR, the best of the five for each target as the exact f sees it.
        printed: The table's rounded cells: ``knn`` and ``itnnr`` for the first anchor, ``best_exact``, and
            ``nn`` or ``best_learned``.
        nn: The inverse network; Table 1 only.
        best_learned: The best of the five as a learned f sees it; Table 2 only.
        best_exact_std: Standard deviation of ``best_exact`` over the seeds; Table 1 only.
    """

    knn: tuple[float, ...]
    itnnr: tuple[float, ...]
    best_exact: float
    printed: dict[str, float]
    nn: float | None = None
    best_learned: float | None = None
    best_exact_std: float | None = None


@cache
def published_numbers() -> dict[tuple[int, str], PublishedRow]:
    """Rows by table (1 or 2) and the experiment's key."""
    text = files("itnnr_ik.paper").joinpath("published.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return {
        (table, experiment): PublishedRow(**{**row, "knn": tuple(row["knn"]), "itnnr": tuple(row["itnnr"])})
        for table in (1, 2)
        for experiment, row in data[f"table{table}"].items()
    }
