"""Networks with random weights, for tests that need no training."""

from __future__ import annotations

import numpy as np

from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.spec import NetworkSpec


def random_weights(spec: NetworkSpec, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of the size that training starts with."""
    rng = np.random.default_rng(seed)
    sizes, weights = spec.layer_sizes, {}
    for i in range(len(sizes) - 1):
        n_in, n_out = sizes[i], sizes[i + 1]
        weights[f"layers.{2 * i}.weight"] = rng.normal(0, n_in**-0.5, (n_out, n_in)).astype(np.float32)
        weights[f"layers.{2 * i}.bias"] = rng.normal(0, 0.1, n_out).astype(np.float32)
    return weights


def random_evaluator(spec: NetworkSpec, seed: int = 0) -> TwinEvaluator:
    """An evaluator with `random_weights`."""
    return TwinEvaluator(spec, random_weights(spec, seed))
