"""Task error of a tool frame from a target, and its Jacobian by the joint positions, compiled.

A goal is twelve numbers: the position, and for `POSE` the rotation matrix row by row, for `POINTING` the
desired direction of the tool frame's z axis; the rest is zero. Orientation rows are multiplied by the
characteristic length, so that all rows are in metres.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import kernel

Array = NDArray[np.float64]

#: Kinds of task: (x, y); (x, y, z); position and direction; position and orientation.
PLANAR, SPATIAL, POINTING, POSE = 0, 1, 2, 3
#: Rows of error and Jacobian of each kind.
ROWS = (2, 3, 5, 6)
#: Numbers in a goal.
GOAL_SIZE = 12
#: Sine of the angle below which a rotation counts as the identity or as half a turn.
_MIN_SINE = 1e-9


@kernel
def task_error(kind: int, length: float, pose: Array, goal: Array, error: Array) -> tuple[float, float]:
    """Write the error rows (m,) [m] from the tool frame ``pose`` (3, 4) to ``goal`` (12,).

    Returns:
        The squared position error [m²] and the squared angle [rad²].
    """
    x, y = goal[0] - pose[0, 3], goal[1] - pose[1, 3]
    error[0], error[1] = x, y
    square = x * x + y * y
    if kind == PLANAR:
        return square, 0.0
    z = goal[2] - pose[2, 3]
    error[2] = z
    square += z * z
    if kind == SPATIAL:
        return square, 0.0
    if kind == POINTING:
        return square, _pointing_error(length, pose, goal, error)
    return square, _rotation_error(length, pose, goal, error)


@kernel
def _orthonormal_complement(x: float, y: float, z: float) -> tuple[float, float, float, float, float, float]:
    """Two unit vectors that make a right-handed frame with the unit vector (x, y, z)."""
    # Continuous except at z = −1: Duff et al., "Building an orthonormal basis, revisited"
    # (2017).
    sign = math.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    return 1.0 + sign * x * x * a, sign * b, -sign * x, b, sign + y * y * a, -y


@kernel
def _pointing_error(length: float, pose: Array, goal: Array, error: Array) -> float:
    ax, ay, az = pose[0, 2], pose[1, 2], pose[2, 2]
    gx, gy, gz = goal[3], goal[4], goal[5]
    ux, uy, uz, vx, vy, vz = _orthonormal_complement(ax, ay, az)
    # a × g, whose length is the sine of the angle; it has no part along a.
    cx, cy, cz = ay * gz - az * gy, az * gx - ax * gz, ax * gy - ay * gx
    sine = math.sqrt(cx * cx + cy * cy + cz * cz)
    cosine = ax * gx + ay * gy + az * gz
    angle = math.atan2(sine, cosine)
    if sine > _MIN_SINE:
        scale = length * angle / sine
        error[3] = scale * (cx * ux + cy * uy + cz * uz)
        error[4] = scale * (cx * vx + cy * vy + cz * vz)
    elif cosine > 0.0:
        error[3] = length * (cx * ux + cy * uy + cz * uz)
        error[4] = length * (cx * vx + cy * vy + cz * vz)
    else:
        error[3], error[4] = length * angle, 0.0  # half a turn, about any axis
    return angle * angle


@kernel
def _rotation_error(length: float, pose: Array, goal: Array, error: Array) -> float:
    """The rotation vector, in the base frame, that turns the tool frame into the goal's."""
    r00, r01, r02 = pose[0, 0], pose[0, 1], pose[0, 2]
    r10, r11, r12 = pose[1, 0], pose[1, 1], pose[1, 2]
    r20, r21, r22 = pose[2, 0], pose[2, 1], pose[2, 2]
    g00, g01, g02, g10, g11, g12 = goal[3], goal[4], goal[5], goal[6], goal[7], goal[8]
    g20, g21, g22 = goal[9], goal[10], goal[11]
    # M = G Rᵀ
    m00, m01 = g00 * r00 + g01 * r01 + g02 * r02, g00 * r10 + g01 * r11 + g02 * r12
    m02, m10 = g00 * r20 + g01 * r21 + g02 * r22, g10 * r00 + g11 * r01 + g12 * r02
    m11, m12 = g10 * r10 + g11 * r11 + g12 * r12, g10 * r20 + g11 * r21 + g12 * r22
    m20, m21 = g20 * r00 + g21 * r01 + g22 * r02, g20 * r10 + g21 * r11 + g22 * r12
    m22 = g20 * r20 + g21 * r21 + g22 * r22
    wx, wy, wz = 0.5 * (m21 - m12), 0.5 * (m02 - m20), 0.5 * (m10 - m01)
    sine = math.sqrt(wx * wx + wy * wy + wz * wz)
    cosine = 0.5 * (m00 + m11 + m22 - 1.0)
    angle = math.atan2(sine, cosine)
    if sine > _MIN_SINE or cosine > 0.0:
        scale = length * (angle / sine if sine > _MIN_SINE else 1.0)
        error[3], error[4], error[5] = scale * wx, scale * wy, scale * wz
        return angle * angle
    # Half a turn: the axis from the diagonal, its signs from the largest component's row.
    ax, ay = math.sqrt(max(0.0, 0.5 * (m00 + 1.0))), math.sqrt(max(0.0, 0.5 * (m11 + 1.0)))
    az = math.sqrt(max(0.0, 0.5 * (m22 + 1.0)))
    if ax >= ay and ax >= az:
        ay, az = math.copysign(ay, m01), math.copysign(az, m02)
    elif ay >= az:
        ax, az = math.copysign(ax, m01), math.copysign(az, m12)
    else:
        ax, ay = math.copysign(ax, m02), math.copysign(ay, m12)
    error[3], error[4], error[5] = length * angle * ax, length * angle * ay, length * angle * az
    return angle * angle


