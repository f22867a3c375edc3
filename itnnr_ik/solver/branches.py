"""The branches of one target: what many anchors lead to, and the other branch where two meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.kinematics import displacement
from itnnr_ik.solver import calls, tracking
from itnnr_ik.solver.buffers import Search, memory_size
from itnnr_ik.solver.state import PERIOD, WEIGHT

Array = NDArray[np.float64]

#: Largest joint difference [rad] between branches that count as one. Redundant arms have curves of solutions,
#: which are sampled at the larger distance.
_DISTINCT_DISTANCE, _DISTINCT_DISTANCE_REDUNDANT = 1e-4, 0.1


def distinct_branches(
    search: Search, model: Array, goal: Array, reference: Array, positions: Array, errors: Array
) -> tuple[Array, Array, Array]:
    """The distinct solutions among refined proposals, nearest to a posture first, and others near them.

    Args:
        search, model: Of the solver, and the same packed.
        goal: Target (k,).
        reference: Posture (n,) [rad, m].
        positions, errors: Proposals (c, n) [rad, m] and their errors (c, 2) [m, rad].

    Returns:
        Joint positions (b, n), errors (b, 2) and displacements (b,) [rad] from the posture.
    """
    redundant = search.problem.joints.shape[1] > tracking.n_rows(search)
    distance = _DISTINCT_DISTANCE_REDUNDANT if redundant else _DISTINCT_DISTANCE
    found, change = _distinct(search, positions, errors, reference, distance)
    positions, errors = positions[found], errors[found]
    if redundant:
        return positions, errors, change
    # Near a singular posture, anchors may lead to only one of two branches that meet there.
    others, other_errors = positions.copy(), np.empty((len(positions), 2))
    calls.cross_many(model, goal, reference, others, other_errors, np.empty(memory_size(search)))
    positions, errors = np.vstack([positions, others]), np.vstack([errors, other_errors])
    found, change = _distinct(search, positions, errors, reference, distance)
    return positions[found], errors[found], change


def _distinct(
    search: Search, positions: Array, errors: Array, reference: Array, min_distance: float
) -> tuple[list[int], Array]:
    """The distinct solutions among positions (b, n) with errors (b, 2), nearest to ``reference`` (n,) first.

    Returns:
        Their indices and their displacements [rad] from the reference.
    """
    converged = (errors[:, 0] <= search.tolerance) & (errors[:, 1] <= search.orientation_tolerance)
    joints = search.problem.joints
    change = displacement(joints[WEIGHT], positions - reference)
    kept: list[int] = []
    for i in np.flatnonzero(converged)[np.argsort(change[converged], kind="stable")].tolist():
        if not kept or _joint_distances(joints, positions[i], positions[kept]).min() > min_distance:
            kept.append(i)
    return kept, change[kept]


def _joint_distances(joints: Array, positions: Array, others: Array) -> Array:
    """Largest joint difference (b,) of positions (n,) from others (b, n), modulo joint periods."""
    difference = others - positions
    period = joints[PERIOD]
    divisor = np.where(period > 0.0, period, np.inf)
    distances: Array = np.abs(difference - period * np.round(difference / divisor)).max(axis=1)
    return distances
