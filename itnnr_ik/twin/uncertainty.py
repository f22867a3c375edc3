"""Uncertainty of a prediction, from the twin's own consistency (sections 3 and 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.twin.inference import Forward, TwinInverse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Uncertainty:
    """Measures in units of y, (b,) each, of the predictions x̂ (b, n) that Algorithm 2 ranks first.

    Args:
        x: The predictions.
        consistency: ‖f(x̂) − y‖, what the candidates are ranked by.
        loop: Distance in y from the anchor to the result of adjusting it to x̂ and back by F: a loop's
            adjustments sum to zero for a consistent F (equation 3).
        disagreement: ‖f(x̂) − f(x̂')‖ with the candidate x̂' of another anchor that lies nearest to x̂: on
            one branch, all anchors should lead to the same x.
    """

    x: Array
    consistency: Array
    loop: Array
    disagreement: Array

    def total(self, deviation: ArrayLike = 0.0) -> Array:
        """Predicted error (b,): √(``consistency``² + ‖the forward function's own error‖²).

        Args:
            deviation: Standard deviations (b, m) of a learned forward function at ``x``; nothing for an
                exact one.
        """
        forward = np.sqrt(np.sum(np.square(np.asarray(deviation)), axis=-1))
        total: Array = np.hypot(self.consistency, forward)
        return total


def uncertainty(
    inverse: TwinInverse, y: Array, forward: Forward, k: int = 5, first_rank: int = 0
) -> Uncertainty:
    """Predict preimages of targets y (b, m) from k anchors, with measures of their error.

    Args:
        inverse: The twin.
        y: Targets.
        forward: Exact or learned forward function.
        k: Anchors a target, at least 2.
        first_rank: See `Anchors.nearest`.

    Raises:
        ValueError: k is less than 2: a disagreement needs two anchors.
    """
    if k < 2:
        raise ValueError(f"disagreement needs k ≥ 2 anchors, got {k}")
    y = np.asarray(y, dtype=float)
    found = inverse.candidates(y, forward, k, first_rank)
    best, others = found.best, found.x[:, 1:]
    rows = np.arange(len(y))

    y_anchor = inverse.anchors.y[inverse.anchors.nearest(y, k, first_rank)[rows, found.rank[:, 0]]]
    returned = inverse.adjust(y_anchor, best, y)
    loop = np.linalg.norm(forward(returned) - y_anchor, axis=-1)

    nearest = np.linalg.norm(others - best[:, None], axis=-1).argmin(axis=1)
    disagreement = np.linalg.norm(forward(best) - forward(others[rows, nearest]), axis=-1)
    return Uncertainty(best, found.residual[:, 0], loop, disagreement)
