"""Time-optimal profiles by ruckig (Berscheid and Kröger 2021), within limits of all derivatives."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from ruckig import InputParameter, Result, Ruckig, RuckigError, Synchronization, Trajectory

from itnnr_ik.compiled import kernel
from itnnr_ik.ros.control.limits import Array, Limits

#: Tolerance of position limits [rad, m], against rounding.
_TOLERANCE = 1e-9


class Profile(NamedTuple):
    """A motion in which each joint's position is a cubic between times.

    Attributes:
        times: When the jerk of some joint changes, in [s], from 0 on (k,).
        states: Positions, velocities, accelerations and jerks (k, 4, n) at these times.
        duration: Of the whole, in [s].
    """

    times: Array
    states: Array
    duration: float


def profile_to(
    goal: Array, velocity: Array, state: Array, limits: Limits, duration: float | None = None
) -> Profile | None:
    """The profile to ``goal`` (n,) with ``velocity`` (n,) there; None if the limits do not allow it.

    Args:
        goal, velocity: In [rad, m] and [rad/s, m/s].
        state: Initial position, velocity and acceleration (3, n).
        limits: If the state is beyond one, the profile goes no farther and returns within it.
        duration: In [s]; None for the shortest, with the joints synchronised if that is possible.
    """
    problem, trajectory = InputParameter(len(goal)), Trajectory(len(goal))
    problem.current_position, problem.current_velocity, problem.current_acceleration = state.tolist()
    problem.target_position, problem.target_velocity = goal.tolist(), velocity.tolist()
    problem.max_velocity, problem.max_acceleration = limits.velocity.tolist(), limits.acceleration.tolist()
    problem.max_jerk, problem.minimum_duration = limits.jerk.tolist(), duration
    for synchronization in (Synchronization.Time, Synchronization.No):
        problem.synchronization = synchronization
        try:
            result = Ruckig(len(goal)).calculate(problem, trajectory)
        except RuckigError:  # it cannot always synchronise joints that nearly are
            continue
        if result in (Result.Working, Result.Finished):
            if duration is not None and trajectory.duration > duration * (1.0 + 1e-6):
                return None
            profile = _from_ruckig(trajectory, limits.jerk)
            if _within(profile, limits):
                return profile
    return None


def _from_ruckig(trajectory: Trajectory, max_jerk: Array) -> Profile:
    """The trajectory as a profile; jerks are clipped, as times may differ by no more than rounding."""
    switches = {0.0}
    for joint in trajectory.profiles[0]:
        switches.update(accumulate((*joint.brake.t, *joint.t)))
    times = [*sorted(time for time in switches if time < trajectory.duration), trajectory.duration]
    states = np.array([trajectory.at_time(time) for time in times])
    jerks = (np.diff(states[:, 2:], axis=0) / np.diff(times)[:, None, None]).clip(-max_jerk, max_jerk)
    return Profile(np.array(times[:-1]), np.concatenate([states[:-1], jerks], axis=1), trajectory.duration)


def _within(profile: Profile, limits: Limits) -> bool:
    """Whether joints keep their position limits, or go no farther beyond than they start.

    ruckig's own ``position_extrema`` (0.19.4) leave out phases of constant acceleration and the braking
    before the profile.
    """
    if not len(profile.times):
        return True
    start = profile.states[0, 0]
    lower, upper = np.minimum(limits.lower, start), np.maximum(limits.upper, start)
    times = np.append(profile.times, profile.duration)
    return bool(_stays_within(times, profile.states, lower - _TOLERANCE, upper + _TOLERANCE))


@kernel
def _stays_within(times: Array, states: Array, lower: Array, upper: Array) -> bool:
    """Whether joints stay within limits (n,) at the end of each cubic and where its velocity is zero."""
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
