"""Which targets an arm can reach, found without the solver's search; and points that are far apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver import IKSolver

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Random postures, of which the nearest are started from: more where the orientation counts.
_SAMPLES, _STARTS, _STARTS_ORIENTED = 20_000, 8, 48
#: Levenberg–Marquardt's steps, its damping at first and its bounds, as shares of the Jacobian's square.
_STEPS, _DAMPING, _LEAST, _MOST = 100, 1e-3, 1e-12, 1e3
#: What the damping is multiplied by after a step that helped, and after one that did not.
_DOWN, _UP = 0.2, 5.0
#: A descent has ended where a step helps by less than this share of the error.
_STALLED = 1e-3
#: Targets that are tried at a time: it bounds the memory.
_CHUNK = 256


def find_reachable(solver: IKSolver, targets: ArrayLike, tolerance: float) -> Mask:
    """Whether joint positions within the limits were found for each of ``targets`` (b, 2, 3 or 7): (b,).

    By Levenberg–Marquardt steps, cut to the limits, from the nearest of many random postures: nothing of
    the solver's own search. A target that they reach is reachable for certain; one that they miss, most
    likely not.

    Args:
        solver: The arm and the task; where the orientation counts, it has to be met to within the solver's
            `orientation_tolerance`.
        targets: As `IKSolver.target_at` gives them.
        tolerance: In [m].
    """
    goals = np.asarray(targets, dtype=float).reshape(-1, solver.task.n_coordinates)
    reachable = np.zeros(len(goals), dtype=bool)
    if not len(goals):
        return reachable
    postures = solver.arm.sample(_SAMPLES, np.random.default_rng(0))
    tree = KDTree(_features(solver, solver.target_at(postures)))
    count = _STARTS_ORIENTED if solver.task.has_orientation else _STARTS
    for first in range(0, len(goals), _CHUNK):
        rows = slice(first, first + _CHUNK)
        starts = tree.query(_features(solver, goals[rows]), k=count)[1]
        reachable[rows] = _descend(solver, goals[rows], postures[starts], tolerance)
    return reachable


def far_apart(points: ArrayLike, count: int) -> list[int]:
    """Indices of at most ``count`` of the points (p, m), each far from those before it."""
    points = np.asarray(points, dtype=float)
    if not len(points):
        return []
    chosen = [0]
    distances = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < count and distances.max() > 0.0:
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen


def missing(solver: IKSolver, positions: Array, targets: Array) -> Array:
    """What the tool lacks of targets (b, 2, 3 or 7) at joint positions (b, n): (b, 2, 3 or 6) in [m].

    The displacement, and where the orientation counts, the rotation vector times the task's length.
    """
    now = solver.target_at(positions)
    away: Array = targets[:, :3] - now[:, :3]
    if not solver.task.has_orientation:
        return away
    wanted, tool = Rotation.from_quat(targets[:, 3:]), Rotation.from_quat(now[:, 3:])
    if solver.task.kind == "pose":
        turn = (wanted * tool.inv()).as_rotvec()
    else:
        axis, direction = (turned.apply(solver.task.tool_axis) for turned in (tool, wanted))
        across = np.cross(axis, direction)
        sine = np.linalg.norm(across, axis=1, keepdims=True)
        angle = np.arctan2(sine, (axis * direction).sum(axis=1, keepdims=True))
        # Where the axes are opposed, any turn about what is across them would do.
        any_across = np.cross(axis, np.eye(3)[np.abs(axis).argmin(axis=1)])
        across = np.where(sine > 1e-9, across, any_across)
        turn = across * (angle / np.linalg.norm(across, axis=1, keepdims=True))
    return np.hstack([away, solver.task.length * turn])


def missing_rate(solver: IKSolver, positions: Array) -> Array:
    """How `missing` shrinks with each joint at joint positions (b, n): (b, 2, 3 or 6, n) in [m/rad, m/m]."""
    if not isinstance(solver.arm, KinematicChain):
        return np.asarray(solver.arm.jacobian(positions))
    jacobian = solver.arm.jacobian(positions)
    linear, angular = jacobian[:, :3], jacobian[:, 3:]
    tool = solver.forward(positions)
    lever = tool[:, :3] - solver.arm.forward(positions)[:, :3]
    linear = linear + np.cross(angular, lever[:, :, None], axis=1)
    if not solver.task.has_orientation:
        rows: Array = linear[:, : solver.task.n_coordinates]
        return rows
    if solver.task.kind == "pointing":
        # A turn about the tool's axis changes nothing.
        axis = Rotation.from_quat(tool[:, 3:]).apply(solver.task.tool_axis)
        angular = angular - axis[:, :, None] * np.einsum("bi,bin->bn", axis, angular)[:, None, :]
    return np.concatenate([linear, solver.task.length * angular], axis=1)


def _features(solver: IKSolver, targets: Array) -> Array:
    """Points (b, 2 to 9) in [m] that are near each other where targets (b, k) are."""
    if not solver.task.has_orientation:
        return targets
    turned = Rotation.from_quat(targets[:, 3:])
    axes = [solver.task.tool_axis] if solver.task.kind == "pointing" else list(np.eye(3)[:2])
    return np.hstack([targets[:, :3], *(solver.task.length * turned.apply(axis) for axis in axes)])


def _descend(solver: IKSolver, goals: Array, starts: Array, tolerance: float) -> Mask:
    """Whether any of the starts (b, s, n) of each goal (b, k) leads to it: (b,)."""
    q = starts.reshape(-1, starts.shape[-1])
    owner = np.repeat(np.arange(len(goals)), starts.shape[1])
    damping = np.full(len(q), _DAMPING)
    error = missing(solver, q, goals[owner])
    found, going = np.zeros(len(goals), dtype=bool), np.ones(len(q), dtype=bool)
    for _ in range(_STEPS):
        found[owner[_arrived(solver, error, tolerance)]] = True
        left = going & ~found[owner]
        q, owner, damping, error = q[left], owner[left], damping[left], error[left]
        if not len(q):
            break
        trial = _step(solver, q, error, damping)
        new = missing(solver, trial, goals[owner])
        share = np.linalg.norm(new, axis=1) / np.maximum(np.linalg.norm(error, axis=1), 1e-300)
        better = share < 1.0
        going = ~(better & (share > 1.0 - _STALLED)) & (better | (damping < _MOST))
        q, error = np.where(better[:, None], trial, q), np.where(better[:, None], new, error)
        damping = np.clip(damping * np.where(better, _DOWN, _UP), _LEAST, _MOST)
    return found


def _arrived(solver: IKSolver, error: Array, tolerance: float) -> Mask:
    near: Mask = np.linalg.norm(error[:, :3], axis=1) <= tolerance
    if solver.task.has_orientation:
        angle = np.linalg.norm(error[:, 3:], axis=1) / solver.task.length
        near &= angle <= solver.orientation_tolerance
    return near


def _step(solver: IKSolver, q: Array, error: Array, damping: Array) -> Array:
    """Joint positions (b, n) after one step; joints at a limit that it would push against stay."""
    jacobian = missing_rate(solver, q)
    pull = np.einsum("bmn,bm->bn", jacobian, error)
    stuck = ((q <= solver.arm.lower) & (pull < 0.0)) | ((q >= solver.arm.upper) & (pull > 0.0))
    jacobian = np.where(stuck[:, None, :], 0.0, jacobian)
    transposed = jacobian.swapaxes(-1, -2)
    scale = np.square(jacobian).sum(axis=(1, 2)) + 1e-12
    normal = transposed @ jacobian + (damping * scale)[:, None, None] * np.eye(q.shape[1])
    step = np.linalg.solve(normal, transposed @ error[..., None])[..., 0]
    moved: Array = np.clip(q + step, solver.arm.lower, solver.arm.upper)
    return moved
