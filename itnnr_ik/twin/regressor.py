"""Inverse Twin Neural Network Regression as an estimator (Algorithms 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.config import CONSISTENT, PlateauSchedule, TwinConfig
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import Candidates, Forward, TwinInverse
from itnnr_ik.twin.network import TwinNetwork
from itnnr_ik.twin.sampling import neighbour_pairs
from itnnr_ik.twin.spec import NetworkSpec
from itnnr_ik.twin.training import Batch, shuffled, to_tensor, train_for_steps, train_until_plateau

Array = NDArray[np.float64]

#: Share of a typical change of y below which the consistency loss is no longer taken relative to it.
_NO_CHANGE = 0.01


class InverseTwinRegressor:
    """Inverse of y = f(x), learned from points (X, Y) or from f itself.

    With ``sample`` the training pairs come from a generator around the known ``forward`` (section 4.3):
    a drawn by ``sample``, b = a + U(−radius, radius)^n, input (f(a), f(b), b), label a − b. Without, they
    are each training point with its k nearest in x (section 4.2, Algorithm 1).

    Args:
        forward: f for ranking the candidates, exact or learned, and for the generator and the
            consistency loss; takes and returns NumPy arrays and torch tensors.
        sample: Draws (count, n) inputs from the domain, given a count and a NumPy generator.
        radius: Half-width ε of the perturbation; see `perturbation_radius`. Needed with ``sample``.
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
    """

    def __init__(
        self,
        *,
        forward: Forward | None = None,
        sample: Callable[[int, np.random.Generator], Array] | None = None,
        radius: float | None = None,
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

        ``X_val``, ``Y_val`` are needed by a `PlateauSchedule`: each validation point is paired with its k
        nearest validation points.

        Raises:
            ValueError: The parameters do not fit each other or the data.
        """
        anchors = Anchors(X, Y)
        config = self.config
        self._check()
        rng = np.random.default_rng(self.random_state)
        pairs: Batch | None = None
        if self.sample is None:
            pairs = tuple(to_tensor(a) for a in neighbour_pairs(anchors.x, anchors.y, self.k))
        self.network_ = TwinNetwork(
            self._spec(anchors, pairs), torch.Generator().manual_seed(self.random_state)
        )
        if isinstance(config.schedule, PlateauSchedule):
            if X_val is None or Y_val is None:
                raise ValueError("a PlateauSchedule needs validation points X_val, Y_val")
            validation = tuple(to_tensor(a) for a in neighbour_pairs(X_val, Y_val, min(self.k, len(X_val))))
            self.validation_losses_ = train_until_plateau(
                self.network_,
                lambda: self._epoch(len(anchors), pairs, rng),
                self._loss,
                validation,
                config.schedule,
                self.progress,
            )
        else:
            size = config.schedule.batch_size
            train_for_steps(
                self.network_,
                lambda: self._draw(size, rng) if pairs is None else self._pick(size, pairs, rng),
                self._loss,
                config.schedule,
                self.progress,
            )
        weights = {name: value.numpy() for name, value in self.network_.state_dict().items()}
        self.inverse_ = TwinInverse(TwinEvaluator(self.network_.spec, weights), anchors)
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

    def _check(self) -> None:
        if self.sample is not None and (self.forward is None or self.radius is None):
            raise ValueError("a generator (sample) needs the parameters forward and radius")
        if self.config.loss == "consistency" and self.forward is None:
            raise ValueError("the consistency loss needs the parameter forward")

    def _spec(self, anchors: Anchors, pairs: Batch | None) -> NetworkSpec:
        config = self.config
        y_scale = x_scale = 1.0
        if config.zero_anchored:
            if pairs is None:
                y_new, y_anchor, _, _ = self._draw(2000, np.random.default_rng(self.random_state))
            else:
                y_new, y_anchor = pairs[:2]
            y_scale = float((y_new - y_anchor).std()) or 1.0
            x_scale = float(np.abs(anchors.x).max()) or 1.0
        return NetworkSpec(
            anchors.x.shape[1],
            anchors.y.shape[1],
            config.hidden,
            config.activation,
            config.zero_anchored,
            self.periodic and config.zero_anchored,
            y_scale,
            x_scale,
        )

    def _loss(self, batch: Batch) -> Tensor:
        y_new, y_anchor, x_anchor, label = batch
        adjustment = self.network_(y_new, y_anchor, x_anchor)
        if self.config.loss == "label":
            loss: Tensor = (adjustment - label).abs().mean()
            return loss
        assert self.forward is not None
        error: Tensor = (self.forward(x_anchor + adjustment) - y_new).norm(dim=1)
        change = (y_new - y_anchor).norm(dim=1) + _NO_CHANGE * self.network_.spec.y_scale
        loss = (error / change).mean() + self.config.pull * adjustment.square().sum(dim=1).mean()
        return loss

    def _draw(self, count: int, rng: np.random.Generator) -> Batch:
        assert self.sample is not None and self.forward is not None and self.radius is not None
        x_new = self.sample(count, rng)
        label = -rng.uniform(-self.radius, self.radius, size=x_new.shape)
        if self.config.loss == "consistency":
            label *= rng.uniform(size=(count, 1))
        x_anchor = x_new - label
        y = self.forward(np.concatenate([x_new, x_anchor]))
        return to_tensor(y[:count]), to_tensor(y[count:]), to_tensor(x_anchor), to_tensor(label)

    @staticmethod
    def _pick(count: int, pairs: Batch, rng: np.random.Generator) -> Batch:
        rows = torch.from_numpy(rng.integers(len(pairs[0]), size=count))
        return tuple(a[rows] for a in pairs)

    def _epoch(self, n_points: int, pairs: Batch | None, rng: np.random.Generator) -> Iterator[Batch]:
        size = self.config.schedule.batch_size
        if pairs is not None:
            return shuffled(pairs, size, rng)
        count = self.batches_per_epoch or max(1, self.k * n_points // size)
        return (self._draw(size, rng) for _ in range(count))
