"""Finds the parts of a path that the joints follow without a gap."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths import PathSolution


def joined_steps(found: PathSolution) -> NDArray[np.bool_]:
    """Whether the joints move from each target to the next one without a gap (m − 1,)."""
    steps = np.ones(len(found) - 1, dtype=np.bool_)
    for first, last, *_ in found.gaps:
        if last == first + 1 and found.converged[[first, last]].all():
            steps[first] = False  # a jump between two reached targets
        elif first <= last:
            steps[max(0, first - 1) : last + 1] = False
    return steps


def joined_rows(found: PathSolution) -> list[slice]:
    """The rows of each part of the path between gaps, without targets that are not reached."""
    steps = joined_steps(found)
    missed = np.zeros(len(found), dtype=np.bool_)
    for first, last, *_ in found.gaps:
        if not (last == first + 1 and found.converged[[first, last]].all()):
            missed[first : last + 1] = True
    ends = [0, *(np.flatnonzero(~steps) + 1).tolist(), len(found)]
    return [slice(first, end) for first, end in pairwise(ends) if not missed[first]]
