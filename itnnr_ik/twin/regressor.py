"""Inverse Twin Neural Network Regression as an estimator (Algorithms 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.config import CONSISTENT, PlateauSchedule, TwinConfig
from itnnr_ik.twin.consistency import ConsistencyLoss, measure_scales
from itnnr_ik.twin.inference import Candidates, Forward, TwinInverse
from itnnr_ik.twin.network import TwinNetwork
from itnnr_ik.twin.pairs import AnchoredPairs, DataPairs, Pairs, PerturbedPairs, Sample
from itnnr_ik.twin.spec import NetworkSpec
from itnnr_ik.twin.training import Batch, train_for_steps, train_until_plateau

Array = NDArray[np.float64]

#: A typical adjustment as a share of the largest |x|: the unit of a zero-anchored F's output.
_ADJUSTMENT_SHARE = 0.06
#: Training pairs from which the scales are estimated.
_SCALE_PAIRS = 2000


class InverseTwinRegressor:
    """Inverse of y = f(x), learned from points (X, Y) or from f itself.

    With ``sample`` the training pairs come from a generator around the known ``forward``: `PerturbedPairs`
    (section 4.3) or `AnchoredPairs`, as ``config`` says. Without, they are each training point with itself
    and its k nearest others in x: `DataPairs` (section 4.2, Algorithm 1).

    Args:
        forward: f for ranking the candidates, exact or learned, and for the generator and the
            consistency loss; takes and returns NumPy arrays and torch tensors.
        sample: Draws (count, n) inputs from the domain, given a count and a NumPy generator.
        radius: Half-width ε of the perturbation; see `perturbation_radius`. Needed with ``sample`` and
            perturbed pairs.
        boundary: With perturbed pairs: brings perturbed inputs (b, n) back to the domain; None to leave them.
        disturb: With anchored pairs: makes drawn targets (b, m) as noisy as those at inference will be, which
            may lie where f does not reach.
        k: Anchors a prediction, and neighbours a training point.
        first_rank: See `Anchors.nearest`.
        periodic: x are angles.
        batches_per_epoch: With ``sample`` and a `PlateauSchedule`; None for ⌊k · points / batch size⌋.
        config: Network and training: `PUBLISHED`, `CONSISTENT` or another.
        random_state: Seed of weights, pairs and batches.
        progress: Show a bar while training.

    Attributes:
        inverse_: The trained network with the training points as anchors (`TwinInverse`).
        network_: The trained network in torch.
        validation_losses_: With a `PlateauSchedule`, the loss of the validation pairs after each epoch.
    """

    def __init__(
        self,
        *,
        forward: Forward | None = None,
        sample: Sample | None = None,
        radius: float | None = None,
        boundary: Callable[[Array], Array] | None = None,
        disturb: Callable[[Array, np.random.Generator], Array] | None = None,
        k: int = 5,
        first_rank: int = 0,
        periodic: bool = False,
        batches_per_epoch: int | None = None,
        config: TwinConfig = CONSISTENT,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.forward = forward
        self.sample = sample
        self.radius = radius
        self.boundary = boundary
        self.disturb = disturb
        self.k = k
        self.first_rank = first_rank
        self.periodic = periodic
        self.batches_per_epoch = batches_per_epoch
        self.config = config
        self.random_state = random_state
        self.progress = progress

    def fit(
        self, X: Array, Y: Array, X_val: Array | None = None, Y_val: Array | None = None
    ) -> InverseTwinRegressor:
        """Train on points X (p, n), Y (p, m), which also become the anchors.

        ``X_val``, ``Y_val`` are needed by a `PlateauSchedule`: validation points are paired among each other
        as training points are.

        Raises:
            ValueError: The parameters do not fit each other or the data.
        """
        anchors = Anchors(X, Y)
        pairs = self._pairs(anchors)
        schedule = self.config.schedule
        rng = np.random.default_rng(self.random_state)
        generator = torch.Generator().manual_seed(self.random_state)
        self.network_ = TwinNetwork(self._spec(anchors, pairs), generator)
        if isinstance(schedule, PlateauSchedule):
            if X_val is None or Y_val is None:
                raise ValueError("a PlateauSchedule needs validation points X_val, Y_val")
            size = schedule.batch_size
            count = self.batches_per_epoch or max(1, self.k * len(anchors) // size)
            self.validation_losses_ = train_until_plateau(
                self.network_,
                lambda: pairs.epoch(count, size, rng),
                self._loss,
                DataPairs(X_val, Y_val, min(self.k, len(X_val) - 1)).batch,
                schedule,
                self.progress,
            )
        else:
            size = schedule.batch_size
            train_for_steps(self.network_, lambda: pairs.draw(size, rng), self._loss, schedule, self.progress)
        self.inverse_ = TwinInverse(self.network_.evaluator(), anchors)
        return self

    def candidates(self, Y: Array, passes: int = 1) -> Candidates:
        """All k candidates for each target, best first.

        Raises:
            ValueError: There is no forward function to rank them by.
        """
        if self.forward is None:
            raise ValueError("ranking needs a forward function; set the parameter forward")
        return self.inverse_.candidates(Y, self.forward, self.k, self.first_rank, passes)

    def predict(self, Y: Array) -> Array:
        """Preimages (b, n) of targets (b, m): the most consistent candidate of each (Algorithm 2)."""
        return self.candidates(Y).best

    def _pairs(self, anchors: Anchors) -> Pairs:
        anchored, consistency = self.config.pairs == "anchored", self.config.loss == "consistency"
        if consistency and self.forward is None:
            raise ValueError("the consistency loss needs the parameter forward")
        if self.sample is None:
            if anchored:
                raise ValueError("anchored pairs need the parameter sample")
            return DataPairs(anchors.x, anchors.y, self.k)
        if self.forward is None:
            raise ValueError("a generator (sample) needs the parameter forward")
        if anchored:
            return AnchoredPairs(self.forward, self.sample, anchors, self.k, self.first_rank, self.disturb)
        if self.radius is None:
            raise ValueError("perturbed pairs need the parameter radius")
        return PerturbedPairs(self.forward, self.sample, self.radius, consistency, self.boundary)

    def _spec(self, anchors: Anchors, pairs: Pairs) -> NetworkSpec:
        config = self.config
        shape = (anchors.x.shape[1], anchors.y.shape[1], config.hidden, config.activation)
        if not config.zero_anchored:
            return NetworkSpec(*shape)
        y_new, y_anchor, *_ = pairs.draw(_SCALE_PAIRS, np.random.default_rng(self.random_state))
        scales = measure_scales(anchors, y_new - y_anchor, _ADJUSTMENT_SHARE)
        return NetworkSpec(*shape, scales, self.periodic)

    def _loss(self, batch: Batch) -> Tensor:
        y_new, y_anchor, x_anchor, label = batch
        adjustment = self.network_(y_new, y_anchor, x_anchor)
        if self.config.loss == "label":
            loss: Tensor = (adjustment - label).abs().mean()
            return loss
        assert self.forward is not None
        scales = self.network_.spec.scales
        typical_change = 1.0 if scales is None else scales.typical_change
        return ConsistencyLoss(self.forward, typical_change, self.config.pull)(batch, adjustment)
