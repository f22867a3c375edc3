"""The twin network F in NumPy: what a robot's computer runs, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.twin.spec import NetworkSpec

#: Rows evaluated at a time: activations of that many rows stay in a core's cache.
_CHUNK = 1024
#: Rows multiplied at a time: too few for a second thread of the linear algebra, which gains nothing on an
#: idle machine and takes milliseconds to wake up on a busy one.
_BLOCK = 64

Floats = NDArray[np.floating]


def _silu(half: Floats) -> Floats:
    """z · sigmoid(z) from half = z / 2, in a form that cannot overflow."""
    gate = np.tanh(half)
    gate += 1.0
    gate *= half
    return gate


def _relu(z: Floats) -> Floats:
    return np.maximum(z, 0.0, out=z)


def _product(rows: Floats, weight: Floats) -> Floats:
    """``rows @ weight`` for (b, i), or one row (i,), and (i, o), block by block."""
    if rows.ndim == 1 or len(rows) < _BLOCK:
        return rows @ weight
    n_in, n_out = weight.shape
    whole = len(rows) // _BLOCK * _BLOCK
    product = np.empty((len(rows), n_out), dtype=np.float32)
    blocks, products = rows[:whole].reshape(-1, _BLOCK, n_in), product[:whole].reshape(-1, _BLOCK, n_out)
    np.matmul(blocks, weight, out=products)
    product[whole:] = rows[whole:] @ weight
    return product


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
            for i, factor in enumerate(
                [share] * len(spec.hidden) + [spec.scales.adjustment if spec.scales else 1.0]
            )
        ]
        if spec.scales is not None:
            change = np.array(spec.scales.change, dtype=np.float32)
            self._change_weight = self._layers[0][0][: spec.n_y] / change[:, None]
            # Once: to make these for each target would cost more than to multiply by them.
            self._y_mean, self._y_spread = np.array(spec.scales.y_mean), np.array(spec.scales.y_spread)

    def adjust(self, y_new: Floats, y_anchor: Floats, x_anchor: Floats) -> Floats:
        """Adjustments x_new − x_anchor (b, n) from (b, m), (b, m) and (b, n) (equation 5)."""
        if not self.spec.zero_anchored:
            weight, bias = self._layers[0]
            inputs = np.concatenate([y_new, y_anchor, x_anchor], axis=1, dtype=np.float32)
            return self.later_layers(_product(inputs, weight) + bias)
        still = self.first_layer(y_anchor, x_anchor)
        moved = self.later_layers(np.concatenate([still + self.share_of(y_new - y_anchor), still]))
        adjustment: Floats = moved[: len(still)] - moved[len(still) :]
        return adjustment

    def first_layer(self, y_anchor: Floats, x_anchor: Floats) -> Floats:
        """Zero-anchored form: the first layer before its activation for Δy = 0, from (b, m) and (b, n).

        It is linear in Δy: `share_of` a change is added to it.
        """
        scales = self.spec.scales
        assert scales is not None
        weight, bias = self._layers[0]
        known = [(y_anchor - self._y_mean) / self._y_spread]
        known += [np.cos(x_anchor), np.sin(x_anchor)] if self.spec.periodic else [x_anchor / scales.x_spread]
        features = np.concatenate(known, axis=1, dtype=np.float32)
        first: Floats = _product(features, weight[self.spec.n_y :]) + bias
        return first

    def share_of(self, change: Floats) -> Floats:
        """What a change of y (b, m) or (m,) adds to `first_layer`."""
        return _product(change.astype(np.float32), self._change_weight)

    def later_layers(self, first: Floats) -> Floats:
        """What the perceptron makes of its first layer (b, h) before the activation; it may overwrite it."""
        if len(first) <= _CHUNK:
            return self._later_layers(first)
        outputs = np.empty((len(first), self.spec.n_x), dtype=np.float32)
        for start in range(0, len(first), _CHUNK):
            outputs[start : start + _CHUNK] = self._later_layers(first[start : start + _CHUNK])
        return outputs

    def _later_layers(self, values: Floats) -> Floats:
        for weight, bias in self._layers[1:]:
            values = _product(self._activate(values), weight)
            values += bias
        return values
