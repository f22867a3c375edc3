"""The twin network F in NumPy: what a robot's computer runs, without torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.twin.spec import NetworkSpec

#: Rows evaluated at a time: activations of that many rows stay in a core's cache.
_CHUNK = 1024

Floats = NDArray[np.floating]


def _silu(z: Floats) -> None:
    """z · sigmoid(z), in place; the tanh form cannot overflow."""
    gate = np.tanh(0.5 * z)
    gate += 1.0
    z *= gate
    z *= 0.5


def _relu(z: Floats) -> None:
    np.maximum(z, 0.0, out=z)


_ACTIVATIONS = {"relu": _relu, "silu": _silu}


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
        self._activate = _ACTIVATIONS[spec.activation]
        sizes = spec.layer_sizes
        expected = {}
        for i, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
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
                np.ascontiguousarray(self.weights[f"layers.{2 * i}.weight"].T),
                self.weights[f"layers.{2 * i}.bias"],
            )
            for i in range(len(sizes) - 1)
        ]

    def offset(self, x_anchor: Floats) -> Floats | None:
        """N(0, features(x_anchor)) (b, n), computed once for anchors that are used again and again.

        None for the published form, which has no such term.
        """
        if not self.spec.zero_anchored:
            return None
        return self._in_chunks(self._inputs(np.zeros((len(x_anchor), self.spec.n_y)), x_anchor))

    def adjust(
        self, y_new: Floats, y_anchor: Floats, x_anchor: Floats, offset: Floats | None = None
    ) -> Floats:
        """Adjustments x_new − x_anchor (b, n) from (b, m), (b, m) and (b, n) (equation 5).

        ``offset`` is what `offset` returned for these anchors; it is computed where not given.
        """
        if not self.spec.zero_anchored:
            return self._in_chunks(np.concatenate([y_new, y_anchor, x_anchor], axis=1, dtype=np.float32))
        inputs = self._inputs(y_new - y_anchor, x_anchor)
        if offset is not None:
            return self._in_chunks(inputs) - offset
        both = np.concatenate([inputs, inputs])
        both[len(inputs) :, : self.spec.n_y] = 0.0
        moved = self._in_chunks(both)
        return moved[: len(inputs)] - moved[len(inputs) :]

    def _inputs(self, change: Floats, x_anchor: Floats) -> Floats:
        """Input rows of the zero-anchored form."""
        n_y, n_x = self.spec.n_y, self.spec.n_x
        inputs = np.empty((len(change), self.spec.layer_sizes[0]), dtype=np.float32)
        np.multiply(change, 1.0 / self.spec.y_scale, out=inputs[:, :n_y], casting="same_kind")
        if self.spec.periodic:
            np.cos(x_anchor, out=inputs[:, n_y : n_y + n_x], casting="same_kind")
            np.sin(x_anchor, out=inputs[:, n_y + n_x :], casting="same_kind")
        else:
            np.multiply(x_anchor, 1.0 / self.spec.x_scale, out=inputs[:, n_y:], casting="same_kind")
        return inputs

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
            self._activate(values)
        weight, bias = self._layers[-1]
        return values @ weight + bias
