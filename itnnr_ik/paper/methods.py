"""The methods that the tables compare: lookup, inverse network, ITNNR as published, and ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paper.branch_training import fit_branches
from itnnr_ik.paper.data import Dataset
from itnnr_ik.paper.effort import Effort
from itnnr_ik.paper.problems import Problem
from itnnr_ik.paper.protocols import N_RANKS, K
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.config import ANCHORED, PUBLISHED, CosineSchedule, PlateauSchedule
from itnnr_ik.twin.gaussian import GaussianProcessForward
from itnnr_ik.twin.inference import Forward, TwinInverse
from itnnr_ik.twin.nearest import NearestInverse
from itnnr_ik.twin.neural import NeuralRegressor
from itnnr_ik.twin.regressor import InverseTwinRegressor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """A method fitted to a data set.

    Args:
        predictions: Maps targets (b, m) to preimages (b, r, n): one for each anchor rank from 0 on, or one.
        inverse: The twin network with its anchors, for a method that has one.
        learned: The learned forward function, if f is taken as unknown.
        network: The network of a method without anchors.
        notes: Numbers of epochs or steps, parameters and so on, as JSON types.
    """

    predictions: Callable[[Array], Array]
    inverse: TwinInverse | None = None
    learned: Forward | None = None
    network: NeuralRegressor | None = None
    notes: dict[str, Any] = field(default_factory=dict)


def of_twin(inverse: TwinInverse, learned: Forward | None, notes: dict[str, Any]) -> Fitted:
    """A fitted twin, with the learned forward function if f is unknown."""
    return Fitted(partial(inverse.predictions, k=N_RANKS), inverse, learned, None, notes)


def of_network(network: NeuralRegressor, notes: dict[str, Any]) -> Fitted:
    """A fitted network from y to x."""
    return Fitted(lambda y: network.predict(y)[:, None], network=network, notes=notes)


def knn(problem: Problem, data: Dataset, noisy: bool, seed: int, effort: Effort) -> Fitted:
    """The inputs of the training points nearest in y, by rank (section 4.4)."""
    return Fitted(partial(NearestInverse().fit(data.x_train, data.y_train).predictions, k=N_RANKS))


def nn(problem: Problem, data: Dataset, noisy: bool, seed: int, effort: Effort) -> Fitted:
    """A network from y to x, which averages over branches (section 4.1)."""
    network = NeuralRegressor(schedule=effort.shorten(PlateauSchedule()), random_state=seed)
    network.fit(data.y_train, data.x_train, data.y_val, data.x_val)
    return of_network(network, {"epochs": len(network.validation_losses_)})


def itnnr(problem: Problem, data: Dataset, noisy: bool, seed: int, effort: Effort) -> Fitted:
    """ITNNR as published: generated pairs where f is known, else pairs of neighbours and a learned f."""
    config = replace(PUBLISHED, schedule=effort.shorten(PlateauSchedule()))
    notes: dict[str, Any] = {}
    learned = None
    options: dict[str, Any] = {}
    if noisy:
        learned = NeuralRegressor(schedule=effort.shorten(problem.forward_schedule), random_state=seed)
        learned.fit(data.x_train, data.y_train, data.x_val, data.y_val)
        notes["forward_epochs"] = len(learned.validation_losses_)
    else:
        options = {
            "forward": problem.function,
            "sample": problem.sample,
            "radius": problem.radius,
            "boundary": problem.boundary,
            "batches_per_epoch": K * problem.n_points * problem.batches_factor // config.schedule.batch_size,
        }
    regressor = InverseTwinRegressor(k=K, config=config, random_state=seed, **options)
    regressor.fit(data.x_train, data.y_train, data.x_val, data.y_val)
    notes["epochs"] = len(regressor.validation_losses_)
    notes["parameters"] = regressor.network_.spec.n_parameters
    return of_twin(regressor.inverse_, learned, notes)


def ours(problem: Problem, data: Dataset, noisy: bool, seed: int, effort: Effort) -> Fitted:
    """One answer for each anchor by `fit_anchored`, or two by `BranchingInverse` if the problem says so."""
    if noisy:
        return ours_of_data(problem, data, seed, effort)
    anchors = Anchors(data.x_train, data.y_train)
    if problem.branching:
        inverse = fit_branches(problem, anchors, seed, effort.steps)
        parameters = inverse.near.spec.n_parameters + inverse.evaluator.spec.n_parameters
        return of_twin(inverse, None, {"steps": effort.steps, "parameters": parameters})
    options = {"forward": problem.function, "sample": problem.sample}
    return _of_regressor(fit_anchored(problem, anchors, seed, effort, **options), None, effort)


def ours_of_data(problem: Problem, data: Dataset, seed: int, effort: Effort) -> Fitted:
    """Our method for noisy data: zero-anchored, trained for consistency on the anchors used at inference.

    A Gaussian process fitted to the training points replaces f in the loss, in the anchors' outputs, and in
    ranking. Inputs are drawn around the training points, and targets get the noise of the training outputs.
    """
    learned = GaussianProcessForward().fit(data.x_train, data.y_train)
    anchors = Anchors(data.x_train, learned(data.x_train))
    sample = partial(_sample_around, data.x_train, problem.radius)
    regressor = fit_anchored(
        problem, anchors, seed, effort, forward=learned, sample=sample, disturb=learned.disturb
    )
    return _of_regressor(regressor, learned, effort)


def _of_regressor(regressor: InverseTwinRegressor, learned: Forward | None, effort: Effort) -> Fitted:
    notes = {"steps": effort.steps, "parameters": regressor.network_.spec.n_parameters}
    return of_twin(regressor.inverse_, learned, notes)


def fit_anchored(
    problem: Problem, anchors: Anchors, seed: int, effort: Effort, **options: Any
) -> InverseTwinRegressor:
    """One zero-anchored network, trained for consistency on pairs of targets and their nearest anchors.

    Args:
        problem: The problem, whose inputs may be angles.
        anchors: Known points.
        seed: Seed of weights and pairs.
        effort: Duration of the training.
        options: ``forward``, ``sample`` and others of `InverseTwinRegressor`.
    """
    return InverseTwinRegressor(
        k=N_RANKS,
        periodic=problem.periodic,
        config=replace(ANCHORED, schedule=CosineSchedule(steps=effort.steps)),
        random_state=seed,
        **options,
    ).fit(anchors.x, anchors.y)


def _sample_around(x: Array, radius: float, count: int, rng: np.random.Generator) -> Array:
    """Inputs (count, n) within ``radius`` of known ones, and within their bounds."""
    drawn = x[rng.integers(len(x), size=count)] + rng.uniform(-radius, radius, (count, x.shape[1]))
    return drawn.clip(x.min(axis=0), x.max(axis=0))


METHODS = {"knn": knn, "nn": nn, "itnnr": itnnr, "ours": ours}
