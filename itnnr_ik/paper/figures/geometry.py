"""Figure A1: the three arms, drawn from their forward kinematics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from itnnr_ik.paper.figures.style import BLACK, BLUE, GREY, VERMILLION, finish, new_figure
from itnnr_ik.paper.kinematics import planar, yaw_pitch

Array = NDArray[np.float64]

#: Joint positions [rad] at which the arms are drawn.
_TWO_LINK, _THREE_LINK = np.array([0.55, 0.75]), np.array([0.5, 0.65, -1.2])
_YAW_PITCH_PITCH = np.array([0.6, 0.85, -0.95])
_ARC = 0.38  # [m], radius at which an angle is drawn


def figure_a1() -> Figure:
    """The arms of experiments 7, 8 and 9 with their angles and links (Figure A1, equations A.7 to A.9)."""
    figure = new_figure(
        11.5,
        4.2,
        "The three arms: every angle is measured from the straight continuation (dashed) of the link before",
    )
    two, three = (figure.add_subplot(1, 3, i) for i in (1, 2))
    _draw_planar(two, _TWO_LINK, "7 two-link arm")
    _draw_planar(three, _THREE_LINK, "8 three-link arm")
    _draw_in_space(figure.add_subplot(1, 3, 3, projection="3d"), _YAW_PITCH_PITCH, "9 yaw–pitch–pitch arm")
    return figure


def _draw_planar(axes: Axes, positions: Array, title: str) -> None:
    # The end of each link is the tip of the arm that ends there.
    points = np.array([np.zeros(2), *(planar(positions[: i + 1]) for i in range(len(positions)))])
    _draw_links(axes, points)
    before = 0.0
    for i, angle in enumerate(positions):
        start = points[i]
        straight = start + 0.75 * np.array([np.cos(before), np.sin(before)])
        axes.plot(*np.stack([start, straight]).T, "--", color=GREY, linewidth=1.0)
        turn = np.linspace(before, before + angle, 40)
        _draw_arc(axes, start, _ARC * np.stack([np.cos(turn), np.sin(turn)]))
        middle = before + angle / 2
        label = start + 1.45 * _ARC * np.array([np.cos(middle), np.sin(middle)])
        axes.text(label[0], label[1], f"θ{'₁₂₃'[i]}", color=VERMILLION, ha="center", va="center", fontsize=12)
        before += angle
        # On the other side of the link than its angle.
        side = np.array([-np.sin(before), np.cos(before)]) * np.copysign(0.16, angle)
        x, y = points[i : i + 2].mean(axis=0) + side
        axes.text(x, y, f"L{'₁₂₃'[i]}", ha="center", va="center", color=BLUE, fontsize=11)
    axes.annotate("tip (x, y)", points[-1], (0, 9), textcoords="offset points", ha="center", fontsize=9)
    axes.annotate("base", points[0], (-4, -12), textcoords="offset points", ha="center", fontsize=9)
    axes.set_aspect("equal")
    axes.set_anchor("N")
    axes.set_xlim(-0.3, 2.7)
    axes.set_ylim(-0.35, 2.15)
    finish(axes, title, "x [m]", "y [m]")


def _draw_in_space(axes: Any, positions: Array, title: str) -> None:
    yaw, first, second = positions
    points = np.array([np.zeros(3), yaw_pitch(positions[:2]), yaw_pitch(positions)])
    shadow = points * [1.0, 1.0, 0.0]
    axes.plot(*shadow.T, "--", color=GREY, linewidth=1.0)
    axes.plot(*np.stack([points[-1], shadow[-1]]).T, ":", color=GREY, linewidth=1.0)
    axes.plot([0.0, 1.1], [0.0, 0.0], [0.0, 0.0], "--", color=GREY, linewidth=1.0)
    straight = points[1] + 0.75 * (points[1] - points[0])
    axes.plot(*np.stack([points[1], straight]).T, "--", color=GREY, linewidth=1.0)
    _draw_links(axes, points)
    turn = np.linspace(0.0, yaw, 40)
    floor = np.stack([np.cos(turn), np.sin(turn), 0.0 * turn])
    _arc(axes, 0.6 * floor, "θ", 1.3)
    for start, angles, label in ((points[0], (0.0, first), "φ₁"), (points[1], (first, first + second), "φ₂")):
        pitch = np.linspace(angles[0], angles[1], 40)
        up = np.stack([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)])
        _arc(axes, _ARC * up, label, 1.5, start)
    for i in range(2):
        x, y, z = points[i : i + 2].mean(axis=0)
        axes.text(x, y, z + (-0.16 if i else 0.1), f"L{'₁₂'[i]}", color=BLUE, fontsize=11, ha="right")
    axes.text(*(points[-1] + [0.05, 0.0, 0.1]), "tip (x, y, z)", fontsize=9)
    axes.text(-0.05, 0.0, 0.08, "base", fontsize=9, ha="right")
    finish(axes, title, "x [m]", "y [m]")
    axes.set_zlabel("z [m]", fontsize=9, labelpad=0)
    axes.set_xlim(0.0, 1.8)
    axes.set_ylim(-0.2, 1.4)
    axes.set_zlim(0.0, 1.2)
    axes.set_box_aspect((1.8, 1.6, 1.2), zoom=0.82)  # equal units, and room for the label of z
    axes.view_init(elev=22, azim=-62)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MultipleLocator(0.5))


def _arc(
    axes: Any, curve: Array, label: str, out: float, start: Sequence[float] | Array = (0.0, 0.0, 0.0)
) -> None:
    """A turn (3, p) [m] about ``start``, with its name beyond the middle of it."""
    place = np.asarray(start)
    _draw_arc(axes, place, curve)
    axes.text(
        *(place + out * curve[:, curve.shape[1] // 2]),
        label,
        color=VERMILLION,
        fontsize=12,
        ha="center",
        va="center",
    )


def _draw_arc(axes: Any, centre: Array, curve: Array) -> None:
    """A turn (m, p) [m] about ``centre`` (m,), with the head of an arrow where it ends."""
    end = curve[:, -1]
    along = end - curve[:, -2]
    back, aside = -0.1 * along / np.linalg.norm(along), 0.05 * end / np.linalg.norm(end)
    head = np.stack([end + back + aside, end, end + back - aside], axis=1)
    for line in (curve, head):
        axes.plot(*(centre[:, None] + line), color=VERMILLION)


def _draw_links(axes: Any, points: Array) -> None:
    axes.plot(*points.T, "-", color=BLUE, linewidth=4.0, solid_capstyle="round", zorder=3)
    axes.plot(*points[:-1].T, "o", color="white", markeredgecolor=BLACK, markersize=9, zorder=4)
    axes.plot(*points[-1:].T, "o", color=BLACK, markersize=7, zorder=4)
