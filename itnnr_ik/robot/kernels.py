"""Forward kinematics and Jacobian of a chain's elements, compiled.

``elements`` (L + 1, 16) is laid out as `KinematicChain.elements` says: a fixed transform, then a turn about
or a shift along the local z axis, and so on. All arrays are float64 and C-contiguous; results are written to
arrays of the caller, so that nothing here allocates in a loop. Lengths in [m], angles in [rad], base frame.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, kernel

Array = NDArray[np.float64]


@kernel
def forward(elements: Array, q: Array, pose: Array, axes: Array, origins: Array) -> None:
    """Tip ``pose`` (3, 4), and each moving element's axis and origin (L, 3), at joint positions ``q`` (n,).

    Every scalar has a name: the compiler keeps the running transform in registers, which is several times
    faster than products of small arrays. No row has a name: numba counts references to it.
    """
    r00, r01, r02, x = elements[0, 0], elements[0, 1], elements[0, 2], elements[0, 3]
    r10, r11, r12, y = elements[0, 4], elements[0, 5], elements[0, 6], elements[0, 7]
    r20, r21, r22, z = elements[0, 8], elements[0, 9], elements[0, 10], elements[0, 11]
    for k in range(elements.shape[0] - 1):
        axes[k, 0], axes[k, 1], axes[k, 2] = r02, r12, r22
        origins[k, 0], origins[k, 1], origins[k, 2] = x, y, z
        value = elements[k, 14] * q[int(elements[k, 13])] + elements[k, 15]
        if elements[k, 12] == 0.0:
            c, s = math.cos(value), math.sin(value)
            r00, r01 = r00 * c + r01 * s, r01 * c - r00 * s
            r10, r11 = r10 * c + r11 * s, r11 * c - r10 * s
            r20, r21 = r20 * c + r21 * s, r21 * c - r20 * s
        else:
            x += r02 * value
            y += r12 * value
            z += r22 * value
        x += r00 * elements[k + 1, 3] + r01 * elements[k + 1, 7] + r02 * elements[k + 1, 11]
        y += r10 * elements[k + 1, 3] + r11 * elements[k + 1, 7] + r12 * elements[k + 1, 11]
        z += r20 * elements[k + 1, 3] + r21 * elements[k + 1, 7] + r22 * elements[k + 1, 11]
        f00, f01, f02 = elements[k + 1, 0], elements[k + 1, 1], elements[k + 1, 2]
        f10, f11, f12 = elements[k + 1, 4], elements[k + 1, 5], elements[k + 1, 6]
        f20, f21, f22 = elements[k + 1, 8], elements[k + 1, 9], elements[k + 1, 10]
        a, b, c = r00, r01, r02
        r00, r01, r02 = a * f00 + b * f10 + c * f20, a * f01 + b * f11 + c * f21, a * f02 + b * f12 + c * f22
        a, b, c = r10, r11, r12
        r10, r11, r12 = a * f00 + b * f10 + c * f20, a * f01 + b * f11 + c * f21, a * f02 + b * f12 + c * f22
        a, b, c = r20, r21, r22
        r20, r21, r22 = a * f00 + b * f10 + c * f20, a * f01 + b * f11 + c * f21, a * f02 + b * f12 + c * f22
    pose[0, 0], pose[0, 1], pose[0, 2], pose[0, 3] = r00, r01, r02, x
    pose[1, 0], pose[1, 1], pose[1, 2], pose[1, 3] = r10, r11, r12, y
    pose[2, 0], pose[2, 1], pose[2, 2], pose[2, 3] = r20, r21, r22, z


@kernel
def jacobian(elements: Array, pose: Array, axes: Array, origins: Array, out: Array) -> None:
    """Geometric Jacobian ``out`` (6, n) of the tip, from what `forward` wrote: linear rows, then angular.

    Elements that one joint moves together (mimics) add up in its column.
    """
    out[:] = 0.0
    for k in range(elements.shape[0] - 1):
        j, ratio = int(elements[k, 13]), elements[k, 14]
        zx, zy, zz = ratio * axes[k, 0], ratio * axes[k, 1], ratio * axes[k, 2]
        if elements[k, 12] == 0.0:
            dx, dy, dz = pose[0, 3] - origins[k, 0], pose[1, 3] - origins[k, 1], pose[2, 3] - origins[k, 2]
            out[0, j] += zy * dz - zz * dy
            out[1, j] += zz * dx - zx * dz
            out[2, j] += zx * dy - zy * dx
            out[3, j] += zx
            out[4, j] += zy
            out[5, j] += zz
        else:
            out[0, j] += zx
            out[1, j] += zy
            out[2, j] += zz


@kernel
def quaternion(pose: Array, out: Array) -> None:
    """Unit quaternion ``out`` (4,) as x, y, z, w with w ≥ 0 of the rotation in ``pose`` (3, 3 or 4).

    Of the four equivalent formulas the one with the largest divisor (Shepperd 1978), so that it is accurate
    at every angle.
    """
    r00, r11, r22 = pose[0, 0], pose[1, 1], pose[2, 2]
    trace = r00 + r11 + r22
    if trace >= r00 and trace >= r11 and trace >= r22:
        x, y, z = pose[2, 1] - pose[1, 2], pose[0, 2] - pose[2, 0], pose[1, 0] - pose[0, 1]
        w = 1.0 + trace
    elif r00 >= r11 and r00 >= r22:
        x, y, z = 1.0 + r00 - r11 - r22, pose[1, 0] + pose[0, 1], pose[0, 2] + pose[2, 0]
        w = pose[2, 1] - pose[1, 2]
    elif r11 >= r22:
        x, y, z = pose[1, 0] + pose[0, 1], 1.0 + r11 - r00 - r22, pose[2, 1] + pose[1, 2]
        w = pose[0, 2] - pose[2, 0]
    else:
        x, y, z = pose[0, 2] + pose[2, 0], pose[2, 1] + pose[1, 2], 1.0 + r22 - r00 - r11
        w = pose[1, 0] - pose[0, 1]
    scale = 1.0 / math.sqrt(x * x + y * y + z * z + w * w)
    if w < 0.0:
        scale = -scale
    out[0], out[1], out[2], out[3] = scale * x, scale * y, scale * z, scale * w


@compiled
def transforms_many(elements: Array, positions: Array, out: Array) -> None:
    """Tip transforms ``out`` (b, 4, 4) at joint positions (b, n)."""
    axes, origins = np.empty((elements.shape[0] - 1, 3)), np.empty((elements.shape[0] - 1, 3))
    for i in range(positions.shape[0]):
        forward(elements, positions[i], out[i, :3], axes, origins)
        out[i, 3, 0], out[i, 3, 1], out[i, 3, 2], out[i, 3, 3] = 0.0, 0.0, 0.0, 1.0


@compiled
def poses_many(elements: Array, positions: Array, out: Array) -> None:
    """Tip poses ``out`` (b, 7) as x, y, z, qx, qy, qz, qw at joint positions (b, n)."""
    axes, origins = np.empty((elements.shape[0] - 1, 3)), np.empty((elements.shape[0] - 1, 3))
    pose = np.empty((3, 4))
    for i in range(positions.shape[0]):
        forward(elements, positions[i], pose, axes, origins)
        out[i, 0], out[i, 1], out[i, 2] = pose[0, 3], pose[1, 3], pose[2, 3]
        quaternion(pose, out[i, 3:])


@compiled
def jacobians_many(elements: Array, positions: Array, out: Array) -> None:
    """Geometric Jacobians ``out`` (b, 6, n) at joint positions (b, n)."""
    axes, origins = np.empty((elements.shape[0] - 1, 3)), np.empty((elements.shape[0] - 1, 3))
    pose = np.empty((3, 4))
    for i in range(positions.shape[0]):
        forward(elements, positions[i], pose, axes, origins)
        jacobian(elements, pose, axes, origins, out[i])
