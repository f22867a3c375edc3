"""Figure 7: on the half ball every target has a circle of inputs, and the anchor chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Circle, Wedge
from numpy.typing import NDArray

from itnnr_ik.paper.figures.style import BLACK, BLUE, FIVE, ORANGE, finish, legend_below, new_figure
from itnnr_ik.paper.infinite.half_ball import HALF_BALL, SECTORS, RegionAnswers, Sector, answers_in
from itnnr_ik.paper.infinite.motion import Motion

if TYPE_CHECKING:
    from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

_EVERYWHERE = Sector("whole disc", 0.0, 360.0)
_TARGET = 0.6
_SHADES = LinearSegmentedColormap.from_list("height", ["#b5b5b5", "#ffffff"])


def figure_7(inverse: TwinInverse, target: float = _TARGET, k: int = 24) -> Figure:
    """Anchors and their answers on the circle of one target's inputs, from above (Figure 7).

    Args:
        inverse: The twin of `train_half_ball`; with some 100 anchors they can be told apart.
        target: y.
        k: Anchors of the left panel; the right one has a third as many, from one quadrant.
    """
    figure = new_figure(
        9.6,
        5.4,
        f"Every input on the circle has f(x) = {target:g}: the anchor decides which of them ITNNR answers",
    )
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    everywhere = answers_in(inverse, _EVERYWHERE, target, k)
    chosen = answers_in(inverse, SECTORS[0], target, k // 3)
    image = _draw_height(left)
    draw_region(left, [everywhere], f"anchors from the whole disc: answers all around\n{_worst(everywhere)}")
    _draw_height(right)
    draw_region(
        right, [chosen], f"anchors from the {chosen.sector.name}: answers stay there\n{_worst(chosen)}"
    )
    bar = figure.colorbar(image, ax=[left, right], shrink=0.75, pad=0.02)
    bar.set_label("y = f(x) = √(1 − x₁² − x₂²)", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    legend_below(figure, right.get_legend_handles_labels()[0], 4)
    return figure


def figure_infinite(regions: Sequence[RegionAnswers], motions: Sequence[Motion]) -> Figure:
    """Answers by region for some targets, and joint motion over the least possible (section 4.6)."""
    sectors = list(dict.fromkeys(region.sector for region in regions))
    figure = new_figure(
        4.6 * len(sectors) + 5.0,
        5.2,
        "The anchor chooses among infinitely many solutions: one in its region, or near the current state",
    )
    axes: tuple[Axes, ...] = tuple(figure.subplots(1, len(sectors) + 1))
    for panel, sector in zip(axes, sectors, strict=False):
        of_sector = [region for region in regions if region.sector == sector]
        draw_region(panel, of_sector, f"half ball: anchors from the {sector.name}")
        _label_circles(panel, of_sector)
    last = axes[-1]
    for motion, color, width in zip(motions, FIVE, (3.4, 1.6, 1.6), strict=False):
        ratios = np.sort(motion.norm)
        last.step(ratios, np.linspace(0.0, 1.0, len(ratios)), color=color, linewidth=width, label=motion.name)
    last.axvline(1.0, color=BLACK, linewidth=0.8, linestyle=":")
    last.set_xscale("log")
    last.legend(fontsize=8, loc="lower right")
    finish(
        last,
        "three-link arm: joint motion",
        "joint motion / least possible (Euclidean norm)",
        "share of targets",
    )
    legend_below(figure, axes[0].get_legend_handles_labels()[0], 4)
    return figure


def draw_region(axes: Axes, regions: Sequence[RegionAnswers], title: str) -> None:
    """Anchors of one region of the disc, where their answers land, and each target's circle, from above."""
    sector = regions[0].sector
    if sector.stop - sector.start < 360.0:
        region = Wedge(
            (0, 0), 1.0, sector.start, sector.stop, facecolor="none", edgecolor=ORANGE, linewidth=2.0
        )
        region.set_label("region of the anchors")
        axes.add_patch(region)
    axes.add_patch(Circle((0, 0), 1.0, facecolor="none", edgecolor="#999999", linewidth=0.8))
    for i, answers in enumerate(regions):
        labels = ("", "", "") if i else ("inputs with f(x) = target", "anchor", "answer: anchor + F")
        radius = np.sqrt(1.0 - answers.target**2)
        circle = np.linspace(0.0, 2.0 * np.pi, 181)
        axes.plot(
            radius * np.cos(circle),
            radius * np.sin(circle),
            color=BLACK,
            linewidth=1.0,
            label=labels[0] or None,
        )
        for anchor, answer in zip(answers.anchors, answers.answers, strict=True):
            axes.plot(*np.stack([anchor, answer]).T, color="#555555", linewidth=0.9, zorder=3)
        axes.plot(
            *answers.anchors.T,
            "o",
            color="white",
            markeredgecolor=BLACK,
            markersize=5,
            zorder=4,
            label=labels[1] or None,
        )
        axes.plot(*answers.answers.T, "o", color=BLUE, markersize=5.5, zorder=5, label=labels[2] or None)
    finish(axes, title, "x₁", "x₂")
    axes.set_aspect("equal")
    axes.set_xlim(-1.08, 1.08)
    axes.set_ylim(-1.08, 1.08)


def _label_circles(axes: Axes, regions: Sequence[RegionAnswers]) -> None:
    """Each circle's y, opposite of the region; no two side by side."""
    for i, answers in enumerate(regions):
        angle = np.radians(0.5 * (answers.sector.start + answers.sector.stop) + 155.0 + 15.0 * i)
        x, y = np.sqrt(1.0 - answers.target**2) * np.array([np.cos(angle), np.sin(angle)])
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.text(x, y, f"y = {answers.target:g}", fontsize=8, ha="center", va="center", bbox=box)


def _draw_height(axes: Axes) -> AxesImage:
    """The half ball's height as shades of grey."""
    x = np.linspace(-1.0, 1.0, 301)
    grid = np.stack(np.meshgrid(x, x), axis=-1)
    height = np.where((grid**2).sum(axis=-1) < 1.0, HALF_BALL.function(grid)[..., 0], np.nan)
    return axes.imshow(height, extent=(-1, 1, -1, 1), origin="lower", cmap=_SHADES, vmin=0.0, vmax=1.0)


def _worst(answers: RegionAnswers) -> str:
    return f"|f(x) − y| ≤ {answers.residual.max():.0e}, turned by at most {answers.turned.max():.1f}°"
