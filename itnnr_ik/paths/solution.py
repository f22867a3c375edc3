"""What solving a path returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Gap(NamedTuple):
    """Targets that the path does not follow.

    Attributes:
        first, last: Indices of the targets. Where both are solved, the joints jump from the one to the other.
            Of a path that does not close, they are the last target and 0.
        reason: Why: ``out of reach``, ``limit of joint …``, ``a singular posture would have to be crossed``
            or ``does not close``.
        amount: Out of reach: the largest distance from the targets, or the largest angle where only the
            orientation is missed. Joint limit: how far the joint would have to move beyond it; for a
            redundant arm the least by which the limits would have to be widened, at most the joint's range.
            Otherwise: the largest joint change of the jump.
        unit: Of the amount, ``m`` or ``rad``.
    """

    first: int
    last: int
    reason: str
    amount: float
    unit: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"targets {self.first} to {self.last}: {self.reason}, {self.amount:.3g} {self.unit}"


class SlowDown(NamedTuple):
    """A stretch of a path that takes longer than was asked for.

    Attributes:
        first, last: Indices of the targets.
        factor: How many times as long the slowest step takes.
    """

    first: int
    last: int
    factor: float


class Stretch(NamedTuple):
    """Targets in a row that are followed: the first one, and joint positions (L, n)."""

    first: int
    positions: Array

    @property
    def end(self) -> int:
        """The target after the last one."""
        return self.first + len(self.positions)


@dataclass(frozen=True)
class PathSolution:
    """Joint positions for m targets.

    Attributes:
        positions: (m, n) in [rad] or [m], within the limits; turns unwrapped. Where a target is not reached,
            the closest point.
        residual: (m,) Distances from the targets' positions in [m].
        orientation_error: (m,) in [rad]; None for a position task.
        converged: (m,) Both are within the solver's tolerances.
        times: (m,) in [s] at which the velocity limits are kept; None if no times were given.
        gaps: Where the path is not followed, and why; empty if all of it is.
        slow_downs: Where ``times`` are longer apart than was asked for.
    """

    positions: Array
    residual: Array
    orientation_error: Array | None
    converged: NDArray[np.bool_]
    times: Array | None
    gaps: tuple[Gap, ...]
    slow_downs: tuple[SlowDown, ...] = ()

    def __len__(self) -> int:
        return len(self.positions)
