"""Markers for RViz and Foxglove: the target, the anchors' proposals, the solution, the tool's path."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from scipy.spatial.transform import Rotation
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from itnnr_ik import IKSolver

#: Number of points of the tool's path, one for each joint state, and their minimum distance as a share of the
#: arm's reach.
_PATH_POINTS, _MIN_PATH_STEP = 500, 0.005
#: Residuals, as shares of the reach, that are drawn green and red, with a logarithmic scale between.
_GREEN_RESIDUAL, _RED_RESIDUAL = 5e-6, 5e-2
_WHITE, _YELLOW = (1.0, 1.0, 1.0, 1.0), (1.0, 0.8, 0.1, 1.0)
_CYAN, _PROPOSAL_ALPHA = (0.1, 0.8, 1.0, 0.9), 0.45
#: Of the x, y and z axis.
_AXES = ((1.0, 0.2, 0.2, 1.0), (0.2, 0.9, 0.2, 1.0), (0.3, 0.4, 1.0, 1.0))
#: Sizes as shares of the reach.
_SOLUTION_WIDTH, _PROPOSAL_WIDTH, _PATH_WIDTH, _BALL, _AXIS = 0.015, 0.006, 0.005, 0.045, 0.12


class Scene:
    """Keeps the last solution and the tool's path, and draws them on request.

    Args:
        solver: Its arm is drawn, with its tool; its anchors make the proposals.
        frame: The arm's base link.
    """

    def __init__(self, solver: IKSolver, frame: str) -> None:
        self._solver = solver
        self._frame = frame
        self._reach = solver.arm.reach or 1.0
        self._path: deque[np.ndarray] = deque(maxlen=_PATH_POINTS)
        self._solved: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None = None

    def moved(self, positions: np.ndarray) -> None:
        """The joints are at ``positions`` (n,) [rad, m]."""
        point = self._solver.point_at(positions)
        if not self._path or np.linalg.norm(point - self._path[-1]) > _MIN_PATH_STEP * self._reach:
            self._path.append(point)

    def solved(self, target: np.ndarray, positions: np.ndarray, current: np.ndarray | None) -> None:
        """``target`` (2, 3 or 7) was answered with ``positions`` from ``current``, (n,) [rad, m] each."""
        self._solved = (target, positions, current)

    def markers(self, stamp: Time) -> MarkerArray:
        """All markers, which replace the previous ones."""
        markers = [Marker(action=Marker.DELETEALL)]
        if len(self._path) > 1:
            markers.append(self._line("path", self._path, _PATH_WIDTH, _CYAN))
        if self._solved is not None:
            target, positions, current = self._solved
            skeleton = self._solver.skeleton_at
            for proposal, residual in zip(*self._solver.proposals(target, current), strict=True):
                colour = _colour(residual / self._reach)
                markers.append(self._line("proposals", skeleton(proposal), _PROPOSAL_WIDTH, colour))
            markers.append(self._line("solution", skeleton(positions), _SOLUTION_WIDTH, _WHITE))
            ball = self._marker("target", Marker.SPHERE, (_BALL, _BALL, _BALL), _YELLOW)
            origin = self._solver.in_space(target)
            ball.pose.position = _point(origin)
            markers.append(ball)
            for axis, colour in self._axes(target):
                end = origin + _AXIS * self._reach * axis
                markers.append(self._line("target_axes", (origin, end), _PATH_WIDTH, colour))
        for number, marker in enumerate(markers):
            marker.header.frame_id, marker.header.stamp, marker.id = self._frame, stamp, number
        return MarkerArray(markers=markers)

    def _axes(self, target: np.ndarray) -> Iterable[tuple[np.ndarray, tuple[float, ...]]]:
        """Directions (3,) and colours of the axes that count at a target (2, 3 or 7)."""
        task = self._solver.task
        if task.has_orientation:
            turn = Rotation.from_quat(target[3:]).as_matrix()
            if task.kind == "pointing":
                yield turn @ task.tool_axis, _AXES[2]
            else:
                yield from zip(turn.T, _AXES, strict=True)

    def _line(
        self, name: str, points: Iterable[np.ndarray], width: float, colour: tuple[float, ...]
    ) -> Marker:
        marker = self._marker(name, Marker.LINE_STRIP, (width, 0.0, 0.0), colour)
        marker.points = [_point(point) for point in points]
        return marker

    def _marker(self, name: str, kind: int, scale: tuple[float, ...], colour: tuple[float, ...]) -> Marker:
        marker = Marker(ns=name, type=kind, action=Marker.ADD)
        marker.scale.x, marker.scale.y, marker.scale.z = (share * self._reach for share in scale)
        marker.color = ColorRGBA(**dict(zip("rgba", colour, strict=True)))
        marker.pose.orientation.w = 1.0
        return marker


def _point(position: np.ndarray) -> Point:
    """A position (3,) [m] as a message."""
    x, y, z = position.tolist()
    return Point(x=x, y=y, z=z)


def _colour(residual: float) -> tuple[float, ...]:
    """From green over yellow to red."""
    share = np.log(max(residual, _GREEN_RESIDUAL) / _GREEN_RESIDUAL) / np.log(_RED_RESIDUAL / _GREEN_RESIDUAL)
    badness = float(np.clip(share, 0.0, 1.0))
    return min(1.0, 2.0 * badness), min(1.0, 2.0 - 2.0 * badness), 0.1, _PROPOSAL_ALPHA
