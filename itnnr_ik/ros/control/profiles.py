"""Profiles of the shortest time, by ruckig (Berscheid and Kröger 2021), within limits of all derivatives."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from ruckig import InputParameter, Result, Ruckig, RuckigError, Synchronization, Trajectory

from itnnr_ik.compiled import kernel
from itnnr_ik.ros.control.limits import Array, Limits

#: A profile to a limit may pass it by this [rad, m], by rounding.
_ROUNDING = 1e-9


class Profile(NamedTuple):
    """Motion of which each joint's position is a cubic from one time to the next.

    Attributes:
        times: When the jerk of some joint changes, in [s], from 0 on (k,).
        states: Positions, velocities, accelerations and jerks (k, 4, n) from then on.
        duration: When it ends, in [s].
    """

    times: Array
    states: Array
    duration: float


def profile_to(
    goal: Array, velocity: Array, state: Array, limits: Limits, seconds: float | None = None
) -> Profile | None:
    """To ``goal`` (n,) with ``velocity`` (n,) there; None where that is not within the limits.

    Args:
        goal, velocity: In [rad, m] and [rad/s, m/s].
        state: Position, velocity and acceleration (3, n) at its beginning.
        limits: One that the state is beyond is come back to, and not left farther behind.
        seconds: How long it takes; None for as short as may be, with the joints in step if that is possible.
    """
    wanted, found = InputParameter(len(goal)), Trajectory(len(goal))
    wanted.current_position, wanted.current_velocity, wanted.current_acceleration = state.tolist()
    wanted.target_position, wanted.target_velocity = goal.tolist(), velocity.tolist()
    wanted.max_velocity, wanted.max_acceleration = limits.velocity.tolist(), limits.acceleration.tolist()
    wanted.max_jerk, wanted.minimum_duration = limits.jerk.tolist(), seconds
    for synchronization in (Synchronization.Time, Synchronization.No):
        wanted.synchronization = synchronization
        try:
            result = Ruckig(len(goal)).calculate(wanted, found)
        except RuckigError:  # it cannot always bring joints into step that nearly are
            continue
        if result in (Result.Working, Result.Finished):
            if seconds is not None and found.duration > seconds * (1.0 + 1e-6):
                return None
            profile = _profile(found, limits.jerk)
            if _within(profile, limits):
                return profile
    return None


def _profile(found: Trajectory, largest: Array) -> Profile:
    """The profile that was found; between times that only rounding tells apart, of the ``largest`` jerk."""
    switches = {0.0}
    for joint in found.profiles[0]:
        switches.update(accumulate((*joint.brake.t, *joint.t)))
    times = [*sorted(time for time in switches if time < found.duration), found.duration]
    states = np.array([found.at_time(time) for time in times])
    jerks = (np.diff(states[:, 2:], axis=0) / np.diff(times)[:, None, None]).clip(-largest, largest)
    return Profile(np.array(times[:-1]), np.concatenate([states[:-1], jerks], axis=1), found.duration)


def _within(profile: Profile, limits: Limits) -> bool:
    """Whether joints keep their position limits; one that starts beyond comes back, and goes no farther.

    ruckig's own ``position_extrema`` (0.19.4) leave out phases of constant acceleration and the braking
    before the profile.
    """
    if not len(profile.times):
        return True
    start = profile.states[0, 0]
    lower, upper = np.minimum(limits.lower, start), np.maximum(limits.upper, start)
    times = np.append(profile.times, profile.duration)
    return bool(_stay(times, profile.states, lower - _ROUNDING, upper + _ROUNDING))


@kernel
def _stay(times: Array, states: Array, lower: Array, upper: Array) -> bool:
    """Whether joints stay within limits (n,): at the end of each cubic, and where its velocity is zero."""
    for i in range(len(states)):
        end = times[i + 1] - times[i]
        for k in range(len(lower)):
            p, v, a, j = states[i, 0, k], states[i, 1, k], states[i, 2, k], states[i, 3, k]
            q = -(a + math.copysign(math.sqrt(max(a * a - 2.0 * j * v, 0.0)), a))
            for t in (end, q / j, 2.0 * v / q):
                if 0.0 < t <= end:
                    position = p + t * (v + t * (a / 2.0 + t * j / 6.0))
                    if not lower[k] <= position <= upper[k]:
                        return False
    return True
