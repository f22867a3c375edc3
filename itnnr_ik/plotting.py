"""Helpers of all plots: checking the output path, and dots over time on a logarithmic axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import FixedLocator, FuncFormatter, LogFormatterSciNotation, NullLocator
from numpy.typing import ArrayLike

from itnnr_ik.files import check_folder_of

#: Smallest value on a logarithmic axis: smaller ones are drawn there, with a tick that says "≤".
LOG_FLOOR = 1e-16
_TICK_VALUES = (LOG_FLOOR * 100.0 ** np.arange(10)).tolist()


def check_path(path: Path) -> None:
    """Raise ValueError unless a picture can be written to ``path``: called before long work, not after it."""
    check_folder_of(path)
    formats = sorted(FigureCanvasAgg.get_supported_filetypes())
    if path.suffix[1:].lower() not in formats:
        raise ValueError(
            f"cannot write a picture as {path.name!r}; its suffix must be one of {', '.join(formats)}"
        )


def log_dots(axes: Axes, times: ArrayLike, values: ArrayLike, color: str, **style: Any) -> None:
    """Draw dots at ``times`` (b,) [s] and ``values`` (b,); values that are not finite are left out."""
    axes.semilogy(times, np.maximum(values, LOG_FLOOR), ".", color=color, **style)
    axes.yaxis.set_major_locator(FixedLocator(_TICK_VALUES))
    axes.yaxis.set_minor_locator(NullLocator())
    powers = LogFormatterSciNotation()
    powers.set_axis(axes.yaxis)

    def label(value: float, position: int | None) -> str:
        at_floor = np.isclose(value, LOG_FLOOR, rtol=1e-6, atol=0.0)
        return ("≤ " if at_floor else "") + powers(value, position)

    axes.yaxis.set_major_formatter(FuncFormatter(label))