@kernel
def task_jacobian(
    kind: int, length: float, elements: Array, pose: Array, axes: Array, origins: Array, jacobian: Array
) -> None:
    """Write the rows (m, n) [m/rad, m/m] that belong to `task_error`, from axes and origins (L, 3)."""
    m, n = jacobian.shape
    for a in range(m):
        for i in range(n):
            jacobian[a, i] = 0.0
    ux, uy, uz, vx, vy, vz = _orthonormal_complement(pose[0, 2], pose[1, 2], pose[2, 2])
    for k in range(axes.shape[0]):
        i, ratio = int(elements[k, 13]), elements[k, 14]
        zx, zy, zz = ratio * axes[k, 0], ratio * axes[k, 1], ratio * axes[k, 2]
        if elements[k, 12] != 0.0:  # prismatic
            jacobian[0, i] += zx
            jacobian[1, i] += zy
            if kind > 0:
                jacobian[2, i] += zz
            continue
        dx, dy, dz = pose[0, 3] - origins[k, 0], pose[1, 3] - origins[k, 1], pose[2, 3] - origins[k, 2]
        jacobian[0, i] += zy * dz - zz * dy
        jacobian[1, i] += zz * dx - zx * dz
        if kind == PLANAR:
            continue
        jacobian[2, i] += zx * dy - zy * dx
        if kind == POINTING:
            jacobian[3, i] += length * (ux * zx + uy * zy + uz * zz)
            jacobian[4, i] += length * (vx * zx + vy * zy + vz * zz)
        elif kind == POSE:
            jacobian[3, i] += length * zx
            jacobian[4, i] += length * zy
            jacobian[5, i] += length * zz


