"""Finds out which targets an arm can reach, independently of the solver's search."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver import IKSolver

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Random postures, and how many of them, the nearest to a target, are seeds: more where orientation counts.
_N_SAMPLES, _N_SEEDS, _N_SEEDS_ORIENTED = 20_000, 8, 48
_MAX_ITERATIONS = 100  # of the Levenberg–Marquardt method
#: Damping as a multiple of the squared Frobenius norm of the Jacobian.
_INITIAL_DAMPING, _MIN_DAMPING, _MAX_DAMPING = 1e-3, 1e-12, 1e3
#: Factors of the damping after a successful step and after an unsuccessful one.
_DAMPING_DECREASE, _DAMPING_INCREASE = 0.2, 5.0
#: A seed is given up where a step reduces its error by less than this share.
_MIN_RELATIVE_DECREASE = 1e-3
_BATCH_SIZE = 256  # targets solved at a time, to bound the memory


def find_reachable(solver: IKSolver, targets: ArrayLike, tolerance: float) -> Mask:
    """Whether joint positions within the limits were found for each of ``targets`` (b, 2, 3 or 7): (b,).

    By the Levenberg–Marquardt method, clipped to the limits, from the nearest of many random postures,
    without any part of the solver's own search. A target that is reached is certainly reachable; one that is
    missed is most likely not.

    Args:
        solver: The arm and the task; orientations have to be met within `orientation_tolerance`.
        targets: As `IKSolver.target_at` gives them.
        tolerance: In [m].
    """
    goals = np.asarray(targets, dtype=float).reshape(-1, solver.task.n_coordinates)
    reachable = np.zeros(len(goals), dtype=bool)
    if not len(goals):
        return reachable
    postures = solver.arm.sample(_N_SAMPLES, np.random.default_rng(0))
    tree = KDTree(_features(solver, solver.target_at(postures)))
    count = _N_SEEDS_ORIENTED if solver.task.has_orientation else _N_SEEDS
    for first in range(0, len(goals), _BATCH_SIZE):
        rows = slice(first, first + _BATCH_SIZE)
        seeds = tree.query(_features(solver, goals[rows]), k=count)[1]
        reachable[rows] = _minimise_error(solver, goals[rows], postures[seeds], tolerance)
    return reachable


def farthest_points(points: ArrayLike, count: int) -> list[int]:
    """Indices of at most ``count`` of the points (p, m) by farthest-point sampling."""
    points = np.asarray(points, dtype=float)
    if not len(points):
        return []
    chosen = [0]
    distances = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < count and distances.max() > 0.0:
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen


def task_error(solver: IKSolver, positions: Array, targets: Array) -> Array:
    """Error (b, 2, 3 or 6) [m] from the tool at joint positions (b, n) to targets (b, 2, 3 or 7).

    The translation and, where the orientation counts, the rotation vector times the task's length.
    """
    tool = solver.target_at(positions)
    translation: Array = targets[:, :3] - tool[:, :3]
    if not solver.task.has_orientation:
        return translation
    goal, current = Rotation.from_quat(targets[:, 3:]), Rotation.from_quat(tool[:, 3:])
    if solver.task.kind == "pose":
        rotation = (goal * current.inv()).as_rotvec()
    else:
        axis, goal_axis = (frame.apply(solver.task.tool_axis) for frame in (current, goal))
        normal = np.cross(axis, goal_axis)
        sine = np.linalg.norm(normal, axis=1, keepdims=True)
        angle = np.arctan2(sine, (axis * goal_axis).sum(axis=1, keepdims=True))
        # Where the axes are opposed, half a turn about any perpendicular axis will do.
        any_normal = np.cross(axis, np.eye(3)[np.abs(axis).argmin(axis=1)])
        normal = np.where(sine > 1e-9, normal, any_normal)
        rotation = normal * (angle / np.linalg.norm(normal, axis=1, keepdims=True))
    return np.hstack([translation, solver.task.length * rotation])


def task_jacobian(solver: IKSolver, positions: Array) -> Array:
    """Jacobian (b, 2, 3 or 6, n) [m/rad, m/m] of the tool, in the units of `task_error`, which it reduces."""
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
        # A rotation about the tool's axis does not change the error.
        axis = Rotation.from_quat(tool[:, 3:]).apply(solver.task.tool_axis)
        angular = angular - axis[:, :, None] * np.einsum("bi,bin->bn", axis, angular)[:, None, :]
    return np.concatenate([linear, solver.task.length * angular], axis=1)


def _features(solver: IKSolver, targets: Array) -> Array:
    """Points (b, 2 to 9) in [m] whose distances compare targets (b, k) in position and orientation."""
    if not solver.task.has_orientation:
        return targets
    rotations = Rotation.from_quat(targets[:, 3:])
    axes = [solver.task.tool_axis] if solver.task.kind == "pointing" else list(np.eye(3)[:2])
    return np.hstack([targets[:, :3], *(solver.task.length * rotations.apply(axis) for axis in axes)])


def _minimise_error(solver: IKSolver, goals: Array, seeds: Array, tolerance: float) -> Mask:
    """Whether the method converges to each goal (b, k) from any of its seeds (b, s, n): (b,)."""
    q = seeds.reshape(-1, seeds.shape[-1])
    goal_index = np.repeat(np.arange(len(goals)), seeds.shape[1])
    damping = np.full(len(q), _INITIAL_DAMPING)
    error = task_error(solver, q, goals[goal_index])
    found, active = np.zeros(len(goals), dtype=bool), np.ones(len(q), dtype=bool)
    for _ in range(_MAX_ITERATIONS):
        found[goal_index[_within_tolerance(solver, error, tolerance)]] = True
        left = active & ~found[goal_index]
        q, goal_index, damping, error = q[left], goal_index[left], damping[left], error[left]
        if not len(q):
            break
        trial = _iterate(solver, q, error, damping)
        new = task_error(solver, trial, goals[goal_index])
        share = np.linalg.norm(new, axis=1) / np.maximum(np.linalg.norm(error, axis=1), 1e-300)
        better = share < 1.0
        active = ~(better & (share > 1.0 - _MIN_RELATIVE_DECREASE)) & (better | (damping < _MAX_DAMPING))
        q, error = np.where(better[:, None], trial, q), np.where(better[:, None], new, error)
        damping = np.clip(
            damping * np.where(better, _DAMPING_DECREASE, _DAMPING_INCREASE), _MIN_DAMPING, _MAX_DAMPING
        )
    return found


def _within_tolerance(solver: IKSolver, error: Array, tolerance: float) -> Mask:
    near: Mask = np.linalg.norm(error[:, :3], axis=1) <= tolerance
    if solver.task.has_orientation:
        angle = np.linalg.norm(error[:, 3:], axis=1) / solver.task.length
        near &= angle <= solver.orientation_tolerance
    return near


def _iterate(solver: IKSolver, q: Array, error: Array, damping: Array) -> Array:
    """Joint positions (b, n) after one step; joints at a limit are held if the gradient pushes beyond it."""
    jacobian = task_jacobian(solver, q)
    gradient = np.einsum("bmn,bm->bn", jacobian, error)
    held = ((q <= solver.arm.lower) & (gradient < 0.0)) | ((q >= solver.arm.upper) & (gradient > 0.0))
    jacobian = np.where(held[:, None, :], 0.0, jacobian)
    transposed = jacobian.swapaxes(-1, -2)
    scale = np.square(jacobian).sum(axis=(1, 2)) + 1e-12
    normal = transposed @ jacobian + (damping * scale)[:, None, None] * np.eye(q.shape[1])
    step = np.linalg.solve(normal, transposed @ error[..., None])[..., 0]
    moved: Array = np.clip(q + step, solver.arm.lower, solver.arm.upper)
    return moved
