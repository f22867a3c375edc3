"""Small twins for tests: untrained networks of every form, and data of a cubic."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.solver.model import load_model
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec, Scales

SCALES = Scales((0.3, 0.2), (0.1, -0.4), (0.9, 1.3), x_spread=2.0, adjustment=0.5)

#: Every form that a network may have.
SPECS = {
    f"{form}-{activation}": NetworkSpec(n_x=3, n_y=2, hidden=(16, 12), activation=activation, **options)
    for activation in ("relu", "silu")
    for form, options in {
        "published": {},
        "zero_anchored": {"scales": SCALES},
        "periodic": {"scales": SCALES, "periodic": True},
    }.items()
}


def random_weights(spec: NetworkSpec, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights and biases that fit ``spec``."""
    rng = np.random.default_rng(seed)
    weights = {}
    for i, (n_in, n_out) in enumerate(pairwise(spec.layer_sizes)):
        weights[f"layers.{2 * i}.weight"] = rng.normal(0.0, n_in**-0.5, (n_out, n_in)).astype(np.float32)
        weights[f"layers.{2 * i}.bias"] = rng.normal(0.0, 0.3, n_out).astype(np.float32)
    return weights


def random_anchors(spec: NetworkSpec, count: int = 200, seed: int = 1) -> Anchors:
    """Anchors with no function behind them."""
    rng = np.random.default_rng(seed)
    return Anchors(rng.uniform(-1.5, 1.5, (count, spec.n_x)), rng.uniform(-1.0, 1.0, (count, spec.n_y)))


def random_inverse(spec: NetworkSpec) -> TwinInverse:
    """An untrained twin with anchors."""
    return TwinInverse(TwinEvaluator(spec, random_weights(spec)), random_anchors(spec))


def packaged_twin(name: str) -> tuple[TwinInverse, TaskForward]:
    """The twin of a packaged arm and the function that it inverts."""
    arm, task, twin, *_ = load_model(name)
    assert twin is not None
    return twin, TaskForward(arm, task)


def cubic(x: np.ndarray) -> np.ndarray:
    """Experiment 1 of the paper: x³ − x, with up to three inputs for an output."""
    return x**3 - x


def cubic_data(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, 1) of the cubic from the paper's domain."""
    x = np.random.default_rng(seed).uniform(-2.0, 2.0, (count, 1))
    return x, cubic(x)
