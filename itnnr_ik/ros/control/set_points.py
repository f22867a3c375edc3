"""The set-point generator: where each joint is to be at any time, within limits of all derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from itnnr_ik.compiled import kernel
from itnnr_ik.ros.control.limits import Array, Limits
from itnnr_ik.ros.control.profiles import Profile, profile_to

#: How long [s] what was is remembered: joints and controllers are late.
MEMORY = 1.0
#: Shares of acceleration and jerk that are tried where there is time for it: a stream is to be smooth.
_GENTLE = (0.3, 1.0)
#: A moving goal is met after the first of these times [s] that the limits allow.
_MEETING = (0.08, 0.16, 0.32, 0.64, 1.28)
#: Knots closer than this are one for a controller [s].
_SAME = 1e-6


class SetPoints:
    """Positions, velocities and accelerations by time, which new goals continue at any time.

    Args:
        positions: Where the joints rest at first (n,) [rad, m].
        now: Since when, in [s].
        limits: Of the joints.
    """

    def __init__(self, positions: Array, now: float, limits: Limits) -> None:
        self._limits = self._bounds = limits
        #: Profiles, one after the other, and rest.
        self._times, self._states = np.array([now]), _at_rest(limits.inside(positions))

    @property
    def start(self) -> float:
        """Since when there are any, in [s]."""
        return float(self._times[0])

    @property
    def end(self) -> float:
        """When the joints are to be at rest, in [s]."""
        return float(self._times[-1])

    @property
    def goal(self) -> Array:
        """Where they come to rest (n,) [rad, m]."""
        return self._bounds.inside(self._states[-1, 0])

    def at(self, times: float | Sequence[float] | Array) -> Array:
        """Positions, velocities and accelerations (3, n) at a time [s], or (3, k, n) at several (k,)."""
        times = np.asarray(times, dtype=float)
        states = np.empty((3, times.size, self._states.shape[2]))
        _evaluate(self._times, self._states, times.ravel(), states)
        states[0] = self._bounds.inside(states[0])  # by rounding they may be beyond
        return states.reshape(3, *times.shape, -1)

    def knots(self, since: float) -> Array:
        """Times [s] from ``since`` to the end between which positions are cubics."""
        times = np.append(max(since, self.start), self._times[self._times > since])
        return times[np.diff(times, append=np.inf) > _SAME]

    def delay(self, seconds: float) -> None:
        """Everything later by ``seconds``."""
        self._times = self._times + seconds

    def aim(
        self,
        goal: Array,
        now: float,
        limits: Limits,
        through: Array | None = None,
        due: float = -np.inf,
    ) -> bool:
        """Go to another goal from ``now`` on; False, and on as before, where the limits have no room for it.

        Args:
            goal: Where to come to rest (n,) [rad, m].
            now: Time in [s].
            limits: A lower velocity than the present one is met by braking. Where a lower acceleration leaves
                no room to stop before a position limit, the one so far holds on.
            through: Velocities (n,) [rad/s, m/s] wanted at the goal, on which the joints then come to rest;
                they are reduced as far as the limits need.
            due: When a goal that moves is where it is given, in [s].
        """
        goal, state = limits.inside(goal), self.at(now)
        profiles = [] if through is None else _through(goal, through, now - due, state, limits)
        if not profiles:
            so_far = replace(limits, acceleration=self._limits.acceleration, jerk=self._limits.jerk)
            profile = _to_rest(goal, state, limits) or _to_rest(goal, state, so_far)
            if profile is None:
                return False
            profiles = [profile]
        self._limits = limits
        kept = slice(max(self._times.searchsorted(now - MEMORY) - 1, 0), self._times.searchsorted(now))
        times, states = [self._times[kept]], [self._states[kept]]
        for profile in profiles:
            times.append(now + profile.times)
            states.append(profile.states)
            now += profile.duration
        self._times = np.concatenate([*times, [now]])
        self._states = np.concatenate([*states, _at_rest(goal)])
        return True


def _at_rest(positions: Array) -> Array:
    """The state (1, 4, n) of joints that stand still."""
    rest = np.zeros_like(positions)
    return np.array([[positions, rest, rest, rest]])


def _to_rest(goal: Array, state: Array, limits: Limits) -> Profile | None:
    return profile_to(goal, np.zeros_like(goal), state, limits)


def _through(goal: Array, through: Array, since: float, state: Array, limits: Limits) -> list[Profile]:
    """To a goal that moves since so long [s], and from there to rest on it; empty where that cannot be."""
    for seconds in _MEETING:
        meeting = limits.inside(goal + (since + seconds) * through)
        speed = np.where(limits.inside(meeting + 1e-3 * through) != meeting, through, 0.0)
        speed = speed.clip(-limits.velocity, limits.velocity)
        for gentle in _GENTLE if _is_calm(state, limits.gentler(_GENTLE[0])) else _GENTLE[-1:]:
            first = profile_to(meeting, speed, state, limits.gentler(gentle), seconds)
            back = first and _to_rest(goal, np.array([meeting, speed, 0.0 * speed]), limits)
            if first and back:
                return [first, back]
    return []


def _is_calm(state: Array, limits: Limits) -> bool:
    """Whether the joints can go on from there within limits: their acceleration takes time to end."""
    _, velocity, acceleration = state
    speed = np.abs(velocity + acceleration * np.abs(acceleration) / (2.0 * limits.jerk))
    return bool((np.abs(acceleration) <= limits.acceleration).all() and (speed <= limits.velocity).all())


@kernel
def _evaluate(knots: Array, states: Array, times: Array, found: Array) -> None:
    """Put positions, velocities and accelerations at times (k,) into ``found`` (3, k, n)."""
    for k in range(len(times)):
        i = max(np.searchsorted(knots, times[k], side="right") - 1, 0)
        t = max(times[k] - knots[i], 0.0)
        for joint in range(states.shape[2]):
            p, v, a, j = states[i, 0, joint], states[i, 1, joint], states[i, 2, joint], states[i, 3, joint]
            found[0, k, joint] = p + t * (v + t * (a / 2.0 + t * j / 6.0))
            found[1, k, joint] = v + t * (a + t * j / 2.0)
            found[2, k, joint] = a + t * j
