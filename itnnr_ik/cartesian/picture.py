"""Draws a joint path: a panel for each joint with its limits, and the gaps of the path."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from itnnr_ik.paths import PathSolution
from itnnr_ik.robot import ForwardModel, units_of

SUFFIXES = (".png", ".svg", ".pdf")
_JOINT_COLOR, _LIMIT_COLOR, _GAP_COLOR, _GRID_COLOR = "#1b4965", "#98a2ae", "#c1121f", "#e3e6ea"
#: Limits are drawn up to this distance [rad, m] from the path: farther ones would flatten its curve.
_MAX_LIMIT_DISTANCE = 2.0 * np.pi


def draw_joints(arm: ForwardModel, found: PathSolution, suffix: str) -> bytes:
    """The picture in the format of ``suffix``, one of `SUFFIXES`; over time if the path has times."""
    figure = Figure(figsize=(9.6, 0.6 + 1.5 * arm.n_joints), layout="constrained")
    panels = np.atleast_1d(figure.subplots(arm.n_joints, 1, sharex=True))
    along = np.arange(len(found)) if found.times is None else found.times
    edges = np.concatenate([along[:1], 0.5 * (along[1:] + along[:-1]), along[-1:]])
    for j, axes in enumerate(panels):
        for gap in found.gaps:
            end = max(gap.first, gap.last) + 1  # a path that does not close has its gap at its end
            axes.axvspan(edges[gap.first], edges[end], color=_GAP_COLOR, alpha=0.2, linewidth=0)
        axes.plot(along, found.positions[:, j], ".-", color=_JOINT_COLOR, markersize=2.5, linewidth=0.8)
        low, high = found.positions[:, j].min(), found.positions[:, j].max()
        for limit in (arm.lower[j], arm.upper[j]):
            if low - _MAX_LIMIT_DISTANCE <= limit <= high + _MAX_LIMIT_DISTANCE:
                axes.axhline(limit, color=_LIMIT_COLOR, linewidth=0.9, linestyle=":")
        axes.set_ylabel(f"[{units_of(arm)[j]}]")
        axes.set_title(arm.joint_names[j], loc="left", fontsize=9, parse_math=False)
        axes.grid(True, color=_GRID_COLOR, linewidth=0.7)
    unit = "target" if found.times is None else "time [s]"
    panels[-1].set_xlabel(f"{unit}; limits are dotted, gaps are red")
    picture = io.BytesIO()
    figure.savefig(picture, format=suffix[1:], dpi=120)
    return picture.getvalue()


def check_picture(file: Path) -> None:
    """Raise ValueError unless the file's suffix is one of `SUFFIXES`."""
    if file.suffix.lower() not in SUFFIXES:
        raise ValueError(f"expected a picture ending in {', '.join(SUFFIXES)}, got {file}")
