"""The set-point generator: where each joint is to be at any time, within limits of all derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from ruckig import InputParameter, Result, Ruckig, RuckigError, Synchronization, Trajectory

from itnnr_ik.ros.control.cubics import Cubics
from itnnr_ik.ros.control.limits import Array, Limits

#: How long [s] what was is remembered: joints and controllers are late.
MEMORY = 1.0
#: Shares of acceleration and jerk that are tried where there is time for it: a stream is to be smooth.
_GENTLE = (0.3, 1.0)
#: A moving goal is met after the first of these times [s] that the limits allow.
_MEETING = (0.08, 0.16, 0.32, 0.64, 1.28)


class SetPoints:
    """Positions, velocities and accelerations by time, which new goals continue at any time.

    The profiles are ruckig's (Berscheid and Kröger 2021): as short as velocity, acceleration and jerk allow,
    the joints in step. They end at rest.

    Args:
        positions: Where the joints rest at first (n,) [rad, m].
        now: Since when, in [s].
        limits: Of the joints.
    """

    def __init__(self, positions: Array, now: float, limits: Limits) -> None:
        n = len(positions)
        self._otg, self._input = Ruckig(n), InputParameter(n)
        self._limits = self._bounds = limits
        self._cubics = Cubics.at_rest(limits.inside(positions), now)

    @property
    def start(self) -> float:
        """Since when the joints are known to be anywhere, in [s]."""
        return float(self._cubics.times[0])

    @property
    def end(self) -> float:
        """When the joints are to be at rest, in [s]."""
        return float(self._cubics.times[-1])

    @property
    def goal(self) -> Array:
        """Where they come to rest (n,) [rad, m]."""
        return self._bounds.inside(self._cubics.states[-1, 0])

    def at(self, times: float | Sequence[float] | Array) -> Array:
        """Positions, velocities and accelerations (3, n) at a time [s], or (3, k, n) at several (k,)."""
        times = np.asarray(times, dtype=float)
        states = self._cubics.at(times.ravel())
        states[0] = self._bounds.inside(states[0])  # by rounding they may be beyond
        return states.reshape(3, *times.shape, -1)

    def knots(self, since: float) -> Array:
        """Times [s] from ``since`` to the end between which positions are cubics."""
        return self._cubics.knots(since)

    def delay(self, seconds: float) -> None:
        """Everything later by ``seconds``."""
        self._cubics = self._cubics.later(seconds)

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
        parts = self._through(state, goal, through, limits, now - due) if through is not None else []
        parts = parts or self._to_rest(state, goal, limits)
        if not parts:
            limits = replace(limits, acceleration=self._limits.acceleration, jerk=self._limits.jerk)
            parts = self._to_rest(state, goal, limits)
        if not parts:
            return False
        self._limits = limits
        self._cubics = self._cubics.since(now - MEMORY)
        for part in parts:
            self._cubics = self._cubics.then(part.later(now))
            now = self.end
        self._cubics.states[-1, 1:] = 0.0  # at rest but for rounding
        return True

    def _to_rest(self, state: Array, goal: Array, limits: Limits) -> list[Cubics]:
        """To the goal, with the joints in step if that is within the limits; empty where that cannot be."""
        for synchronization in (Synchronization.Time, Synchronization.No):
            part = self._part(state, goal, np.zeros(len(goal)), limits, synchronization=synchronization)
            if part is not None:
                return [part]
        return []

    def _through(
        self, state: Array, goal: Array, through: Array, limits: Limits, since: float
    ) -> list[Cubics]:
        """To a goal that moves, and from there to rest on it; empty where that cannot be."""
        rest = np.zeros(len(goal))
        for seconds in _MEETING:
            meeting = limits.inside(goal + (since + seconds) * through)
            speed = np.where(limits.inside(meeting + 1e-3 * through) != meeting, through, 0.0)
            speed = speed.clip(-limits.velocity, limits.velocity)
            for gentle in _GENTLE if _is_calm(state, limits.gentler(_GENTLE[0])) else _GENTLE[-1:]:
                first = self._part(state, meeting, speed, limits.gentler(gentle), seconds)
                if first is not None:
                    back = self._part(np.array([meeting, speed, rest]), goal, rest, limits)
                    if back is not None:
                        return [first, back]
        return []

    def _part(
        self,
        state: Array,
        goal: Array,
        velocity: Array,
        limits: Limits,
        seconds: float | None = None,
        synchronization: Synchronization = Synchronization.Time,
    ) -> Cubics | None:
        """From ``state`` to ``goal`` with ``velocity`` there, in ``seconds`` or as soon as may be.

        None where that takes longer, or leaves the position limits.
        """
        wanted = self._input
        wanted.current_position, wanted.current_velocity, wanted.current_acceleration = state.tolist()
        wanted.target_position, wanted.target_velocity = goal.tolist(), velocity.tolist()
        wanted.max_velocity, wanted.max_acceleration = limits.velocity.tolist(), limits.acceleration.tolist()
        wanted.max_jerk = limits.jerk.tolist()
        wanted.minimum_duration = seconds
        wanted.synchronization = synchronization
        profile = Trajectory(len(goal))
        try:
            if self._otg.calculate(wanted, profile) not in (Result.Working, Result.Finished):
                return None
        except RuckigError:
            return None
        if seconds is not None and profile.duration > seconds * (1.0 + 1e-6):
            return None
        part = Cubics.of(profile)
        return part if part.within(limits) else None


def _is_calm(state: Array, limits: Limits) -> bool:
    """Whether the joints can go on from there within limits: their acceleration takes time to end."""
    _, velocity, acceleration = state
    speed = np.abs(velocity + acceleration * np.abs(acceleration) / (2.0 * limits.jerk))
    return bool((np.abs(acceleration) <= limits.acceleration).all() and (speed <= limits.velocity).all())
