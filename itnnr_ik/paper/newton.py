"""The Gauss–Newton step from an anchor, damped and bounded, by automatic differentiation of f."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.inference import Forward

Array = NDArray[np.float64]

_DAMPING = 0.02  # as a share of the Jacobian's size
_MAX_STEP = 0.3  # as a share of the largest |x| of the anchors
#: Smallest size of J Jᵀ, with outputs in units of their spread: J vanishes at the top of the half ball.
_MIN_SQUARE = 1e-9


class GaussNewton:
    """Steps J⁺ (y − y_anchor), smoothly limited to a share of the domain.

    Args:
        forward: f, differentiable by torch.
        anchors: The anchors; the spread of their outputs is the unit of the damping of J⁺.
    """

    def __init__(self, forward: Forward, anchors: Anchors) -> None:
        self._jacobian = torch.func.vmap(torch.func.jacfwd(forward))
        self._spread = torch.as_tensor(anchors.y.std(axis=0))
        self._max_step = _MAX_STEP * float(np.abs(anchors.x).max())

    def inverses(self, x: Array) -> Tensor:
        """Damped pseudo-inverses J⁺ (b, n, m) of the Jacobian of f at inputs x (b, n)."""
        scaled = self._jacobian(torch.as_tensor(x)) / self._spread[:, None]
        square = scaled @ scaled.mT
        size = torch.diagonal(square, dim1=-2, dim2=-1).mean(dim=-1).clamp(min=_MIN_SQUARE)
        unit = torch.eye(len(self._spread), dtype=square.dtype)
        damped = square + _DAMPING**2 * size[:, None, None] * unit
        inverses: Tensor = torch.linalg.solve(damped, scaled).mT / self._spread
        return inverses

    def step(self, inverses: Tensor, change: Tensor) -> Tensor:
        """Steps (b, n) by ``inverses`` (b, n, m) for changes of y (b, m)."""
        step = torch.einsum("bnm,bm->bn", inverses, change)
        bounded: Tensor = step * self._max_step / (self._max_step**2 + step.square().sum(1, True)).sqrt()
        return bounded
