"""Training pairs of F: from data, or from a known forward function."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.inference import Forward
from itnnr_ik.twin.sampling import neighbour_pairs
from itnnr_ik.twin.training import Batch, shuffled, to_tensor

Array = NDArray[np.float64]
#: Draws (count, n) inputs from the domain.
Sample = Callable[[int, np.random.Generator], Array]


class Pairs(ABC):
    """Batches y_new (b, m), y_anchor (b, m), x_anchor (b, n) and the label x_new − x_anchor (b, n)."""

    @abstractmethod
    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """A batch of about ``count`` random pairs."""

    def epoch(self, count: int, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """``count`` batches of ``size`` pairs."""
        drawn = self.draw(count * size, rng)  # at once, which is quicker than batch by batch
        return zip(*(torch.split(values[: count * size], size) for values in drawn), strict=True)


class DataPairs(Pairs):
    """Each point with itself and its k nearest others in x (section 4.2, Algorithm 1)."""

    def __init__(self, x: Array, y: Array, k: int) -> None:
        self.batch: Batch = tuple(to_tensor(a) for a in neighbour_pairs(x, y, k))

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """See `Pairs`."""
        rows = torch.from_numpy(rng.integers(len(self.batch[0]), size=count))
        return tuple(values[rows] for values in self.batch)

    def epoch(self, count: int, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """All pairs once, in random order."""
        return shuffled(self.batch, size, rng)


@dataclass(frozen=True)
class PerturbedPairs(Pairs):
    """A fresh input and a point around it (section 4.3): a by ``sample``, b = a + U(−radius, radius)^n.

    Inputs are (f(a), f(b), b), the label is a − b. With ``all_distances`` the perturbation of each pair is
    scaled by U(0, 1), so that small changes are not rare. ``boundary`` brings b (b, n) back to the domain.
    """

    forward: Forward
    sample: Sample
    radius: float
    all_distances: bool
    boundary: Callable[[Array], Array] | None = None

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """See `Pairs`."""
        x_new = self.sample(count, rng)
        label = -rng.uniform(-self.radius, self.radius, size=x_new.shape)
        if self.all_distances:
            label *= rng.uniform(size=(count, 1))
        x_anchor = x_new - label
        if self.boundary is not None:
            x_anchor = self.boundary(x_anchor)
            label = x_new - x_anchor
        y = self.forward(np.concatenate([x_new, x_anchor]))
        return to_tensor(y[:count]), to_tensor(y[count:]), to_tensor(x_anchor), to_tensor(label)


@dataclass(frozen=True)
class AnchoredPairs(Pairs):
    """The output of a fresh input with each of the k anchors nearest to it in y, as at inference.

    The label leads to the input that the output belongs to, one preimage of perhaps many; to which of
    them an anchor should be adjusted is left open. ``disturb`` makes outputs (b, m) as noisy as targets.
    """

    forward: Forward
    sample: Sample
    anchors: Anchors
    k: int
    first_rank: int = 0
    disturb: Callable[[Array, np.random.Generator], Array] | None = None

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """See `Pairs`; the count is rounded up to a multiple of k."""
        x_new = self.sample(-(-count // self.k), rng)
        y_new = self.forward(x_new)
        if self.disturb is not None:
            y_new = self.disturb(y_new, rng)
        indices = self.anchors.nearest(y_new, self.k, self.first_rank).reshape(-1)
        y_anchor, x_anchor = self.anchors.y[indices], self.anchors.x[indices]
        label = np.repeat(x_new, self.k, axis=0) - x_anchor
        return tuple(map(to_tensor, (np.repeat(y_new, self.k, axis=0), y_anchor, x_anchor, label)))
