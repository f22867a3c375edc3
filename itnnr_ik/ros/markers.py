"""Markers for RViz and Foxglove: the target, what the network proposes, the solution, the tip's path."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from itnnr_ik import IKSolver

#: Points of the tip's path, at one for each joint state and no nearer to each other than this [m].
_PATH, _PATH_STEP = 500, 0.01
#: Residuals [m] that are drawn green and red, and all between in proportion to their logarithm.
_GOOD, _BAD = 1e-5, 1e-1
_WHITE, _YELLOW = (1.0, 1.0, 1.0, 1.0), (1.0, 0.8, 0.1, 1.0)
_CYAN, _FAINT = (0.1, 0.8, 1.0, 0.9), 0.45
_SOLUTION_WIDTH, _PROPOSAL_WIDTH, _PATH_WIDTH, _BALL = 0.03, 0.012, 0.01, 0.09  # [m]


class Scene:
    """Remembers what was last solved, and draws it when asked to.

    Args:
        solver: Its arm is drawn; its network makes the proposals.
        frame: The arm's base link.
    """

    def __init__(self, solver: IKSolver, frame: str) -> None:
        self._solver = solver
        self._frame = frame
        self._path: deque[np.ndarray] = deque(maxlen=_PATH)
        self._solved: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None = None

    def moved(self, positions: np.ndarray) -> None:
        """The joints are at ``positions`` (n,) [rad]."""
        tip = self._solver.arm.forward(positions)
        if not self._path or np.linalg.norm(tip - self._path[-1]) > _PATH_STEP:
            self._path.append(tip)

    def solved(self, target: np.ndarray, positions: np.ndarray, current: np.ndarray | None) -> None:
        """``target`` (m,) [m] was answered with ``positions`` from ``current``, (n,) [rad] each."""
        self._solved = (target, positions, current)

    def markers(self, stamp: Time) -> MarkerArray:
        """Everything there is to see, in place of what was there before."""
        markers = [Marker(action=Marker.DELETEALL)]
        if len(self._path) > 1:
            markers.append(self._line("path", self._path, _PATH_WIDTH, _CYAN))
        if self._solved is not None:
            target, positions, current = self._solved
            arm = self._solver.arm
            for proposal, residual in zip(*self._solver.proposals(target, current), strict=True):
                line = arm.skeleton(proposal)
                markers.append(self._line("proposals", line, _PROPOSAL_WIDTH, _colour(residual)))
            markers.append(self._line("solution", arm.skeleton(positions), _SOLUTION_WIDTH, _WHITE))
            ball = self._marker("target", Marker.SPHERE, (_BALL, _BALL, _BALL), _YELLOW)
            ball.pose.position = self._point(target)
            markers.append(ball)
        for number, marker in enumerate(markers):
            marker.header.frame_id, marker.header.stamp, marker.id = self._frame, stamp, number
        return MarkerArray(markers=markers)

    def _point(self, position: np.ndarray) -> Point:
        """A position (m,) [m] in space."""
        x, y, z = self._solver.arm.in_space(position).tolist()
        return Point(x=x, y=y, z=z)

    def _line(
        self, name: str, points: Iterable[np.ndarray], width: float, colour: tuple[float, ...]
    ) -> Marker:
        marker = self._marker(name, Marker.LINE_STRIP, (width, 0.0, 0.0), colour)
        marker.points = [self._point(point) for point in points]
        return marker

    def _marker(self, name: str, kind: int, scale: tuple[float, ...], colour: tuple[float, ...]) -> Marker:
        marker = Marker(ns=name, type=kind, action=Marker.ADD)
        marker.scale.x, marker.scale.y, marker.scale.z = scale
        marker.color = ColorRGBA(**dict(zip("rgba", colour, strict=True)))
        marker.pose.orientation.w = 1.0
        return marker


def _colour(residual: float) -> tuple[float, ...]:
    """From green over yellow to red."""
    share = np.log(max(residual, _GOOD) / _GOOD) / np.log(_BAD / _GOOD)
    badness = float(np.clip(share, 0.0, 1.0))
    return min(1.0, 2.0 * badness), min(1.0, 2.0 - 2.0 * badness), 0.1, _FAINT
