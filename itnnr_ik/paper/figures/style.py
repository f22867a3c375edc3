"""Style of all figures of the paper: colours and grid, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers tell apart.
BLUE, ORANGE, GREEN, VERMILLION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
BLACK, GREY, PALE = "#222222", "#8a8a8a", "#eeeeee"
FIVE = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE)

_DPI = 120


def new_figure(width: float, height: float, title: str) -> Figure:
    """An empty figure of ``width`` × ``height`` [inch] under a one-sentence title."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    figure.suptitle(title, fontsize=11)
    return figure


def finish(axes: Axes, title: str, x: str, y: str) -> None:
    """Title, axis names and a pale grid."""
    axes.set_title(title, fontsize=9.5)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(True, color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)


def legend_below(figure: Figure, handles: Sequence[Artist], columns: int) -> None:
    """One legend for all panels, where it hides nothing."""
    figure.legend(
        handles=list(handles), loc="outside lower center", ncols=columns, fontsize=8.5, frameon=False
    )


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``name.svg`` and ``name.png`` to ``folder``, made where missing: the same bytes each time."""
    folder.mkdir(parents=True, exist_ok=True)
    # Identifiers in an SVG are random without a salt, and its text needs the reader's fonts unless as paths.
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, dpi=_DPI)
        figure.savefig(folder / f"{name}.png", dpi=_DPI)
