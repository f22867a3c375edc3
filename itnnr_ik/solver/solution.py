"""What a solve returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Solution(NamedTuple):
    """Joint positions for one target.

    Attributes:
        positions: (n,) in [rad] or [m], within the limits.
        residual: Distance of the tool from the target's position in [m].
        orientation_error: Angle between the tool's orientation (of a pointing task, its axis) and the
            target's in [rad]; None for a position task.
        converged: Both are within the solver's tolerances.
        displacement: Largest joint change from the current state in [rad]; None without one.
        anchor: What the answer was refined from: ``current`` (the current state) or ``neighbour`` (a stored
            configuration with its tool near the target).
        covered: Of an arm learned from a recording: the positions are near recorded ones, so that the learned
            function is valid there. None for an arm of known kinematics.
    """

    positions: NDArray[np.float64]
    residual: float
    orientation_error: float | None
    converged: bool
    displacement: float | None
    anchor: str
    covered: bool | None = None


#: `Solution` of all its fields as one tuple, in a third of the time: following a target takes microseconds.
new_solution: Callable[[tuple[Any, ...]], Solution] = partial(tuple.__new__, Solution)


@dataclass(frozen=True)
class Solutions:
    """The fields of `Solution` for b targets: positions (b, n), the others (b,)."""

    positions: NDArray[np.float64]
    residual: NDArray[np.float64]
    orientation_error: NDArray[np.float64] | None
    converged: NDArray[np.bool_]
    displacement: NDArray[np.float64] | None
    anchor: NDArray[np.str_]
    covered: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> Solution:
        """The solution of one target."""
        return Solution(
            self.positions[index],
            float(self.residual[index]),
            None if self.orientation_error is None else float(self.orientation_error[index]),
            bool(self.converged[index]),
            None if self.displacement is None else float(self.displacement[index]),
            str(self.anchor[index]),
            None if self.covered is None else bool(self.covered[index]),
        )
