"""Smooth closed curves of targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

#: Tilt of the plane of a curve in space from the vertical, in [rad], so that x, y and z all change.
_TILT = math.radians(35.0)


def _circle(phase: Array) -> tuple[Array, Array]:
    return np.cos(phase), np.sin(phase)


def _line(phase: Array) -> tuple[Array, Array]:
    """Back and forth along a line, at rest at each end."""
    return 0.94 * np.cos(phase), 0.34 * np.cos(phase)


def _lemniscate(phase: Array) -> tuple[Array, Array]:
    """Gerono's lemniscate, a figure of eight."""
    return np.sin(phase), 0.5 * np.sin(2.0 * phase)


#: Shapes of size 1 in their own plane: phase (...,) [rad] to two coordinates (...,).
_SHAPES: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "circle": _circle,
    "line": _line,
    "lemniscate": _lemniscate,
}
CURVES = tuple(_SHAPES)


@dataclass(frozen=True, eq=False)
class Curve:
    """A smooth closed curve of targets around a centre.

    Attributes:
        name: ``circle``, ``line`` or ``lemniscate``.
        center: Its centre (2,) or (3,) in [m], in the arm's base link.
        size: Its largest distance from the centre, in [m].
        axes: Orthonormal axes (2, 2 or 3) of its plane.
        start: Seed (n,) in [rad] or [m] for the first target: joint positions at it or near it.
        orientation: Unit quaternion (4,) of the tool at the centre, qx, qy, qz, qw; None for a position task.
        yaw_axis: x and y [m] of a vertical axis: the orientation turns about it by the change of azimuth from
            the centre to the target. None for a constant orientation.
    """

    name: str
    center: Array
    size: float
    axes: Array
    start: Array
    orientation: Array | None = None
    yaw_axis: tuple[float, float] | None = None

    def at(self, phase: ArrayLike) -> Array:
        """Targets (..., 2, 3 or 7) at ``phase`` (...,) [rad]; one lap is 2π."""
        phase = np.asarray(phase, dtype=float)
        along, across = _SHAPES[self.name](phase)
        offsets = along[..., None] * self.axes[0] + across[..., None] * self.axes[1]
        points: Array = self.center + self.size * offsets
        if self.orientation is None:
            return points
        quaternions = np.broadcast_to(self.orientation, (*phase.shape, 4))
        if self.yaw_axis is not None:
            quaternions = self.orientations(points.reshape(-1, 3)).reshape(quaternions.shape)
        return np.concatenate([points, quaternions], axis=-1)

    def orientations(self, points: Array) -> Array:
        """Quaternions (p, 4) at points (p, 3)."""
        x, y = self.yaw_axis or (0.0, 0.0)
        center_azimuth = math.atan2(self.center[1] - y, self.center[0] - x)
        yaw = np.arctan2(points[:, 1] - y, points[:, 0] - x) - center_azimuth
        rotated = Rotation.from_rotvec(yaw[:, None] * [0.0, 0.0, 1.0]) * Rotation.from_quat(self.orientation)
        quaternions: Array = rotated.as_quat(canonical=True)
        return quaternions


def plane_axes(center: Array) -> Array:
    """Axes (2, m) of a curve's plane: first a horizontal one, perpendicular to its centre."""
    if len(center) == 2:
        radial = center / np.linalg.norm(center)
        return np.array([[-radial[1], radial[0]], radial])
    azimuth = math.atan2(center[1], center[0])
    outward = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    across = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    return np.array([across, math.cos(_TILT) * up + math.sin(_TILT) * outward])
