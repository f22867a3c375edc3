"""The set-point generator: joint positions by time, within limits of all derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from itnnr_ik.compiled import kernel
from itnnr_ik.ros.control.limits import Array, Limits
from itnnr_ik.ros.control.profiles import Profile, profile_to

#: How long past set-points are kept [s]: joints and controllers lag behind.
HISTORY = 1.0
#: Shares of the acceleration and jerk limits that are tried in turn, so that a stream is smooth.
_LIMIT_SHARES = (0.3, 1.0)
#: A moving goal is met after the first of these times [s] that is feasible.
_MEETING_TIMES = (0.08, 0.16, 0.32, 0.64, 1.28)
#: Minimum time between two knots [s]: a controller does not tell closer ones apart.
_MIN_KNOT_SPACING = 1e-6


class SetPoints:
    """Positions, velocities and accelerations by time, continued to a new goal at any time.

    Args:
        positions: Of the joints (n,) [rad, m], which are at rest at first.
        now: Start time, in [s].
        limits: Of the joints.
    """

    def __init__(self, positions: Array, now: float, limits: Limits) -> None:
        self._limits = self._position_limits = limits
        #: Profiles, one after the other, and rest.
        self._times, self._states = np.array([now]), _at_rest(limits.clip(positions))

    @property
    def start(self) -> float:
        """Time [s] of the first set-point."""
        return float(self._times[0])

    @property
    def end(self) -> float:
        """Time [s] at which the motion ends at rest."""
        return float(self._times[-1])

    @property
    def goal(self) -> Array:
        """Positions at the end (n,) [rad, m]."""
        return self._position_limits.clip(self._states[-1, 0])

    def at(self, times: float | Sequence[float] | Array) -> Array:
        """Positions, velocities and accelerations (3, n) at a time [s], or (3, k, n) at several (k,)."""
        times = np.asarray(times, dtype=float)
        states = np.empty((3, times.size, self._states.shape[2]))
        _evaluate(self._times, self._states, times.ravel(), states)
        states[0] = self._position_limits.clip(states[0])  # against rounding
        return states.reshape(3, *times.shape, -1)

    def knots(self, since: float) -> Array:
        """Times [s] from ``since`` to the end between which positions are cubics."""
        times = np.append(max(since, self.start), self._times[self._times > since])
        return times[np.diff(times, append=np.inf) > _MIN_KNOT_SPACING]

    def delay(self, seconds: float) -> None:
        """Delay all set-points by ``seconds``."""
        self._times = self._times + seconds

    def set_goal(
        self,
        goal: Array,
        now: float,
        limits: Limits,
        velocity: Array | None = None,
        time: float = -np.inf,
    ) -> bool:
        """Replan to a goal from ``now`` on; False, with the plan unchanged, if the limits do not allow it.

        Args:
            goal: Positions at the end, at rest (n,) [rad, m].
            now: Time in [s].
            limits: A lower velocity than the present one is met by braking. If a lower acceleration does not
                suffice to stop before a position limit, the previous one stays in force.
            velocity: Of a moving goal (n,) [rad/s, m/s]: the joints meet it, as fast as the limits allow, and
                then come to rest at ``goal``. None for a goal at rest.
            time: At which a moving goal is at ``goal``, in [s].
        """
        goal, state = limits.clip(goal), self.at(now)
        profiles = [] if velocity is None else _meet(goal, velocity, now - time, state, limits)
        if not profiles:
            previous = replace(limits, acceleration=self._limits.acceleration, jerk=self._limits.jerk)
            profile = _to_rest(goal, state, limits) or _to_rest(goal, state, previous)
            if profile is None:
                return False
            profiles = [profile]
        self._limits = limits
        kept = slice(max(self._times.searchsorted(now - HISTORY) - 1, 0), self._times.searchsorted(now))
        times, states = [self._times[kept]], [self._states[kept]]
        for profile in profiles:
            times.append(now + profile.times)
            states.append(profile.states)
            now += profile.duration
        self._times = np.concatenate([*times, [now]])
        self._states = np.concatenate([*states, _at_rest(goal)])
        return True


def _at_rest(positions: Array) -> Array:
    """The state (1, 4, n) of joints at rest."""
    rest = np.zeros_like(positions)
    return np.array([[positions, rest, rest, rest]])


def _to_rest(goal: Array, state: Array, limits: Limits) -> Profile | None:
    return profile_to(goal, np.zeros_like(goal), state, limits)


def _meet(goal: Array, velocity: Array, elapsed: float, state: Array, limits: Limits) -> list[Profile]:
    """To a goal that has moved for ``elapsed`` [s], and back to rest at ``goal``; empty if not feasible."""
    shares = _LIMIT_SHARES if _can_keep(state, limits.scaled(_LIMIT_SHARES[0])) else _LIMIT_SHARES[-1:]
    for duration in _MEETING_TIMES:
        meeting = limits.clip(goal + (elapsed + duration) * velocity)
        speed = np.where(limits.clip(meeting + 1e-3 * velocity) != meeting, velocity, 0.0)
        speed = speed.clip(-limits.velocity, limits.velocity)
        for share in shares:
            first = profile_to(meeting, speed, state, limits.scaled(share), duration)
            back = first and _to_rest(goal, np.array([meeting, speed, 0.0 * speed]), limits)
            if first and back:
                return [first, back]
    return []


def _can_keep(state: Array, limits: Limits) -> bool:
    """Whether motion from a state can keep limits, given the time that ending its acceleration takes."""
    _, velocity, acceleration = state
    speed = np.abs(velocity + acceleration * np.abs(acceleration) / (2.0 * limits.jerk))
    return bool((np.abs(acceleration) <= limits.acceleration).all() and (speed <= limits.velocity).all())


@kernel
def _evaluate(knots: Array, states: Array, times: Array, result: Array) -> None:
    """Put positions, velocities and accelerations at times (k,) into ``result`` (3, k, n)."""
    for k in range(len(times)):
        i = max(np.searchsorted(knots, times[k], side="right") - 1, 0)
        t = max(times[k] - knots[i], 0.0)
        for joint in range(states.shape[2]):
            p, v, a, j = states[i, 0, joint], states[i, 1, joint], states[i, 2, joint], states[i, 3, joint]
            result[0, k, joint] = p + t * (v + t * (a / 2.0 + t * j / 6.0))
            result[1, k, joint] = v + t * (a + t * j / 2.0)
            result[2, k, joint] = a + t * j
