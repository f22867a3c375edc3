"""Figures 8 and 9: the error of each method by anchor rank, for all nine experiments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from itnnr_ik.paper.figures.style import BLUE, GREY, PURPLE, VERMILLION, finish, legend_below, new_figure
from itnnr_ik.paper.problems import EXPERIMENTS, PROBLEMS
from itnnr_ik.paper.protocols import METHOD_NAMES, K
from itnnr_ik.paper.published import PublishedRow, published_numbers
from itnnr_ik.paper.results import Records

#: Label, colour and marker of each method.
_METHODS = {
    name: (METHOD_NAMES[name], colour, marker)
    for name, colour, marker in (
        ("knn", GREY, "s"),
        ("itnnr", BLUE, "o"),
        ("ours", VERMILLION, "^"),
        ("nn", PURPLE, "D"),
    )
}
_PROTOCOL = "published"
#: Positions of the best of five on the axis of ranks.
_BEST = {"best_exact": 6.5, "best_learned": 8.1}
_BEST_LABELS = {"best_exact": "best by\nexact f", "best_learned": "best by\nlearned f"}


def figure_8(records: Records) -> Figure:
    """RMSE in y by anchor where f is known: Table 1's experiments in the published protocol (Figure 8).

    Args:
        records: Of any experiments, methods and seeds, whose mean and range are shown.
    """
    return _figure(
        records, 1, "Known f: error in y of the answer from each anchor, and of the best of five by f"
    )


def figure_9(records: Records) -> Figure:
    """RMSE in y by anchor from noisy data: Table 2's experiments in the published protocol (Figure 9).

    Args:
        records: See `figure_8`.
    """
    title = (
        "Noisy data: error in y of the answer from each anchor, and of the best of five by learned or exact f"
    )
    return _figure(records, 2, title)


def _figure(records: Records, table: int, title: str) -> Figure:
    figure = new_figure(11.0, 9.4, title)
    panels = figure.subplots(3, 3)
    methods = [name for name in _METHODS if table == 1 or name != "nn"]
    for key, axes in zip(EXPERIMENTS, panels.flat, strict=True):
        unit = " [m]" if PROBLEMS[key].periodic else ""  # only the arms take angles
        finish(axes, PROBLEMS[key].label, "", f"RMSE in y{unit}")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=8))
        axes.yaxis.set_minor_formatter(NullFormatter())
        for method, values in _runs(records, table, key):
            if method in methods:
                _draw_method(axes, method, values)
        _draw_published(axes, published_numbers()[table, key])
        best = [name for name in _BEST if table == 2 or name == "best_exact"]
        axes.set_xticks(
            [*range(1, K + 1), *(_BEST[name] for name in best)],
            [*map(str, range(1, K + 1)), *(_BEST_LABELS[name] for name in best)],
            fontsize=7.5,
        )
        axes.set_xlim(0.5, _BEST[best[-1]] + 0.8)
        axes.axvline(5.6, color="#bbbbbb", linewidth=0.8)
    for axes in panels[-1]:
        axes.set_xlabel("anchor by distance in y (the nearest, 0, is left out)", fontsize=8)
    legend_below(figure, _legend(methods), 3)
    return figure


def _runs(records: Records, table: int, key: str) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Each method's numbers, with a row for each seed."""
    tasks = sorted(task for task in records if (task.experiment, task.table) == (key, table))
    for method, group in groupby(tasks, key=lambda task: task.method):
        reports = [records[task][_PROTOCOL] for task in group]
        names = [name for name in ("by_rank", *_BEST) if all(name in report for report in reports)]
        yield method, {name: np.array([report[name] for report in reports]) for name in names}


def _draw_method(axes: Axes, method: str, values: dict[str, np.ndarray]) -> None:
    """Filled markers: by rank, and the best of five with a line for comparison with the ranks."""
    label, color, marker = _METHODS[method]
    by_rank = values["by_rank"]
    if by_rank.shape[1] == 1:
        axes.axhline(by_rank.mean(), color=color, linewidth=1.5, linestyle=":", label=label)
        return
    style: dict[str, Any] = {"color": color, "markersize": 5, "elinewidth": 1.0, "capsize": 2.5, "zorder": 3}
    ranks = np.arange(1, by_rank.shape[1] + 1)
    mean, reach = _mean_and_range(by_rank)
    axes.errorbar(ranks, mean, reach, fmt=f"-{marker}", linewidth=1.5, **style)[0].set_label(label)
    if method == "knn":
        return  # the paper ranks the candidates of ITNNR only
    for name, place in _BEST.items():
        if name in values:
            mean, reach = _mean_and_range(values[name][:, None])
            axes.plot([0.5, place], [mean[0]] * 2, color=color, linewidth=0.9, linestyle="--", zorder=2)
            axes.errorbar([place], mean, reach, fmt=marker, **style)[0].set_label(f"{label}, {name}")


def _mean_and_range(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (k,) of runs (r, k), and the distances of the smallest and of the largest from it (2, k)."""
    mean = values.mean(axis=0)
    return mean, np.stack([mean - values.min(axis=0), values.max(axis=0) - mean]).clip(min=0.0)


def _draw_published(axes: Axes, row: PublishedRow) -> None:
    """Hollow markers: the paper's own numbers."""
    ranks = np.arange(1, K + 1)
    for method, x, values in (
        ("knn", ranks, row.knn),
        ("itnnr", ranks, row.itnnr),
        ("itnnr", _BEST["best_exact"], row.best_exact),
        ("itnnr", _BEST["best_learned"], row.best_learned),
        ("nn", 1, row.nn),
    ):
        if values is not None:
            _, color, marker = _METHODS[method]
            axes.plot(x, values, marker, color=color, markerfacecolor="none", markersize=9, zorder=4)


def _legend(methods: list[str]) -> list[Line2D]:
    handles = [
        Line2D(
            [],
            [],
            color=color,
            marker="" if name == "nn" else marker,
            linestyle=":" if name == "nn" else "-",
            label=label,
        )
        for name, (label, color, marker) in _METHODS.items()
        if name in methods
    ]
    handles.append(
        Line2D([], [], color="#555555", linestyle="--", linewidth=0.9, label="level of the best of five")
    )
    handles.append(
        Line2D(
            [],
            [],
            color="#555555",
            marker="|",
            markersize=9,
            linestyle="",
            label="bar: smallest to largest of the runs",
        )
    )
    hollow = Line2D([], [], color="#555555", marker="o", markerfacecolor="none", markersize=9, linestyle="")
    hollow.set_label("hollow: the paper's own number")
    return [*handles, hollow]
