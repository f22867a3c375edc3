"""Errors in y by anchor rank and of the best of five anchors, as the tables show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from itnnr_ik.paper.data import Dataset
from itnnr_ik.paper.methods import Fitted
from itnnr_ik.paper.problems import Problem
from itnnr_ik.paper.protocols import PROTOCOLS, K
from itnnr_ik.twin.gaussian import GaussianProcessForward
from itnnr_ik.twin.inference import Forward, TwinInverse
from itnnr_ik.twin.uncertainty import uncertainty

Array = NDArray[np.float64]

#: Numbers of applications of F for which the median residual is reported (re-anchoring).
PASSES = (1, 2, 3)
#: Number, and seed, of targets beside the test set, which show rare failures.
_N_MORE_TARGETS = 5000


def rmse(errors: Array) -> float:
    """Root mean square of the errors over points and output dimensions."""
    return float(np.sqrt(np.mean(np.square(errors))))


@dataclass(frozen=True)
class LearnedForward:
    """A learned forward function whose inputs are projected to the domain."""

    forward: Forward
    boundary: Callable[[Array], Array] | None

    def __call__(self, x: Array) -> Array:
        """Outputs (…, m) for inputs (…, n)."""
        outputs: Array = self.forward(self._within(x))
        return outputs

    def deviation(self, x: Array) -> ArrayLike:
        """Predicted standard deviation (b, m) at inputs (b, n), or 0 if the function has none."""
        if not isinstance(self.forward, GaussianProcessForward):
            return 0.0
        return self.forward.deviation(self._within(x))

    def _within(self, x: Array) -> Array:
        return x if self.boundary is None else self.boundary(x)


def evaluate(
    problem: Problem, data: Dataset, noisy: bool, fitted: Fitted, points: bool = True
) -> dict[str, Any]:
    """RMSE in y against the test targets, always through the exact f, for each protocol.

    Args:
        problem: What is inverted.
        data: Its data set.
        noisy: Whether the data set has noise, and f is taken as unknown.
        fitted: The method.
        points: Whether to report the uncertainty of single targets.

    Returns:
        By protocol: ``by_rank``, a list, for a method without anchors of one number, and then nothing else;
        ``best_exact`` with the candidate chosen for each target by the exact f, and ``best_learned`` by the
        learned one, within the domain (`Problem.boundary`). With known f also ``more_targets``, which is
        ``best_exact`` on 5000 other targets, and for a twin ``passes``, the median of the best candidate's
        ‖f(x̂) − y‖ after one, two and three applications of F; with learned f ``uncertainty`` (see
        `judge_uncertainty`).
    """
    y = data.y_test
    learned = None if fitted.learned is None else LearnedForward(fitted.learned, problem.boundary)
    x = fitted.predictions(y)
    errors = problem.function(x) - y[:, None]
    if x.shape[1] == 1:
        return {name: {"by_rank": [rmse(errors)]} for name in PROTOCOLS}
    if not noisy:
        more = problem.function(problem.sample(_N_MORE_TARGETS, np.random.default_rng(_N_MORE_TARGETS)))
        more_errors = problem.function(fitted.predictions(more)) - more[:, None]
    report: dict[str, Any] = {}
    for name, first in PROTOCOLS.items():
        chosen = slice(first, first + K)
        report[name] = {
            "by_rank": [rmse(errors[:, rank]) for rank in range(first, first + K)],
            "best_exact": rmse(best_of(errors[:, chosen], errors[:, chosen])),
        }
        if learned is not None:
            estimate = learned(x[:, chosen]) - y[:, None]
            report[name]["best_learned"] = rmse(best_of(errors[:, chosen], estimate))
            assert fitted.inverse is not None
            report[name]["uncertainty"] = judge_uncertainty(
                problem, y, fitted.inverse, learned, first, points
            )
        elif not noisy:
            report[name]["more_targets"] = rmse(best_of(more_errors[:, chosen], more_errors[:, chosen]))
            if fitted.inverse is not None:
                report[name]["passes"] = _passes(problem, y, fitted.inverse, first)
    return report


def judge_uncertainty(
    problem: Problem, y: Array, inverse: TwinInverse, learned: LearnedForward, first_rank: int, points: bool
) -> dict[str, Any]:
    """How well the predicted uncertainty of each test target predicts its true error ‖f(x̂) − y‖.

    Returns:
        ``spearman`` of each measure with the error; ``within_two``, the share of targets with an error up
        to twice the predicted one; with ``points``, ``predicted`` and ``error`` of every target.
    """
    found = uncertainty(inverse, y, learned, K, first_rank)
    predicted = found.total(learned.deviation(found.x))
    error = np.linalg.norm(problem.function(found.x) - y, axis=1)
    measures = {
        "consistency": found.consistency,
        "loop": found.loop,
        "disagreement": found.disagreement,
        "predicted": predicted,
    }
    report: dict[str, Any] = {
        "spearman": {name: round(float(spearmanr(values, error)[0]), 3) for name, values in measures.items()},
        "within_two": round(float(np.mean(error <= 2 * predicted)), 3),
    }
    if points:
        report["predicted"], report["error"] = (
            [float(f"{value:.3g}") for value in values] for values in (predicted, error)
        )
    return report


def _passes(problem: Problem, y: Array, inverse: TwinInverse, first_rank: int) -> list[float]:
    found = (inverse.candidates(y, problem.function, K, first_rank, passes) for passes in PASSES)
    return [float(np.median(candidates.residual[:, 0])) for candidates in found]


def best_of(errors: Array, estimate: Array) -> Array:
    """The errors (b, m) of each target's candidate with the smallest ‖estimate‖; both are (b, k, m)."""
    rows = np.arange(len(errors))
    best: Array = errors[rows, np.linalg.norm(estimate, axis=-1).argmin(axis=1)]
    return best
