"""Motions of joints along cubics, as a joint_trajectory_controller makes them of points with velocities.

A cubic over a way d > 0 in the time T from the speed v0 to the speed v1 (negative: the other way) has

- its largest speed within V where 3 d / T ≤ v0 + v1 + V + √((V − v0)(V − v1)),
- its accelerations at both ends, which are the largest, within A where |6 d − c T| ≤ A T² for c = 4 v0 + 2 v1
  and c = 2 v0 + 4 v1,
- no turning point where v0 T and v1 T are up to 3 d; beyond that, and where it ends at rest, it goes too far
  by less than 4/27 of what is more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

Array = NDArray[np.float64]

#: A motion is given at least this long [s]: none is to be made at once.
SHORTEST = 0.01
#: From rest to rest the peak speed is so many times the average one.
PEAK = 1.5
#: How long a motion that moves on through its goal takes to come to rest there [s], or longer where the
#: acceleration is limited.
STOP_TIME = 0.2
#: A joint that has to brake before a limit does not take less than this [s], however near that is.
_LEAST_BRAKE = 1e-3
#: So little beyond a limit is within it [rad].
_NOTHING = 1e-9
#: Knots that are nearer to each other [s] are one.
_SAME_TIME = 1e-6
#: What is more than 3 d of v0 T may be this many times the room beyond the goal.
_ROOM_SHARE = 27.0 / 4.0
#: How often the speed at the goal is reduced to what the duration allows, before the motion stops there.
_TRIALS = 3


@dataclass(frozen=True)
class Bounds:
    """What a motion keeps to.

    Args:
        limits: Of the joint positions (2, n) [rad].
        velocity: Of every joint, in [rad/s].
        acceleration: Of every joint, in [rad/s²]; infinite where it is not limited. A limit of the positions
            comes first.
    """

    limits: Array
    velocity: float
    acceleration: float = np.inf


@dataclass(frozen=True)
class Motion:
    """Cubics from knot to knot, and rest at the last one.

    Args:
        times: Of the knots (k,) [s], rising from 0.
        positions: (k, n) [rad].
        velocities: (k, n) [rad/s].
    """

    times: Array
    positions: Array
    velocities: Array

    @property
    def duration(self) -> float:
        """In [s]."""
        return float(self.times[-1])

    def at(self, seconds: float | Array) -> tuple[Array, Array]:
        """Positions (…, n) [rad] and velocities (…, n) [rad/s] at one time or several (…) [s]."""
        spline = CubicHermiteSpline(self.times, self.positions, self.velocities)
        within = np.clip(seconds, 0.0, self.duration)
        moving = (np.asarray(seconds) < self.duration)[..., None]
        return np.where(moving, spline(within), self.positions[-1]), np.where(moving, spline(within, 1), 0.0)


def make_motion(
    start: Array,
    speed: Array,
    goal: Array,
    bounds: Bounds,
    least: float = SHORTEST,
    through: Array | None = None,
    farthest: Array | None = None,
) -> Motion:
    """To ``goal`` in as short a time as the bounds allow, all joints at once where their limits allow that.

    A joint that is on its way to a limit has only so long to stop. Where others take longer, it stops by
    itself, at its goal or, where that is behind it, back where it is now.

    Args:
        start: Where from (n,) [rad].
        speed: There (n,) [rad/s].
        goal: Where to (n,) [rad], within the limits.
        bounds: Of position, velocity and acceleration.
        least: Shortest time to the goal, in [s].
        through: Velocities (n,) [rad/s] wanted at the goal, on which the motion then comes to rest. They are
            reduced as far as the bounds need, and to nothing against the way or for a joint that turns round.
            None to stop there.
        farthest: How far from the goal (n,) [rad] the joints may be where the start is not certain: the time
            is enough for that, too.
    """
    way = goal - start
    sign = np.where(way < 0.0, -1.0, 1.0)
    first = np.clip(sign * speed, -bounds.velocity, bounds.velocity)
    wanted = _wanted_speed(sign * through, first, goal, bounds) if through is not None else np.zeros(len(way))
    distance = np.abs(way)
    last, seconds = _last_speed(
        distance, distance if farthest is None else farthest, first, wanted, bounds, least
    )
    latest = _latest_arrival(start, speed, way, bounds.limits)
    early = latest < seconds
    last = np.where(early, 0.0, sign * last)
    shared = [(0.0, start, speed), (seconds, goal, last)]
    if last.any():
        shared.append((seconds + _stop_time(last, bounds), goal, np.zeros(len(way))))
    motion = Motion(*(np.array(values) for values in zip(*shared, strict=True)))
    if not early.any():
        return motion
    joints = [
        _early(start[j], speed[j], goal[j], latest[j], _room(start, speed, bounds.limits)[j], bounds)
        if early[j]
        else Motion(motion.times, motion.positions[:, [j]], motion.velocities[:, [j]])
        for j in range(len(way))
    ]
    return _together(joints, bounds.limits)


def _wanted_speed(through: Array, first: Array, goal: Array, bounds: Bounds) -> Array:
    """Speeds (n,) at the goal, along the way, from which it is possible to stop."""
    wanted = np.where(first < 0.0, 0.0, np.clip(through, 0.0, bounds.velocity))
    room = np.minimum(goal - bounds.limits[0], bounds.limits[1] - goal).clip(min=0.0)
    # So that it comes to rest within half of the room: the rest is for the motion that may come instead.
    possible: Array = np.minimum(wanted, 0.5 * _ROOM_SHARE * room / _stop_time(wanted, bounds))
    return possible


def _last_speed(
    distance: Array, farthest: Array, first: Array, wanted: Array, bounds: Bounds, least: float
) -> tuple[Array, float]:
    """Speeds (n,) at the goal along the way, and the time to it [s]."""
    for _ in range(_TRIALS):
        seconds = _duration(distance, farthest, first, wanted, bounds, least)
        fitting = np.minimum(wanted, PEAK * distance / seconds)
        if (fitting == wanted).all():
            return wanted, seconds
        wanted = fitting
    stopping = np.zeros(len(distance))
    return stopping, _duration(distance, farthest, first, stopping, bounds, least)


def _stop_time(speed: Array, bounds: Bounds) -> float:
    """Seconds in which joints come from ``speed`` (n,) [rad/s] to rest where they are."""
    # Without any way, a change of speed by v in the time T begins with the acceleration 4 v / T.
    return max(STOP_TIME, 4.0 * float(np.abs(speed).max()) / bounds.acceleration)


def _duration(
    distance: Array, farthest: Array, first: Array, last: Array, bounds: Bounds, least: float
) -> float:
    """The shortest time [s] from ``least`` on in which all cubics stay within speed and acceleration."""
    v, a = bounds.velocity, bounds.acceleration
    longest = 3.0 * np.maximum(distance, farthest)
    shortest = max(least, float((longest / (first + last + v + np.sqrt((v - first) * (v - last)))).max()))
    if not np.isfinite(a):
        return shortest
    needed = 6.0 * distance
    refused = []
    for c in (4.0 * first + 2.0 * last, 2.0 * first + 4.0 * last):
        shortest = max(shortest, float(np.max((np.sqrt(c**2 + 4.0 * a * needed) - c) / (2.0 * a))))
        root = np.sqrt((c**2 - 4.0 * a * needed).clip(min=0.0))
        refused.append((c - root, c + root))
    early, late = (np.concatenate(ends) / (2.0 * a) for ends in zip(*refused, strict=True))
    # In between a joint would have to brake harder, because its way is too short or not short enough.
    while (within := (early < shortest) & (shortest < late)).any():
        shortest = float(late[within].max())
    return shortest


def _room(start: Array, speed: Array, limits: Array) -> Array:
    """How far each joint (n,) is from the limit that it moves towards, in [rad]."""
    room: Array = np.where(speed > 0.0, limits[1] - start, start - limits[0])
    return room.clip(min=0.0) + _NOTHING


def _latest_arrival(start: Array, speed: Array, way: Array, limits: Array) -> Array:
    """Times (n,) [s] within which a cubic to the goal, and to rest, does not leave the limits."""
    room, ahead = _room(start, speed, limits), np.sign(speed) * way
    onward = 3.0 * ahead + _ROOM_SHARE * (room - ahead)
    back = np.maximum(_ROOM_SHARE * room, np.sqrt(12.0 * room * np.abs(ahead)))
    with np.errstate(all="ignore"):  # a joint at rest, or nearly
        latest: Array = np.where(ahead >= 0.0, onward, back) / np.abs(speed)
    latest[speed == 0.0] = np.inf
    return latest


def _early(start: float, speed: float, goal: float, latest: float, room: float, bounds: Bounds) -> Motion:
    """One joint's own motion: to its goal by ``latest`` [s], or to a stop first if that is behind it."""
    if np.sign(goal - start) != -np.sign(speed):
        knots = [(0.0, start, speed), (max(latest, _LEAST_BRAKE), goal, 0.0)]
    else:
        stopped = max(_ROOM_SHARE * room / abs(speed), _LEAST_BRAKE)
        way, rest = np.array([abs(goal - start)]), np.zeros(1)
        back = _duration(way, way, rest, rest, bounds, SHORTEST)
        knots = [(0.0, start, speed), (stopped, start, 0.0), (stopped + back, goal, 0.0)]
    times, positions, velocities = (np.array(values) for values in zip(*knots, strict=True))
    return Motion(times, positions[:, None], velocities[:, None])


def _together(joints: Sequence[Motion], limits: Array) -> Motion:
    """One motion of joints (1,) that have knots at times of their own: a part of a cubic is a cubic."""
    times = np.sort(np.concatenate([joint.times for joint in joints]))
    times = times[np.append(np.diff(times) > _SAME_TIME, True)]
    positions, velocities = zip(*(joint.at(times) for joint in joints), strict=True)
    # A knot is sent, so it must not be beyond a limit by as little as what rounding does.
    return Motion(times, np.clip(np.hstack(positions), *limits), np.hstack(velocities))
