"""Known points (x, y) and the search for those nearest in y (Algorithm 2, line 2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]


class Anchors:
    """Anchor inputs ``x`` (p, n) and outputs ``y`` (p, m) with a KD-tree over y.

    Raises:
        ValueError: Shapes do not fit, there is no point, or a value is not finite.
    """

    def __init__(self, x: Array, y: Array) -> None:
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not len(x):
            raise ValueError(f"anchors need x (p, n) and y (p, m) with p ≥ 1, got {x.shape} and {y.shape}")
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise ValueError("anchors must be finite")
        self.x = x
        self.y = y
        # cKDTree rather than KDTree: the same search without a Python layer on every query.
        self._tree = cKDTree(y)

    def __len__(self) -> int:
        return len(self.x)

    def nearest(self, y: ArrayLike, k: int, first_rank: int = 0) -> NDArray[np.intp]:
        """Indices (…, k) of the anchors nearest to y (…, m), nearest first.

        Args:
            y: Targets.
            k: Number of anchors.
            first_rank: Ranks to leave out. The paper's published results leave out rank 0, as if the
                target's own point were among the anchors.

        Raises:
            ValueError: k is less than 1, or there are fewer than ``first_rank + k`` anchors.
        """
        if k < 1 or first_rank < 0 or first_rank + k > len(self):
            raise ValueError(
                f"expected k ≥ 1, first_rank ≥ 0 and first_rank + k ≤ {len(self)} anchors, "
                f"got k = {k} and first_rank = {first_rank}"
            )
        if k == 1:
            return np.asarray(self._tree.query(y, [first_rank + 1])[1])
        indices: NDArray[np.intp] = self._tree.query(y, first_rank + k)[1]
        return indices[..., first_rank:]
