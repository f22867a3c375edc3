"""Train and measure the twin network of an arm with known or learned forward kinematics."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.robot import ForwardModel, KinematicChain
from itnnr_ik.solver.assembly import anchor_postures, joint_periods
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.task import Task

if TYPE_CHECKING:
    from itnnr_ik.twin.inference import TwinInverse
    from itnnr_ik.twin.pairs import Sample

Array = NDArray[np.float64]

#: Number of anchors that determines the generator's radius (the paper's), which is then wide enough for the
#: current state to serve as an anchor, too.
_RADIUS_ANCHORS = 600
_TEST_POINTS = 2000


def train_twin(
    arm: ForwardModel,
    task: Task,
    *,
    seed: int = 0,
    steps: int = 20_000,
    progress: bool = False,
    sample: Sample | None = None,
) -> tuple[TwinInverse, dict[str, Any]]:
    """Train F, from lookup coordinates to open joints.

    Args:
        arm, task: What is solved.
        seed: Of weights, training pairs and anchors.
        steps: Optimisation steps.
        progress: Show a bar.
        sample: Draws joint positions (count, n) where a learned forward function is valid; None for all
            within the limits.

    Returns:
        The twin and its metadata: configuration and metrics.

    Raises:
        ImportError: There is no torch.
    """
    from itnnr_ik.arrays import use_torch

    use_torch()
    from itnnr_ik.twin.config import CONSISTENT, CosineSchedule
    from itnnr_ik.twin.regressor import InverseTwinRegressor
    from itnnr_ik.twin.sampling import perturbation_radius

    start = time.perf_counter()
    forward = TaskForward(arm, task)
    config = replace(CONSISTENT, schedule=CosineSchedule(steps=steps))
    width = float((forward.upper - forward.lower).max())
    radius = perturbation_radius(width, _RADIUS_ANCHORS, forward.n_x, multiplier=2.0)
    draw = forward.sample if sample is None else sample
    anchors = _draw_anchors(arm, task, sample, seed, forward.open)
    regressor = InverseTwinRegressor(
        forward=forward,
        sample=draw,
        radius=radius,
        periodic=not isinstance(arm, KinematicChain) or _turns_once(arm, forward.open),
        config=config,
        random_state=seed,
        progress=progress,
    ).fit(anchors, forward(anchors))
    seconds = time.perf_counter() - start
    metadata = {
        "training": {"seed": seed, "radius": radius, **config.to_dict()},
        "metrics": {
            **_metrics(forward, regressor.inverse_, draw, seed + 1),
            "training_seconds": round(seconds, 1),
        },
    }
    return regressor.inverse_, metadata


def _draw_anchors(arm: ForwardModel, task: Task, sample: Sample | None, seed: int, chosen: slice) -> Array:
    """Open joints of the anchors: evenly spread, or as ``sample`` draws them."""
    if sample is None:
        anchors = anchor_postures(arm, task, seed)[:, chosen]
    else:
        anchors = sample(len(anchor_postures(arm, task, 0)), np.random.default_rng(seed))
    # Rounded here, as they are stored in single precision, so that the coordinates belong to them.
    return anchors.astype(np.float32).astype(float)


def _turns_once(arm: KinematicChain, chosen: slice) -> bool:
    """Whether the period of each of these joints is one turn."""
    return bool((joint_periods(arm)[chosen] == 2.0 * math.pi).all())


def _metrics(forward: TaskForward, twin: TwinInverse, sample: Sample, seed: int) -> dict[str, float]:
    """Accuracy of one pass of F on reachable targets, without refinement, in [m]."""
    targets = forward(sample(_TEST_POINTS, np.random.default_rng(seed)))
    best = twin.candidates(targets, forward, k=5).residual[:, 0]
    nearest = np.linalg.norm(twin.anchors.y[twin.anchors.nearest(targets, 1)[:, 0]] - targets, axis=1)
    return {
        "anchors": len(twin.anchors),
        "nearest_anchor_median_m": float(np.median(nearest)),
        "best_of_5_median_m": float(np.median(best)),
        "best_of_5_rmse_m": float(np.sqrt(np.mean(best**2) / forward.n_y)),
    }
