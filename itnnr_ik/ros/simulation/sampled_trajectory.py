"""A trajectory sampled as by a joint_trajectory_controller: splines between points at their times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Point:
    """Joint positions (n,) in [rad] or [m], and their first and second derivatives where they are given."""

    positions: np.ndarray
    velocities: np.ndarray | None = None
    accelerations: np.ndarray | None = None


class SampledTrajectory:
    """Points at their times, joined to a state before the first of them.

    Times are in [ns].

    Args:
        stamp: Start of the trajectory; 0: when it begins to be sampled.
        offsets: Times of the points from the start, strictly increasing.
        points: As many, at least one.
    """

    def __init__(self, stamp: int, offsets: Sequence[int], points: Sequence[Point]) -> None:
        self._stamp, self._offsets, self._points = stamp, offsets, points
        self._times: list[int] = []
        self.start: int | None = None

    def begin(self, now: int, since: int, before: Point) -> None:
        """Fix its start time, and join it to ``before``, the set-points at the time ``since``.

        Derivatives of the first point that ``before`` lacks count as zero there.
        """
        first = self._points[0]
        if before.velocities is None and first.velocities is not None:
            before = replace(before, velocities=np.zeros_like(before.positions))
        if before.accelerations is None and first.accelerations is not None:
            before = replace(before, accelerations=np.zeros_like(before.positions))
        self.start = self._stamp or now
        self._joined_at, self._joined = since, before
        self._times = [self.start + offset for offset in self._offsets]

    def sample(self, time: int) -> Point | None:
        """The set-points at ``time``, with both derivatives; None before the time at which it was joined."""
        if time < self._joined_at:
            return None
        after = bisect_right(self._times, time)
        if after == len(self._times):
            last = self._points[-1]
            rest = np.zeros_like(last.positions)
            return Point(
                last.positions,
                rest if last.velocities is None else last.velocities,
                rest if last.accelerations is None else last.accelerations,
            )
        since, before = (
            (self._times[after - 1], self._points[after - 1]) if after else (self._joined_at, self._joined)
        )
        return interpolate(
            before, self._points[after], 1e-9 * (self._times[after] - since), 1e-9 * (time - since)
        )


def interpolate(start: Point, end: Point, duration: float, elapsed: float) -> Point:
    """Interpolate by a quintic, a cubic or a straight line, depending on the derivatives of both points.

    Accelerations without velocities are invalid for the controller, and its set-points are zero then.

    Args:
        start: At time 0.
        end: At ``duration``.
        duration: In [s], positive.
        elapsed: In [s], from 0 to ``duration``.
    """
    with_velocities = start.velocities is not None and end.velocities is not None
    with_accelerations = start.accelerations is not None and end.accelerations is not None
    if with_accelerations and not with_velocities:
        zeros = np.zeros_like(start.positions)
        return Point(zeros, zeros, zeros)
    with np.errstate(over="ignore", invalid="ignore"):  # a sender may put any number into a message
        change = end.positions - start.positions
        if not with_velocities:
            coefficients = [start.positions, change]
        else:
            # As functions of the share of the duration, which scales derivatives.
            v0, v1 = (duration * _not_none(point.velocities) for point in (start, end))
            if not with_accelerations:
                coefficients = [start.positions, v0, 3.0 * change - 2.0 * v0 - v1, v0 + v1 - 2.0 * change]
            else:
                a0, a1 = (0.5 * duration**2 * _not_none(point.accelerations) for point in (start, end))
                coefficients = [
                    *(start.positions, v0, a0),
                    10.0 * change - 6.0 * v0 - 4.0 * v1 - 3.0 * a0 + a1,
                    -15.0 * change + 8.0 * v0 + 7.0 * v1 + 3.0 * a0 - 2.0 * a1,
                    6.0 * change - 3.0 * (v0 + v1) - a0 + a1,
                ]
        return _evaluate(coefficients, duration, elapsed / duration)


def _not_none(values: np.ndarray | None) -> np.ndarray:
    assert values is not None
    return values


def _evaluate(coefficients: list[np.ndarray], duration: float, share: float) -> Point:
    """A polynomial in the share of ``duration``, coefficients from the constant one up, by Horner's rule."""
    position = velocity = acceleration = np.zeros_like(coefficients[0])
    for coefficient in reversed(coefficients):
        acceleration = acceleration * share + 2.0 * velocity
        velocity = velocity * share + position
        position = position * share + coefficient
    return Point(position, velocity / duration, acceleration / duration**2)
