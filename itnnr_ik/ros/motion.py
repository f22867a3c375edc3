"""Motions of joints along cubics, as a joint_trajectory_controller makes them of points with velocities.

A cubic over a distance d > 0 in the time T from the speed v0 to the speed v1 (negative: backwards) has

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
#: A joint does not wait for the others where that would carry it so far beyond its goal [rad], or back.
_OVERSHOOT = 2e-3
#: A joint that has to brake before a limit does not take less than this [s], however near that is.
_LEAST_BRAKE = 1e-3
#: So little beyond a limit is within it [rad].
_NOTHING = 1e-9
#: So many times the largest speed is a jump.
_JUMP = 1.5
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
        limits: Of the joint positions (2, n) [rad, m]; ∓inf where there are none.
        velocity: Of each joint (n,), or of all, in [rad/s, m/s]; one that is faster already gets no faster.
        acceleration: Of each joint (n,), or of all, in [rad/s², m/s²]; infinite where it is not limited. A
            limit of the positions comes first.
    """

    limits: Array
    velocity: Array | float
    acceleration: Array | float = np.inf

    def of(self, j: int) -> Bounds:
        """Those of joint j alone."""
        n = self.limits.shape[1]
        velocity, acceleration = np.broadcast_to(self.velocity, n), np.broadcast_to(self.acceleration, n)
        return Bounds(self.limits[:, [j]], velocity[[j]], acceleration[[j]])


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
    measured: Array | None = None,
) -> Motion:
    """To ``goal`` in as short a time as the bounds allow, all joints at once where that does no harm.

    A joint that would be carried beyond a limit, or far beyond its goal, while others take longer stops by
    itself: at its goal or, where a limit is near and the goal behind, first where it is now.

    Args:
        start: Where from (n,) [rad].
        speed: There (n,) [rad/s].
        goal: Where to (n,) [rad], within the limits.
        bounds: Of position, velocity and acceleration.
        least: Shortest time to the goal, in [s].
        through: Velocities (n,) [rad/s] wanted at the goal, on which the motion then comes to rest. They are
            reduced as far as the bounds need, and to nothing against the motion or for a joint that turns
            round. None to stop there.
        measured: Where the joints may be as well (n,) [rad], as those that lag behind a controller are: from
            there, too, no joint gets faster than the bounds allow. Its acceleration from there is looked at
            only where it starts at rest: joints that lag behind a moving start move, too. None for ``start``.
    """
    joints = _Joints.of(start, speed, goal, bounds, start if measured is None else measured)
    wanted = joints.possible(through) if through is not None else np.zeros(len(goal))
    last, seconds = joints.together(wanted, least)
    arrival, turns = joints.arrivals()
    early = arrival < seconds
    # A knot of its own would be beyond the limits for a joint that is, and so must not be sent.
    if (start < bounds.limits[0]).any() or (start > bounds.limits[1]).any():
        early[:] = False
    last = np.where(early, 0.0, joints.sign * last)
    shared = [(0.0, start, speed), (seconds, goal, last)]
    if last.any():
        shared.append((seconds + _stop_time(last, bounds), goal, np.zeros(len(goal))))
    motion = Motion(*(np.array(values) for values in zip(*shared, strict=True)))
    if not early.any():
        return motion
    return _together(
        [
            joints.early(j, arrival[j], bool(turns[j]))
            if early[j]
            else Motion(motion.times, motion.positions[:, [j]], motion.velocities[:, [j]])
            for j in range(len(goal))
        ],
        bounds.limits,
    )


def is_jump_from_rest(motion: Motion, positions: Array, bounds: Bounds) -> bool:
    """Whether ``motion`` would be much too fast, or leave the limits, for joints that rest elsewhere.

    Args:
        motion: From its second knot on they would move as it does.
        positions: Where they rest (n,) [rad].
        bounds: Of position and velocity. A motion that keeps them from where it begins needs up to a third
            more speed from rest.
    """
    seconds, speed = motion.times[1], motion.velocities[1]
    average = (motion.positions[1] - positions) / seconds
    # The speed is b s + a s², and the position its integral, for s from 0 to 1.
    a, b = 3.0 * speed - 6.0 * average, 6.0 * average - 2.0 * speed
    with np.errstate(divide="ignore", invalid="ignore"):  # a joint that stays where it is
        fastest, turning = (np.where((s > 0.0) & (s < 1.0), s, 0.0) for s in (-0.5 * b / a, -b / a))
    peak = np.abs(b * fastest + a * fastest**2)
    reached = positions + seconds * turning**2 * (b / 2.0 + a * turning / 3.0)
    lower, upper = bounds.limits
    within = (reached >= np.minimum(lower, positions) - _NOTHING) & (
        reached <= np.maximum(upper, positions) + _NOTHING
    )
    allowed = _JUMP * np.maximum(bounds.velocity, np.abs(motion.velocities[0]))
    return not (within & (peak <= allowed)).all()


