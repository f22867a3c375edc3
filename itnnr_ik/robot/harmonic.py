"""Harmonics of joint angles, of which the tip of any rigid arm with revolute joints is a linear combination.

A revolute joint enters the product of homogeneous transforms of a serial arm by 1, cos q and sin q, so each
tip coordinate is exactly Σ c_k b_k1(q_1) … b_kn(q_n) with b = (1, cos, sin): the coefficients c hold lengths,
offsets, bent links and the base's pose. With harmonics up to the second, b = (1, cos q, sin q, cos 2q,
sin 2q), the deflection of elastic joints under gravity is included to first order, too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, kernel

Array = NDArray[np.float64]


def n_features(n_joints: int, order: int) -> int:
    """Number of products of harmonics up to ``order`` of ``n_joints`` angles."""
    return int((2 * order + 1) ** n_joints)


def features(positions: Array, order: int) -> Array:
    """Products of harmonics (b, F) of joint positions (b, n) [rad]; the last joint's change fastest."""
    q = np.array(positions, dtype=float, order="C")
    products = np.empty((len(q), n_features(q.shape[1], order)))
    _features_many(q, order, products)
    return products


@kernel
def posture_features(q: Array, order: int, products: Array) -> None:
    """Write the products (F,) of one posture (n,)."""
    size = 2 * order + 1
    products[0] = 1.0
    filled = 1
    for i in range(q.shape[0]):
        # From the last to the first, so that a product is used before it is overwritten.
        for f in range(filled - 1, -1, -1):
            known, base = products[f], f * size
            for k in range(order, 0, -1):
                products[base + 2 * k] = known * math.sin(k * q[i])
                products[base + 2 * k - 1] = known * math.cos(k * q[i])
            products[base] = known
        filled *= size


@compiled
def _features_many(positions: Array, order: int, products: Array) -> None:
    for i in range(positions.shape[0]):
        posture_features(positions[i], order, products[i])


def derivative(coefficients: Array, joint: int) -> Array:
    """Coefficients (m, K, …, K) of the derivative by one joint's angle."""
    size = coefficients.shape[1]
    matrix = np.zeros((size, size))
    for k in range(1, size // 2 + 1):
        cosine, sine = 2 * k - 1, 2 * k
        matrix[sine, cosine], matrix[cosine, sine] = -k, k  # columns are differentiated harmonics
    moved = np.moveaxis(coefficients, joint + 1, -1)
    return np.moveaxis(moved @ matrix.T, -1, joint + 1)
