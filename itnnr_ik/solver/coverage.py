"""The region of joint space that a recording covers, in which a forward function learned from it is valid."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

#: Most postures that are kept of a recording.
_MAX_KEPT_POSTURES = 4096
#: Most postures of a region.
_MAX_POSTURES = 2**16
#: Initial width [rad] of the grid cells, of which one posture each is kept, and its growth factor.
_CELL_WIDTH, _CELL_GROWTH = 0.02, 1.15


class Coverage:
    """The region of joint space around recorded postures.

    Args:
        postures: Recorded joint positions (p, n) in [rad].
        within: Largest joint difference in [rad] from the nearest of them up to which a posture is covered.

    Raises:
        ValueError: There are no postures or too many, a value is not finite, or the distance is not positive.
    """

    def __init__(self, postures: ArrayLike, within: float) -> None:
        self.postures = np.asarray(postures, dtype=float)
        if self.postures.ndim != 2 or not len(self.postures) or not np.isfinite(self.postures).all():
            raise ValueError(f"expected finite postures (p, n), got shape {self.postures.shape}")
        if len(self.postures) > _MAX_POSTURES:
            raise ValueError(f"a region can have {_MAX_POSTURES} postures, got {len(self.postures)}")
        if not (math.isfinite(within) and within > 0.0):
            raise ValueError(f"covered within must be positive and finite in rad, got {within}")
        self.within = float(within)
        self._tree = cKDTree(self.postures)

    def distance(self, positions: ArrayLike) -> Array:
        """Largest joint difference (…,) in [rad] of positions (…, n) from the nearest recorded posture."""
        distance: Array = self._tree.query(positions, p=np.inf)[0]
        return distance

    def covers(self, positions: ArrayLike) -> NDArray[np.bool_]:
        """Whether positions (…, n) [rad] are covered: (…,)."""
        return np.asarray(self.distance(positions) <= self.within)

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Covered joint positions (count, n) [rad], spread over the region as the postures are."""
        chosen = self.postures[rng.integers(len(self.postures), size=count)]
        positions: Array = chosen + rng.uniform(-self.within, self.within, size=chosen.shape)
        return positions

    @classmethod
    def of_recording(cls, postures: Array, held_out: Array, share: float, margin: float) -> Coverage:
        """The region that postures (p, n) [rad] cover, large enough to cover other parts of a recording.

        Args:
            postures: Recorded joint positions, thinned here to evenly spaced ones.
            held_out: Joint positions (q, n) [rad] recorded at other times.
            share: Share of ``held_out`` that must be within the distance.
            margin: Factor on that distance, to close gaps between two passes of a recording.
        """
        kept, cell = thinned(postures)
        distance = cls(kept, cell).distance(held_out)
        return cls(kept, margin * max(cell, float(np.quantile(distance, share))))


def thinned(postures: Array) -> tuple[Array, float]:
    """Evenly spaced ones of postures (p, n) [rad], one in each cubic cell, and the cells' width [rad]."""
    cell = _CELL_WIDTH
    while True:
        _, first = np.unique(np.floor(postures / cell).astype(np.int64), axis=0, return_index=True)
        if len(first) <= _MAX_KEPT_POSTURES:
            return postures[np.sort(first)], cell
        cell *= _CELL_GROWTH
