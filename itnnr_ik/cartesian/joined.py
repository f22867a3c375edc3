"""Which targets of a path the joints go through one after the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths import PathSolution


def joined(found: PathSolution) -> NDArray[np.bool_]:
    """Whether the joints go from each target but the last to the next one (m − 1,) without a gap."""
    steps = np.ones(len(found) - 1, dtype=np.bool_)
    for first, last, *_ in found.gaps:
        if last == first + 1 and found.converged[[first, last]].all():
            steps[first] = False  # a jump between targets that are both reached
        elif first <= last:
            steps[max(0, first - 1) : last + 1] = False
    return steps


def pieces(found: PathSolution) -> list[slice]:
    """The rows of the path between its gaps, those of targets that are not reached left out."""
    steps = joined(found)
    missed = np.zeros(len(found), dtype=np.bool_)
    for first, last, *_ in found.gaps:
        if not (last == first + 1 and found.converged[[first, last]].all()):
            missed[first : last + 1] = True
    ends = [0, *(np.flatnonzero(~steps) + 1).tolist(), len(found)]
    return [slice(first, end) for first, end in pairwise(ends) if not missed[first]]