@kernel
def read_target(kind: int, target: Array, axis: Array, farthest: float, goal: Array) -> int:
    """Write the goal (12,) of a target.

    Args:
        kind: Of task.
        target: Position (2,) or (3,), position and direction (6,), pose with quaternion (7,), or a transform
            (4, 4) row by row (16,).
        axis: (3,), the tool's axis to be pointed in a pointing task.
        farthest: Positions with larger coordinates are scaled down to this, as their squares might overflow
            [m].
        goal: (12,).

    Returns:
        0, or 1 where a number is not finite, 2 where a quaternion or direction is zero, 3 where a transform
        is not a rigid one.
    """
    size = target.shape[0]
    for i in range(size):
        if not math.isfinite(target[i]):
            return 1
    for i in range(GOAL_SIZE):
        goal[i] = 0.0
    if size == 16:
        for i in range(3):
            goal[i] = target[4 * i + 3]
    else:
        for i in range(min(size, 3)):
            goal[i] = target[i]
    largest = max(abs(goal[0]), abs(goal[1]), abs(goal[2]))
    if largest > farthest:
        for i in range(3):
            goal[i] *= farthest / largest
    if kind < 2:
        return 0
    if size == 6:
        return _read_direction(target, goal)
    status = _read_transform(target, goal) if size == 16 else _read_quaternion(target, goal)
    if status == 0:
        _keep_axis(kind, axis, goal)
    return status


@kernel
def _read_direction(target: Array, goal: Array) -> int:
    """Write the direction of a target (6,) with unit length.

    Returns:
        A status of `read_target`, as `_read_transform` and `_read_quaternion` do.
    """
    scale = _safe_scale(target[3:])
    x, y, z = scale * target[3], scale * target[4], scale * target[5]
    norm = math.hypot(math.hypot(x, y), z)
    if norm == 0.0:
        return 2
    goal[3], goal[4], goal[5] = x / norm, y / norm, z / norm
    return 0


@kernel
def _read_transform(target: Array, goal: Array) -> int:
    """Write the rotation of a transform (16,)."""
    for i in range(3):
        for j in range(3):
            goal[3 + 3 * i + j] = target[4 * i + j]
    if (
        not _is_rotation(goal)
        or target[12] != 0.0
        or target[13] != 0.0
        or target[14] != 0.0
        or target[15] != 1.0
    ):
        return 3
    return 0


@kernel
def _read_quaternion(target: Array, goal: Array) -> int:
    """Write the rotation of a pose (7,)."""
    scale = _safe_scale(target[3:])
    x, y, z, w = scale * target[3], scale * target[4], scale * target[5], scale * target[6]
    norm = math.hypot(math.hypot(x, y), math.hypot(z, w))
    if norm == 0.0:
        return 2
    x, y, z, w = x / norm, y / norm, z / norm, w / norm
    goal[3], goal[4], goal[5] = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)
    goal[6], goal[7], goal[8] = 2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)
    goal[9], goal[10], goal[11] = 2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)
    return 0


@kernel
def _safe_scale(values: Array) -> float:
    """Factor by which a norm does not overflow: a power of two, so that no bits are lost."""
    largest = 0.0
    for i in range(values.shape[0]):
        largest = max(largest, abs(values[i]))
    return 0.25 if largest > 1e300 else 1.0


@kernel
def _keep_axis(kind: int, axis: Array, goal: Array) -> None:
    """Replace a pointing goal's rotation by the direction of the tool's axis."""
    if kind != POINTING:
        return
    x = goal[3] * axis[0] + goal[4] * axis[1] + goal[5] * axis[2]
    y = goal[6] * axis[0] + goal[7] * axis[1] + goal[8] * axis[2]
    z = goal[9] * axis[0] + goal[10] * axis[1] + goal[11] * axis[2]
    norm = math.sqrt(x * x + y * y + z * z)
    for i in range(3, GOAL_SIZE):
        goal[i] = 0.0
    goal[3], goal[4], goal[5] = x / norm, y / norm, z / norm


@kernel
def _is_rotation(goal: Array) -> bool:
    """Whether goal[3:12] is a rotation matrix to single precision."""
    for i in range(3):
        for j in range(i + 1):
            dot = 0.0
            for k in range(3):
                dot += goal[3 + 3 * i + k] * goal[3 + 3 * j + k]
            if abs(dot - (1.0 if i == j else 0.0)) > 1e-5:
                return False
    r = goal[3:12]
    determinant = (
        r[0] * (r[4] * r[8] - r[5] * r[7])
        - r[1] * (r[3] * r[8] - r[5] * r[6])
        + r[2] * (r[3] * r[7] - r[4] * r[6])
    )
    return bool(determinant > 0.0)
