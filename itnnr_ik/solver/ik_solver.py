"""`IKSolver`: an arm, a task and known postures, from targets to joint positions."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.forms import shown
from itnnr_ik.paths import PathSolution, solve_path
from itnnr_ik.robot import ForwardModel, KinematicChain, LearnedArm
from itnnr_ik.solver import calls
from itnnr_ik.solver.assembly import Assembly, with_tolerances
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.solver.path_targets import PathTargets
from itnnr_ik.solver.room import Search, memory_size, pack
from itnnr_ik.solver.search import CURRENT
from itnnr_ik.solver.solution import Solution, Solutions, new_solution
from itnnr_ik.solver.state import MIDDLE, PERIOD, WEIGHT
from itnnr_ik.task import Task, poses
from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: Solutions that differ by less [rad] in every joint count as one; a redundant arm's solutions form curves,
#: which are sampled at the larger distance.
_DISTINCT, _DISTINCT_REDUNDANT = 1e-4, 0.1
#: Targets of a batch that a thread takes at a time: so many at least, and else in so many turns.
_CHUNK, _TURNS = 256, 16
#: A solution that goes on as the joints move is about as near as the nearest one where it is at most so many
#: times as far, and so much [rad] farther.
_TIMES_AS_FAR, _AS_NEAR = 4.0, 0.05
#: Solutions that differ by less [rad, m] are one, of which the nearest is told.
_SAME = 1e-5
_NO_STATE, _NO_ERRORS, _NO_ANCHORS = np.empty(0), np.empty((0, 2)), np.empty(0, dtype=np.int64)
# A type takes longer to make one of at each call.
_FLOAT = np.dtype(np.float64)
_UNITS = {"position": "m", "pointing": "m and quaternion or direction", "pose": "m and quaternion"}


class IKSolver:
    """Inverse kinematics by ITNNR: adjust anchors near the target, keep what forward kinematics confirms.

    A solve takes the current state and the known postures with their tool near the target as anchors, lets F
    adjust them where there is a trained network (equation 6), refines with the exact Jacobian within the
    joint limits, and returns the solution with the smallest largest-joint change among those within the
    tolerances. Collisions are not looked at. Same model and same input give the same bits, in a batch too.

    Made by `load` or `from_urdf`, or of an arm and a task.

    Args:
        arm: Kinematics, limits and names.
        task: What of the tool counts.
        twin: The trained network with its anchors; None for an arm that nothing was trained for.
        tolerance, orientation_tolerance: Position error in [m] and angle in [rad] up to which a solution
            converged.
        metadata: What is recorded about the model.
        coverage: Where a learned arm's forward function counts; None for an arm of known kinematics.
        posture: Joint positions (n,) that spare joints prefer, and that answers without a current state are
            near to.
        metre_in_rad: What a metre of a prismatic joint counts in a displacement.

    Attributes:
        arm, task, twin, tolerance, orientation_tolerance, metadata, coverage: As given.

    Raises:
        ValueError: The network was trained for something else, or a number is not as it must be.
    """

    def __init__(
        self,
        arm: ForwardModel,
        task: Task,
        twin: TwinInverse | None = None,
        *,
        tolerance: float = 1e-6,
        orientation_tolerance: float = 1e-6,
        metadata: dict[str, Any] | None = None,
        coverage: Coverage | None = None,
        posture: ArrayLike | None = None,
        metre_in_rad: float = 1.0,
    ) -> None:
        self.arm, self.task = arm, task
        self.tolerance = _positive("tolerance", tolerance, "m")
        self.orientation_tolerance = _positive("orientation_tolerance", orientation_tolerance, "rad")
        self.metadata = metadata or {}
        self.coverage = coverage
        # Asked for at every solve: kept, because properties that compute take longer than the rest of the
        # call.
        self._n, self._shapes = arm.n_joints, task.shapes
        self._unit, self._oriented = _UNITS[task.kind], task.has_orientation
        self._options = (
            _positive("metre_in_rad", metre_in_rad, "rad"),
            None if posture is None else self._posture(posture),
        )
        self._assemble(twin)

    def _assemble(self, twin: TwinInverse | None) -> None:
        tolerances = self.tolerance, self.orientation_tolerance
        self.twin = twin
        self._use(Assembly(self.arm, self.task, twin, *tolerances, *self._options).search)

    def _use(self, search: Search) -> None:
        self._search = search
        self._model, self._memory_size = pack(search), memory_size(search)
        # Memory of solves that have ended, for the next: threads may solve side by side.
        self._memories: list[Array] = []
        self._joints = search.problem.joints

    @classmethod
    def load(
        cls,
        model: str | PathLike[str],
        tolerance: float | None = None,
        orientation_tolerance: float | None = None,
        *,
        task: str | None = None,
    ) -> IKSolver:
        """A solver for a packaged arm, such as ``two_link`` or ``panda``, or a model folder.

        Args:
            model: Its name, or the folder.
            tolerance, orientation_tolerance: See `IKSolver`; None for those that the model was saved with.
            task: See `Task.of_chain`; None for the model's own. Another one keeps the tool, not the network.

        Raises:
            ValueError: No such model, its files are damaged or foreign, or it was learned for another task.
        """
        from itnnr_ik.solver.model import SOLVER, load_model

        loaded = load_model(model)
        given = {"tolerance": tolerance, "orientation_tolerance": orientation_tolerance}
        options = {
            **loaded.metadata.get(SOLVER, {}),
            **{name: value for name, value in given.items() if value is not None},
        }
        known: dict[str, Any] = {
            "twin": loaded.twin,
            "metadata": loaded.metadata,
            "coverage": loaded.coverage,
        }
        if task in (None, loaded.task.kind):
            solved_for = loaded.task
        elif isinstance(loaded.arm, KinematicChain):
            solved_for, known = Task.of_chain(loaded.arm, task, loaded.task.tool), {}
        else:
            raise ValueError(f"{model} was learned for {loaded.task.kind} tasks, got the task {task!r}")
        try:
            return cls(loaded.arm, solved_for, **known, **options)
        except ValueError as error:  # of its tolerances or posture, which may be the file's
            raise ValueError(f"{model} cannot be solved with: {error}") from error

    @classmethod
    def from_urdf(
        cls,
        urdf: str | PathLike[str],
        base: str | None = None,
        tip: str | None = None,
        task: str | None = None,
        *,
        tool: ArrayLike | None = None,
        tool_axis: ArrayLike | None = None,
        limits: Mapping[str, tuple[float, float]] | None = None,
        locked: Mapping[str, float] | None = None,
        **options: Any,
    ) -> IKSolver:
        """A solver for the arm between two links of a robot that a URDF describes; nothing needs training.

        Args:
            urdf, base, tip, limits, locked: See `KinematicChain.from_urdf`.
            task, tool, tool_axis: See `Task.of_chain`.
            options: Keyword arguments of `IKSolver`.

        Raises:
            ValueError: See there.
        """
        chain = KinematicChain.from_urdf(urdf, base, tip, limits=limits, locked=locked)
        return cls(chain, Task.of_chain(chain, task, tool, tool_axis), **options)

    def with_tolerance(self, tolerance: float, orientation_tolerance: float | None = None) -> IKSolver:
        """This solver with another tolerance in [m], and in [rad]; the model is shared.

        Raises:
            ValueError: A tolerance is not positive.
        """
        solver = copy(self)
        solver.tolerance = _positive("tolerance", tolerance, "m")
        if orientation_tolerance is not None:
            angle = _positive("orientation_tolerance", orientation_tolerance, "rad")
            solver.orientation_tolerance = angle
        solver._use(with_tolerances(self._search, solver.tolerance, solver.orientation_tolerance))
        return solver

    def train(self, *, seed: int = 0, steps: int = 20_000, progress: bool = False) -> None:
        """Train the twin network for this arm and task, in place of the one it may have; needs torch.

        Args:
            seed: Of weights, training pairs and anchors: the same seed gives the same network.
            steps: Optimisation steps.
            progress: Show a bar.

        Raises:
            ImportError: There is no torch; the message says what to install.
        """
        from itnnr_ik.solver.training import train_twin

        sample = None if self.coverage is None else self.coverage.sample
        twin, metadata = train_twin(
            self.arm, self.task, seed=seed, steps=steps, progress=progress, sample=sample
        )
        self.metadata = {**self.metadata, **metadata}
        self._assemble(twin)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write the arm, the task, the numbers given and the network, if there is one, for `load`."""
        from itnnr_ik.solver.model import save_model

        metre_in_rad, posture = self._options
        options: dict[str, Any] = {
            "tolerance": self.tolerance,
            "orientation_tolerance": self.orientation_tolerance,
            "metre_in_rad": metre_in_rad,
        }
        if posture is not None:
            options["posture"] = posture.tolist()
        save_model(folder, self.arm, self.task, self.twin, self.metadata, self.coverage, options)

    def solve(
        self, target: ArrayLike, current: ArrayLike | None = None, velocity: ArrayLike | None = None
    ) -> Solution:
        """Joint positions that bring the tool to ``target``.

        Args:
            target: In the base frame. Position: (2,) or (3,) in [m]. Pose: (7,) as x, y, z, qx, qy, qz, qw,
                or a transform (4, 4). Pointing: the same, its roll free, or position and direction (6,).
            current: Joint positions (n,) of the arm now. With it, the solution nearest to it in the largest
                joint change is returned; without, one near the known posture whose tool is nearest to the
                target.
            velocity: How the joints move now (n,), in [rad/s] or [m/s]. With it, the solution that goes on
                this way is returned where there is one that is about as near: an arm passes a singular
                posture, at which its solutions meet, instead of bouncing off it.

        Returns:
            The solution; for an unreachable target the closest point that was found within the limits, with
            ``converged=False``. Of a learned arm, a covered solution where one is found, and else one with
            ``covered=False``.

        Raises:
            ValueError: A shape is wrong, a value is not finite, a quaternion is zero, or there is a velocity
                without a state.
        """
        goal = self._target(target)
        now = _NO_STATE if current is None else self._shaped_state(current)
        moving = None if velocity is None else self._velocity(velocity, current)
        positions = np.empty(self._n)
        memory = self._take_memory()
        status, _, came_from, residual, angle, change = calls.solve_many(
            self._model, goal, now, positions, _NO_ERRORS, _NO_ANCHORS, memory
        )
        self._memories.append(memory)
        if status == calls.BAD_STATE:
            self._state(now)  # raises
        if status:
            raise self._refusal(status, goal, "a target")
        solution = new_solution(
            (
                positions,
                residual,
                angle if self._oriented else None,
                residual <= self.tolerance and angle <= self.orientation_tolerance,
                None if current is None else change,
                "current" if came_from == CURRENT else "neighbour",
                None,
            )
        )
        if moving is not None:
            solution = self._ahead(solution, goal, now, moving)
        return solution if self.coverage is None else self._covered(solution, target, current)

    def solve_batch(self, targets: ArrayLike, current: ArrayLike | None = None) -> Solutions:
        """`solve` for targets (b, …) and current states (b, n), on all cores; each row is what `solve` gives.

        Raises:
            ValueError: A shape is wrong, a value is not finite, or a quaternion is zero.
        """
        goals = self._targets(targets)
        count, n = len(goals), self.arm.n_joints
        now = np.empty((count, 0))
        if current is not None:
            now = _rows(current, count, n, "current joint positions", "rad or m")
        positions, errors = np.empty((count, n)), np.zeros((count, 2))
        anchors = np.zeros(count, dtype=np.int64)

        threads = _cores()
        chunk = max(_CHUNK, -(-count // (_TURNS * threads)))

        def run(start: int) -> tuple[int, int]:
            rows, memory = slice(start, start + chunk), self._take_memory()
            flat = (*(goals[rows].reshape(-1), now[rows].reshape(-1), positions[rows].reshape(-1)),)
            status, row, *_ = calls.solve_many(self._model, *flat, errors[rows], anchors[rows], memory)
            self._memories.append(memory)
            return status, start + row

        starts = range(0, count, chunk)
        if len(starts) > 1 and threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                outcomes = list(pool.map(run, starts))
        else:
            outcomes = list(map(run, starts))
        for status, row in outcomes:
            if status:
                raise self._refusal(status, goals[row], "targets", row)
        oriented = self.task.has_orientation
        solutions = Solutions(
            positions,
            errors[:, 0].copy(),
            errors[:, 1].copy() if oriented else None,
            (errors[:, 0] <= self.tolerance) & (errors[:, 1] <= self.orientation_tolerance),
            None if current is None else self._change(positions, now),
            np.where(anchors == CURRENT, "current", "neighbour"),
        )
        return solutions if self.coverage is None else self._all_covered(solutions, goals, now)

    def solve_path(
        self,
        targets: ArrayLike,
        current: ArrayLike | None = None,
        times: ArrayLike | None = None,
        closed: bool = False,
    ) -> PathSolution:
        """Joint positions for a path of targets, all of which are looked at together.

        The path with the smallest largest step of a joint, and of these the one with the smallest sum. The
        targets are taken for points of a curve: an arm goes through a singular posture as it came. Where the
        path cannot be followed the closest points are given, and the reason why.

        Args:
            targets: (m, …), each as `solve` takes it.
            current: Joint positions (n,) of the arm before the first target.
            times: (m,) in [s] at which the targets are to be reached, increasing. Where the joints' velocity
                limits do not allow it they become later, by as little as can be.
            closed: The last posture is the first one, where that is possible.

        Raises:
            ValueError: There is no target, a shape is wrong, a value is not finite, a quaternion is zero,
                times do not increase, or a closed path's last target is not its first.
        """
        goals = self._targets(targets)
        if not len(goals):
            raise ValueError("expected at least one target, got none")
        memory = self._take_memory()
        path = PathTargets(
            *(self.arm, self._search, goals, memory),
            lambda target, state: self.solve(target.reshape(np.shape(targets)[1:]), state).positions,
            lambda positions: self.errors(positions, targets),
        )
        if path.status:
            raise self._refusal(path.status, goals[path.row], "targets", path.row)
        if closed and not path.closes():
            raise ValueError("expected the last target of a closed path to be the first one, got another")
        found = solve_path(
            path,
            None if current is None else self._state(current),
            None if times is None else _instants(times, len(goals)),
            self.arm.velocity,
            closed,
        )
        self._memories.append(memory)
        return found

    def branches(self, target: ArrayLike, current: ArrayLike | None = None) -> list[Solution]:
        """Every distinct solution found for ``target``, nearest to ``current`` (n,) first.

        Without a current state, nearest to the middle of the joint limits first. Each is at the turn of its
        joints that is nearest there. An arm with spare joints has curves of solutions; they are sampled at
        0.1 rad.

        Returns:
            Converged solutions; an empty list for an unreachable target.

        Raises:
            ValueError: See `solve`.
        """
        goal = self._target(target)
        now = None if current is None else self._state(current)
        reference = self._joints[MIDDLE].copy() if now is None else now
        positions, errors = self._propose(goal, reference, self._search.most, refined=True)
        found = self._distinct(positions, errors, reference)
        if self.arm.n_joints <= self.task.n_rows:
            # Where two solutions meet, anchors may lead to one of them only.
            others, other_errors = self._cross(goal, reference, positions[found])
            positions, errors = (
                np.vstack([positions[found], others]),
                np.vstack([errors[found], other_errors]),
            )
            found = self._distinct(positions, errors, reference)
        change = self._change(positions, reference)
        return [
            Solution(
                positions[i],
                float(errors[i, 0]),
                float(errors[i, 1]) if self.task.has_orientation else None,
                True,
                None if now is None else float(change[i]),
                "neighbour",
                None if self.coverage is None else bool(self.coverage.covers(positions[i])),
            )
            for i in found
        ]

    def proposals(self, target: ArrayLike, current: ArrayLike | None = None) -> tuple[Array, Array]:
        """What the anchors nearest to ``target`` propose, adjusted by F if there is a network (Algorithm 2).

        Returns:
            Joint positions (c, n) within the limits before refinement, and their position errors (c,) [m].

        Raises:
            ValueError: See `solve`.
        """
        goal = self._target(target)
        now = self._joints[MIDDLE].copy() if current is None else self._state(current)
        positions, errors = self._propose(goal, now, self._search.near, refined=False)
        return positions, errors[:, 0]

    def forward(self, positions: ArrayLike) -> Array:
        """Poses (…, 7) of the tool frame at joint positions (…, n): x, y, z [m], qx, qy, qz, qw.

        Of a learned arm, positions (…, 2) or (…, 3) in [m].
        """
        if not isinstance(self.arm, KinematicChain):
            return np.asarray(self.arm.forward(positions))
        return poses(self.arm.transforms(self._positions(positions)) @ self.task.tool)

    def target_at(self, positions: ArrayLike) -> Array:
        """The target (…, 2, 3 or 7) that joint positions (…, n) reach exactly."""
        return self.forward(positions)[..., : self.task.n_coordinates]

    def point_at(self, positions: ArrayLike) -> Array:
        """The tool's point (…, 3) in space, in [m], at joint positions (…, n)."""
        return self.in_space(self.forward(positions)[..., :3])

    def skeleton_at(self, positions: ArrayLike) -> Array:
        """Points (k, 3) in [m] from the base over the joints to the tip and the tool, at positions (n,)."""
        return np.vstack([self.arm.skeleton(self._positions(positions)), self.point_at(positions)])

    def in_space(self, points: ArrayLike) -> Array:
        """Target positions (…, 2 or 3) as points (…, 3), both in [m]: a planar task's at its height."""
        points = np.asarray(points, dtype=float)
        if points.shape[-1] == 2:
            heights = np.full_like(points[..., :1], self.plane_height)
            points = np.concatenate([points, heights], axis=-1)
        return points[..., :3]

    @property
    def plane_height(self) -> float:
        """z in [m], in the base frame, of the plane that a planar task's targets lie in."""
        if isinstance(self.arm, LearnedArm):
            return self.arm.plane_height
        return float(self.forward(np.zeros(self.arm.n_joints))[2])

    def errors(self, positions: ArrayLike, targets: ArrayLike) -> tuple[Array, Array | None]:
        """Position errors (b,) [m] and orientation errors (b,) [rad], None of position tasks.

        Args:
            positions: Joint positions (b, n).
            targets: (b, …) as `solve` takes them.

        Raises:
            ValueError: See `solve`.
        """
        goals = self._targets(targets)
        q = _rows(positions, len(goals), self.arm.n_joints, "joint positions", "rad or m")
        errors = np.zeros((len(goals), 2))
        status, row = calls.errors_many(self._model, goals, q, errors, np.empty(self._memory_size))
        if status:
            raise self._refusal(status, goals[row], "targets", row)
        return errors[:, 0], errors[:, 1] if self.task.has_orientation else None

    def jacobian(self, positions: ArrayLike) -> Array:
        """Jacobian (…, m, n) of the task's coordinates, orientation in [rad], at joint positions (…, n)."""
        if not isinstance(self.arm, KinematicChain):
            return np.asarray(self.arm.jacobian(positions))
        q = self._positions(positions)
        flat = np.ascontiguousarray(q.reshape(-1, self.arm.n_joints))
        rows = np.empty((len(flat), self.task.n_rows, self.arm.n_joints))
        calls.jacobians_many(self._model, flat, rows, np.empty(self._memory_size))
        rows[:, 3:] /= self.task.length
        return rows.reshape(*q.shape[:-1], *rows.shape[1:])

    def _positions(self, positions: ArrayLike) -> Array:
        q = _floats(positions, "joint positions", "rad or m")
        if q.ndim == 0 or q.shape[-1] != self._n:
            raise ValueError(
                f"expected joint positions of shape (…, {self._n}) in rad or m, got shape {q.shape}"
            )
        return q

    def _take_memory(self) -> Array:
        try:
            return self._memories.pop()
        except IndexError:
            return np.empty(self._memory_size)

    def _ahead(self, nearest: Solution, goal: Array, now: Array, velocity: Array) -> Solution:
        """The solution that goes on as the joints move (n,), if it is about as near as the nearest one."""
        positions, memory = np.empty(self._n), self._take_memory()
        found, residual, angle, change = calls.solve_ahead(
            self._model, goal, now, velocity, positions, memory
        )
        self._memories.append(memory)
        if not found:
            return nearest
        near = _TIMES_AS_FAR * (nearest.displacement or 0.0) + _AS_NEAR
        is_same = np.abs(nearest.positions - positions).max() <= _SAME
        if nearest.converged and (is_same or change > near):
            return nearest
        return Solution(positions, residual, angle if self._oriented else None, True, change, "current")

    def _propose(self, goal: Array, reference: Array, count: int, refined: bool) -> tuple[Array, Array]:
        positions, errors = np.empty((count, self.arm.n_joints)), np.empty((count, 2))
        memory = np.empty(self._memory_size)
        status = calls.propose_many(self._model, goal, reference, refined, positions, errors, memory)
        if status:
            raise self._refusal(status, goal, "a target")
        return positions, errors

    def _cross(self, goal: Array, reference: Array, solutions: Array) -> tuple[Array, Array]:
        """What is on the other side of singular postures near solutions (c, n), and its errors (c, 2)."""
        positions, errors = solutions.copy(), np.empty((len(solutions), 2))
        calls.cross_many(self._model, goal, reference, positions, errors, np.empty(self._memory_size))
        return positions, errors

    def _distinct(self, positions: Array, errors: Array, reference: Array) -> list[int]:
        """Which of positions (b, n) with errors (b, 2) are distinct solutions, nearest ones first."""
        converged = (errors[:, 0] <= self.tolerance) & (errors[:, 1] <= self.orientation_tolerance)
        apart = _DISTINCT if self.arm.n_joints <= self.task.n_rows else _DISTINCT_REDUNDANT
        change = self._change(positions, reference)
        kept: list[int] = []
        for i in np.flatnonzero(converged)[np.argsort(change[converged], kind="stable")].tolist():
            if not kept or self._apart(positions[i], positions[kept]).min() > apart:
                kept.append(i)
        return kept

    def _change(self, positions: Array, reference: Array) -> Array:
        """Displacement (b,) of positions (b, n) from ``reference`` (n,)."""
        change: Array = (self._joints[WEIGHT] * np.abs(positions - reference)).max(axis=1)
        return change

    def _apart(self, positions: Array, others: Array) -> Array:
        """Largest joint difference (b,) of positions (n,) from others (b, n), whole turns left out."""
        difference = others - positions
        turns = self._joints[PERIOD]
        whole = np.where(turns > 0.0, turns, np.inf)
        away: Array = np.abs(difference - turns * np.round(difference / whole)).max(axis=1)
        return away

    def _covered(self, solution: Solution, target: ArrayLike, current: ArrayLike | None) -> Solution:
        """A learned arm's solution with ``covered``: another branch's, where only that is covered."""
        assert self.coverage is not None
        if self.coverage.covers(solution.positions):
            return solution._replace(covered=True)
        if solution.converged:
            for other in self.branches(target, current):
                if other.covered:
                    return other
        return solution._replace(covered=False)

    def _all_covered(self, solutions: Solutions, goals: Array, now: Array) -> Solutions:
        """`_covered` for all targets of a batch."""
        assert self.coverage is not None
        covered = self.coverage.covers(solutions.positions)
        for i in np.flatnonzero(~covered & solutions.converged).tolist():
            other = self._covered(solutions[i], goals[i], now[i] if now.shape[1] else None)
            if other.covered:
                covered[i] = True
                solutions.positions[i], solutions.residual[i] = other.positions, other.residual
                solutions.anchor[i] = other.anchor
                if solutions.displacement is not None:
                    solutions.displacement[i] = other.displacement
        return replace(solutions, covered=covered)

    def _target(self, target: ArrayLike) -> Array:
        goal = _floats(target, "a target", self._unit)
        if goal.shape not in self._shapes:
            raise ValueError(
                f"expected a target of shape {_either(self._shapes)} in {self._unit}, got shape {goal.shape}"
            )
        return goal if goal.ndim == 1 else goal.reshape(-1)

    def _targets(self, targets: ArrayLike) -> Array:
        goals = _floats(targets, "targets", self._unit)
        if goals.ndim == 0 or goals.shape[1:] not in self.task.shapes:
            shapes = _either([("b", *shape) for shape in self.task.shapes])
            raise ValueError(f"expected targets of shape {shapes} in {self._unit}, got shape {goals.shape}")
        return goals.reshape(len(goals), -1) if len(goals) else goals.reshape(0, self.task.n_coordinates)

    def _state(self, current: ArrayLike, what: str = "current joint positions") -> Array:
        state = self._shaped_state(current, what)
        if not all(map(math.isfinite, state.tolist())):
            raise ValueError(f"expected {what} of finite numbers in rad or m, got {state.tolist()}")
        return state

    def _posture(self, posture: ArrayLike) -> Array:
        state = self._state(posture, "a posture")
        if not ((self.arm.lower <= state) & (state <= self.arm.upper)).all():
            bounds = shown([self.arm.lower.tolist(), self.arm.upper.tolist()])
            raise ValueError(f"posture must be within the limits {bounds}, got {shown(state.tolist())}")
        return state

    def _velocity(self, velocity: ArrayLike, current: ArrayLike | None) -> Array:
        if current is None:
            raise ValueError("expected current joint positions with a velocity, got none")
        moving = _floats(velocity, "joint velocities", "rad/s or m/s")
        if moving.shape != (self._n,):
            raise ValueError(
                f"expected joint velocities of shape ({self._n},) in rad/s or m/s, got shape {moving.shape}"
            )
        if not np.isfinite(moving).all():
            raise ValueError(
                f"expected joint velocities of finite numbers in rad/s or m/s, got {moving.tolist()}"
            )
        return moving

    def _shaped_state(self, current: ArrayLike, what: str = "current joint positions") -> Array:
        state = _floats(current, what, "rad or m")
        if state.shape != (self._n,):
            raise ValueError(f"expected {what} of shape ({self._n},) in rad or m, got shape {state.shape}")
        return state

    def _refusal(self, status: int, goal: Array, what: str, row: int | None = None) -> ValueError:
        expected = {
            1: "finite numbers",
            2: "a quaternion or direction that is not zero",
            3: "a rigid transform",
        }
        where = "" if row is None else f" in row {row}"
        return ValueError(
            f"expected {what} of {expected[status]} in {self._unit}, got {goal.tolist()}{where}"
        )


def _cores() -> int:
    """That this process may use; not every system tells which."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _positive(name: str, value: float, unit: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite in {unit}, got {shown(value)}")
    return number


def _either(shapes: Any) -> str:
    texts = [f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" for shape in shapes]
    return " or ".join(texts)


def _instants(times: ArrayLike, count: int) -> Array:
    array = _floats(times, "times", "s")
    if array.shape != (count,):
        raise ValueError(f"expected times of shape ({count},) in s, got shape {array.shape}")
    if not np.isfinite(array).all() or not (np.diff(array) > 0.0).all():
        raise ValueError(f"expected finite times in s that increase, got {shown(array.tolist())}")
    return array


def _rows(values: ArrayLike, count: int, size: int, what: str, unit: str) -> Array:
    array = _floats(values, what, unit)
    if array.shape != (count, size):
        raise ValueError(f"expected {what} of shape ({count}, {size}) in {unit}, got shape {array.shape}")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"expected {what} of finite numbers in {unit}, got {array[row].tolist()} in row {row}"
        )
    return array


def _floats(values: ArrayLike, what: str, unit: str) -> Array:
    """Contiguous, writeable float64: a kernel is compiled anew for other kinds of array."""
    try:
        given = np.asarray(values)
        if given.dtype.kind == "c":
            raise TypeError("complex")
        array: Array = given.astype(_FLOAT, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"expected {what} of numbers in {unit}, got {shown(values)}") from error
    return array if array.flags.carray else np.array(array, order="C")
