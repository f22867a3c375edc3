"""Trains a `BranchingInverse`: first the near answers, then the far ones on targets where those fail."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from itnnr_ik.paper.branches import BranchingInverse
from itnnr_ik.paper.newton import GaussNewton
from itnnr_ik.paper.problems import Problem
from itnnr_ik.paper.protocols import N_RANKS
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.config import ANCHORED, CosineSchedule
from itnnr_ik.twin.consistency import ConsistencyLoss, measure_scales, residuals
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.network import TwinNetwork
from itnnr_ik.twin.spec import NetworkSpec, Scales
from itnnr_ik.twin.training import Batch, to_tensor, train_for_steps

Array = NDArray[np.float64]

_TARGETS_PER_STEP = 66  # in the training set, for each optimisation step
_N_SCALE_TARGETS = 2000  # from which scales are measured
_HARDEST_SHARE = 0.01  # of the targets, those with the largest errors, on which far answers are trained
_BATCH_TARGETS = 86  # each with all of its anchors
#: Scales of the remainder of the Gauss–Newton step and of the far adjustment, as shares of the largest |x|.
_REMAINDER_SCALE, _FAR_SCALE = 0.06, 1.0
#: Optimisation steps for each kind of answer, as a multiple of those of other training.
_STEPS_FACTOR = 1.5
#: Distance of a far answer from its label, as a share of the largest |x|, below which the residual of f is
#: added to its loss; and the weight of a target's best far answer beside that of all of them.
_RESIDUAL_DISTANCE, _BEST_ANSWER_WEIGHT = 0.3, 0.5


def fit_branches(problem: Problem, anchors: Anchors, seed: int, steps: int) -> BranchingInverse:
    """Train both networks for the known f of a problem.

    Args:
        problem: The problem, with f and its domain.
        anchors: Known points.
        seed: Seed of targets, batches and weights.
        steps: Number of optimisation steps of other training.
    """
    schedule = CosineSchedule(steps=round(_STEPS_FACTOR * steps))
    training = _Training(problem, anchors, seed, max(_N_SCALE_TARGETS, _TARGETS_PER_STEP * schedule.steps))
    every = np.arange(training.size)
    train_for_steps(training.near, lambda: training.draw(every), training.near_loss, schedule)
    hardest = training.hardest()
    train_for_steps(training.far, lambda: training.draw(hardest), training.far_loss, schedule)
    far = TwinInverse(training.far.evaluator(), anchors)
    return BranchingInverse(far, training.near.evaluator(), problem.function)


class _Training:
    """Targets with their anchors, both networks, and their losses."""

    def __init__(self, problem: Problem, anchors: Anchors, seed: int, size: int) -> None:
        self.size = size
        self._rng = np.random.default_rng(seed)
        self._forward, self._newton = problem.function, GaussNewton(problem.function, anchors)
        x = problem.sample(size, self._rng)
        y = problem.function(x)
        self._indices = torch.from_numpy(anchors.nearest(y, N_RANKS).astype(np.int64))
        self._x, self._y = to_tensor(x), to_tensor(y)
        self._anchors = to_tensor(anchors.y), to_tensor(anchors.x)
        self._inverses = self._newton.inverses(anchors.x).float()
        generator = torch.Generator().manual_seed(seed)
        scales = self._measure_scales(anchors)
        self.near, self.far = (
            TwinNetwork(_spec(anchors, each, problem.periodic), generator) for each in scales
        )
        self._scales = scales[1]
        self._spread = float(np.mean(self._scales.y_spread))
        self._consistency = ConsistencyLoss(problem.function, self._scales.typical_change, ANCHORED.pull)

    def _measure_scales(self, anchors: Anchors) -> tuple[Scales, Scales]:
        """Scales of both networks. N is a twin with outputs (y, s), where s is 0 at every anchor."""
        y_new, y_anchor, _, _, step = self._batch(torch.arange(_N_SCALE_TARGETS))
        change = y_new - y_anchor
        extended = Anchors(anchors.x, np.hstack([anchors.y, np.zeros_like(anchors.x)]))
        near = measure_scales(extended, torch.cat([change, step], dim=1), _REMAINDER_SCALE)
        return near, measure_scales(anchors, change, _FAR_SCALE)

    def draw(self, rows: NDArray[np.int64]) -> Batch:
        """A batch of some of the targets ``rows``."""
        return self._batch(torch.from_numpy(rows[self._rng.integers(len(rows), size=_BATCH_TARGETS)]))

    def _batch(self, rows: Tensor) -> Batch:
        """y_new, y_anchor, x_anchor, x_new − x_anchor and the step, of targets with each of their anchors."""
        indices = self._indices[rows].reshape(-1)
        x_new, y_new = (values[rows].repeat_interleave(N_RANKS, 0) for values in (self._x, self._y))
        y_anchor, x_anchor = (values[indices] for values in self._anchors)
        step = self._newton.step(self._inverses[indices], y_new - y_anchor)
        return y_new, y_anchor, x_anchor, x_new - x_anchor, step

    def hardest(self) -> NDArray[np.int64]:
        """The targets with the largest error of the best near answer, without that of the nearest anchor."""
        errors = []
        with torch.no_grad():
            for rows in torch.split(torch.arange(self.size), _N_SCALE_TARGETS):
                batch = self._batch(rows)
                error = residuals(self._forward, batch, self._near_adjustment(batch))
                errors.append(_smallest_errors(error))
        order = torch.cat(errors).argsort(descending=True)
        hardest: NDArray[np.int64] = order[: round(_HARDEST_SHARE * self.size)].numpy()
        return hardest

    def near_loss(self, batch: Batch) -> Tensor:
        """Consistency loss of the near answers, with a penalty that prefers small adjustments."""
        return self._consistency(batch, self._near_adjustment(batch))

    def far_loss(self, batch: Batch) -> Tensor:
        """Distance of the far answers from the target's own input and, close to it, the error in y as well.

        A target's best answer has an additional weight, because one right answer is enough.
        """
        y_new, y_anchor, x_anchor, label, _ = batch
        adjustment = self.far(y_new, y_anchor, x_anchor)
        distance = (adjustment - label).norm(dim=1) / self._scales.x_spread
        # In units of the spread of y: relative to the change, small changes would outweigh all others.
        error = residuals(self._forward, batch, adjustment) / self._spread
        loss_terms = distance + error * (distance.detach() < _RESIDUAL_DISTANCE)
        loss: Tensor = (
            1.0 - _BEST_ANSWER_WEIGHT
        ) * loss_terms.mean() + _BEST_ANSWER_WEIGHT * _smallest_errors(loss_terms).mean()
        return loss

    def _near_adjustment(self, batch: Batch) -> Tensor:
        y_new, y_anchor, x_anchor, _, step = batch
        known = torch.cat([y_anchor, torch.zeros_like(step)], dim=1)
        adjustment: Tensor = step + self.near(torch.cat([y_new, step], dim=1), known, x_anchor)
        return adjustment


def _smallest_errors(errors: Tensor) -> Tensor:
    """Smallest (b,) of the errors (b k,) of each target's anchors, without the nearest anchor."""
    return errors.reshape(-1, N_RANKS)[:, 1:].min(dim=1).values


def _spec(anchors: Anchors, scales: Scales, periodic: bool) -> NetworkSpec:
    shape = anchors.x.shape[1], len(scales.change), ANCHORED.hidden, ANCHORED.activation
    return NetworkSpec(*shape, scales, periodic)
