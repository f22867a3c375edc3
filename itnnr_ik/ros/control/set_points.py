"""The set-point generator: where each joint is to be at any time, within limits of all derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from ruckig import InputParameter, Profile, Result, Ruckig, RuckigError, Synchronization, Trajectory

from itnnr_ik.ros.control.limits import Array, Limits

#: How long [s] what was is remembered: joints and controllers are late.
MEMORY = 0.6
#: A profile to a limit may pass it by this [rad, m], by rounding; what is given is clipped.
_ROUNDING = 1e-9
#: Knots closer than this are one [s].
_SAME_TIME = 1e-6
#: Shares of acceleration and jerk that are tried where there is time for it: a stream is to be smooth.
_GENTLE = (0.3, 1.0)
#: A moving goal is met after the first of these times [s] that the limits allow.
_MEETING = (0.08, 0.16, 0.32, 0.64, 1.28)

State = tuple[Array, Array, Array]


class _Piece(NamedTuple):
    """A profile and when it starts [s]; it counts until the next one starts."""

    start: float
    profile: Trajectory

    @property
    def end(self) -> float:
        return self.start + float(self.profile.duration)

    def at(self, time: float) -> State:
        positions, velocities, accelerations = self.profile.at_time(max(0.0, time - self.start))
        return np.array(positions), np.array(velocities), np.array(accelerations)

    @property
    def switches(self) -> Array:
        """When some joint's jerk switches, in [s], unsorted."""
        phases = [[*joint.brake.t, *joint.t] for joint in self.profile.profiles[0]]
        return self.start + np.append(np.cumsum(phases, axis=1).ravel(), 0.0)


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
        self._limits, self._bounds = limits, limits
        at_rest: State = (limits.inside(positions), np.zeros(n), np.zeros(n))
        rest = self._profile(at_rest, at_rest[0], np.zeros(n), limits)
        assert rest is not None, "a profile from rest to where it is"
        self._pieces = [_Piece(now - MEMORY, rest)]

    @property
    def end(self) -> float:
        """When the joints are to be at rest, in [s]."""
        return self._pieces[-1].end

    @property
    def goal(self) -> Array:
        """Where they come to rest (n,) [rad, m]."""
        return self.at(self.end)[0]

    def at(self, time: float) -> State:
        """Positions, velocities and accelerations (n,) at a time [s]."""
        piece = next((piece for piece in reversed(self._pieces) if piece.start <= time), self._pieces[0])
        positions, velocities, accelerations = piece.at(min(time, self.end))
        if time >= self.end:  # but for rounding
            velocities, accelerations = np.zeros_like(velocities), np.zeros_like(velocities)
        return self._bounds.inside(positions), velocities, accelerations

    def positions(self, times: Sequence[float]) -> Array:
        """Positions (k, n) at times [s]."""
        return np.array([self.at(time)[0] for time in times])

    def knots(self, since: float) -> Array:
        """Times [s] from ``since`` to the end between which positions are cubics."""
        ends = [piece.start for piece in self._pieces[1:]] + [self.end]
        times = [since, max(since, self.end)]
        for piece, end in zip(self._pieces, ends, strict=True):
            times.extend(time for time in piece.switches if since < time < end)
        return np.array([a for a, b in pairwise([*sorted(times), np.inf]) if b - a > _SAME_TIME])

    def delay(self, seconds: float) -> None:
        """Everything later by ``seconds``."""
        self._pieces = [_Piece(start + seconds, profile) for start, profile in self._pieces]

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
        goal = limits.inside(goal)
        state = self.at(now)
        pieces = self._through(state, goal, through, limits, now - due) if through is not None else None
        for allowed in (limits, limits.harder(self._limits)):
            pieces = pieces or self._to_rest(state, goal, allowed)
        if not pieces:
            return False
        self._limits = limits
        kept = [piece for piece in self._pieces if piece.start < now]
        while len(kept) > 1 and kept[1].start <= now - MEMORY:
            del kept[0]
        for profile in pieces:
            kept.append(_Piece(now, profile))
            now += profile.duration
        self._pieces = kept
        return True

    def _to_rest(self, state: State, goal: Array, limits: Limits) -> list[Trajectory] | None:
        """The profile that ends there, with the joints in step if that is within the limits."""
        rest = np.zeros(len(goal))
        for synchronization in (Synchronization.Time, Synchronization.No):
            profile = self._profile(state, goal, rest, limits, synchronization=synchronization)
            if profile is not None:
                return [profile]
        return None

    def _through(
        self, state: State, goal: Array, through: Array, limits: Limits, since: float
    ) -> list[Trajectory] | None:
        """Profiles that join a goal that moves, and end at rest on it; None where that cannot be."""
        rest = np.zeros(len(goal))
        for seconds in _MEETING:
            meeting = limits.inside(goal + (since + seconds) * through)
            speed = np.where(limits.inside(meeting + 1e-3 * through) != meeting, through, 0.0)
            speed = speed.clip(-limits.velocity, limits.velocity)
            for gentle in _GENTLE if _is_calm(state, limits.gentler(_GENTLE[0])) else _GENTLE[-1:]:
                first = self._profile(state, meeting, speed, limits.gentler(gentle), seconds)
                if first is not None and first.duration <= seconds * (1.0 + 1e-6):
                    back = self._profile((meeting, speed, rest), goal, rest, limits)
                    if back is not None:
                        return [first, back]
        return None

    def _profile(
        self,
        state: State,
        goal: Array,
        velocity: Array,
        limits: Limits,
        least: float = 0.0,
        synchronization: Synchronization = Synchronization.Time,
    ) -> Trajectory | None:
        """From ``state`` to ``goal`` with ``velocity`` there, None where it leaves the position limits."""
        wanted, n = self._input, len(goal)
        wanted.current_position, wanted.current_velocity, wanted.current_acceleration = (
            values.tolist() for values in state
        )
        wanted.target_position, wanted.target_velocity = goal.tolist(), velocity.tolist()
        wanted.max_velocity, wanted.max_acceleration = limits.velocity.tolist(), limits.acceleration.tolist()
        wanted.max_jerk = limits.jerk.tolist()
        wanted.minimum_duration = least or None
        wanted.synchronization = synchronization
        profile = Trajectory(n)
        try:
            if self._otg.calculate(wanted, profile) not in (Result.Working, Result.Finished):
                return None
        except RuckigError:
            return None
        return profile if _within(profile, state[0], limits) else None


