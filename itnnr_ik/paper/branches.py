"""The inverse of a known f with two answers for each anchor: one near it, and one on another branch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from itnnr_ik.paper.newton import GaussNewton
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import Forward, TwinInverse

Array = NDArray[np.float64]


class BranchingInverse(TwinInverse):
    """Returns the one of an anchor's two answers with the smaller ‖f(x̂) − y‖.

    The near answer is x_anchor + s + N(y, s, anchor), with s the Gauss–Newton step from the anchor: N learns
    the remainder. The far one is that of a twin network trained on targets beyond a fold, which have no
    preimage near any of their anchors.

    Args:
        far: The twin of the far answers, with the anchors of both.
        near: N, zero-anchored, with outputs (y, s) of dimension m + n, where s is 0 at the anchor.
        forward: f, differentiable by torch.
    """

    def __init__(self, far: TwinInverse, near: TwinEvaluator, forward: Forward) -> None:
        super().__init__(far.evaluator, far.anchors)
        self.near = near
        self.forward = forward
        self._newton = GaussNewton(forward, far.anchors)

    def adjust(self, y: Array, x_anchor: Array, y_anchor: Array) -> Array:
        """The better answer (b, n) for targets y (b, m) from anchors (b, n) and (b, m), row by row."""
        both = (self.adjust_near(y, x_anchor, y_anchor), self.adjust_far(y, x_anchor, y_anchor))
        answers = np.stack(both)
        residual = np.linalg.norm(self.forward(answers) - y, axis=2)
        better: Array = answers[residual.argmin(axis=0), np.arange(len(answers[0]))]
        return better

    def adjust_near(self, y: Array, x_anchor: Array, y_anchor: Array) -> Array:
        """The near answers (b, n)."""
        change = torch.as_tensor(y - y_anchor)
        step = self._newton.step(self._newton.inverses(x_anchor), change).numpy()
        known = np.hstack([y_anchor, np.zeros_like(step)])
        answers: Array = x_anchor + step + self.near.adjust(np.hstack([y, step]), known, x_anchor)
        return answers

    def adjust_far(self, y: Array, x_anchor: Array, y_anchor: Array) -> Array:
        """The far answers (b, n)."""
        return super().adjust(y, x_anchor, y_anchor)
