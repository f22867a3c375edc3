"""When a joint path is at its targets, such that the joints keep their velocity limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.solution import SlowDown

Array = NDArray[np.float64]

#: A step that takes longer by a smaller share keeps its time.
_ROUNDING = 1e-9


def keep_velocities(positions: Array, times: Array, velocity: Array) -> tuple[Array, tuple[SlowDown, ...]]:
    """The times (m,) of a path (m, n), each step as long as it has to be for the velocity limits (n,).

    Returns:
        Times that begin when they did, and the stretches of steps that take longer.
    """
    given = np.diff(times)
    needed = (np.abs(np.diff(positions, axis=0)) / velocity).max(axis=1, initial=0.0)
    slower = needed > given * (1.0 + _ROUNDING)
    kept = times[0] + np.concatenate([[0.0], np.cumsum(np.where(slower, needed, given))])
    if not slower.any():
        return times.copy(), ()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], slower.astype(int), [0]])))
    stretches = tuple(
        SlowDown(int(first), int(last), float((needed[first:last] / given[first:last]).max()))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )
    return kept, stretches
