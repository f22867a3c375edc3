"""The picture of a demo: paths of targets and tool, joints over time, and errors."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator
from scipy.spatial.transform import Rotation

from itnnr_ik.demo.plan import Result
from itnnr_ik.demo.recording import Recording, errors_of
from itnnr_ik.plotting import LOG_FLOOR, log_dots
from itnnr_ik.recording.replacing import replace_file
from itnnr_ik.robot import units_of
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.reachable import farthest_points

_TARGET = "#f2a65a"
_TIP = "#1b4965"
_MISSED = "#c1121f"
_UNANSWERED = "#777777"
_LINK = "#8d99ae"
_JOINTS = (
    *("#1b4965", "#d1495b", "#2a9d8f", "#8367c7", "#e09f3e"),
    *("#5b8e7d", "#6d597a", "#bc4b51", "#4f772d", "#3d5a80"),
)
#: Colours of position and orientation errors of the first run, and of the second.
_RUN_COLORS = (("#1b4965", "#7fb0d3"), ("#e07a1f", "#f6cf9c"))
#: Colours of the tool's axes x, y and z, and their length in reaches.
_AXIS_COLORS, _AXIS_LENGTH = ("#d1495b", "#2a9d8f", "#3d5a80"), 0.12
_N_POSTURES = 4
#: Largest number of limits that are drawn; more would hide the curves.
_MAX_LIMITS = 4
#: Entries of a legend side by side.
_LEGEND_COLUMNS = 4
#: Zoom of plots in space, which keeps the label of z visible.
_ZOOM = 0.92


def draw(results: Sequence[Result], path: Path) -> None:
    """Write the picture of all results to ``path``; its suffix decides the format, see `check_path`.

    A column per arm: the paths of its runs, the joints along the first of them, and the errors of all.
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
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:].lower(), dpi=130, facecolor="white")
    replace_file(path, picture.getvalue())


def _draw_paths(figure: Figure, place: Any, result: Result) -> None:
    """Targets, the tool at each solution, and some postures of the arm."""
    solver, recording = result.plan.solver, result.recording
    arm, m = solver.arm, min(solver.task.n_coordinates, 3)
    in_space = m == 3
    axes: Any = figure.add_subplot(place, projection="3d" if in_space else None)
    solved = recording.solved()
    targets = _points(solver, [t.target for t in recording.targets])
    positions = np.array([s.positions for _, s in solved]).reshape(-1, arm.n_joints)
    tips = _points(solver, solver.target_at(positions))
    lowest = [0.0]
    for i, posture in enumerate(positions[farthest_points(tips, _N_POSTURES)]):
        bones = solver.skeleton_at(posture)
        lowest.append(bones[:, 2].min())
        links = axes.plot(*bones[:, :m].T, "-o", color=_LINK, linewidth=2.0, markersize=4.0, alpha=0.5)
        links[0].set_label("_" if i else "arm")
        if solver.task.has_orientation:
            _draw_tool(axes, solver, posture, "_" if i else "tool frame")
    if result.run.expected.step_bound is not None:
        axes.plot(*targets.T, ".", color=_TARGET, markersize=8, alpha=0.5, label="target", zorder=3)
        axes.plot(*_with_gaps(solver, recording).T, color=_TIP, linewidth=1.4, zorder=5, label="tool")
        if in_space and len(targets):
            floor = np.full(len(targets), min(*lowest, targets[:, 2].min() - 0.15 * arm.reach))
            axes.plot(targets[:, 0], targets[:, 1], floor, color="#bbbbbb", linewidth=1.2, label="shadow")
    else:
        axes.plot(*targets.T, "o", color=_TARGET, markersize=5.0, alpha=0.6, label="target", zorder=3)
        axes.plot(*tips.T, ".", color=_TIP, markersize=2.2, zorder=5, label="tool")
    for label, marker, color in (("unreachable", "x", _MISSED), ("unanswered", "+", _UNANSWERED)):
        missed = _points(solver, [t.target for t in recording.missed() if recording.outcome(t) == label])
        if len(missed):
            axes.plot(*missed.T, marker, color=color, markersize=5, label=label, zorder=6)
    axes.plot(*np.zeros((m, 1)), "s", color="#333333", markersize=6, zorder=7)
    row = result.row
    axes.set_title(f"{row.arm}, {row.targets}: {row.solved} of {row.sent} solved", fontsize=10)
    _finish_paths(axes, in_space)


