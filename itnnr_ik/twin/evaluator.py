"""The twin network F in NumPy: what a robot's computer runs, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.twin.spec import NetworkSpec

#: Rows evaluated at a time: activations of that many rows stay in a core's cache.
_CHUNK = 1024

Floats = NDArray[np.floating]


def _silu(half: Floats) -> Floats:
    """z · sigmoid(z) from half = z / 2, in a form that cannot overflow."""
    gate = np.tanh(half)
    gate += 1.0
    gate *= half
    return gate


def _relu(z: Floats) -> Floats:
    return np.maximum(z, 0.0, out=z)


#: Each activation, and what the layer before it is multiplied by beforehand.
_ACTIVATIONS = {"relu": (_relu, 1.0), "silu": (_silu, 0.5)}


class TwinEvaluator:
    """F with fixed weights.

    Args:
        spec: Architecture.
        weights: ``layers.{2i}.weight`` (out, in) and ``layers.{2i}.bias`` (out,), the names that
            `TwinNetwork.state_dict` gives them.

    Raises:
        ValueError: A weight is missing, superfluous, not finite or of another shape.
    """

    def __init__(self, spec: NetworkSpec, weights: Mapping[str, NDArray[np.floating]]) -> None:
        self.spec = spec
        self._activate, share = _ACTIVATIONS[spec.activation]
        self._per_y = 1.0 / spec.y_scale
        sizes = spec.layer_sizes
        expected: dict[str, tuple[int, ...]] = {}
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
            expected[f"layers.{2 * i}.weight"] = (n_out, n_in)
            expected[f"layers.{2 * i}.bias"] = (n_out,)
        found = {name: weight.shape for name, weight in weights.items()}
        if found != expected:
            raise ValueError(f"network weights do not fit: expected {expected}, got {found}")
        if not all(np.isfinite(weight).all() for weight in weights.values()):
            raise ValueError("network weights are not all finite")
        self.weights = {name: np.asarray(weight, dtype=np.float32) for name, weight in weights.items()}
        self._layers = [
            (
                np.ascontiguousarray(self.weights[f"layers.{2 * i}.weight"].T) * np.float32(factor),
                self.weights[f"layers.{2 * i}.bias"] * np.float32(factor),
            )
            for i, factor in enumerate([share] * len(spec.hidden) + [1.0])
        ]

    def features(self, x_anchor: Floats) -> Floats:
        """What the zero-anchored form makes of anchor inputs (b, n): float32 (b, n) or, periodic, (b, 2n)."""
        if self.spec.periodic:
            return np.concatenate([np.cos(x_anchor), np.sin(x_anchor)], axis=1, dtype=np.float32)
        return np.asarray(x_anchor / self.spec.x_scale, dtype=np.float32)

    def evaluate(self, change: Floats, features: Floats) -> Floats:
        """N(Δy / y_scale, features) (b, n) of the zero-anchored form, from Δy (b, m) and `features`."""
        inputs = np.empty((len(features), self.spec.layer_sizes[0]), dtype=np.float32)
        np.multiply(change, self._per_y, out=inputs[:, : self.spec.n_y], casting="same_kind")
        inputs[:, self.spec.n_y :] = features
        return self._in_chunks(inputs)

    def adjust(self, y_new: Floats, y_anchor: Floats, x_anchor: Floats) -> Floats:
        """Adjustments x_new − x_anchor (b, n) from (b, m), (b, m) and (b, n) (equation 5)."""
        if not self.spec.zero_anchored:
            return self._in_chunks(np.concatenate([y_new, y_anchor, x_anchor], axis=1, dtype=np.float32))
        features = self.features(x_anchor)
        change = np.concatenate([y_new - y_anchor, np.zeros((len(features), self.spec.n_y))])
        moved = self.evaluate(change, np.concatenate([features, features]))
        adjustment: Floats = moved[: len(features)] - moved[len(features) :]
        return adjustment

    def _in_chunks(self, inputs: Floats) -> Floats:
        if len(inputs) <= _CHUNK:
            return self._evaluate(inputs)
        outputs = np.empty((len(inputs), self.spec.n_x), dtype=np.float32)
        for start in range(0, len(inputs), _CHUNK):
            outputs[start : start + _CHUNK] = self._evaluate(inputs[start : start + _CHUNK])
        return outputs

    def _evaluate(self, inputs: Floats) -> Floats:
        values = inputs
        for weight, bias in self._layers[:-1]:
            values = values @ weight
            values += bias
            values = self._activate(values)
        weight, bias = self._layers[-1]
        return values @ weight + bias
