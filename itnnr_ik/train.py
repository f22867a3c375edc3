"""Train a model for an arm of given link lengths and joint limits."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from itnnr_ik.arms import ARMS, Arm, get_arm
from itnnr_ik.arrays import use_torch

if TYPE_CHECKING:
    from itnnr_ik.twin.inference import TwinInverse
    from itnnr_ik.twin.pairs import Sample

#: Anchors of a model, a power of two as the Sobol sequence wants it.
N_ANCHORS = 2**14
#: The radius of the generator mimics this many anchors (the paper's number): wide enough for the current
#: state to serve as an anchor, too.
_RADIUS_ANCHORS = 600
_TEST_POINTS = 2000


def anchor_positions(arm: Arm, count: int, seed: int) -> NDArray[np.float64]:
    """Joint positions (count, n) [rad] that fill the limits evenly (scrambled Sobol sequence)."""
    unit = qmc.Sobol(arm.n_joints, seed=seed).random(count)
    # Stored in single precision: rounded here, so that the tips belong to what is stored.
    positions: NDArray[np.float64] = qmc.scale(unit, arm.lower, arm.upper).astype(np.float32).astype(float)
    return positions


def train_arm(
    arm: Arm,
    *,
    seed: int = 0,
    steps: int = 20_000,
    progress: bool = False,
    sample: Sample | None = None,
) -> tuple[TwinInverse, dict[str, Any]]:
    """Train F for an arm with known forward kinematics, and measure it.

    Args:
        arm: The arm.
        seed: Of weights, training pairs and anchors.
        steps: Optimisation steps.
        progress: Show a bar.
        sample: Draws joint positions (count, n) [rad] from where the forward kinematics counts; None for all
            within the limits.

    Returns:
        The twin and its metadata: configuration and metrics.
    """
    from itnnr_ik.twin.config import CONSISTENT, CosineSchedule
    from itnnr_ik.twin.regressor import InverseTwinRegressor
    from itnnr_ik.twin.sampling import perturbation_radius

    start = time.perf_counter()
    config = replace(CONSISTENT, schedule=CosineSchedule(steps=steps))
    width = float(np.subtract(arm.upper, arm.lower).max())
    radius = perturbation_radius(width, _RADIUS_ANCHORS, arm.n_joints, multiplier=2.0)
    if sample is None:
        sample, anchors = arm.sample, anchor_positions(arm, N_ANCHORS, seed)
    else:
        anchors = sample(N_ANCHORS, np.random.default_rng(seed)).astype(np.float32).astype(float)
    regressor = InverseTwinRegressor(
        forward=arm.forward,
        sample=sample,
        radius=radius,
        periodic=True,
        config=config,
        random_state=seed,
        progress=progress,
    ).fit(anchors, arm.forward(anchors))
    seconds = time.perf_counter() - start
    metadata = {
        "training": {"seed": seed, "radius": radius, **config.to_dict()},
        "metrics": {
            **_metrics(arm, regressor.inverse_, sample, seed + 1),
            "training_seconds": round(seconds, 1),
        },
    }
    return regressor.inverse_, metadata


def _metrics(arm: Arm, inverse: TwinInverse, sample: Sample, seed: int) -> dict[str, float]:
    """Accuracy of one pass of F on reachable targets, without refinement, in [m]."""
    targets = arm.forward(sample(_TEST_POINTS, np.random.default_rng(seed)))
    best = inverse.candidates(targets, arm.forward, k=5).residual[:, 0]
    nearest = np.linalg.norm(inverse.anchors.y[inverse.anchors.nearest(targets, 1)[:, 0]] - targets, axis=1)
    return {
        "anchors": len(inverse.anchors),
        "nearest_anchor_median_m": float(np.median(nearest)),
        "best_of_5_median_m": float(np.median(best)),
        "best_of_5_rmse_m": float(np.sqrt(np.mean(best**2) / arm.n_coordinates)),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik train``."""
    parser.add_argument("--arm", choices=sorted(ARMS), default="two_link", help="kinematics")
    for name, metavar, text in (
        ("--links", "M", "link lengths [m], base to tip (default: the arm's)"),
        ("--lower", "RAD", "lower joint limits [rad] (default: the arm's)"),
        ("--upper", "RAD", "upper joint limits [rad] (default: the arm's)"),
    ):
        parser.add_argument(name, type=number_list, nargs="+", action="extend", metavar=metavar, help=text)
    parser.add_argument("--joints", metavar="A,B", help="joint names, base to tip")
    parser.add_argument("--seed", type=int, default=0, help="of weights, pairs and anchors")
    parser.add_argument("--steps", type=int, default=20_000, help="optimisation steps")
    parser.add_argument("-o", "--output", type=Path, help="model folder to write (default: models/ARM)")


def number_list(text: str) -> list[float]:
    """``0.65,1.45``, or one number of several arguments; a negative list needs ``--lower=-1,-2``."""
    return [float(number) for number in text.split(",")]


def run(args: argparse.Namespace) -> int:
    """Train and write a model folder."""
    arm = get_arm(args.arm)
    links, lower, upper = (
        tuple(chain.from_iterable(numbers or ())) for numbers in (args.links, args.lower, args.upper)
    )
    arm = arm.with_changes(
        links or None,
        (lower or arm.lower, upper or arm.upper),
        args.joints.split(",") if args.joints else None,
    )
    if args.steps < 1:
        raise ValueError(f"--steps must be at least 1, got {args.steps}")
    use_torch()
    from itnnr_ik.solver.model import save_model

    folder = args.output or Path("models") / arm.name
    folder.mkdir(parents=True, exist_ok=True)  # known to be writable before, not after, the training
    inverse, metadata = train_arm(arm, seed=args.seed, steps=args.steps, progress=True)
    save_model(folder, arm, inverse, metadata)
    for name, value in metadata["metrics"].items():
        print(f"{name:28} {value:g}")
    print(f"model written to {folder}")
    return 0
