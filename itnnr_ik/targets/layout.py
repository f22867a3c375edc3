"""Curves that an arm can follow, random targets that it can reach, and where to start on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.curve import CURVES, Curve, plane_at
from itnnr_ik.targets.postures import comfort, comfortable
from itnnr_ik.targets.space import Space

Array = NDArray[np.float64]


def curve_for(
    solver: IKSolver, name: str, center: Sequence[float] | None = None, size: float | None = None
) -> Curve:
    """A curve that an arm can follow without coming near a singular posture or a joint limit.

    It lies around one of the arm's comfortable postures, whose orientation it keeps where the task has one;
    where that leaves no room, as with the five joints of many arms, the orientation turns with the first
    joint. Its plane is the arm's own, or, for an arm in space, one across the direction of the centre that
    leans out of the vertical. It has been followed by ``solver`` before it is returned.

    Args:
        solver: The arm and its task.
        name: One of `CURVES`.
        center: (2,) or (3,) in [m]; None for where there is most room.
        size: In [m]; None for as large as there is room. A given one is taken as it is, reachable or not.

    Raises:
        ValueError: No such curve, a number is not as it must be, or the arm has no room for it.
    """
    if name not in CURVES:
        raise ValueError(f"no curve named {name!r}; available: {', '.join(CURVES)}")
    point = None if center is None else _checked_center(solver, center)
    if size is not None and not (math.isfinite(size) and size > 0.0):
        raise ValueError(f"size must be positive, got {size}")
    if point is not None and size is not None:
        return _as_given(solver, name, point, size)
    curve = Space(solver, name, point).largest()
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

    Of a learned arm, at joint positions that its recording covers.
    """
    sample = solver.arm.sample if solver.coverage is None else solver.coverage.sample
    return solver.target_at(sample(count, rng))


def first_posture(solver: IKSolver, target: ArrayLike) -> Array:
    """Joint positions (n,) in [rad] or [m] at ``target``, or near it, to follow a path from.

    The most comfortable of those that reach it, so that there is room for motion.
    """
    found = solver.branches(target)
    found = [solution for solution in found if solution.covered] or found
    if not found:
        return solver.solve(target).positions
    positions = np.array([solution.positions for solution in found])
    best: Array = positions[int(np.argmax(comfort(solver, positions)))]
    return best


def _checked_center(solver: IKSolver, center: Sequence[float]) -> Array:
    """A given centre as an array."""
    size = min(solver.task.n_coordinates, 3)
    point = np.asarray(center, dtype=float)
    if point.shape != (size,) or not np.isfinite(point).all():
        raise ValueError(f"center of {solver.arm.name} needs {size} finite coordinates, got {center}")
    if np.linalg.norm(point) == 0.0:
        raise ValueError("center must be off the origin, which is the arm's base")
    return point


def _as_given(solver: IKSolver, name: str, center: Array, size: float) -> Curve:
    """A curve that was asked for, with the orientation of the comfortable posture that is nearest."""
    postures = comfortable(solver)
    near = solver.target_at(postures)
    best = int(np.argmin(np.linalg.norm(near[:, : len(center)] - center, axis=1)))
    orientation = near[best, 3:] if solver.task.has_orientation else None
    curve = Curve(name, center, size, plane_at(center), postures[best], orientation)
    return replace(curve, start=solver.solve(curve.at(0.0), postures[best]).positions)
