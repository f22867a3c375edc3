"""Curves that an arm can follow, random targets that it can reach, and postures to start from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.curve import CURVES, Curve, plane_axes
from itnnr_ik.targets.placement import CurvePlacement
from itnnr_ik.targets.postures import posture_score, preferred_postures

Array = NDArray[np.float64]


def curve_for(
    solver: IKSolver, name: str, center: Sequence[float] | None = None, size: float | None = None
) -> Curve:
    """A curve that an arm can follow without coming near a singular posture or a joint limit.

    Its centre is the tool's position in a dexterous posture, whose orientation it keeps where the task has
    one; where that leaves no room, as with many five-joint arms, the orientation yaws with the first joint.
    Its plane is the plane of a planar arm, or a tilted one perpendicular to the direction of the centre.
    ``solver`` has followed the curve before it is returned.

    Args:
        solver: The arm and its task.
        name: One of `CURVES`.
        center: (2,) or (3,) in [m]; None for the centre with most room.
        size: In [m]; None for the largest that fits. A given one is used even if the curve is not reachable.

    Raises:
        ValueError: There is no such curve, a number is invalid, or the arm has no room for the curve.
    """
    if name not in CURVES:
        raise ValueError(f"no curve named {name!r}; available: {', '.join(CURVES)}")
    point = None if center is None else _checked_center(solver, center)
    if size is not None and not (math.isfinite(size) and size > 0.0):
        raise ValueError(f"size must be positive, got {size}")
    if point is not None and size is not None:
        return _requested_curve(solver, name, point, size)
    curve = CurvePlacement(solver, name, point).largest()
    if curve is None:
        where = f" around {list(map(float, point))}" if point is not None else ""
        raise ValueError(
            f"{solver.arm.name} has no room for a {name}{where} within its joint limits and off its singular "
            "postures; give both center and size to use it all the same"
        )
    if size is None:
        return curve
    curve = replace(curve, size=size)
    return replace(curve, start=solver.solve(curve.at(0.0), curve.start).positions)


def random_targets(solver: IKSolver, count: int, rng: np.random.Generator) -> Array:
    """Reachable targets (count, 2, 3 or 7): the tool at joint positions uniform within the limits.

    For a learned arm, at joint positions that its recording covers.
    """
    sample = solver.arm.sample if solver.coverage is None else solver.coverage.sample
    return solver.target_at(sample(count, rng))


def first_posture(solver: IKSolver, target: ArrayLike) -> Array:
    """Joint positions (n,) in [rad] or [m] from which to follow a path that begins at ``target``.

    The solution with the largest `posture_score`, so that there is room for motion; if none reaches the
    target, the best approximation.
    """
    found = solver.branches(target)
    found = [solution for solution in found if solution.covered] or found
    if not found:
        return solver.solve(target).positions
    positions = np.array([solution.positions for solution in found])
    best: Array = positions[int(np.argmax(posture_score(solver, positions)))]
    return best


def _checked_center(solver: IKSolver, center: Sequence[float]) -> Array:
    """A given centre as an array, after a check of its shape and values."""
    size = min(solver.task.n_coordinates, 3)
    point = np.asarray(center, dtype=float)
    if point.shape != (size,) or not np.isfinite(point).all():
        raise ValueError(f"center of {solver.arm.name} needs {size} finite coordinates, got {center}")
    if np.linalg.norm(point) == 0.0:
        raise ValueError("center must be off the origin, which is the arm's base")
    return point


def _requested_curve(solver: IKSolver, name: str, center: Array, size: float) -> Curve:
    """A curve with given centre and size, with the orientation of the preferred posture nearest to it."""
    postures = preferred_postures(solver)
    near = solver.target_at(postures)
    best = int(np.argmin(np.linalg.norm(near[:, : len(center)] - center, axis=1)))
    orientation = near[best, 3:] if solver.task.has_orientation else None
    curve = Curve(name, center, size, plane_axes(center), postures[best], orientation)
    return replace(curve, start=solver.solve(curve.at(0.0), postures[best]).positions)
