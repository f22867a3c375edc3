"""Draws the data set of an experiment, adds noise, and splits it."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paper.problems import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Dataset:
    """Training points, which are the anchors, validation points and test points, x (p, n) and y (p, m)."""

    x_train: Array
    y_train: Array
    x_val: Array
    y_val: Array
    x_test: Array
    y_test: Array

    @property
    def fingerprint(self) -> str:
        """Hash of the inputs and outputs of all three parts, which identifies the points."""
        digest = hashlib.sha256()
        for part in astuple(self):
            digest.update(part.tobytes())
        return digest.hexdigest()[:16]


def draw_dataset(problem: Problem, noisy: bool, run: int = 0) -> Dataset:
    """The points of the paper's run ``run`` of a problem; a sixth run has the points of the first again.

    Noise multiplies every output by N(1, ``problem.noise``), also that of test points: a noisy test output is
    the target, and errors are taken against it. As in the published results, points are drawn with NumPy's
    old generator, and split with its new one.
    """
    seed = problem.data_seed(noisy, run)
    rng = np.random.RandomState(seed)
    x = problem.sample(problem.n_points, rng)
    y = problem.function(x)
    if noisy:
        y = y * rng.normal(1.0, problem.noise, y.shape)
    order = np.arange(problem.n_points)
    np.random.default_rng(0 if problem.data_seeds[noisy] is not None else seed).shuffle(order)
    x, y = x[order], y[order]
    cuts = [problem.n_train, problem.n_train + problem.n_val]
    (x_train, x_val, x_test), (y_train, y_val, y_test) = np.split(x, cuts), np.split(y, cuts)
    return Dataset(x_train, y_train, x_val, y_val, x_test, y_test)
