"""Harmonics of joint angles, of which the tip of any rigid arm with revolute joints is a linear combination.

A revolute joint enters the product of homogeneous transforms of a serial arm by 1, cos q and sin q, so each
tip coordinate is exactly Σ c_k b_k1(q_1) … b_kn(q_n) with b = (1, cos, sin): lengths, offsets, bent links and
the base's place are all in the coefficients c. With harmonics up to the second, b = (1, cos q, sin q, cos 2q,
sin 2q), the deflection of elastic joints under gravity is in it to first order, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def n_features(n_joints: int, order: int) -> int:
    """Number of products of harmonics up to ``order`` of ``n_joints`` angles."""
    return int((2 * order + 1) ** n_joints)


def features(joints: Sequence[Any], order: int, xp: Any) -> Any:
    """Products of harmonics (F, …) of joint columns (…) [rad]; the last joint's harmonic changes fastest."""
    product = None
    for q in joints:
        harmonics = [xp.ones_like(q)]
        for k in range(1, order + 1):
            harmonics += [xp.cos(k * q), xp.sin(k * q)]
        stacked = xp.stack(harmonics)
        product = (
            stacked
            if product is None
            else (product[:, None] * stacked[None]).reshape((len(product) * len(stacked), *q.shape))
        )
    return product


def derivative(coefficients: Array, joint: int) -> Array:
    """Coefficients (m, K, …, K) of the derivative by one joint's angle."""
    size = coefficients.shape[1]
    matrix = np.zeros((size, size))
    for k in range(1, size // 2 + 1):
        cosine, sine = 2 * k - 1, 2 * k
        matrix[sine, cosine], matrix[cosine, sine] = -k, k  # columns are differentiated harmonics
    moved = np.moveaxis(coefficients, joint + 1, -1)
    return np.moveaxis(moved @ matrix.T, -1, joint + 1)
