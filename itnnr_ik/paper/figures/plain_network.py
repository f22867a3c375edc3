"""Figure 2: a plain network learns the cubic but not its inverse; ITNNR finds every branch.

Trained on the mean absolute error, as the paper does, the inverse network tends to the middle one of three x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from itnnr_ik.paper.figures import cubic
from itnnr_ik.paper.figures.style import BLACK, BLUE, PALE, VERMILLION, finish, legend_below, new_figure
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.inference import TwinInverse

if TYPE_CHECKING:
    from itnnr_ik.twin.neural import NeuralRegressor

Array = NDArray[np.float64]

_N_POINTS, _N_ANCHORS = 600, 20


def figure_2(inverse: TwinInverse, seed: int = 0, epochs: int = 200) -> Figure:
    """Forward by a plain network, inverse by a plain network, and inverse by ITNNR (Figure 2).

    Args:
        inverse: The twin of `cubic.train_twin`; here it has 600 anchors.
        seed: Of the points and the plain networks.
        epochs: Largest number of epochs of the plain networks.
    """
    rng = np.random.default_rng(seed)
    x, x_val = cubic.sample(_N_POINTS, rng), cubic.sample(_N_POINTS // 3, rng)
    y, y_val = cubic.f(x), cubic.f(x_val)
    forward = _train(x, y, x_val, y_val, seed, epochs)
    backward = _train(y, x, y_val, x_val, seed, epochs)
    figure = new_figure(
        11.0,
        4.3,
        "A plain network learns y = x³ − x but of its inverse one branch at most; ITNNR finds every branch",
    )
    axes: tuple[Axes, ...] = tuple(figure.subplots(1, 3))
    _draw_forward(axes[0], forward.predict)
    targets = cubic.targets()
    cubic.draw_inverse_axes(axes[1], "inverse by a plain network: y → x")
    axes[1].plot(targets, backward.predict(targets), color=VERMILLION, linewidth=2.2, alpha=0.85, zorder=3)
    cubic.draw_inverse_axes(axes[2], f"inverse by ITNNR: y → x of {_N_ANCHORS} anchors")
    many = TwinInverse(inverse.evaluator, Anchors(x, y))
    found = many.candidates(targets, cubic.f, _N_ANCHORS)
    kept = found.residual <= cubic.CONFIRMED
    axes[2].plot(
        np.broadcast_to(targets, kept.shape)[kept],
        found.x[..., 0][kept],
        ".",
        color=BLUE,
        markersize=4,
        zorder=3,
        rasterized=True,
    )
    lines = [line for panel in axes for line in panel.get_lines()]
    band = axes[1].patches[0]
    for line, label in (
        (lines[1], "plain network"),
        (lines[-1], f"ITNNR, |f(x) − y| ≤ {cubic.CONFIRMED:g}"),
    ):
        line.set_label(label)
    legend_below(figure, [lines[0], band, lines[1], lines[-1]], 4)
    return figure


def _draw_forward(axes: Axes, predict: Callable[[Array], Array]) -> None:
    x = np.linspace(-cubic.HALF_WIDTH, cubic.HALF_WIDTH, 400)[:, None]
    axes.axhspan(-cubic.FOLD, cubic.FOLD, color=PALE, zorder=0)
    axes.plot(x, cubic.f(x), color=BLACK, linewidth=0.9, zorder=4, label="true relation y = x³ − x")
    axes.plot(x, predict(x), color=VERMILLION, linewidth=2.2, alpha=0.85, zorder=3)
    axes.set_xlim(-1.75, 1.75)
    finish(axes, "forward by a plain network: x → y", "input x", "output y")


def _train(
    inputs: Array, outputs: Array, val: Array, val_outputs: Array, seed: int, epochs: int
) -> NeuralRegressor:
    from itnnr_ik.twin.config import PlateauSchedule
    from itnnr_ik.twin.neural import NeuralRegressor

    schedule = PlateauSchedule(learning_rate=3e-3, patience=15, stop_after=40, max_epochs=epochs)
    network = NeuralRegressor(hidden=(64, 64), schedule=schedule, random_state=seed)
    return network.fit(inputs, outputs, val, val_outputs)
