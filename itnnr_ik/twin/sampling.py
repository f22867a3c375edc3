"""Pairs to train F on: neighbours in x from data, or a generator around a known forward function."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Array = NDArray[np.float64]


def neighbour_pairs(x: Array, y: Array, k: int) -> tuple[Array, Array, Array, Array]:
    """Algorithm 1, lines 4 and 5: each point i with itself and its k nearest others j in x.

    Args:
        x: Inputs (p, n).
        y: Outputs (p, m).
        k: Neighbours a point, fewer than p.

    Returns:
        y_i (p (k+1), m), y_j (p (k+1), m), x_j (p (k+1), n) and the label x_i − x_j (p (k+1), n).

    Raises:
        ValueError: k is not within 1..p−1.
    """
    if not 1 <= k < len(x):
        raise ValueError(f"k must be between 1 and {len(x) - 1}, one less than there are points, got {k}")
    j = KDTree(x).query(x, k=k + 1)[1].reshape(-1)
    i = np.repeat(np.arange(len(x)), k + 1)
    return y[i], y[j], x[j], x[i] - x[j]


def perturbation_radius(width: float, n_anchors: int, dimension: int, multiplier: float = 1.0) -> float:
    """Half-width ε of a cube as wide as the mean distance, per coordinate, to the second nearest anchor in x.

    Section 4.1 has "the average distance between anchors"; the formula is that of the author's programs:
    ε = width · c_d · (2 / (n V_d))^(1/d) with the volume V_d of the unit ball and
    c_d = multiplier · Γ(d/2) / (√π Γ((d+1)/2)).

    Args:
        width: Width of the sampled interval, the same in every dimension.
        n_anchors: Number n of anchors.
        dimension: Dimension d of x.
        multiplier: 1 in experiments 1–4 and 2 in experiments 5–9 of the paper.
    """
    d = dimension
    volume = math.pi ** (d / 2) / math.gamma(1 + d / 2)
    c = multiplier * math.gamma(d / 2) / (math.sqrt(math.pi) * math.gamma((d + 1) / 2))
    return float(width * c * (2 / (n_anchors * volume)) ** (1 / d))
