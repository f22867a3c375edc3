"""The twin network F with fixed weights, for inference without torch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.forms import shown
from itnnr_ik.twin import kernels
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.kernels import Network
from itnnr_ik.twin.spec import NetworkSpec

Array = NDArray[np.float64]

#: For |x| and |y| up to the first, no sum in F may exceed the second, in single precision.
MAX_INPUT, _MAX_SUM = 1e12, 1e38
#: Most weights times anchors of which first-layer values are precomputed: about a second of work.
_MAX_PRECOMPUTED = 2**28


class TwinEvaluator:
    """F with fixed weights.

    Args:
        spec: Architecture.
        weights: ``layers.{2i}.weight`` (out, in) and ``layers.{2i}.bias`` (out,), the names that
            `TwinNetwork.state_dict` gives them.

    Raises:
        ValueError: A weight is missing, superfluous, not finite or of another shape, or so large that F
            might overflow.
    """

    def __init__(self, spec: NetworkSpec, weights: Mapping[str, NDArray[np.floating]]) -> None:
        expected: dict[str, tuple[int, ...]] = {}
        for i, (n_in, n_out) in enumerate(pairwise(spec.layer_sizes)):
            expected[f"layers.{2 * i}.weight"] = (n_out, n_in)
            expected[f"layers.{2 * i}.bias"] = (n_out,)
        found = {name: weight.shape for name, weight in weights.items()}
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                raise ValueError(
                    f"network weights do not fit: expected {shown(name)} of shape "
                    f"{shown(expected.get(name))}, got {shown(found.get(name))}"
                )
        if not all(np.isfinite(weight).all() for weight in weights.values()):
            raise ValueError("network weights are not all finite")
        self.spec = spec
        with np.errstate(over="ignore", invalid="ignore"):
            self.weights = {name: np.asarray(weight, dtype=np.float32) for name, weight in weights.items()}
            self._network = _as_arrays(spec, self.weights)
            bound = _largest_sum(self._network, spec)
        if not bound <= _MAX_SUM:
            raise ValueError("network weights are so large that what F computes might not be finite")

    def adjust(self, y_new: Array, y_anchor: Array, x_anchor: Array) -> Array:
        """Adjustments x_new − x_anchor (b, n) from (b, m), (b, m) and (b, n) (equation 5).

        Row by row, so that a row gives the same bits alone. NumPy's products of whole matrices are faster
        (28 against 35 µs a row of the paper's networks, 1 against 3 µs of narrow ones), but a second F.

        Raises:
            ValueError: A shape is another.
        """
        new, y, x = (np.array(values, dtype=float, order="C") for values in (y_new, y_anchor, x_anchor))
        rows, m, n = len(x), self.spec.n_y, self.spec.n_x
        if (new.shape, y.shape, x.shape) != ((rows, m), (rows, m), (rows, n)):
            raise ValueError(
                f"expected y_new (b, {m}), y_anchor (b, {m}) and x_anchor (b, {n}), "
                f"got {new.shape}, {y.shape} and {x.shape}"
            )
        adjustments: Array = np.empty_like(x)
        relu = self.spec.activation == "relu"
        kernels.adjust_many(self._network, relu, self.spec.zero_anchored, new, y, x, adjustments)
        return adjustments

    def network_at(self, anchors: Anchors) -> Network:
        """F with precomputed values at ``anchors``, for `itnnr_ik.twin.kernels`.

        Raises:
            ValueError: The network is not zero-anchored with SiLU, or too large for so many anchors.
        """
        size = self.spec.n_parameters
        if size * len(anchors) > _MAX_PRECOMPUTED:
            raise ValueError(
                f"a network of {size} weights can have {_MAX_PRECOMPUTED // size} anchors, got {len(anchors)}"
            )
        if not self.spec.zero_anchored or self.spec.activation != "silu":
            raise ValueError("single anchors are adjusted by zero-anchored networks with SiLU only")
        y, x = (np.array(values, dtype=float, order="C") for values in (anchors.y, anchors.x))
        first, base = np.empty((len(x), self.spec.hidden[0]), np.float32), np.empty_like(x)
        kernels.precompute_anchors(self._network, y, x, first, base)
        return self._network._replace(first_values=first, base=base)


def _as_arrays(spec: NetworkSpec, weights: Mapping[str, NDArray[np.float32]]) -> Network:
    """The network without anchors."""
    layers: list[list[Any]] = [
        [weights[f"layers.{2 * i}.weight"].T, weights[f"layers.{2 * i}.bias"]]
        for i in range(len(spec.hidden) + 1)
    ]
    (first, bias), *later = layers
    change, known, scales = first[: spec.n_y], first[spec.n_y :], spec.scales
    if scales is None:
        # The published form takes y_new: that is y_anchor and the change.
        known = np.concatenate([change + known[: spec.n_y], known[spec.n_y :]])
        units = [0.0] * spec.n_y + [1.0] * (spec.n_y + 1)
    else:
        change = change / np.array(scales.change, dtype=np.float32)[:, None]
        later[-1] = [np.float32(scales.adjustment) * part for part in later[-1]]
        units = [*scales.y_mean, *scales.y_spread, scales.x_spread]
    return Network(
        np.empty((0, spec.hidden[0]), np.float32),
        np.empty((0, spec.n_x)),
        np.array(change, dtype=np.float32, order="C"),
        np.concatenate([known, bias[None]]),
        np.concatenate([part.reshape(-1) for layer in later for part in layer]),
        np.array([*spec.hidden, spec.n_x], dtype=np.int64),
        np.array(units, dtype=float),
        spec.periodic,
    )


def _largest_sum(network: Network, spec: NetworkSpec) -> float:
    """Upper bound of all sums in F for |x| and |y| up to `MAX_INPUT`: no activation increases |z|."""
    size, scales = spec.n_y, network.scales
    inputs = [(MAX_INPUT + np.abs(scales[:size])) / scales[size : 2 * size]]
    inputs += [np.ones(2 * spec.n_x) if spec.periodic else np.full(spec.n_x, MAX_INPUT / scales[2 * size])]
    known = np.abs(network.anchor_weights.astype(float))
    sums = 2.0 * MAX_INPUT * np.abs(network.change_weights.astype(float)).sum(axis=0)
    sums += np.concatenate(inputs) @ known[:-1] + known[-1]
    start, largest = 0, [sums.max()]
    for n_in, n_out in pairwise(network.sizes.tolist()):
        layer = np.abs(network.weights[start : start + (n_in + 1) * n_out].astype(float)).reshape(-1, n_out)
        sums = sums @ layer[:-1] + layer[-1]
        start += layer.size
        largest.append(sums.max())
    return float(np.max(largest))
