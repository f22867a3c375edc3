"""The picture of a demo: paths of targets and tip, joints over time, and residuals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator

from itnnr_ik.arms import Arm
from itnnr_ik.arms.workspace import far_apart
from itnnr_ik.demo.plan import Result
from itnnr_ik.demo.recording import Recording
from itnnr_ik.plotting import SMALLEST, log_dots

_TARGET = "#f2a65a"
_TIP = "#1b4965"
_MISSED = "#c1121f"
_UNANSWERED = "#777777"
_LINK = "#8d99ae"
_JOINTS = ("#1b4965", "#d1495b", "#2a9d8f", "#8367c7")
_RUNS = ("#1b4965", "#f2a65a")
_POSTURES = 4
#: Of plots in space, so that the label of z is not cut off.
_ZOOM = 0.9


def check_path(path: Path) -> None:
    """Raise ValueError unless a picture can be written to ``path``: before the demo, not after it."""
    if not path.resolve().parent.is_dir():
        raise ValueError(f"no folder {path.resolve().parent} to write {path.name} to")
    formats = sorted(FigureCanvasAgg.get_supported_filetypes())
    if path.suffix[1:].lower() not in formats:
        raise ValueError(
            f"cannot write a picture as {path.name!r}; its suffix must be one of {', '.join(formats)}"
        )


def draw(results: Sequence[Result], path: Path) -> None:
    """Write the picture of all results to ``path``; its suffix decides the format, see `check_path`.

    A column per arm: the paths of its runs, the joints along the first of them, and the residuals of all.
    """
    plans = list(dict.fromkeys(id(result.plan) for result in results))
    columns = [[result for result in results if id(result.plan) == plan] for plan in plans]
    n_paths = max(len(column) for column in columns)
    figure = Figure(figsize=(0.6 + 5.0 * len(columns), 4.6 * n_paths + 4.6), layout="constrained")
    heights = [4.6] * n_paths + [2.3, 2.0]
    grid = GridSpec(n_paths + 2, len(columns), figure=figure, height_ratios=heights)
    for j, column in enumerate(columns):
        for i, result in enumerate(column):
            _draw_paths(figure, grid[i, j], result)
        _draw_joints(figure.add_subplot(grid[n_paths, j]), column[0])
        _draw_residuals(figure.add_subplot(grid[n_paths + 1, j]), column)
    figure.savefig(path, dpi=130, facecolor="white")


def _draw_paths(figure: Figure, place: Any, result: Result) -> None:
    """Targets, the tip at each solution, and some postures of the arm."""
    arm, recording = result.plan.arm, result.recording
    in_space = arm.n_coordinates == 3
    axes: Any = figure.add_subplot(place, projection="3d" if in_space else None)
    solved = recording.solved()
    targets = np.array([t.position for t in recording.targets]).reshape(-1, arm.n_coordinates)
    positions = np.array([s.positions for _, s in solved]).reshape(-1, arm.n_joints)
    tips = arm.forward(positions)
    for i, posture in enumerate(positions[far_apart(tips, _POSTURES)]):
        links = axes.plot(
            *arm.skeleton(posture).T, "-o", color=_LINK, linewidth=2.0, markersize=4.0, alpha=0.4
        )
        links[0].set_label("_" if i else "arm")
    if result.run.expected.step_bound is not None:
        axes.plot(*targets.T, ".", color=_TARGET, markersize=8, alpha=0.5, label="target", zorder=3)
        axes.plot(*_with_gaps(arm, recording).T, color=_TIP, linewidth=1.4, zorder=5, label="tip")
        if in_space:
            floor = np.full(len(targets), targets[:, 2].min() - 0.15 * arm.reach)
            axes.plot(targets[:, 0], targets[:, 1], floor, color="#bbbbbb", linewidth=1.2, label="shadow")
    else:
        axes.plot(*targets.T, "o", color=_TARGET, markersize=5.0, alpha=0.6, label="target", zorder=3)
        axes.plot(*tips.T, ".", color=_TIP, markersize=2.2, zorder=5, label="tip")
    for label, marker, color in (("unreachable", "x", _MISSED), ("unanswered", "+", _UNANSWERED)):
        missed = np.array([t.position for t in recording.missed() if recording.outcome(t) == label])
        if len(missed):
            axes.plot(*missed.T, marker, color=color, markersize=5, label=label, zorder=6)
    axes.plot(*np.zeros((arm.n_coordinates, 1)), "s", color="#333333", markersize=6, zorder=7)
    row = result.row
    axes.set_title(f"{row.arm}, {row.targets}: {row.solved} of {row.sent} solved", fontsize=10)
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    if in_space:
        axes.set_zlabel("z [m]")
        axes.view_init(elev=24, azim=-35)
        spans = [np.ptp(limits) for limits in (axes.get_xlim(), axes.get_ylim(), axes.get_zlim())]
        axes.set_box_aspect(spans, zoom=_ZOOM)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelsize=7)
    else:
        axes.set_aspect("equal", adjustable="datalim")
        axes.tick_params(labelsize=8)
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.legend(loc="upper left", fontsize=8, framealpha=0.9)


def _draw_joints(axes: Axes, result: Result) -> None:
    """Joint solutions over time, with the joint states meanwhile and the limits."""
    arm, recording = result.plan.arm, result.recording
    solved = recording.solved()
    start = recording.targets[0].stamp if recording.targets else 0
    end = recording.targets[-1].stamp if recording.targets else 0
    times = np.array([1e-9 * (t.stamp - start) for t, _ in solved])
    positions = np.array([s.positions for _, s in solved]).reshape(-1, arm.n_joints)
    states = [(1e-9 * (stamp - start), q) for stamp, q in recording.joint_states if start <= stamp <= end]
    for j, name in enumerate(result.plan.joints):
        color = _JOINTS[j % len(_JOINTS)]
        axes.plot([t for t, _ in states], [q[j] for _, q in states], color=color, linewidth=5.0, alpha=0.25)
        axes.plot(times, positions[:, j], ".", color=color, markersize=2.0, label=name)
    for limit in sorted({*arm.lower, *arm.upper}):
        axes.axhline(limit, color="#999999", linewidth=0.8, linestyle=":")
    axes.set_title(
        f"joints on {result.row.targets}: solutions (dots), joint states (bands), limits (dotted)",
        fontsize=8,
        pad=18,
    )
    axes.set_ylabel("position [rad]")
    _finish(axes, recording.duration)


def _draw_residuals(axes: Axes, column: Sequence[Result]) -> None:
    """Distance from tip to target of every solution, against the tolerance."""
    for result, color in zip(column, _RUNS, strict=False):
        arm, solved = result.plan.arm, result.recording.solved()
        if not solved:
            continue
        start = result.recording.targets[0].stamp
        tips = arm.forward(np.array([s.positions for _, s in solved]))
        residuals = np.linalg.norm(tips - np.array([t.position for t, _ in solved]), axis=1)
        times = [1e-9 * (t.stamp - start) for t, _ in solved]
        log_dots(axes, times, residuals, color, markersize=2.5, label=result.row.targets)
    tolerance = column[0].run.expected.tolerance
    axes.axhline(tolerance, color=_MISSED, linewidth=1.0, linestyle="--", label="tolerance")
    axes.set_ylim(SMALLEST / 3.0, 20.0 * tolerance)
    axes.set_ylabel("residual [m]")
    _finish(axes, max(result.recording.duration for result in column))


def _finish(axes: Axes, duration: float) -> None:
    """Time axis of ``duration`` [s], grid, and a legend above the axes, where it hides nothing."""
    axes.set_xlabel("time [s]")
    axes.set_xlim(-0.02 * duration, 1.02 * duration)
    axes.tick_params(labelsize=8)
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 0.98),
        ncols=5,
        fontsize=8,
        frameon=False,
        markerscale=4,
        handletextpad=0.2,
        borderaxespad=0.2,
    )


def _with_gaps(arm: Arm, recording: Recording) -> np.ndarray:
    """The tip (targets, m) at each solution, NaN where there is none, so that a line breaks there."""
    nowhere = np.full(arm.n_joints, np.nan)
    positions = [
        recording.solutions[t.stamp].positions if t.stamp in recording.solutions else nowhere
        for t in recording.targets
    ]
    tips: np.ndarray = arm.forward(np.array(positions).reshape(-1, arm.n_joints))
    return tips
