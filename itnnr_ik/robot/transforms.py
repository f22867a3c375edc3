"""Rotations and rigid transforms in NumPy, for reading a robot; the kernels have their own."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def from_rpy(roll: float, pitch: float, yaw: float) -> Array:
    """Rotation (3, 3) about the fixed axes x, then y, then z, by angles in [rad]: URDF's ``rpy``."""
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def from_quaternion(x: float, y: float, z: float, w: float) -> Array:
    """Rotation (3, 3) of a quaternion that need not be normalised, but not be zero."""
    length = math.hypot(x, y, z, w)
    x, y, z, w = x / length, y / length, z / length, w / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def turning_z_to(axis: Array) -> Array:
    """A rotation (3, 3) that takes z to the unit vector ``axis``: exact for the axes of the frame."""
    if axis[2] < 0.0:  # near −z the formula below divides by almost nothing
        mirrored: Array = turning_z_to(-axis) * np.array([1.0, -1.0, -1.0])
        return mirrored
    x, y, z = axis.tolist()
    cross = np.array([[0.0, 0.0, x], [0.0, 0.0, y], [-x, -y, 0.0]])
    rotation: Array = np.eye(3) + cross + cross @ cross / (1.0 + z)
    return rotation


def about_z(angle: float) -> Array:
    """Transform (4, 4) that turns about z by an angle in [rad]."""
    transform = np.eye(4)
    transform[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return transform


def along_z(distance: float) -> Array:
    """Transform (4, 4) that shifts along z by a distance in [m]."""
    transform = np.eye(4)
    transform[2, 3] = distance
    return transform


def of_rotation(rotation: Array) -> Array:
    """Transform (4, 4) of a rotation (3, 3)."""
    transform = np.eye(4)
    transform[:3, :3] = rotation
    return transform
