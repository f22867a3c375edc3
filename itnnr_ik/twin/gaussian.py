"""A Gaussian process as the learned forward function: accurate on few noisy points, and differentiable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from itnnr_ik.twin.anchors import Anchors

Array = NDArray[np.float64]

#: Keeps the covariance matrix positive definite in floating point, relative to the signal's variance.
_JITTER = 1e-8
#: Powers of a positive output, of which the one with the largest likelihood is modelled.
_POWERS = (1.0, 2.0, 0.5)
#: Lower bound of a predicted power, as a share of the smallest one in the training points.
_MIN_POWER_SHARE = 0.25


@dataclass(frozen=True)
class _Process:
    """One output: y^power = mean + spread · Σ_i weights_i exp(−½ ‖(x − x_i) / lengths‖²), and its noise."""

    power: float
    mean: float
    spread: float
    lower_bound: float
    lengths: Array
    weights: Array
    signal: float
    factor: Array
    noise: tuple[float, float]
    loss: float


class GaussianProcessForward:
    """Forward function learned from noisy points (section 4.2), in place of the paper's network.

    Each output has its own process: a squared-exponential covariance with a length per input, and
    independent noise of variance constant² + (relative · y)², so that outputs disturbed in proportion to
    their size count by how well they are known. Lengths and variances maximise the marginal likelihood.
    Where all of an output is positive, its square or root is modelled instead if that is likelier: the
    square of a distance is often smoother than the distance.

    Args:
        max_iterations: Steps of the optimiser (L-BFGS) for each process.

    Attributes:
        noise_: Standard deviations (2, m) of the noise that was found: constant, in units of the modelled
            power of y, and relative to y.
        powers_: Power (m,) of each output that is modelled.
    """

    def __init__(self, *, max_iterations: int = 100) -> None:
        self.max_iterations = max_iterations

    def fit(self, X: Array, Y: Array) -> GaussianProcessForward:
        """Fit to inputs X (p, n) and outputs Y (p, m).

        Raises:
            ValueError: See `Anchors`.
        """
        points = Anchors(X, Y)
        self._x = points.x
        self._processes = []
        for y in points.y.T:
            powers = _POWERS if y.min() > 0 else _POWERS[:1]
            fits = [_fit(self._x, y, power, self.max_iterations) for power in powers]
            self._processes.append(min(fits, key=lambda process: process.loss))
        self.noise_ = np.array([process.noise for process in self._processes]).T
        self.powers_ = np.array([process.power for process in self._processes])
        return self

    def predict(self, X: Array) -> Array:
        """Outputs (…, m) for inputs (…, n)."""
        with torch.no_grad():
            y: Array = self(torch.from_numpy(np.asarray(X, dtype=float))).numpy()
        return y

    def disturb(self, y: Array, rng: np.random.Generator) -> Array:
        """Outputs (…, m) with noise as it was found in the training points."""
        constant, relative = self.noise_
        slope = self.powers_ * np.abs(y) ** (self.powers_ - 1)
        noisy: Array = y + rng.standard_normal(y.shape) * np.hypot(constant / slope, relative * y)
        return noisy

    def __call__(self, x: Any) -> Any:
        """The mean as a function of NumPy arrays or, differentiably, of torch tensors."""
        if not isinstance(x, Tensor):
            return self.predict(x)
        # In double precision throughout: the weights are large and cancel.
        flat = x.reshape(-1, x.shape[-1]).double()
        columns = [self._mean(process, self._correlation(process, flat)) for process in self._processes]
        return torch.stack(columns, -1).to(x.dtype).reshape(*x.shape[:-1], -1)

    def deviation(self, X: Array) -> Array:
        """Posterior standard deviations (…, m) of f for inputs (…, n)."""
        x = np.asarray(X, dtype=float)
        flat = torch.from_numpy(x.reshape(-1, x.shape[-1]))
        columns = []
        for process in self._processes:
            near = self._correlation(process, flat)
            # By the Cholesky factor: the inverse of so ill-conditioned a matrix is too inaccurate.
            factor = torch.from_numpy(process.factor)
            explained = torch.linalg.solve_triangular(factor, near.T, upper=False).square().sum(0)
            share = (1 - process.signal * explained).clamp_min(_JITTER)
            value = (process.signal * share).sqrt() * process.spread
            if process.power != 1.0:  # to first order
                value = value / (process.power * self._mean(process, near) ** (process.power - 1))
            columns.append(value.numpy())
        return np.stack(columns, axis=-1).reshape(*x.shape[:-1], -1)

    def _correlation(self, process: _Process, x: Tensor) -> Tensor:
        lengths = torch.from_numpy(process.lengths)
        a, b = x / lengths, torch.from_numpy(self._x) / lengths
        squared = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T
        return (-0.5 * squared).exp()

    @staticmethod
    def _mean(process: _Process, near: Tensor) -> Tensor:
        value = near @ torch.from_numpy(process.weights) * process.spread + process.mean
        if process.power == 1.0:
            return value
        return value.clamp_min(process.lower_bound) ** (1 / process.power)


class _Likelihood:
    """Negative log marginal likelihood of an output, up to a constant, and its gradient.

    It is a function of θ (n + 3,): logarithms of the lengths, of the signal and of both noises.

    Args:
        scaled: Inputs (p, n), each of unit spread.
        target: Output (p,), standardised.
        size: By how much relative noise changes it (p,).
    """

    def __init__(self, scaled: Tensor, target: Tensor, size: Tensor) -> None:
        self._target, self._size, self._n = target, size, scaled.shape[1]
        self._squared = (scaled[:, None] - scaled[None]).square().reshape(-1, self._n)

    def covariance(self, theta: Tensor) -> Tensor:
        """Of the points (p, p), with their noise."""
        n, count = self._n, len(self._target)
        signal, constant, relative = (2 * theta[n:]).exp()
        kernel = (-0.5 * self._squared @ (-2 * theta[:n]).exp()).exp().reshape(count, count)
        noise = constant + relative * self._size**2 + _JITTER * signal
        total: Tensor = signal * kernel + torch.diag(noise)
        return total

    def __call__(self, values: Array) -> tuple[float, Array]:
        """Value and gradient (n + 3,) at θ."""
        theta = torch.tensor(values, requires_grad=True)
        factor = torch.linalg.cholesky(self.covariance(theta))
        alpha = torch.cholesky_solve(self._target[:, None], factor)[:, 0]
        loss = 0.5 * self._target @ alpha + factor.diagonal().log().sum()
        loss.backward()
        assert theta.grad is not None
        return float(loss.detach()), theta.grad.numpy()


def _fit(x: Array, y: Array, power: float, max_iterations: int) -> _Process:
    n = x.shape[1]
    width = x.std(axis=0)
    width[width == 0.0] = 1.0
    powered = y**power
    mean, spread = powered.mean(), powered.std() or 1.0
    target = torch.from_numpy((powered - mean) / spread)
    size = torch.from_numpy(np.abs(powered) * power / spread)  # d y^power / dy · y
    likelihood = _Likelihood(torch.from_numpy(x / width), target, size)
    start = np.array([0.0] * n + [0.0, np.log(0.03), np.log(0.03)])
    bounds = [(-4.0, 4.0)] * n + [(-3.0, 8.0), (-9.0, 1.0), (-9.0, 1.0)]
    options = {"maxiter": max_iterations}
    found = minimize(likelihood, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    with torch.no_grad():
        theta = torch.from_numpy(found.x)
        covariance = likelihood.covariance(theta)
        factor = torch.linalg.cholesky(covariance)
        weights = torch.linalg.solve(covariance, target) * (2 * theta[n]).exp()
    constant, relative = np.exp(found.x[n + 1 :])
    # The likelihood of y, not of its power: the density changes with the slope of y^power.
    density = len(y) * np.log(spread)
    if power != 1.0:
        density -= np.sum(np.log(power) + (power - 1) * np.log(y))
    return _Process(
        power,
        float(mean),
        float(spread),
        float(_MIN_POWER_SHARE * powered.min()),
        np.exp(found.x[:n]) * width,
        weights.numpy(),
        float(np.exp(2 * found.x[n])),
        factor.numpy(),
        (float(constant * spread), float(relative)),
        float(found.fun + density),
    )
