"""The half ball: every target has a circle of preimages, and anchors of one region give answers there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paper.problems import PROBLEMS
from itnnr_ik.twin.anchors import Anchors

if TYPE_CHECKING:
    from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

HALF_BALL = PROBLEMS["4"]


@dataclass(frozen=True)
class Sector:
    """A region of the disc: directions between ``start`` and ``stop`` [deg], counter-clockwise from x₁."""

    name: str
    start: float
    stop: float

    def contains(self, x: Array) -> NDArray[np.bool_]:
        """Which of the inputs (b, 2) lie in the region."""
        angle = np.degrees(np.arctan2(x[:, 1], x[:, 0])) % 360.0
        inside: NDArray[np.bool_] = (angle >= self.start) & (angle <= self.stop)
        return inside


SECTORS = (Sector("upper right", 0.0, 90.0), Sector("lower left", 180.0, 270.0))


@dataclass(frozen=True)
class RegionAnswers:
    """Answers of F from the k anchors of a region that are nearest to a target in y (equation 10).

    Attributes:
        sector: The region that the anchors were taken from.
        target: y.
        anchors, answers: Inputs (k, 2).
    """

    sector: Sector
    target: float
    anchors: Array
    answers: Array

    @property
    def residual(self) -> Array:
        """|f(answer) − y| (k,)."""
        error: Array = np.abs(HALF_BALL.function(self.answers)[:, 0] - self.target)
        return error

    @property
    def turned(self) -> Array:
        """Angle (k,) [deg] between an answer and its anchor, about the centre of the disc."""
        across = self.anchors[:, 0] * self.answers[:, 1] - self.anchors[:, 1] * self.answers[:, 0]
        angle: Array = np.degrees(np.abs(np.arctan2(across, (self.anchors * self.answers).sum(axis=1))))
        return angle

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which answers (k,) lie in the region."""
        return self.sector.contains(self.answers)


def train_half_ball(seed: int = 0, steps: int = 3000, n_anchors: int = 300) -> TwinInverse:
    """F for the half ball, trained by a generator around f (sections 4.3 and 4.6), with random anchors.

    Args:
        seed: Of weights, pairs and anchors.
        steps: Optimisation steps; 3000 take some six seconds.
        n_anchors: Anchors in the disc.
    """
    from itnnr_ik.twin.config import CONSISTENT, CosineSchedule
    from itnnr_ik.twin.regressor import InverseTwinRegressor

    config = replace(
        CONSISTENT,
        schedule=CosineSchedule(learning_rate=5e-3, batch_size=256, steps=steps),
        # f does not determine the direction along the circle: the penalty on ‖F‖² prefers the shortest step.
        pull=0.1,
    )
    regressor = InverseTwinRegressor(
        forward=HALF_BALL.function, sample=HALF_BALL.sample, radius=0.3, config=config, random_state=seed
    )
    anchors = HALF_BALL.sample(n_anchors, np.random.default_rng(seed))
    return regressor.fit(anchors, HALF_BALL.function(anchors)).inverse_


def answers_in(
    inverse: TwinInverse, sector: Sector, target: float, k: int = 8, passes: int = 1
) -> RegionAnswers:
    """Answers for ``target`` from the k nearest in y of the twin's anchors in ``sector``.

    Args:
        inverse: The twin of `train_half_ball`.
        sector: Where the anchors are taken from.
        target: y.
        k: Largest number of anchors.
        passes: Applications of F, from the second on with the answer and its f as the anchor.
    """
    x = inverse.anchors.x[sector.contains(inverse.anchors.x)]
    region = Anchors(x, HALF_BALL.function(x))
    nearest = region.nearest([target], min(k, len(region)))
    x = region.x[nearest]
    y = np.full((len(x), 1), target)
    for _ in range(passes):
        x = inverse.adjust(y, x, HALF_BALL.function(x))
    return RegionAnswers(sector, target, region.x[nearest], x)
