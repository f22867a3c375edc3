"""Time-optimal motion along a joint path within velocity and acceleration limits, by the library toppra."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from itnnr_ik.cartesian.table import Array
from itnnr_ik.recording.writer import WrittenTrajectory
from itnnr_ik.robot import ForwardModel

#: Share of the limits that is used: between its grid points toppra exceeds limits a little.
_LIMIT_SHARE = 0.98
_MIN_POINTS_PER_STEP, _MIN_POINTS = 10, 200  # of the grid, for each step of the path and for the whole of it
_MAX_SAMPLES = 10**7  # of a motion, which are all in memory
_MAX_VELOCITY = 1e3  # [rad/s, m/s] for joints without a velocity limit
#: Smallest motion between two distinct postures, and tolerance of position limits [rad, m].
_MIN_MOTION, _LIMIT_TOLERANCE = 1e-9, 1e-9


def retime(arm: ForwardModel, positions: Array, acceleration: Array, rate: float) -> WrittenTrajectory:
    """The fastest motion along a spline through postures, from rest to rest.

    Args:
        arm: The arm, with its position and velocity limits.
        positions: (m, n) in [rad] or [m].
        acceleration: Limits (n,) in [rad/s²] or [m/s²].
        rate: Smallest sampling rate [Hz].

    Raises:
        ImportError: toppra is not installed; the message says what to install.
        ValueError: The spline leaves the position limits between the postures, or there are too many samples.
    """
    moves = np.abs(np.diff(positions, axis=0)).max(axis=1) > _MIN_MOTION
    knots = positions[np.concatenate([[True], moves])]
    if len(knots) == 1:
        return WrittenTrajectory(np.zeros(1), knots, np.zeros_like(knots))
    trajectory = _time_optimal(knots, np.minimum(arm.velocity, _MAX_VELOCITY), acceleration)
    if not trajectory.duration * rate < _MAX_SAMPLES:
        raise ValueError(
            f"expected at most {_MAX_SAMPLES} samples of a motion of {trajectory.duration:.3g} s, "
            f"got {trajectory.duration * rate:g}: take a smaller --rate"
        )
    times = np.linspace(0.0, trajectory.duration, 1 + math.ceil(trajectory.duration * rate))
    path, velocities = trajectory(times), trajectory(times, 1)
    beyond = np.maximum(arm.lower - path, path - arm.upper).max(axis=0)
    joint = int(beyond.argmax())
    if beyond[joint] > _LIMIT_TOLERANCE:
        raise ValueError(
            f"between targets, {arm.joint_names[joint]} would go {beyond[joint]:.3g} rad or m beyond its "
            "limit; take targets that are closer together"
        )
    return WrittenTrajectory(times, np.clip(path, arm.lower, arm.upper), velocities)


def _time_optimal(knots: Array, velocity: Array, acceleration: Array) -> Any:
    """toppra's trajectory through ``knots`` (m, n)."""
    try:
        from toppra import SplineInterpolator
        from toppra.algorithm import TOPPRA
        from toppra.constraint import (
            DiscretizationType,
            JointAccelerationConstraint,
            JointVelocityConstraint,
        )
    except ImportError as error:
        raise ImportError(f"retiming needs toppra: pip install toppra ({error})") from error
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(knots, axis=0)).max(axis=1))])
    steps = len(knots) - 1
    points = max(_MIN_POINTS_PER_STEP, math.ceil(_MIN_POINTS / steps))
    grid = np.interp(np.arange(points * steps + 1) / points, np.arange(steps + 1), along)
    limits = [
        np.stack([-_LIMIT_SHARE * limit, _LIMIT_SHARE * limit], axis=1) for limit in (velocity, acceleration)
    ]
    planner = TOPPRA(
        [
            JointVelocityConstraint(limits[0]),
            JointAccelerationConstraint(limits[1], discretization_scheme=DiscretizationType.Interpolation),
        ],
        SplineInterpolator(along, knots),
        gridpoints=grid,
        parametrizer="ParametrizeConstAccel",
    )
    trajectory = planner.compute_trajectory(0.0, 0.0)
    if trajectory is None:
        raise ValueError(f"toppra finds no motion within the limits along this path ({planner.problem_data})")
    return trajectory
