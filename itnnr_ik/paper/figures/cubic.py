"""The cubic that Figures 2, 4, 5 and 6 invert, with a twin for it and five badly placed anchors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from itnnr_ik.paper.figures.style import BLACK, PALE, finish
from itnnr_ik.paper.problems import PROBLEMS
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.sampling import perturbation_radius

if TYPE_CHECKING:
    from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: x³ − x, (…, 1) to (…, 1).
f = PROBLEMS["1"].function

#: Half-width of the domain. With the experiment's ±2, outputs up to ±6 would hide the middle, where three
#: inputs share an output.
HALF_WIDTH = 1.6
#: |y| at the two extrema, at x = ±1/√3: closer to zero, three inputs share an output.
FOLD = 2 / (3 * np.sqrt(3))
#: Anchors, two of them near an extremum, where their branch ends.
ANCHORS = np.array([[-1.35], [-0.75], [0.1], [0.5], [1.3]])
#: Largest residual in y of a prediction that f confirms.
CONFIRMED = 0.02
#: Largest |y| in the figures.
_MAX_SHOWN_TARGET = 1.8


@dataclass(frozen=True)
class Branches:
    """Predictions from each of the five anchors for a range of targets.

    Attributes:
        y: Targets (b,).
        x: Predictions (5, b), by anchor.
        nearest: Index (b,) of the anchor that is nearest to each target in y.
    """

    y: Array
    x: Array
    nearest: NDArray[np.intp]

    @property
    def confirmed(self) -> NDArray[np.bool_]:
        """Where |f(x) − y| is at most `CONFIRMED` (5, b)."""
        agrees: NDArray[np.bool_] = np.abs(f(self.x) - self.y) <= CONFIRMED
        return agrees


def sample(count: int, rng: np.random.Generator) -> Array:
    """Inputs (count, 1), uniform within ±`HALF_WIDTH`."""
    return rng.uniform(-HALF_WIDTH, HALF_WIDTH, (count, 1))


def targets(count: int = 601) -> Array:
    """Targets y (count, 1) over the range of the figures."""
    return np.linspace(-_MAX_SHOWN_TARGET, _MAX_SHOWN_TARGET, count)[:, None]


def train_twin(seed: int = 0, steps: int = 4000) -> TwinInverse:
    """F trained by a generator around the known f (section 4.3), with the five `ANCHORS`.

    Args:
        seed: Of weights and pairs.
        steps: Optimisation steps; 4000 take some ten seconds.
    """
    from itnnr_ik.twin.config import CONSISTENT, CosineSchedule
    from itnnr_ik.twin.regressor import InverseTwinRegressor

    schedule = CosineSchedule(learning_rate=5e-3, batch_size=256, steps=steps)
    regressor = InverseTwinRegressor(
        forward=f,
        sample=sample,
        # The distance of the five anchors, which have to serve the whole domain.
        radius=perturbation_radius(2 * HALF_WIDTH, len(ANCHORS), 1),
        config=replace(CONSISTENT, schedule=schedule),
        random_state=seed,
    )
    return regressor.fit(ANCHORS, f(ANCHORS)).inverse_


def lookup_branches() -> Branches:
    """Every anchor's own x for every target: kNN, or F = 0 (section 4.4)."""
    y = targets()
    x = np.repeat(ANCHORS, len(y), axis=1)
    return Branches(y[:, 0], x, Anchors(ANCHORS, f(ANCHORS)).nearest(y, 1)[:, 0])


def twin_branches(inverse: TwinInverse) -> Branches:
    """Every anchor's prediction for every target (section 4.5)."""
    y = targets()
    x, y_anchor = (np.repeat(values, len(y), axis=0) for values in (inverse.anchors.x, inverse.anchors.y))
    x = inverse.adjust(np.tile(y, (len(ANCHORS), 1)), x, y_anchor).reshape(len(ANCHORS), len(y))
    return Branches(y[:, 0], x, inverse.anchors.nearest(y, 1)[:, 0])


def draw_inverse_axes(axes: Axes, title: str) -> None:
    """Axes from y to x with the true relation and the band in which three inputs share an output."""
    x = np.linspace(-HALF_WIDTH - 0.2, HALF_WIDTH + 0.2, 400)
    axes.axvspan(-FOLD, FOLD, color=PALE, zorder=0, label="three x share one y")
    axes.plot(f(x), x, color=BLACK, linewidth=0.9, zorder=2, label="true relation y = x³ − x")
    axes.set_xlim(-_MAX_SHOWN_TARGET, _MAX_SHOWN_TARGET)
    axes.set_ylim(-1.75, 1.75)
    finish(axes, title, "target y", "answer x")
