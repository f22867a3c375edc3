"""Algorithm 2: adjust the anchors nearest in y, and rank the results by consistency with f."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import MAX_INPUT, TwinEvaluator
from itnnr_ik.twin.kernels import Network

Array = NDArray[np.float64]

#: A forward function y = f(x), (…, n) to (…, m), for NumPy arrays and torch tensors alike.
Forward = Callable[[Any], Any]


@dataclass(frozen=True)
class Candidates:
    """Preimages x̂ (b, k, n) of b targets and their residuals ‖f(x̂) − y‖ (b, k), best first.

    ``rank`` (b, k) is that of the anchor by its distance: 0 for the nearest that was asked for.
    """

    x: Array
    residual: Array
    rank: NDArray[np.intp]

    @property
    def best(self) -> Array:
        """The most consistent candidate of each target (b, n)."""
        return self.x[:, 0]


class TwinInverse:
    """A trained F with its anchors: the inverse of a function, one solution an anchor."""

    def __init__(self, evaluator: TwinEvaluator, anchors: Anchors) -> None:
        spec = evaluator.spec
        if anchors.x.shape[1] != spec.n_x or anchors.y.shape[1] != spec.n_y:
            raise ValueError(
                f"the network expects anchors with x (p, {spec.n_x}) and y (p, {spec.n_y}), "
                f"got {anchors.x.shape} and {anchors.y.shape}"
            )
        if not max(abs(anchors.x).max(), abs(anchors.y).max()) <= MAX_INPUT:
            raise ValueError(f"anchors must be at most {MAX_INPUT:g} in size")
        self.evaluator = evaluator
        self.anchors = anchors

    @cached_property
    def network(self) -> Network:
        """F with precomputed values at the anchors, for `itnnr_ik.twin.kernels`.

        Raises:
            ValueError: The network is not zero-anchored with SiLU.
        """
        return self.evaluator.network_at(self.anchors)

    def adjust(self, y: Array, x_anchor: Array, y_anchor: Array) -> Array:
        """x̂ = x_anchor + F(y, y_anchor, x_anchor) (equation 6), row by row."""
        return x_anchor + self.evaluator.adjust(y, y_anchor, x_anchor)

    def predictions(self, y: Array, k: int = 5, first_rank: int = 0) -> Array:
        """Predictions (b, k, n) for targets y (b, m), in the order of the anchors' distance in y."""
        y = np.asarray(y, dtype=float)
        indices = self.anchors.nearest(y, k, first_rank).reshape(-1)
        x = self.adjust(np.repeat(y, k, axis=0), self.anchors.x[indices], self.anchors.y[indices])
        return x.reshape(len(y), k, -1)

    def candidates(
        self, y: Array, forward: Forward, k: int = 5, first_rank: int = 0, passes: int = 1
    ) -> Candidates:
        """Predictions for targets y (b, m), ranked by consistency with ``forward`` (Algorithm 2).

        Args:
            y: Targets.
            forward: Exact or learned forward function.
            k: Anchors a target.
            first_rank: See `Anchors.nearest`.
            passes: Applications of F. From the second on, each candidate with its own f(x̂) is the
                anchor (re-anchoring): no Jacobian is needed.
        """
        y = np.asarray(y, dtype=float)
        x = self.predictions(y, k, first_rank)
        targets = np.repeat(y, k, axis=0)
        for _ in range(passes - 1):
            flat = x.reshape(len(targets), -1)
            x = self.adjust(targets, flat, forward(flat)).reshape(x.shape)
        residual = np.linalg.norm(forward(x) - y[:, None], axis=-1)
        rank = np.argsort(residual, axis=1, kind="stable")
        return Candidates(
            np.take_along_axis(x, rank[..., None], axis=1), np.take_along_axis(residual, rank, axis=1), rank
        )
