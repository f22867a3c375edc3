"""Figure of predicted uncertainty against true error."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from itnnr_ik.paper.figures.style import BLUE, VERMILLION, finish, legend_below, new_figure

Array = NDArray[np.float64]

_BINS = 8
_AXES = ("predicted uncertainty, in units of y", "true error, in units of y")


def figure_calibration(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]],
    title: str = "How the true error of a prediction goes with its predicted uncertainty",
) -> Figure:
    """Predicted uncertainty against true error, in logarithms, one panel each.

    Args:
        panels: By title, uncertainty (b,) and error (b,), both in the same unit; pairs with a value that is
            not positive or not finite have no logarithm and are left out.
        title: One sentence on what the panels show.

    Raises:
        ValueError: There is no panel, or shapes do not fit.
    """
    if not panels:
        raise ValueError("expected at least one panel")
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(0.4 + 3.7 * columns, 1.0 + 3.4 * rows, title)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (name, (uncertainty, error)) in zip(grid.flat, panels.items(), strict=False):
        _draw(axes, name, *_positive(name, uncertainty, error))
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    handles = [
        Line2D([], [], color=BLUE, marker=".", linestyle="", label="one prediction"),
        Line2D([], [], color=VERMILLION, marker="o", label=f"median error in each of {_BINS} equal shares"),
        Line2D([], [], color="#555555", linestyle="--", label="error = uncertainty"),
    ]
    legend_below(figure, handles, 3)
    return figure


def binned_medians(uncertainty: Array, error: Array, bins: int = _BINS) -> tuple[Array, Array]:
    """Medians (bins,) of uncertainty and error in bins of equally many predictions, sorted by uncertainty."""
    shares = [share for share in np.array_split(np.argsort(uncertainty, kind="stable"), bins) if len(share)]
    return (
        np.array([np.median(uncertainty[share]) for share in shares]),
        np.array([np.median(error[share]) for share in shares]),
    )


def _positive(name: str, uncertainty: ArrayLike, error: ArrayLike) -> tuple[Array, Array]:
    u, e = np.asarray(uncertainty, dtype=float), np.asarray(error, dtype=float)
    if u.ndim != 1 or u.shape != e.shape:
        raise ValueError(f"{name} needs uncertainty (b,) and error (b,), got {u.shape} and {e.shape}")
    kept = np.isfinite(u) & np.isfinite(e) & (u > 0.0) & (e > 0.0)
    return u[kept], e[kept]


def _draw(axes: Axes, name: str, uncertainty: Array, error: Array) -> None:
    if len(error) < 2:
        finish(axes, f"{name}: too few predictions", *_AXES)
        return
    rho = float(spearmanr(uncertainty, error).statistic)
    # Rasterised, because thousands of dots as paths would make an SVG of megabytes.
    axes.loglog(uncertainty, error, ".", color=BLUE, markersize=3, alpha=0.35, rasterized=True)
    axes.loglog(*binned_medians(uncertainty, error), "-o", color=VERMILLION, markersize=5, zorder=4)
    both = np.concatenate([uncertainty, error])
    ends = [both.min(), both.max()]
    axes.loglog(ends, ends, "--", color="#555555", linewidth=0.9, zorder=3)
    finish(axes, f"{name}: Spearman's ρ = {rho:.2f}", *_AXES)
