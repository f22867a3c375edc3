"""`IKSolver`: joint positions for targets of an arm and a task."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.paths import PathSolution, solve_path
from itnnr_ik.paths.kinematics import displacement
from itnnr_ik.robot import ForwardModel, KinematicChain, LearnedArm
from itnnr_ik.solver import calls
from itnnr_ik.solver.assembly import Assembly, with_tolerances
from itnnr_ik.solver.branches import distinct_branches
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.solver.inputs import Inputs, floats, increasing_times, positive
from itnnr_ik.solver.path_targets import PathTargets
from itnnr_ik.solver.prepared import PreparedSearch
from itnnr_ik.solver.search import CURRENT
from itnnr_ik.solver.solution import Solution, Solutions, new_solution
from itnnr_ik.solver.state import MIDDLE, WEIGHT
from itnnr_ik.task import Task, poses
from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: Fewest targets of a batch in a thread's chunk, and chunks per thread of larger batches.
_MIN_CHUNK, _CHUNKS_PER_THREAD = 256, 16
#: A solution that continues the motion replaces the nearest one up to this multiple of its displacement plus
#: this margin [rad].
_CONTINUATION_FACTOR, _CONTINUATION_MARGIN = 4.0, 0.05
#: Largest joint difference [rad, m] at which the continued solution is the nearest one.
_SAME_SOLUTION_DISTANCE = 1e-5
_NO_STATE, _NO_ERRORS, _NO_ANCHORS = np.empty(0), np.empty((0, 2)), np.empty(0, dtype=np.int64)


class IKSolver:
    """Inverse kinematics by ITNNR: adjust anchors near the target, keep what forward kinematics confirms.

    A solve takes the current state and known postures with their tool near the target as anchors, adjusts
    them by F where there is a trained network (equation 6), refines them with the exact Jacobian within the
    joint limits, and returns the solution within the tolerances that has the smallest displacement (largest
    joint change). Collisions are not checked. The same model and input give the same bits, also in a batch.

    Made by `load`, `from_urdf`, or from an arm and a task.

    Args:
        arm: Kinematics, limits and names.
        task: The controlled coordinates of the tool.
        twin: The trained network with its anchors; None for an arm without one.
        tolerance, orientation_tolerance: Position error in [m] and angle in [rad] up to which a solution
            converged.
        metadata: Metadata of the model.
        coverage: Where a learned arm's forward function is valid; None for an arm of known kinematics.
        posture: Joint positions (n,) preferred by redundant joints. Without a current state, joints are in
            the turn nearest to them, or to the middle of the limits.
        metre_in_rad: Weight of a metre of a prismatic joint in a displacement.

    Attributes:
        arm, task, twin, tolerance, orientation_tolerance, metadata, coverage: As given.

    Raises:
        ValueError: The network was trained for another arm or task, or a number is not valid.
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
        self.tolerance = positive("tolerance", tolerance, "m")
        self.orientation_tolerance = positive("orientation_tolerance", orientation_tolerance, "rad")
        self.metadata = metadata or {}
        self.coverage = coverage
        # Used in every solve, and kept because computing these properties takes longer than the rest of it.
        self._n, self._oriented = arm.n_joints, task.has_orientation
        self._inputs = Inputs(arm.n_joints, task)
        self._options = (
            positive("metre_in_rad", metre_in_rad, "rad"),
            None if posture is None else self._inputs.posture(posture, arm.lower, arm.upper),
        )
        self._assemble(twin)

    def _assemble(self, twin: TwinInverse | None) -> None:
        tolerances = self.tolerance, self.orientation_tolerance
        self.twin = twin
        assembly = Assembly(self.arm, self.task, twin, *tolerances, *self._options)
        self._prepared = PreparedSearch(assembly.search)

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
            task: See `Task.of_chain`; None for the model's own. Another task keeps the tool, not the network.

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
        solver.tolerance = positive("tolerance", tolerance, "m")
        if orientation_tolerance is not None:
            angle = positive("orientation_tolerance", orientation_tolerance, "rad")
            solver.orientation_tolerance = angle
        tolerances = solver.tolerance, solver.orientation_tolerance
        solver._prepared = PreparedSearch(with_tolerances(self._prepared.search, *tolerances))
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
            current: Joint positions (n,) of the arm now: the seed. Of the solutions found, the one whose
                largest joint change from it is smallest is returned. Without a seed, the search starts at
                stored configurations with their tool near the target.
            velocity: Joint velocities (n,) now, in [rad/s] or [m/s]. With them, the solution that continues
                the motion is returned if it is about as near: an arm passes through a singularity, at which
                its branches meet, instead of turning back.

        Returns:
            The solution; for an unreachable target the closest posture found within the limits, with
            ``converged=False``. Of a learned arm, a covered solution where one is found, and else one with
            ``covered=False``.

        Raises:
            ValueError: A shape is wrong, a value is not finite, a quaternion is zero, or there is a velocity
                without a state.
        """
        goal = self._inputs.target(target)
        now = _NO_STATE if current is None else self._inputs.shaped_state(current)
        joint_velocity = None if velocity is None else self._inputs.velocity(velocity, current)
        positions, prepared = np.empty(self._n), self._prepared
        memory = prepared.take_memory()
        status, _, origin, residual, angle, change = calls.solve_many(
            prepared.model, goal, now, positions, _NO_ERRORS, _NO_ANCHORS, memory
        )
        prepared.memories.append(memory)
        if status == calls.BAD_STATE:
            self._inputs.state(now)  # raises
        if status:
            raise self._inputs.target_error(status, goal, "a target")
        solution = new_solution(
            (
                positions,
                residual,
                angle if self._oriented else None,
                residual <= self.tolerance and angle <= self.orientation_tolerance,
                None if current is None else change,
                "current" if origin == CURRENT else "neighbour",
                None,
            )
        )
        if joint_velocity is not None:
            solution = self._continued(solution, goal, now, joint_velocity)
        return solution if self.coverage is None else self._covered(solution, target, current)

    def solve_batch(self, targets: ArrayLike, current: ArrayLike | None = None) -> Solutions:
        """`solve` for targets (b, …) and current states (b, n), on all cores; each row is what `solve` gives.

        Raises:
            ValueError: A shape is wrong, a value is not finite, or a quaternion is zero.
        """
        goals = self._inputs.targets(targets)
        count, n, prepared = len(goals), self.arm.n_joints, self._prepared
        now = np.empty((count, 0))
        if current is not None:
            now = self._inputs.rows(current, count, "current joint positions")
        positions, errors = np.empty((count, n)), np.zeros((count, 2))
        anchors = np.zeros(count, dtype=np.int64)

        threads = _n_cores()
        chunk = max(_MIN_CHUNK, -(-count // (_CHUNKS_PER_THREAD * threads)))

        def run(start: int) -> tuple[int, int]:
            rows, memory = slice(start, start + chunk), prepared.take_memory()
            flat = (*(goals[rows].reshape(-1), now[rows].reshape(-1), positions[rows].reshape(-1)),)
            status, row, *_ = calls.solve_many(prepared.model, *flat, errors[rows], anchors[rows], memory)
            prepared.memories.append(memory)
            return status, start + row

        starts = range(0, count, chunk)
        if len(starts) > 1 and threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                outcomes = list(pool.map(run, starts))
        else:
            outcomes = list(map(run, starts))
        for status, row in outcomes:
            if status:
                raise self._inputs.target_error(status, goals[row], "targets", row)
        oriented = self.task.has_orientation
        solutions = Solutions(
            positions,
            errors[:, 0].copy(),
            errors[:, 1].copy() if oriented else None,
            (errors[:, 0] <= self.tolerance) & (errors[:, 1] <= self.orientation_tolerance),
            None if current is None else displacement(prepared.joints[WEIGHT], positions - now),
            np.where(anchors == CURRENT, "current", "neighbour"),
        )
        return solutions if self.coverage is None else self._covered_batch(solutions, goals, now)

    def solve_path(
        self,
        targets: ArrayLike,
        current: ArrayLike | None = None,
        times: ArrayLike | None = None,
        closed: bool = False,
    ) -> PathSolution:
        """Joint positions for a path of targets, optimised over the whole path.

        The path minimises the largest joint step, then the sum of steps. Targets are taken as points of a
        curve, so that an arm continues its motion through a singular posture. Where the path cannot be
        followed, the closest points are returned with the reason.

        Args:
            targets: (m, …), each as `solve` takes it.
            current: Joint positions (n,) of the arm before the first target.
            times: (m,) in [s] at which the targets are to be reached, increasing. Where velocity limits
                do not allow it, they are delayed by as little as possible.
            closed: The last posture is to be the first one, where that is possible.

        Raises:
            ValueError: There is no target, a shape is wrong, a value is not finite, a quaternion is zero,
                times do not increase, or a closed path's last target is not its first.
        """
        goals = self._inputs.targets(targets)
        if not len(goals):
            raise ValueError("expected at least one target, got none")
        prepared = self._prepared
        memory = prepared.take_memory()
        path = PathTargets(
            *(self.arm, prepared.search, goals, memory),
            lambda target, state: self.solve(target.reshape(np.shape(targets)[1:]), state).positions,
            lambda positions: self.errors(positions, targets),
        )
        if path.status:
            raise self._inputs.target_error(path.status, goals[path.row], "targets", path.row)
        if closed and not path.closes():
            raise ValueError("expected the last target of a closed path to be the first one, got another")
        found = solve_path(
            path,
            None if current is None else self._inputs.state(current),
            None if times is None else increasing_times(times, len(goals)),
            self.arm.velocity,
            closed,
        )
        prepared.memories.append(memory)
        return found

    def branches(self, target: ArrayLike, current: ArrayLike | None = None) -> list[Solution]:
        """Every distinct solution found for ``target``, nearest to ``current`` (n,) first.

        Without a current state, nearest to the preferred posture first, or to the middle of the joint limits.
        Joints are unwrapped to the turn nearest to it. A redundant arm has curves of solutions, which are
        sampled at 0.1 rad.

        Returns:
            Converged solutions; an empty list for an unreachable target.

        Raises:
            ValueError: See `solve`.
        """
        goal = self._inputs.target(target)
        now = None if current is None else self._inputs.state(current)
        prepared = self._prepared
        reference = prepared.joints[MIDDLE].copy() if now is None else now
        count = prepared.search.max_candidates
        positions, errors = self._propose(prepared, goal, reference, count, refined=True)
        positions, errors, change = distinct_branches(
            prepared.search, prepared.model, goal, reference, positions, errors
        )
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
            for i in range(len(positions))
        ]

    def proposals(self, target: ArrayLike, current: ArrayLike | None = None) -> tuple[Array, Array]:
        """Proposals of the anchors nearest to ``target``, adjusted by F if there is a network (Algorithm 2).

        Returns:
            Joint positions (c, n) within the limits before refinement, and their position errors (c,) [m].

        Raises:
            ValueError: See `solve`.
        """
        goal = self._inputs.target(target)
        prepared = self._prepared
        now = prepared.joints[MIDDLE].copy() if current is None else self._inputs.state(current)
        count = prepared.search.n_candidates
        positions, errors = self._propose(prepared, goal, now, count, refined=False)
        return positions, errors[:, 0]

    def forward(self, positions: ArrayLike) -> Array:
        """Poses (…, 7) of the tool frame at joint positions (…, n): x, y, z [m], qx, qy, qz, qw.

        Of a learned arm, positions (…, 2) or (…, 3) in [m].
        """
        if not isinstance(self.arm, KinematicChain):
            return np.asarray(self.arm.forward(positions))
        return poses(self.arm.transforms(self._inputs.positions(positions)) @ self.task.tool)

    def target_at(self, positions: ArrayLike) -> Array:
        """The target (…, 2, 3 or 7) that joint positions (…, n) reach exactly."""
        return self.forward(positions)[..., : self.task.n_coordinates]

    def point_at(self, positions: ArrayLike) -> Array:
        """The tool's point (…, 3) in space, in [m], at joint positions (…, n)."""
        return self.in_space(self.forward(positions)[..., :3])

    def skeleton_at(self, positions: ArrayLike) -> Array:
        """Points (k, 3) in [m] from the base over the joints to the tip and the tool, at positions (n,)."""
        return np.vstack([self.arm.skeleton(self._inputs.positions(positions)), self.point_at(positions)])

    def in_space(self, points: ArrayLike) -> Array:
        """Target positions (…, 2 or 3) as points (…, 3), both in [m]; of a planar task at `plane_height`.

        Raises:
            ValueError: They have no two coordinates.
        """
        points = floats(points, "target positions", "m")
        if points.ndim == 0 or points.shape[-1] < 2:
            raise ValueError(
                f"expected target positions of shape (…, 2) or (…, 3) in m, got shape {points.shape}"
            )
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
        goals = self._inputs.targets(targets)
        q = self._inputs.rows(positions, len(goals), "joint positions")
        errors, prepared = np.zeros((len(goals), 2)), self._prepared
        status, row = calls.errors_many(prepared.model, goals, q, errors, prepared.new_memory())
        if status:
            raise self._inputs.target_error(status, goals[row], "targets", row)
        return errors[:, 0], errors[:, 1] if self.task.has_orientation else None

    def jacobian(self, positions: ArrayLike) -> Array:
        """Jacobian (…, m, n) of the task's coordinates, orientation in [rad], at joint positions (…, n)."""
        if not isinstance(self.arm, KinematicChain):
            return np.asarray(self.arm.jacobian(positions))
        q = self._inputs.positions(positions)
        flat = np.ascontiguousarray(q.reshape(-1, self.arm.n_joints))
        rows, prepared = np.empty((len(flat), self.task.n_rows, self.arm.n_joints)), self._prepared
        calls.jacobians_many(prepared.model, flat, rows, prepared.new_memory())
        rows[:, 3:] /= self.task.length
        return rows.reshape(*q.shape[:-1], *rows.shape[1:])

    def _continued(self, nearest: Solution, goal: Array, now: Array, velocity: Array) -> Solution:
        """The solution that continues the joints' motion (n,), if it is about as near as ``nearest``."""
        positions, prepared = np.empty(self._n), self._prepared
        memory = prepared.take_memory()
        found, residual, angle, change = calls.solve_ahead(
            prepared.model, goal, now, velocity, positions, memory
        )
        prepared.memories.append(memory)
        if not found:
            return nearest
        near = _CONTINUATION_FACTOR * (nearest.displacement or 0.0) + _CONTINUATION_MARGIN
        is_same = np.abs(nearest.positions - positions).max() <= _SAME_SOLUTION_DISTANCE
        if nearest.converged and (is_same or change > near):
            return nearest
        return Solution(positions, residual, angle if self._oriented else None, True, change, "current")

    def _propose(
        self, prepared: PreparedSearch, goal: Array, reference: Array, count: int, refined: bool
    ) -> tuple[Array, Array]:
        positions, errors = np.empty((count, self.arm.n_joints)), np.empty((count, 2))
        memory = prepared.new_memory()
        status = calls.propose_many(prepared.model, goal, reference, refined, positions, errors, memory)
        if status:
            raise self._inputs.target_error(status, goal, "a target")
        return positions, errors

    def _covered(self, solution: Solution, target: ArrayLike, current: ArrayLike | None) -> Solution:
        """A learned arm's solution with ``covered`` set, replaced by a covered branch where there is one."""
        assert self.coverage is not None
        if self.coverage.covers(solution.positions):
            return solution._replace(covered=True)
        if solution.converged:
            for other in self.branches(target, current):
                if other.covered:
                    return other
        return solution._replace(covered=False)

    def _covered_batch(self, solutions: Solutions, goals: Array, now: Array) -> Solutions:
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


def _n_cores() -> int:
    """Number of CPU cores that this process may use; not every system can tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