@dataclass(frozen=True)
class _Joints:
    """Distances to go, by joint (n,), with speeds counted in the direction of the goal.

    Args:
        start, speed, goal: See `make_motion`.
        bounds: See there.
        sign: Of that direction.
        distance: From start to goal [rad].
        first: Speed at the start [rad/s].
        velocity: Largest speed of each [rad/s].
        farthest: From start, or from where else the joints may be, to the goal [rad].
        apart: From start to where else they may be [rad].
    """

    start: Array
    speed: Array
    goal: Array
    bounds: Bounds
    sign: Array
    distance: Array
    first: Array
    velocity: Array
    farthest: Array
    apart: Array

    @classmethod
    def of(cls, start: Array, speed: Array, goal: Array, bounds: Bounds, measured: Array) -> _Joints:
        change = goal - start
        sign, distance = np.where(change < 0.0, -1.0, 1.0), np.abs(change)
        velocity = np.maximum(bounds.velocity, np.abs(speed))
        farthest, apart = np.maximum(distance, np.abs(goal - measured)), np.abs(start - measured)
        return cls(start, speed, goal, bounds, sign, distance, sign * speed, velocity, farthest, apart)

    def possible(self, through: Array) -> Array:
        """Of wanted velocities (n,) at the goal the speeds towards it that allow a stop afterwards."""
        speeds = np.where(self.first < 0.0, 0.0, np.clip(self.sign * through, 0.0, self.bounds.velocity))
        lower, upper = self.bounds.limits
        room = np.minimum(self.goal - lower, upper - self.goal).clip(min=0.0)
        # To rest within half of the room: the rest is for the motion that may come instead.
        possible: Array = np.minimum(speeds, 0.5 * _ROOM_SHARE * room / _stop_time(speeds, self.bounds))
        return possible

    def together(self, wanted: Array, least: float) -> tuple[Array, float]:
        """Speeds (n,) at the goal, up to those wanted, and the shortest time to it [s] for all joints."""
        for _ in range(_TRIALS):
            seconds = self._shortest(wanted, least)
            fitting = np.minimum(wanted, PEAK * self.distance / seconds)
            if (fitting == wanted).all():
                return wanted, seconds
            wanted = fitting
        stopping = np.zeros(len(self.distance))
        return stopping, self._shortest(stopping, least)

    def _shortest(self, last: Array, least: float) -> float:
        """The shortest time [s] from ``least`` on in which all joints come to ``last`` (n,) [rad/s]."""
        refused = self._refused(last)
        shortest = max(least, float(self._least(last).max()))
        # In between a joint would have to brake harder: its distance is too short, or not short enough.
        while (within := (refused[0] < shortest) & (shortest < refused[1])).any():
            shortest = float(refused[1][within].max())
        return shortest

    def arrivals(self) -> tuple[Array, NDArray[np.bool_]]:
        """Times (n,) [s] by which each joint would be at rest at the goal, and which have to stop before."""
        alone, latest = self._alone(), self._latest(np.inf)
        turns = (self.first < 0.0) & (alone > latest)
        gentle = np.maximum(alone, self._latest(_OVERSHOOT))
        early, late = self._refused(np.zeros(len(alone)))
        gentle = np.where(((early < gentle) & (gentle < late)).any(axis=0), alone, gentle)
        return np.minimum(gentle, latest), turns

    def _alone(self) -> Array:
        """The shortest times (n,) [s] in which each joint by itself comes to rest at the goal."""
        rest = np.zeros(len(self.distance))
        shortest = np.maximum(SHORTEST, self._least(rest))
        early, late = self._refused(rest)
        for k in range(len(early)):
            shortest = np.where((early[k] < shortest) & (shortest < late[k]), late[k], shortest)
        # The second interval may end within the first.
        return np.where((early[0] < shortest) & (shortest < late[0]), late[0], shortest)

    def _least(self, last: Array) -> Array:
        """Times (n,) [s] below which speed or acceleration is too large."""
        v, a, first = self.velocity, self.bounds.acceleration, self.first
        spare = np.sqrt(((v - first) * (v - last)).clip(min=0.0))
        shortest: Array = 3.0 * self.farthest / (first + last + v + spare)
        limited = np.isfinite(a)
        if np.any(limited):
            c, distance = self._c(last), np.where(self.first == 0.0, self.farthest, self.distance)
            a = np.where(limited, a, 1.0)
            accelerated = np.where(limited, (np.sqrt(c**2 + 24.0 * a * distance) - c) / (2.0 * a), 0.0)
            shortest = np.maximum(shortest, accelerated.max(axis=0))
        return shortest

    def _c(self, last: Array) -> Array:
        """The c (2, n) [rad/s] of the accelerations at start and goal, see the module's text."""
        return np.array([4.0 * self.first + 2.0 * last, 2.0 * self.first + 4.0 * last])

    def _refused(self, last: Array) -> tuple[Array, Array]:
        """Between which times (2, n) [s] a joint, by both ends' accelerations, cannot arrive at ``last``."""
        c = self._c(last)
        limited = np.isfinite(self.bounds.acceleration)
        a = np.where(limited, self.bounds.acceleration, 1.0)
        root = np.sqrt((c**2 - 24.0 * a * self.distance).clip(min=0.0))
        between = ((c - root) / (2.0 * a), (c + root) / (2.0 * a))
        never = np.full_like(c, np.inf)
        return np.where(limited, between[0], never), np.where(limited, between[1], never)

    @property
    def _room(self) -> Array:
        """How far each joint (n,) is from the limit that it moves towards, in [rad]."""
        lower, upper = self.bounds.limits
        room: Array = np.where(self.speed > 0.0, upper - self.start, self.start - lower)
        return room.clip(min=0.0) + _NOTHING

    def _latest(self, beyond: float) -> Array:
        """Times (n,) [s] within which a cubic to rest at the goal does not leave the limits.

        Nor does it go farther than ``beyond`` [rad] in the direction in which the joint moves: than the goal
        or, where that is behind, than where it is now.
        """
        room, ahead = self._room, np.sign(self.speed) * self.sign * self.distance
        onward = 3.0 * ahead + _ROOM_SHARE * np.minimum(room - ahead, beyond)
        room = np.minimum(room, beyond)
        with np.errstate(all="ignore"):  # a joint at rest, or nearly, or without limits
            back = np.maximum(_ROOM_SHARE * room, np.sqrt(12.0 * room * np.abs(ahead)))
            latest: Array = np.where(ahead >= 0.0, onward, back) / np.abs(self.speed)
        latest[self.speed == 0.0] = np.inf
        return latest

    def early(self, j: int, arrival: float, turns: bool) -> Motion:
        """One joint's own motion to its goal by ``arrival`` [s], or first to a stop where it is now."""
        start, speed, goal = self.start[j], self.speed[j], self.goal[j]
        knots = [(0.0, start, speed), (max(arrival, _LEAST_BRAKE), goal, 0.0)]
        if turns:
            lag = PEAK * self.apart[j] / self.velocity[j]
            stopped = max(_ROOM_SHARE * self._room[j] / abs(speed), lag, _LEAST_BRAKE)
            here = self.start[[j]]
            back = _Joints.of(here, np.zeros(1), self.goal[[j]], self.bounds.of(j), here)._alone()[0]
            knots = [(0.0, start, speed), (stopped, start, 0.0), (stopped + back, goal, 0.0)]
        times, positions, velocities = (np.array(values) for values in zip(*knots, strict=True))
        return Motion(times, positions[:, None], velocities[:, None])


def _stop_time(speed: Array, bounds: Bounds) -> float:
    """Seconds in which joints come from ``speed`` (n,) [rad/s] to rest where they are."""
    # Over no distance, a change of speed by v in the time T begins with the acceleration 4 v / T.
    return max(STOP_TIME, float((4.0 * np.abs(speed) / bounds.acceleration).max()))


def _together(joints: Sequence[Motion], limits: Array) -> Motion:
    """One motion of joints (1,) that have knots at times of their own: a part of a cubic is a cubic."""
    times = np.sort(np.concatenate([joint.times for joint in joints]))
    times = times[np.append(np.diff(times) > _SAME_TIME, True)]
    positions, velocities = zip(*(joint.at(times) for joint in joints), strict=True)
    # A knot is sent, so it must not be beyond a limit by as little as what rounding does.
    return Motion(times, np.clip(np.hstack(positions), *limits), np.hstack(velocities))
