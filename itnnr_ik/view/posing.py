"""The state of an arm whose target or joints are moved: solution, branches and joint positions."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver, Solution
from itnnr_ik.targets import rest_positions
from itnnr_ik.targets.reachable import farthest_points

Array = NDArray[np.float64]

#: Branches whose joints all differ by less than this from the arm's own [rad, m] are not shown.
_MIN_BRANCH_DISTANCE = 0.05
#: Candidates for the initial tool position, and the smallest singular value required there, in reaches.
_INITIAL_POSITIONS, _MIN_SINGULAR_VALUE = ((0.55, 0.12, 0.42), (0.45, 0.1, 0.3), (0.6, 0.0, 0.2)), 0.08


class Posing:
    """An arm whose target is moved, or whose joints are; either follows the other.

    Args:
        solver: The arm and its task.
        positions: Initial joint positions (n,) in [rad] or [m]; None for the rest posture.

    Attributes:
        solver: As given.
        positions: Joint positions of the arm (n,), within its limits: the seed of the next solve.
        target: The target of the task (2, 3 or 7).
        solution: The solution for ``target``; its positions are those of the arm.
        solve_time: Duration of the last solve, in [s].
    """

    def __init__(self, solver: IKSolver, positions: ArrayLike | None = None) -> None:
        self.solver = solver
        self._initial: Array = np.array(rest_positions(solver) if positions is None else positions)
        self.positions: Array = self._initial.copy()
        self.target: Array = solver.target_at(self.positions)
        solver.solve(self.target, self.positions)  # loads compiled code
        self._solve()

    def set_target(self, pose: ArrayLike) -> Solution:
        """Set the target to the coordinates of a pose (7,) that the task uses, and solve."""
        self.target = np.asarray(pose, dtype=float)[: self.solver.task.n_coordinates]
        return self._solve()

    def set_joint(self, joint: int, value: float) -> Solution:
        """Move one joint, within its limits, and the target with the tool.

        A continuous joint stays within half a turn of its position.
        """
        arm = self.solver.arm
        if not np.isfinite(arm.lower[joint]):
            value += 2.0 * np.pi * round((self.positions[joint] - value) / (2.0 * np.pi))
        self.positions = self.positions.copy()
        self.positions[joint] = np.clip(value, arm.lower[joint], arm.upper[joint])
        self.target = self.solver.target_at(self.positions)
        return self._solve()

    def reset(self) -> Solution:
        """Return to the initial posture, and set the target to its tool."""
        self.positions = self._initial.copy()
        self.target = self.solver.target_at(self.positions)
        return self._solve()

    def go_to(self, positions: ArrayLike) -> Solution:
        """Go to another branch (n,) that reaches the target."""
        self.positions = np.array(positions)
        return self._solve()

    def branches(self, max_count: int) -> list[Array]:
        """At most ``max_count`` other branches (n,), chosen far from the arm's posture and each other."""
        found = [s.positions for s in self.solver.branches(self.target, self.positions)]
        others = [q for q in found if np.abs(q - self.positions).max() > _MIN_BRANCH_DISTANCE]
        order = farthest_points(np.array([self.positions, *others]), max_count + 1)
        return [others[i - 1] for i in order[1:]]

    @property
    def pose(self) -> Array:
        """The target as a pose (7,), see `full_pose`."""
        return full_pose(self.solver, self.target)

    def _solve(self) -> Solution:
        start = time.perf_counter()
        self.solution = self.solver.solve(self.target, self.positions)
        self.solve_time = time.perf_counter() - start
        self.positions = self.solution.positions
        return self.solution


def initial_posture(solver: IKSolver) -> Array:
    """An initial posture (n,): the tool in front of the base, pointing down if possible; else at rest.

    Of the branches the one with the highest joints is taken, which seldom reaches through the floor.
    """
    rest, reach = rest_positions(solver), solver.arm.reach or 1.0
    for share in _INITIAL_POSITIONS:
        pose = np.array([share[0] * reach, share[1] * reach, share[2] * reach, 1.0, 0.0, 0.0, 0.0])
        good = [
            branch.positions
            for branch in solver.branches(pose[: solver.task.n_coordinates], rest)
            if branch.covered is not False
            and manipulability(solver, branch.positions)[1] >= _MIN_SINGULAR_VALUE * reach
        ]
        if good:
            return max(good, key=lambda q: round(float(solver.arm.skeleton(q)[:, 2].mean()) / reach, 2))
    return rest


def full_pose(solver: IKSolver, target: ArrayLike) -> Array:
    """A target (2, 3 or 7) as a pose (7,) in the base frame, with identity rotation if it has none."""
    goal = np.asarray(target, dtype=float)
    quaternion = goal[3:] if solver.task.has_orientation else [0.0, 0.0, 0.0, 1.0]
    return np.concatenate([solver.in_space(goal), quaternion])


def manipulability(solver: IKSolver, positions: ArrayLike) -> tuple[float, float]:
    """Product and smallest of the singular values of the task's Jacobian at joint positions (n,).

    A radian of orientation counts as the task's characteristic length, so that all are in [m/rad].
    """
    jacobian = solver.jacobian(np.asarray(positions, dtype=float)).copy()
    jacobian[3:] *= solver.task.length
    values = np.linalg.svd(jacobian, compute_uv=False)
    return float(values.prod()), float(values.min())
