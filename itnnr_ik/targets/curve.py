"""Closed smooth curves of targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

#: How far the plane of a curve in space leans out of the vertical, in [rad]: x, y and z all move.
_LEAN = math.radians(35.0)


def _circle(phase: Array) -> tuple[Array, Array]:
    return np.cos(phase), np.sin(phase)


def _line(phase: Array) -> tuple[Array, Array]:
    """There and back, slowing down to a stop at each end."""
    return 0.94 * np.cos(phase), 0.34 * np.cos(phase)


def _lemniscate(phase: Array) -> tuple[Array, Array]:
    """Gerono's figure of eight."""
    return np.sin(phase), 0.5 * np.sin(2.0 * phase)


#: Shapes in their own plane, of size one: phase (...,) [rad] to two coordinates (...,).
_SHAPES: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "circle": _circle,
    "line": _line,
    "lemniscate": _lemniscate,
}
CURVES = tuple(_SHAPES)


@dataclass(frozen=True, eq=False)
class Curve:
    """A closed smooth curve around a centre, of targets for a task.

    Attributes:
        name: ``circle``, ``line`` or ``lemniscate``.
        center: Its centre (2,) or (3,) in [m], in the arm's base link.
        size: Its largest distance from the centre, in [m].
        axes: Orthonormal axes (2, 2 or 3) of its plane.
        start: Joint positions (n,) in [rad] or [m] at its first target, or near it, to follow it from.
        orientation: Unit quaternion (4,) of the tool, qx, qy, qz, qw; None for a position task.
        turns_about: x and y [m] of a vertical axis that the orientation turns about with the position, as it
            is at the centre; None where it stays the same.
    """

    name: str
    center: Array
    size: float
    axes: Array
    start: Array
    orientation: Array | None = None
    turns_about: tuple[float, float] | None = None

    def at(self, phase: ArrayLike) -> Array:
        """Targets (..., 2, 3 or 7) at ``phase`` (...,) [rad]; one lap is 2π."""
        phase = np.asarray(phase, dtype=float)
        along, across = _SHAPES[self.name](phase)
        offsets = along[..., None] * self.axes[0] + across[..., None] * self.axes[1]
        points: Array = self.center + self.size * offsets
        if self.orientation is None:
            return points
        quaternions = np.broadcast_to(self.orientation, (*phase.shape, 4))
        if self.turns_about is not None:
            quaternions = self.orientations(points.reshape(-1, 3)).reshape(quaternions.shape)
        return np.concatenate([points, quaternions], axis=-1)

    def orientations(self, points: Array) -> Array:
        """Quaternions (p, 4) at points (p, 3)."""
        x, y = self.turns_about or (0.0, 0.0)
        middle = math.atan2(self.center[1] - y, self.center[0] - x)
        turns = np.arctan2(points[:, 1] - y, points[:, 0] - x) - middle
        turned = Rotation.from_rotvec(turns[:, None] * [0.0, 0.0, 1.0]) * Rotation.from_quat(self.orientation)
        quaternions: Array = turned.as_quat(canonical=True)
        return quaternions


def plane_at(center: Array) -> Array:
    """Axes (2, m) of a curve's plane: horizontally across the direction of its centre, and a second one."""
    if len(center) == 2:
        radial = center / np.linalg.norm(center)
        return np.array([[-radial[1], radial[0]], radial])
    azimuth = math.atan2(center[1], center[0])
    outward = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    across = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    return np.array([across, math.cos(_LEAN) * up + math.sin(_LEAN) * outward])
