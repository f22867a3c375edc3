"""The twin network F, compiled: single anchors in microseconds, a batch row by row with the same bits."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, kernel

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class Network(NamedTuple):
    """A trained F as arrays, with precomputed values at p anchors; p = 0 where there is none.

    Attributes:
        first_values: (p, h): the first layer's values at each anchor with its −y in place of the change; only
            the contribution of y is missing.
        base: (p, k): x_anchor − N(0, y_anchor, x_anchor).
        change_weights: (E, h): weights of the first layer for the change of y.
        anchor_weights: (K, h): the first layer's other weights, and its bias as the last row.
        weights: Weights (in, out), row by row, and biases of the later layers, one after the other.
        sizes: Widths of the layers from the first hidden one to the output.
        scales: Means and spreads of y (E each), spread of x.
        periodic: x enters as cosines and sines.
    """

    first_values: Floats
    base: Array
    change_weights: Floats
    anchor_weights: Floats
    weights: Floats
    sizes: NDArray[np.int64]
    scales: Array
    periodic: bool


@kernel
def adjust_precomputed(network: Network, index: int, y: Array, a: Floats, b: Floats, x: Array) -> None:
    """Write x̂ (k,) = x_anchor + F(y, y_anchor, x_anchor) of a precomputed anchor (equation 6); SiLU.

    ``a`` and ``b`` are scratch memory for the widest layer, here and below.
    """
    for j in range(network.first_values.shape[1]):
        a[j] = network.first_values[index, j]
    for e in range(y.shape[0]):
        _add(np.float32(y[e]), network.change_weights[e], a)
    _later_layers(network, False, a, b, x)
    for i in range(x.shape[0]):
        x[i] += network.base[index, i]


@kernel
def adjust(
    network: Network, y_new: Array, y: Array, x: Array, a: Floats, b: Floats, out: Array, unchanged: Array
) -> None:
    """Write x̂ (k,) = x + F(y_new, y, x) of any anchor (y, x); SiLU; ``unchanged`` (k,) is scratch."""
    evaluate_perceptron(network, False, y, y, x, a, b, unchanged)
    evaluate_perceptron(network, False, y_new, y, x, a, b, out)
    for i in range(x.shape[0]):
        out[i] = x[i] + (out[i] - unchanged[i])


@kernel
def evaluate_perceptron(
    network: Network, relu: bool, y_new: Array, y: Array, x: Array, a: Floats, b: Floats, out: Array
) -> None:
    """Write N(y_new − y, y, x) (k,), the output of the perceptron; its activation is ReLU or SiLU."""
    _first_layer(network, y, x, a)
    for e in range(y.shape[0]):
        _add(np.float32(y_new[e] - y[e]), network.change_weights[e], a)
    _later_layers(network, relu, a, b, out)


@compiled
def adjust_many(
    network: Network, relu: bool, zero_anchored: bool, y_new: Array, y: Array, x: Array, out: Array
) -> None:
    """Write the adjustments F (b, k) of anchors y (b, E), x (b, k) for targets (b, E) (equation 5)."""
    a, b = np.empty(network.sizes.max(), np.float32), np.empty(network.sizes.max(), np.float32)
    unchanged = np.empty(x.shape[1])
    for r in range(x.shape[0]):
        evaluate_perceptron(network, relu, y_new[r], y[r], x[r], a, b, out[r])
        if zero_anchored:
            evaluate_perceptron(network, relu, y[r], y[r], x[r], a, b, unchanged)
            for i in range(unchanged.shape[0]):
                out[r, i] -= unchanged[i]


@compiled
def precompute_anchors(network: Network, y: Array, x: Array, first: Floats, base: Array) -> None:
    """Write `Network.first_values` (p, h) and `Network.base` (p, k) of anchors y (p, E), x (p, k); SiLU."""
    a, b = np.empty(network.sizes.max(), np.float32), np.empty(network.sizes.max(), np.float32)
    unchanged = np.empty(x.shape[1])
    for p in range(x.shape[0]):
        _first_layer(network, y[p], x[p], first[p])
        for e in range(y.shape[1]):
            _add(np.float32(-y[p, e]), network.change_weights[e], first[p])
        evaluate_perceptron(network, False, y[p], y[p], x[p], a, b, unchanged)
        for i in range(unchanged.shape[0]):
            base[p, i] = x[p, i] - unchanged[i]


@kernel
def _first_layer(network: Network, y: Array, x: Array, values: Floats) -> None:
    """Write the first layer's values (h,) at an anchor (y, x) for no change of y, before the activation."""
    known, size, n = network.anchor_weights, y.shape[0], x.shape[0]
    for j in range(known.shape[1]):
        values[j] = known[known.shape[0] - 1, j]
    for e in range(size):
        _add(np.float32((y[e] - network.scales[e]) / network.scales[size + e]), known[e], values)
    for i in range(n):
        if network.periodic:
            _add(np.float32(math.cos(x[i])), known[size + i], values)
            _add(np.float32(math.sin(x[i])), known[size + n + i], values)
        else:
            _add(np.float32(x[i] / network.scales[2 * size]), known[size + i], values)


@kernel
def _later_layers(network: Network, relu: bool, values: Floats, scratch: Floats, out: Array) -> None:
    """Write the output (k,) for first-layer values (h,) before the activation; both are overwritten."""
    sizes, weights = network.sizes, network.weights
    offset = 0
    current, other = values, scratch
    for layer in range(sizes.shape[0] - 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        if relu:
            for i in range(n_in):
                current[i] = max(current[i], np.float32(0.0))
        else:  # SiLU: z · sigmoid(z)
            for i in range(n_in):
                current[i] = current[i] / (np.float32(1.0) + np.float32(math.exp(-current[i])))
        bias = offset + n_in * n_out
        for j in range(n_out):
            other[j] = weights[bias + j]
        for i in range(n_in):
            value, row = current[i], weights[offset + i * n_out : offset + (i + 1) * n_out]
            for j in range(n_out):
                other[j] += value * row[j]
        offset = bias + n_out
        current, other = other, current
    for j in range(out.shape[0]):
        out[j] = current[j]


@kernel
def _add(value: float, row: Floats, total: Floats) -> None:
    """Add ``value`` times ``row`` (h,) to the first of ``total``."""
    for j in range(row.shape[0]):
        total[j] += value * row[j]
