"""Plots of an evaluated recording, as SVG."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from itnnr_ik.evaluation.answers import Answers, answer_errors
from itnnr_ik.evaluation.measures import joint_displacements
from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.plotting import LOG_FLOOR, log_dots
from itnnr_ik.recording.pairing import Array
from itnnr_ik.robot import units_of
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.reachable import farthest_points

TARGET, ANSWER, MISSED, CHANGE, TURN = "#f2a65a", "#1b4965", "#c1121f", "#2a9d8f", "#8367c7"
LINK, GRID, LIMIT = "#8d99ae", "#e3e6ea", "#98a2ae"
_JOINTS = ("#1b4965", "#d1495b", "#2a9d8f", "#8367c7")
#: Beyond this number dots are rasterized, because vector graphics of them would take megabytes.
_MAX_VECTOR_DOTS = 4000
_STYLE: Any = {
    "font.size": 9.0,
    "axes.edgecolor": "#8a94a0",
    "axes.labelcolor": "#3a4450",
    "xtick.color": "#5a6470",
    "ytick.color": "#5a6470",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "itnnr_ik",
}
#: Matplotlib's settings belong to the process, and a cluster's worker may evaluate in several threads.
_DRAW_LOCK = threading.Lock()


class Plots:
    """Plots the answers to one replay.

    Args:
        solver: The solver with arm, task and tolerances.
        replay: The targets and recorded joints.
        answers: The answers.
    """

    def __init__(self, solver: IKSolver, replay: Replay, answers: Answers) -> None:
        self._solver, self._arm = solver, solver.arm
        self._replay = replay
        self._answers = answers
        self._times = replay.times
        self._residual, self._angle = answer_errors(solver, replay, answers)
        self._displacement = joint_displacements(solver, replay, answers)
        self._missed = np.isnan(self._residual)
        self._rasterized = len(replay) > _MAX_VECTOR_DOTS

    def all(self) -> dict[str, str]:
        """Each plot's heading and SVG."""
        with _DRAW_LOCK, mpl.rc_context(_STYLE):
            return {heading: to_svg(draw()) for heading, draw in self.figures().items()}

    def figures(self) -> dict[str, Callable[[], Figure]]:
        """Each plot's heading and the function that draws it."""
        return {
            "Errors and joint displacement over time": self.over_time,
            "Joints, recorded and solved": self.joints,
            "Path in the workspace": self.workspace,
            "How often": self.histograms,
        }

    def over_time(self) -> Figure:
        """Errors and displacement of every answer; targets without one as ticks."""
        errors = self._errors
        figure = Figure(figsize=(9.6, 2.3 * (len(errors) + 1)), layout="constrained")
        panels = figure.subplots(len(errors) + 1, 1, sharex=True)
        for axes, (label, values, tolerance, color) in zip(panels, errors, strict=False):
            self._log_dots(axes, values, color, "answer")
            axes.axhline(tolerance, color=MISSED, linewidth=1.0, linestyle="--", label="tolerance")
            axes.set_ylabel(label)
        self._log_dots(panels[-1], self._displacement, CHANGE, self._reference)
        panels[-1].set_ylabel("joint difference [rad]")
        panels[-1].set_xlabel("time since the first target [s]")
        for axes in panels:
            if self._missed.any():
                axes.plot(
                    self._times[self._missed],
                    np.full(self._missed.sum(), 0.03),
                    "|",
                    transform=axes.get_xaxis_transform(),
                    color=MISSED,
                    markersize=7,
                    label="no answer",
                    rasterized=self._rasterized,
                )
            axes.set_xlim(*self._time_limits)
            _add_grid_and_legend(axes)
        return figure

    def joints(self) -> Figure:
        """A panel for each joint: recorded or fed back, solved, and the limits."""
        n = self._arm.n_joints
        figure = Figure(figsize=(9.6, 0.5 + 1.7 * n), layout="constrained")
        panels = np.atleast_1d(figure.subplots(n, 1, sharex=True))
        recorded = self._replay.recorded
        for j, axes in enumerate(panels):
            if recorded is not None:
                axes.plot(
                    self._times, recorded[:, j], color=TARGET, linewidth=5.0, alpha=0.55, label="recorded"
                )
            axes.plot(
                self._times,
                self._answers.positions[:, j],
                ".",
                color=_JOINTS[j % len(_JOINTS)],
                markersize=2.5,
                label="solved",
                rasterized=self._rasterized,
            )
            lower, upper = self._arm.lower[j], self._arm.upper[j]
            if np.isfinite([lower, upper]).all():
                for limit in (lower, upper):
                    axes.axhline(limit, color=LIMIT, linewidth=0.9, linestyle=":")
                margin = 0.08 * (upper - lower)
                axes.set_ylim(lower - margin, upper + margin)
            axes.set_xlim(*self._time_limits)
            axes.set_ylabel(f"[{units_of(self._arm)[j]}]")
            name = self._replay.joints[j]
            axes.set_title(name, loc="left", fontsize=9, color="#3a4450", parse_math=False)
            axes.grid(True, color=GRID, linewidth=0.7)
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.96), ncols=3, frameon=False, markerscale=3)
        panels[-1].set_xlabel("time since the first target [s]; limits are dotted")
        return figure

    def workspace(self) -> Figure:
        """Targets with and without an answer, tool positions, and some postures of the arm."""
        solver = self._solver
        in_space = solver.task.n_coordinates > 2
        shown = slice(0, 3 if in_space else 2)
        targets = self._replay.targets[:, shown]
        figure = Figure(figsize=(9.6, 6.2), layout="constrained")
        axes: Any = figure.add_subplot(projection="3d" if in_space else None)
        solved = self._answers.positions[~self._missed]
        tips = solver.point_at(solved)[:, shown]
        for posture in solved[farthest_points(tips, 4)]:
            points = solver.skeleton_at(posture)[:, shown]
            axes.plot(*points.T, "-o", color=LINK, linewidth=2.4, markersize=5, alpha=0.45)
        style: dict[str, Any] = {"zorder": 3, "rasterized": self._rasterized}
        axes.plot(*targets.T, ".", color=TARGET, markersize=9, alpha=0.6, label="target", **style)
        missed = targets[self._missed]
        if len(missed):
            axes.plot(*missed.T, "x", color=MISSED, markersize=5, label="no answer", **style)
        axes.plot(*tips.T, ".", color=ANSWER, markersize=2.5, label="answer", **style)
        axes.plot(*np.zeros((3, 1))[shown], "s", color="#333333", markersize=7, label="base")
        axes.set_xlabel("x [m]")
        axes.set_ylabel("y [m]")
        axes.grid(True, color=GRID, linewidth=0.7)
        axes.set_aspect("equal")
        axes.set_anchor("N")
        if in_space:
            axes.set_zlabel("z [m]")
            axes.view_init(elev=24, azim=-35)
            for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
                axis.set_major_locator(MaxNLocator(5))
        else:
            axes.margins(0.08)
        figure.legend(loc="outside upper center", ncols=4, frameon=False)
        return figure

    def histograms(self) -> Figure:
        """Errors and displacements, on logarithmic axes."""
        errors = self._errors
        figure = Figure(figsize=(9.6, 2.9), layout="constrained")
        panels = figure.subplots(1, len(errors) + 1)
        for axes, (label, values, tolerance, color) in zip(panels, errors, strict=False):
            self._histogram(axes, values, color, label)
            axes.axvline(tolerance, color=MISSED, linewidth=1.0, linestyle="--", label="tolerance")
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), frameon=False)
        self._histogram(panels[-1], self._displacement, CHANGE, f"joint difference [rad]\n{self._reference}")
        return figure

    @property
    def _errors(self) -> list[tuple[str, Array, float, str]]:
        """Label, values (b,), tolerance and colour of each kind of error."""
        rows = [("residual [m]", self._residual, self._solver.tolerance, ANSWER)]
        if self._angle is not None:
            tolerance = self._solver.orientation_tolerance
            rows.append(("orientation error [rad]", self._angle, tolerance, TURN))
        return rows

    @property
    def _time_limits(self) -> tuple[float, float]:
        """Ends of the time axis, in [s]."""
        end = float(self._times[-1]) if len(self._times) else 0.0
        margin = 0.02 * end or 0.5
        return -margin, end + margin

    @property
    def _reference(self) -> str:
        return "from recorded joints" if self._replay.recorded is not None else "from the answer before"

    def _log_dots(self, axes: Axes, values: Array, color: str, label: str) -> None:
        log_dots(axes, self._times, values, color, markersize=3, label=label, rasterized=self._rasterized)

    def _histogram(self, axes: Axes, values: Array, color: str, label: str) -> None:
        values = np.log10(np.maximum(values[np.isfinite(values)], LOG_FLOOR))
        if len(values):
            edges = np.logspace(np.floor(values.min()), np.ceil(values.max() + 1e-9), 41)
            axes.hist(10.0**values, bins=edges.tolist(), color=color, alpha=0.85)
        axes.set_xscale("log")
        if not len(values):
            axes.set_xlim(LOG_FLOOR, 1.0)  # a tolerance alone spans no axis
        axes.set_xlabel(label)
        axes.set_ylabel("answers")
        axes.grid(True, axis="y", color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)


def to_svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element."""
    text = io.StringIO()
    # Without a date the same evaluation gives the same page.
    figure.savefig(text, format="svg", dpi=150, bbox_inches="tight", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def _add_grid_and_legend(axes: Axes) -> None:
    axes.grid(True, color=GRID, linewidth=0.7)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=4, frameon=False, markerscale=2)
