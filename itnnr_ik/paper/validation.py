"""Ablation of our method for known f, on targets that are neither test nor training points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paper.branch_training import fit_branches
from itnnr_ik.paper.data import draw_dataset
from itnnr_ik.paper.effort import Effort
from itnnr_ik.paper.evaluation import best_of, rmse
from itnnr_ik.paper.methods import fit_anchored
from itnnr_ik.paper.problems import Problem
from itnnr_ik.paper.protocols import PROTOCOLS, K
from itnnr_ik.twin.anchors import Anchors

Array = NDArray[np.float64]

#: Number of targets beside the validation points, and their seed.
_N_TARGETS, _SEED = 20_000, 7001


def validate(problem: Problem, seed: int, effort: Effort) -> dict[str, tuple[float, float]]:
    """RMSE of the best of five anchors, protocol published, by variant.

    Returns:
        The errors on the validation points and on 20 000 further targets.
    """
    data = draw_dataset(problem, False, seed)
    anchors = Anchors(data.x_train, data.y_train)
    options = {"forward": problem.function, "sample": problem.sample}
    plain = fit_anchored(problem, anchors, seed, effort, **options).inverse_
    both = fit_branches(problem, anchors, seed, effort.steps)
    variants: dict[str, Callable[[Array, Array, Array], Array]] = {
        "F alone": plain.adjust,
        "step and remainder": both.adjust_near,
        "with far answers": both.adjust,
    }
    more = problem.function(problem.sample(_N_TARGETS, np.random.default_rng(_SEED)))

    def error(adjust: Callable[[Array, Array, Array], Array], y: Array) -> float:
        indices = anchors.nearest(y, K, PROTOCOLS["published"]).reshape(-1)
        x = adjust(np.repeat(y, K, axis=0), anchors.x[indices], anchors.y[indices])
        errors = problem.function(x.reshape(len(y), K, -1)) - y[:, None]
        return rmse(best_of(errors, errors))

    return {name: (error(adjust, data.y_val), error(adjust, more)) for name, adjust in variants.items()}