def _is_calm(state: State, limits: Limits) -> bool:
    """Whether the joints can go on from there within limits: their acceleration takes time to end."""
    _, velocity, acceleration = state
    speed = np.abs(velocity + acceleration * np.abs(acceleration) / (2.0 * limits.jerk))
    return bool((np.abs(acceleration) <= limits.acceleration).all() and (speed <= limits.velocity).all())


def _within(profile: Trajectory, start: Array, limits: Limits) -> bool:
    """Whether joints keep their position limits; one that starts beyond comes back, and goes no farther."""
    lower = (np.minimum(limits.lower, start) - _ROUNDING).tolist()
    upper = (np.maximum(limits.upper, start) + _ROUNDING).tolist()
    extremes = map(_extremes, profile.profiles[0])
    return all(a <= least and most <= b for a, b, (least, most) in zip(lower, upper, extremes, strict=True))


def _extremes(joint: Profile) -> tuple[float, float]:
    """The least and the largest position of one joint.

    ruckig's own ``position_extrema`` and ``get_first_time_at_position`` (0.19.4) leave out phases of constant
    acceleration and the braking before the profile.
    """
    brake, positions = joint.brake, [joint.p[-1]]
    for seconds, p, v, a, jerk in (
        *zip(brake.t, brake.p, brake.v, brake.a, brake.j, strict=True),
        *zip(joint.t, joint.p[:7], joint.v[:7], joint.a[:7], joint.j, strict=True),
    ):
        if seconds <= 0.0:
            continue
        positions.append(p)
        end = a + seconds * jerk
        if a * end >= 0.0 and v * (v + 0.5 * seconds * (a + end)) > 0.0:
            continue  # its velocity is monotone and has one sign
        root = math.sqrt(max(0.0, a * a - 2.0 * jerk * v))
        for stop in ((-a - root) / jerk, (-a + root) / jerk) if jerk else (-v / a,) if a else ():
            if 0.0 < stop < seconds:
                positions.append(p + stop * (v + stop * (a / 2.0 + stop * jerk / 6.0)))
    return min(positions), max(positions)
