"""The consistency loss that trains F for a known f, and the scales of its zero-anchored form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.inference import Forward
from itnnr_ik.twin.spec import MIN_SCALE, Scales
from itnnr_ik.twin.training import Batch

#: Share of a typical change of y below which errors are no longer taken relative to it.
_MIN_CHANGE_SHARE = 0.01
#: An output that varies by less than this share of the one that varies most does so by rounding errors only.
_ROUNDING_SHARE = 1e-6


def measure_scales(anchors: Anchors, change: Tensor, adjustment: float) -> Scales:
    """Units of a zero-anchored F; 1 where nothing varies beyond rounding errors.

    Args:
        anchors: Known points.
        change: y_new − y_anchor (b, m) of pairs that F is trained on.
        adjustment: A typical adjustment of x, as a share of the anchors' largest |x|.
    """
    half_width = float(np.abs(anchors.x).max()) or 1.0
    return Scales(
        _units(change.std(0).tolist()),
        tuple(anchors.y.mean(axis=0).tolist()),
        _units(anchors.y.std(axis=0).tolist()),
        half_width,
        adjustment * half_width,
    )


def residuals(forward: Forward, batch: Batch, adjustment: Tensor) -> Tensor:
    """‖f(x_anchor + F) − y_new‖ (b,) of a batch of `Pairs` and the adjustments F (b, n) of its anchors."""
    y_new, _, x_anchor, *_ = batch
    distances: Tensor = (forward(x_anchor + adjustment) - y_new).norm(dim=1)
    return distances


@dataclass(frozen=True)
class ConsistencyLoss:
    """Mean of ‖f(x_anchor + F) − y_new‖ / ‖y_new − y_anchor‖ + pull · ‖F‖² over a batch.

    Args:
        forward: f, differentiable by torch.
        typical_change: See `Scales`; it keeps pairs of almost no change from outweighing all others.
        pull: See `TwinConfig`.
    """

    forward: Forward
    typical_change: float
    pull: float

    def __call__(self, batch: Batch, adjustment: Tensor) -> Tensor:
        """The loss () of the adjustments F (b, n) of a batch of `Pairs`."""
        y_new, y_anchor, *_ = batch
        change = (y_new - y_anchor).norm(dim=1) + _MIN_CHANGE_SHARE * self.typical_change
        relative_residual = (residuals(self.forward, batch, adjustment) / change).mean()
        loss: Tensor = relative_residual + self.pull * adjustment.square().sum(dim=1).mean()
        return loss


def _units(spreads: list[float]) -> tuple[float, ...]:
    """The spreads of the outputs, 1 in place of those that are rounding errors."""
    least = max(_ROUNDING_SHARE * max(spreads), MIN_SCALE)
    return tuple(spread if spread >= least else 1.0 for spread in spreads)