def _finish_paths(axes: Any, in_space: bool) -> None:
    """Set equal axes, grid and legend."""
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
    """Joint solutions over time, with the joint states meanwhile and, where they are few, the limits."""
    arm, recording = result.plan.arm, result.recording
    solved = recording.solved()
    start = recording.targets[0].stamp if recording.targets else 0
    end = recording.targets[-1].stamp if recording.targets else 0
    times = np.array([1e-9 * (t.stamp - start) for t, _ in solved])
    positions = np.array([s.positions for _, s in solved]).reshape(-1, arm.n_joints)
    states = [(1e-9 * (stamp - start), q) for stamp, q in recording.joint_states if start <= stamp <= end]
    for j, name in enumerate(_short_names(result.plan.joints)):
        color = _JOINTS[j % len(_JOINTS)]
        axes.plot([t for t, _ in states], [q[j] for _, q in states], color=color, linewidth=5.0, alpha=0.25)
        axes.plot(times, positions[:, j], ".", color=color, markersize=2.0, label=name)
    limits = sorted({*filter(np.isfinite, (*arm.lower, *arm.upper))})
    shown = ", limits (dotted)" if 0 < len(limits) <= _MAX_LIMITS else ""
    for limit in limits if shown else ():
        axes.axhline(limit, color="#999999", linewidth=0.8, linestyle=":")
    rows = -(-arm.n_joints // _LEGEND_COLUMNS)
    axes.set_title(
        f"joints on {result.row.targets}: solutions (dots), joint states (bands){shown}",
        fontsize=8,
        pad=6 + 12 * rows,
    )
    axes.set_ylabel("position [rad], [m]" if "m" in units_of(arm) else "position [rad]")
    _finish(axes, recording.duration)


def _draw_residuals(axes: Axes, column: Sequence[Result]) -> None:
    """Position errors, and where it counts orientation errors, of every solution, with the tolerance."""
    solver = column[0].plan.solver
    for result, (color, pale) in zip(column, _RUN_COLORS, strict=False):
        solved = result.recording.solved()
        if not solved:
            continue
        start = result.recording.targets[0].stamp
        residuals, angles = errors_of(solver, result.recording)
        times = [1e-9 * (t.stamp - start) for t, _ in solved]
        unit = "" if angles is None else " [m]"
        log_dots(axes, times, residuals, color, markersize=2.5, label=f"{result.row.targets}{unit}")
        if angles is not None:
            log_dots(axes, times, angles, pale, markersize=2.5, label=f"{result.row.targets} [rad]")
    tolerance = column[0].run.expected.tolerance
    axes.axhline(tolerance, color=_MISSED, linewidth=1.0, linestyle="--", label="tolerance")
    axes.set_ylim(LOG_FLOOR / 3.0, 20.0 * tolerance)
    axes.set_ylabel("error [m], [rad]" if solver.task.has_orientation else "residual [m]")
    _finish(axes, max(result.recording.duration for result in column), _LEGEND_COLUMNS - 1)


def _finish(axes: Axes, duration: float, columns: int = _LEGEND_COLUMNS) -> None:
    """Set a time axis of ``duration`` [s], grid, and a legend in columns above the axes."""
    axes.set_xlabel("time [s]")
    axes.set_xlim(-0.02 * duration, 1.02 * duration)
    axes.tick_params(labelsize=8)
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 0.98),
        ncols=columns,
        fontsize=8,
        frameon=False,
        markerscale=4,
        handletextpad=0.2,
        borderaxespad=0.2,
    )


def _points(solver: IKSolver, targets: Any) -> np.ndarray:
    """Positions (b, 2 or 3) [m] of targets (b, 2, 3 or 7); b may be zero."""
    rows = np.asarray(targets, dtype=float).reshape(-1, solver.task.n_coordinates)
    return rows[:, :3]


def _draw_tool(axes: Any, solver: IKSolver, posture: np.ndarray, label: str) -> None:
    """Draw the axes of the tool frame at joint positions (n,), the first one with a label."""
    pose = solver.forward(posture)
    turn = Rotation.from_quat(pose[3:]).as_matrix()
    for axis, color in zip(turn.T, _AXIS_COLORS, strict=True):
        end = pose[:3] + _AXIS_LENGTH * solver.arm.reach * axis
        line = np.stack([pose[:3], end], axis=1)
        axes.plot(*line, color=color, linewidth=1.8, zorder=6, label=label)
        label = "_"


def _short_names(names: Sequence[str]) -> list[str]:
    """Names of joints, without a common first word if there are many."""
    first = {name.partition("_")[0] for name in names}
    rests = [name.partition("_")[2] for name in names]
    shorter = len(names) > _LEGEND_COLUMNS and len(first) == 1 and not rests[0].isdigit()
    return rests if shorter else list(names)


def _with_gaps(solver: IKSolver, recording: Recording) -> np.ndarray:
    """Tool positions (targets, 2 or 3) at each solution; NaN, which breaks a line, where there is none."""
    nowhere = np.full(solver.arm.n_joints, np.nan)
    positions = [
        recording.solutions[t.stamp].positions if t.stamp in recording.solutions else nowhere
        for t in recording.targets
    ]
    return _points(solver, solver.target_at(np.array(positions).reshape(-1, solver.arm.n_joints)))
