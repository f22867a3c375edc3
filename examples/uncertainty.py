"""Learn the inverse of an arm from 150 noisy points, with answers that tell how far off they may be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import spearmanr

from itnnr_ik.arrays import use_torch
from itnnr_ik.robot import load_robot
from itnnr_ik.twin.config import ANCHORED, CosineSchedule
from itnnr_ik.twin.gaussian import GaussianProcessForward
from itnnr_ik.twin.regressor import InverseTwinRegressor
from itnnr_ik.twin.uncertainty import uncertainty

use_torch()  # on one thread
arm = load_robot("three_link")
rng = np.random.default_rng(0)


def tip(positions: np.ndarray) -> np.ndarray:
    """True tip positions (b, 2) [m], which the learner only gets at the training points, with noise."""
    return arm.forward(positions)[:, :2]


x = arm.sample(150, rng)
y = tip(x) * rng.normal(1.0, 0.01, size=(len(x), 2))
g = GaussianProcessForward(max_iterations=30).fit(x, y)  # the learned forward function
quick = replace(ANCHORED, hidden=(64, 64), schedule=CosineSchedule(batch_size=128, steps=300))
twin = InverseTwinRegressor(forward=g, sample=arm.sample, config=quick).fit(x, y)

targets = tip(arm.sample(500, rng))
answers = uncertainty(twin.inverse_, targets, g)
predicted = answers.total(g.deviation(answers.x))  # [m]: the twin's own residual, and the doubt of g
true = np.linalg.norm(tip(answers.x) - targets, axis=1)  # [m]

order = spearmanr(predicted, true).statistic
within = np.mean(true <= 2.0 * predicted)
quarters = np.array_split(np.argsort(predicted), 4)
medians = [1e3 * float(np.median(true[rows])) for rows in quarters]
print("median error [mm] of the answers in quarters, the surest first:", np.round(medians, 1))
print(f"rank correlation of predicted and true error {order:.2f}; {within:.0%} have error ≤ 2 × predicted")
if not (order > 0.4 and within > 0.9 and medians[3] > 2.0 * medians[0]):
    raise SystemExit(f"CHECK FAILED: a correlation of {order:g}, {within:.0%} within, medians of {medians}")
