"""An arm and a target that somebody moves: the solution, the other branches, and the joints one by one."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver, Solution
from itnnr_ik.targets import rest_positions
from itnnr_ik.targets.reachable import far_apart

Array = NDArray[np.float64]

#: Branches that differ from the arm's own by less in every joint [rad, m] are not shown beside it.
_SAME = 0.05
#: Where the tool is at first, in reaches, the first that the arm gets to with this smallest singular value.
_AHEAD, _DEXTEROUS = ((0.55, 0.12, 0.42), (0.45, 0.1, 0.3), (0.6, 0.0, 0.2)), 0.08


class Posing:
    """An arm whose target is moved, or whose joints are; either follows the other.

    Args:
        solver: The arm and its task.
        positions: Joint positions (n,) in [rad] or [m] to begin with; None for a comfortable posture.

    Attributes:
        solver: As given.
        positions: Where the arm is (n,), within its limits: the state that the next solve starts from.
        target: As the task takes it (2, 3 or 7).
        solution: The answer to ``target``; its positions are the arm's.
        solve_time: What the last solve took, in [s].
    """

    def __init__(self, solver: IKSolver, positions: ArrayLike | None = None) -> None:
        self.solver = solver
        self._first: Array = np.array(rest_positions(solver) if positions is None else positions)
        self.positions: Array = self._first.copy()
        self.target: Array = solver.target_at(self.positions)
        solver.solve(self.target, self.positions)  # loads what is compiled
        self._solve()

    def aim(self, pose: ArrayLike) -> Solution:
        """Move the target to a pose (7,), of which the task takes what counts, and follow on this branch."""
        self.target = np.asarray(pose, dtype=float)[: self.solver.task.n_coordinates]
        return self._solve()

    def set_joint(self, joint: int, value: float) -> Solution:
        """Move one joint, as far as its limits allow, and the target with the tool.

        A continuous joint stays at the turn that it is at.
        """
        arm = self.solver.arm
        if not np.isfinite(arm.lower[joint]):
            value += 2.0 * np.pi * round((self.positions[joint] - value) / (2.0 * np.pi))
        self.positions = self.positions.copy()
        self.positions[joint] = np.clip(value, arm.lower[joint], arm.upper[joint])
        self.target = self.solver.target_at(self.positions)
        return self._solve()

    def reset(self) -> Solution:
        """Back to the first posture, and the target to where its tool is."""
        self.positions = self._first.copy()
        self.target = self.solver.target_at(self.positions)
        return self._solve()

    def go_to(self, positions: ArrayLike) -> Solution:
        """Take another branch (n,) that reaches the target."""
        self.positions = np.array(positions)
        return self._solve()

    def branches(self, most: int) -> list[Array]:
        """At most ``most`` other postures (n,) that reach the target, far from the arm's and each other."""
        found = [s.positions for s in self.solver.branches(self.target, self.positions)]
        others = [q for q in found if np.abs(q - self.positions).max() > _SAME]
        order = far_apart(np.array([self.positions, *others]), most + 1)
        return [others[i - 1] for i in order[1:]]

    @property
    def pose(self) -> Array:
        """The target as a pose (7,): without an orientation of its own, with that of the base."""
        return full_pose(self.solver, self.target)

    def _solve(self) -> Solution:
        start = time.perf_counter()
        self.solution = self.solver.solve(self.target, self.positions)
        self.solve_time = time.perf_counter() - start
        self.positions = self.solution.positions
        return self.solution


def opening_posture(solver: IKSolver) -> Array:
    """A posture (n,) to begin with: the tool before the base, pointing down where it can, or one at rest.

    Of the branches the one whose joints are highest, which seldom reaches through the floor.
    """
    rest, reach = rest_positions(solver), solver.arm.reach or 1.0
    for share in _AHEAD:
        pose = np.array([share[0] * reach, share[1] * reach, share[2] * reach, 1.0, 0.0, 0.0, 0.0])
        good = [
            branch.positions
            for branch in solver.branches(pose[: solver.task.n_coordinates], rest)
            if branch.covered is not False
            and manipulability(solver, branch.positions)[1] >= _DEXTEROUS * reach
        ]
        if good:
            return max(good, key=lambda q: round(float(solver.arm.skeleton(q)[:, 2].mean()) / reach, 2))
    return rest


def full_pose(solver: IKSolver, target: ArrayLike) -> Array:
    """A target (2, 3 or 7) as a pose (7,) in the base frame, turned like the base where it has no turn."""
    goal = np.asarray(target, dtype=float)
    turn = goal[3:] if solver.task.has_orientation else [0.0, 0.0, 0.0, 1.0]
    return np.concatenate([solver.in_space(goal), turn])


def manipulability(solver: IKSolver, positions: ArrayLike) -> tuple[float, float]:
    """Product and smallest of the singular values of the task's Jacobian at joint positions (n,).

    A radian of orientation counts as the task's characteristic length, so that all are in [m/rad].
    """
    jacobian = solver.jacobian(np.asarray(positions, dtype=float)).copy()
    jacobian[3:] *= solver.task.length
    values = np.linalg.svd(jacobian, compute_uv=False)
    return float(values.prod()), float(values.min())
