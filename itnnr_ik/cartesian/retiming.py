"""A joint path as fast as the joints' velocity and acceleration limits allow, by the library toppra."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from itnnr_ik.cartesian.table import Array
from itnnr_ik.recording.writer import WrittenTrajectory
from itnnr_ik.robot import ForwardModel

#: Between two of toppra's grid points limits are kept but for a little. So many make that less than what
#: is left of the limits: points for each step of the path, at the least, and for the whole of it.
_POINTS, _ALL_POINTS, _SHARE = 10, 200, 0.98
#: What stands for the velocity limit [rad/s, m/s] of a joint that has none.
_UNLIMITED = 1e3
#: Postures [rad, m] that are one, and how far a limit may be passed by rounding.
_SAME, _ROUNDING = 1e-9, 1e-9


def retime(arm: ForwardModel, positions: Array, acceleration: Array, rate: float) -> WrittenTrajectory:
    """The fastest motion along a spline through postures, from rest to rest.

    Args:
        arm: Whose position and velocity limits are kept.
        positions: (m, n) in [rad] or [m].
        acceleration: Limits (n,) in [rad/s²] or [m/s²].
        rate: Samples a second [Hz], at the least.

    Raises:
        ImportError: There is no toppra; the message says what to install.
        ValueError: Between the postures, the spline leaves the position limits.
    """
    moves = np.abs(np.diff(positions, axis=0)).max(axis=1) > _SAME
    knots = positions[np.concatenate([[True], moves])]
    if len(knots) == 1:
        return WrittenTrajectory(np.zeros(1), knots, np.zeros_like(knots))
    trajectory = _fastest(knots, np.minimum(arm.velocity, _UNLIMITED), acceleration)
    times = np.linspace(0.0, trajectory.duration, 1 + math.ceil(trajectory.duration * rate))
    path, velocities = trajectory(times), trajectory(times, 1)
    beyond = np.maximum(arm.lower - path, path - arm.upper).max(axis=0)
    joint = int(beyond.argmax())
    if beyond[joint] > _ROUNDING:
        raise ValueError(
            f"between targets, {arm.joint_names[joint]} would go {beyond[joint]:.3g} rad or m beyond its "
            "limit; take targets that are closer together"
        )
    return WrittenTrajectory(times, np.clip(path, arm.lower, arm.upper), velocities)


def _fastest(knots: Array, velocity: Array, acceleration: Array) -> Any:
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
    points = max(_POINTS, math.ceil(_ALL_POINTS / steps))
    grid = np.interp(np.arange(points * steps + 1) / points, np.arange(steps + 1), along)
    limits = [np.stack([-_SHARE * limit, _SHARE * limit], axis=1) for limit in (velocity, acceleration)]
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
