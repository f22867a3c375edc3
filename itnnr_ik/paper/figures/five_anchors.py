"""Figures 4, 5 and 6: the inverse of the cubic from five badly placed anchors."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from itnnr_ik.paper.figures import cubic
from itnnr_ik.paper.figures.cubic import ANCHORS, Branches
from itnnr_ik.paper.figures.style import FIVE, legend_below, new_figure

_MARKERS = "os^Dv"


def figure_4(branches: Branches) -> Figure:
    """kNN: the x of the anchor nearest in y, from `cubic.lookup_branches` (Figure 4)."""
    return _nearest(
        branches, "Lookup (kNN) among five anchors answers in steps that hardly touch the inverse of x³ − x"
    )


def figure_5(branches: Branches) -> Figure:
    """ITNNR from the anchor nearest in y, from `cubic.twin_branches` (Figure 5)."""
    return _nearest(branches, "ITNNR follows the branch of the nearest anchor, also beyond the branch's end")


def figure_6(branches: Branches) -> Figure:
    """ITNNR from every anchor, and what of it f confirms, from `cubic.twin_branches` (Figure 6)."""
    figure = new_figure(
        9.0,
        4.9,
        "Of all five anchors' predictions, those that f confirms make up almost the whole inverse of x³ − x",
    )
    left, right = figure.subplots(1, 2)
    _draw(left, branches, np.ones_like(branches.confirmed), "all predictions of all five anchors")
    _draw(right, branches, branches.confirmed, f"those with |f(x) − y| ≤ {cubic.CONFIRMED:g}")
    legend_below(figure, left.get_legend_handles_labels()[0], 4)
    return figure


def _nearest(branches: Branches, title: str) -> Figure:
    figure = new_figure(7.6, 5.4, title)
    axes = figure.subplots()
    chosen = np.arange(len(ANCHORS))[:, None] == branches.nearest
    wrong = np.mean(np.abs(cubic.f(branches.x) - branches.y)[chosen] > cubic.CONFIRMED)
    _draw(
        axes,
        branches,
        chosen,
        f"answer from the anchor nearest in y: {wrong:.0%} of them off by more than {cubic.CONFIRMED:g} in y",
    )
    legend_below(figure, axes.get_legend_handles_labels()[0], 4)
    return figure


def _draw(axes: Axes, branches: Branches, shown: NDArray[np.bool_], title: str) -> None:
    """Each anchor and its predictions where ``shown`` (5, b)."""
    cubic.draw_inverse_axes(axes, title)
    for i, (anchor, color, marker) in enumerate(zip(ANCHORS, FIVE, _MARKERS, strict=True)):
        x = np.where(shown[i], branches.x[i], np.nan)  # a line breaks at NaN
        axes.plot(branches.y, x, color=color, linewidth=2.6, alpha=0.9, zorder=3)
        axes.plot(
            cubic.f(anchor),
            anchor,
            marker,
            color=color,
            markeredgecolor="white",
            markersize=9,
            linestyle="-",
            zorder=5,
            label=f"anchor {i + 1}, its answers",
        )
