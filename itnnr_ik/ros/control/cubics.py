"""Motion of which each joint's position is a cubic from one time to the next."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from ruckig import Trajectory

from itnnr_ik.compiled import compiled
from itnnr_ik.ros.control.limits import Array, Limits

#: Times closer than this are one [s]: where a jerk begins, and for a controller.
_SAME, _SAME_FOR_CONTROLLERS = 1e-9, 1e-6
#: A profile to a limit may pass it by this [rad, m], by rounding.
_ROUNDING = 1e-9


class Cubics(NamedTuple):
    """Motion that ends at the last time; nothing moves before the first.

    Attributes:
        times: When the jerk of some joint changes, in [s], rising (k,).
        states: Positions, velocities, accelerations and jerks (k, 4, n) from then on.
    """

    times: Array
    states: Array

    @classmethod
    def at_rest(cls, positions: Array, time: float) -> Cubics:
        """Joints that stand still at positions (n,)."""
        rest = np.zeros_like(positions)
        return cls(np.array([time]), np.array([[positions, rest, rest, rest]]))

    @classmethod
    def of(cls, profile: Trajectory) -> Cubics:
        """What ruckig found, from time 0 on."""
        end = profile.duration
        switches = {0.0, end}
        for joint in profile.profiles[0]:
            switches.update(time for time in accumulate((*joint.brake.t, *joint.t)) if time < end)
        times = [a for a, b in pairwise([*sorted(switches), np.inf]) if b - a > _SAME]
        states = np.array([profile.at_time(time) for time in times])
        jerks = np.zeros_like(states[:, :1])
        jerks[:-1, 0] = np.diff(states[:, 2], axis=0) / np.diff(times)[:, None]
        return cls(np.array(times), np.concatenate([states, jerks], axis=1))

    def at(self, times: Array) -> Array:
        """Positions, velocities and accelerations (3, k, n) at times (k,) [s]."""
        found: Array = _evaluate(self.times, self.states, times)
        return found

    def knots(self, since: float) -> Array:
        """Times [s] from ``since`` on between which the motion is of cubics."""
        times = np.append(max(since, self.times[0]), self.times[self.times > since])
        return times[np.diff(times, append=np.inf) > _SAME_FOR_CONTROLLERS]

    def within(self, limits: Limits) -> bool:
        """Whether joints keep their position limits; one that starts beyond comes back, and goes no farther.

        ruckig's own ``position_extrema`` (0.19.4) leave out phases of constant acceleration and the braking
        before the profile.
        """
        least, most = _extremes(self.times, self.states)
        start = self.states[0, 0]
        above = least >= np.minimum(limits.lower, start) - _ROUNDING
        below = most <= np.maximum(limits.upper, start) + _ROUNDING
        return bool((above & below).all())

    def later(self, seconds: float) -> Cubics:
        """The same, so much later."""
        return Cubics(self.times + seconds, self.states)

    def since(self, time: float) -> Cubics:
        """The same without what counts only before a time [s]."""
        first = max(self.times.searchsorted(time, side="right") - 1, 0)
        return Cubics(self.times[first:], self.states[first:])

    def then(self, other: Cubics) -> Cubics:
        """This motion, and from where the other begins that one."""
        until = self.times.searchsorted(other.times[0])
        times = np.append(self.times[:until], other.times)
        return Cubics(times, np.concatenate([self.states[:until], other.states]))


@compiled
def _evaluate(knots: Array, states: Array, times: Array) -> Array:
    """Positions, velocities and accelerations (3, k, n)."""
    found = np.empty((3, len(times), states.shape[2]))
    for k, time in enumerate(times):
        i = max(np.searchsorted(knots, time, side="right") - 1, 0)
        t = max(time - knots[i], 0.0)
        p, v, a, j = states[i, 0], states[i, 1], states[i, 2], states[i, 3]
        found[0, k] = p + t * (v + t * (a / 2.0 + t * j / 6.0))
        found[1, k] = v + t * (a + t * j / 2.0)
        found[2, k] = a + t * j
    return found


@compiled
def _extremes(times: Array, states: Array) -> tuple[Array, Array]:
    """The least and the largest position of each joint (n,), by where its velocity is zero."""
    least, most = states[-1, 0].copy(), states[-1, 0].copy()
    for i in range(len(times) - 1):
        for k in range(len(least)):
            p, v, a, j = states[i, 0, k], states[i, 1, k], states[i, 2, k], states[i, 3, k]
            q = -(a + np.copysign(np.sqrt(a * a - 2.0 * j * v), a))
            for t in (0.0, q / j, 2.0 * v / q):
                if 0.0 <= t < times[i + 1] - times[i]:
                    position = p + t * (v + t * (a / 2.0 + t * j / 6.0))
                    least[k], most[k] = min(least[k], position), max(most[k], position)
    return least, most
