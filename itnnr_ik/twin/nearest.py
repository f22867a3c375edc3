"""The lookup baseline: the input of the nearest known output (section 4.4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.twin.anchors import Anchors

Array = NDArray[np.float64]


class NearestInverse:
    """kNN inversion with one neighbour: ITNNR with F = 0.

    Args:
        rank: Which neighbour: 0 for the nearest; the paper's published results start at 1.

    Attributes:
        anchors_: The known points.
    """

    def __init__(self, *, rank: int = 0) -> None:
        self.rank = rank

    def fit(self, X: Array, Y: Array) -> NearestInverse:
        """Remember points X (p, n), Y (p, m)."""
        self.anchors_ = Anchors(X, Y)
        return self

    def predict(self, Y: Array) -> Array:
        """Inputs (b, n) of the points whose outputs are nearest to Y (b, m)."""
        return self.predictions(Y, 1)[:, 0]

    def predictions(self, Y: Array, k: int) -> Array:
        """Inputs (b, k, n) of the k points nearest to Y (b, m), from ``rank`` on."""
        x: Array = self.anchors_.x[self.anchors_.nearest(Y, k, self.rank)]
        return x
