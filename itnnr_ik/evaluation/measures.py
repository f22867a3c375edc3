"""Measures the answers to a recording: errors, displacements, branch changes and times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from itnnr_ik.evaluation.answers import OUTSIDE_DATA, SOLVED, Answers, answer_errors
from itnnr_ik.evaluation.branches import Mask, changes_branch, singular
from itnnr_ik.evaluation.jumps import Jump, JumpCheck
from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.recording.pairing import Array, shortest_difference
from itnnr_ik.recording.statistics import RunningStatistics, Statistics
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.reachable import find_reachable

#: The arm is at standstill if no recorded joint moved more than this [rad] since the state before.
STANDSTILL = 1e-4
_N_WORST = 10  # targets that are listed


@dataclass(frozen=True)
class WorstTarget:
    """One of the targets with the worst answers.

    Attributes:
        index: Its index among the targets.
        time: Time since the first target, in [s].
        target: Position in [m], or pose as x, y, z, qx, qy, qz, qw.
        outcome: Status code, as in the node's status.
        residual: Distance of the tool from the target in [m], that of the closest point found where there is
            no answer; None if unknown.
        orientation_error: In [rad]; None without an answer, and where the orientation does not count.
        displacement: Largest joint difference in [rad] from the recorded joints, or from the state before if
            none are recorded; None without an answer.
    """

    index: int
    time: float
    target: list[float]
    outcome: str
    residual: float | None
    orientation_error: float | None
    displacement: float | None


@dataclass(frozen=True)
class Evaluation:
    """Measures of the answers to a recording, in SI units; None where there was nothing to measure.

    Joint differences are in [rad]; a metre of a prismatic joint counts as one.

    Attributes:
        recording, source, arm, model: What was replayed against what.
        task: ``position``, ``pointing`` or ``pose``.
        mode: ``offline`` or ``live``.
        messages: Number of messages read.
        targets: Number of targets.
        reachable: Number of targets that can be reached: solved, or found to be by an independent search.
            Targets outside the data of a learned model do not count.
        solved: Number of targets with an answer within the tolerance.
        outcomes: Numbers of targets by status code.
        skipped: Numbers of messages that gave no target, by reason.
        tolerance: In [m].
        orientation_tolerance: In [rad]; None where the orientation does not count.
        residual: Of the answers, in [m].
        distance: Of the closest points found for targets without an answer, in [m].
        orientation_error: Of the answers, in [rad]; None where the orientation does not count.
        displacement: Largest joint difference of the answers from the recorded joints in [rad]: of ``all``,
            and of those at which the arm is ``moving``, at ``standstill`` and ``singular``.
        step: Largest joint change from one answer to that of the next target, in [rad].
        branch_changes: Number of answers on another branch than the state from which they were solved.
        jumps: The first of these, and whether planning the path as a whole avoids them.
        outside_limits: Number of answers with a joint outside its limits.
        solve_time, round_trip: In [s].
        read_seconds, solve_seconds: In [s].
        batched: Whether the targets were solved in batches.
        worst: The targets with the worst answers, those without an answer first.
        notes: A sentence each.
    """

    recording: str
    source: str
    arm: str
    model: str
    task: str
    mode: str
    messages: int
    targets: int
    reachable: int
    solved: int
    outcomes: Mapping[str, int]
    skipped: Mapping[str, int]
    tolerance: float
    orientation_tolerance: float | None
    residual: Statistics | None
    distance: Statistics | None
    orientation_error: Statistics | None
    displacement: Mapping[str, Statistics]
    step: Statistics | None
    branch_changes: int
    jumps: tuple[Jump, ...]
    outside_limits: int
    solve_time: Statistics | None
    round_trip: Statistics | None
    read_seconds: float
    solve_seconds: float
    batched: bool
    worst: tuple[WorstTarget, ...]
    notes: tuple[str, ...]

    @property
    def outside_data(self) -> int:
        """Number of targets that a learned model rejects: its recording has no posture near the solution."""
        return self.outcomes.get(OUTSIDE_DATA, 0)

    @property
    def out_of_reach(self) -> int:
        """Number of targets that neither the solver nor the independent search can reach."""
        return self.targets - self.reachable - self.outside_data

    @property
    def rate(self) -> float:
        """Messages that were read and solved per second."""
        return self.messages / max(self.read_seconds + self.solve_seconds, 1e-9)

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {**asdict(self), "messages_per_second": self.rate}


def evaluate(
    solver: IKSolver, model: str, replay: Replay, answers: Answers, read_seconds: float, jumps: int = 0
) -> Evaluation:
    """Compare the answers to a replay with its targets and recorded joints; see `Tally`."""
    tally = Tally(solver, jumps)
    tally.add(replay, answers)
    return tally.result(
        Summary(
            model,
            replay.messages,
            replay.skipped,
            replay.notes,
            read_seconds,
            answers.round_trips is not None,
        )
    )


@dataclass(frozen=True)
class Summary:
    """Properties of a recording as a whole; fields as in `Evaluation`."""

    model: str
    messages: int
    skipped: Mapping[str, int]
    notes: Sequence[str]
    read_seconds: float
    live: bool


class Tally:
    """Compares the answers to a recording with its targets and recorded joints, piece by piece.

    Args:
        solver: The solver with arm, task and tolerances.
        jumps: Number of jumps for which to check whether they were avoidable.
    """

    def __init__(self, solver: IKSolver, jumps: int = 0) -> None:
        self._solver, self._jumps = solver, JumpCheck(solver, jumps)
        self._recording = self._source = ""
        self._start: int | None = None
        self._targets = self._solved = self._reachable = self._n_branch_changes = self._n_outside_limits = 0
        self._outcomes: Counter[str] = Counter()
        self._residual, self._distance, self._angle = (RunningStatistics() for _ in range(3))
        self._step, self._solve_time, self._round_trip = (RunningStatistics() for _ in range(3))
        self._displacement: dict[str, RunningStatistics] = {}
        self._worst: list[tuple[float, int, WorstTarget]] = []
        self._last: Array | None = None
        self._seconds, self._batched = 0.0, True
        self._notes: list[str] = []

    def add(self, replay: Replay, answers: Answers) -> None:
        """Take the next targets with their answers."""
        solver, arm = self._solver, self._solver.arm
        self._recording, self._source = replay.recording, replay.source
        residual, angle = answer_errors(solver, replay, answers)
        solved = (answers.codes == SOLVED) & (residual <= solver.tolerance)
        if angle is not None:
            solved &= angle <= solver.orientation_tolerance
            self._angle.add(angle)
        outside_data = answers.codes == OUTSIDE_DATA
        unanswered = np.isnan(residual)
        displacement = joint_displacements(solver, replay, answers)
        self._solved += int(solved.sum())
        self._reachable += int(solved.sum()) + _reachable_unsolved(solver, replay, ~solved & ~outside_data)
        self._outcomes.update(answers.codes.tolist())
        self._residual.add(residual)
        self._distance.add(answers.closest[unanswered])
        self._add_displacements(replay, displacement)
        self._add_steps(answers.positions)
        jumps = changes_branch(solver, replay, answers)
        self._n_branch_changes += int(jumps.sum())
        steps = _largest_difference(solver, answers.positions - answers.current)
        self._jumps.add(replay.received, replay.targets, steps, jumps)
        outside = (answers.positions < arm.lower) | (answers.positions > arm.upper)
        self._n_outside_limits += int(outside.any(axis=1).sum())
        self._solve_time.add(answers.solve_times)
        if answers.round_trips is not None:
            self._round_trip.add(answers.round_trips)
        self._update_worst(replay, answers, residual, angle, displacement)
        self._targets += len(replay)
        self._seconds += answers.seconds
        self._batched = answers.batched
        self._notes += answers.notes

    def result(self, summary: Summary) -> Evaluation:
        """The measures of all targets so far."""
        solver = self._solver
        oriented = solver.task.has_orientation
        displacement = {name: stats.result() for name, stats in self._displacement.items()}
        return Evaluation(
            recording=self._recording,
            source=self._source,
            arm=solver.arm.name,
            model=summary.model,
            task=solver.task.kind,
            mode="live" if summary.live else "offline",
            messages=summary.messages,
            targets=self._targets,
            reachable=self._reachable,
            solved=self._solved,
            outcomes=dict(self._outcomes),
            skipped=dict(summary.skipped),
            tolerance=solver.tolerance,
            orientation_tolerance=solver.orientation_tolerance if oriented else None,
            residual=self._residual.result(),
            distance=self._distance.result(),
            orientation_error=self._angle.result(),
            displacement={name: stats for name, stats in displacement.items() if stats is not None},
            step=self._step.result(),
            branch_changes=self._n_branch_changes,
            jumps=self._jumps.result(),
            outside_limits=self._n_outside_limits,
            solve_time=self._solve_time.result(),
            round_trip=self._round_trip.result(),
            read_seconds=summary.read_seconds,
            solve_seconds=self._seconds,
            batched=self._batched,
            worst=tuple(worst for _, _, worst in self._worst),
            notes=(*summary.notes, *self._notes),
        )

    def _add_displacements(self, replay: Replay, displacement: Array) -> None:
        if replay.recorded is None:
            return
        at_rest = is_at_standstill(self._solver, replay)
        at_singularity = singular(self._solver, replay.recorded)
        groups = {
            "all": np.ones(len(replay), dtype=bool),
            "moving": ~at_rest & ~at_singularity,
            "standstill": at_rest & ~at_singularity,
            "singular": at_singularity,
        }
        for name, rows in groups.items():
            self._displacement.setdefault(name, RunningStatistics()).add(displacement[rows])

    def _add_steps(self, positions: Array) -> None:
        consecutive = positions if self._last is None else np.concatenate([self._last, positions])
        self._step.add(_largest_difference(self._solver, np.diff(consecutive, axis=0)))
        self._last = consecutive[-1:].copy()

    def _update_worst(
        self, replay: Replay, answers: Answers, residual: Array, angle: Array | None, displacement: Array
    ) -> None:
        """Rank targets without an answer first, then by displacement, or residual without recorded joints."""
        if not len(replay):
            return
        if self._start is None:
            self._start = int(replay.received[0])
        severity = np.where(np.isnan(displacement), -1.0, displacement)
        if replay.recorded is None:
            severity = residual.copy()
        severity[np.isnan(residual)] = np.inf
        distance = np.where(np.isnan(residual), answers.closest, residual)
        for i in np.argsort(-severity, kind="stable")[:_N_WORST]:
            worst = WorstTarget(
                index=self._targets + int(i),
                time=1e-9 * (int(replay.received[i]) - self._start),
                target=replay.targets[i].tolist(),
                outcome=str(answers.codes[i]),
                residual=_number(distance[i]),
                orientation_error=None if angle is None else _number(angle[i]),
                displacement=_number(displacement[i]),
            )
            self._worst.append((-float(severity[i]), worst.index, worst))
        self._worst = sorted(self._worst, key=lambda row: row[:2])[:_N_WORST]


def joint_displacements(solver: IKSolver, replay: Replay, answers: Answers) -> Array:
    """Largest joint difference (b,) [rad] of the answers from the joints recorded with each target.

    NaN where there is no answer or no recorded state. Differences are from the state before if the recording
    has no joint states at all. Whole turns of continuous joints do not count.
    """
    reference = answers.current if replay.recorded is None else replay.recorded
    return _largest_difference(solver, answers.positions - reference)


def is_at_standstill(solver: IKSolver, replay: Replay) -> Mask:
    """Whether (b,) the recorded joints did not move since the state before."""
    if replay.recorded is None or replay.current is None:
        return np.zeros(len(replay), dtype=bool)
    at_rest: Mask = _largest_difference(solver, replay.recorded - replay.current) <= STANDSTILL
    return at_rest


def _largest_difference(solver: IKSolver, differences: Array) -> Array:
    """The largest (b,) of joint differences (b, n) [rad], without whole turns of continuous joints."""
    largest: Array = np.abs(shortest_difference(differences, np.isinf(solver.arm.lower))).max(
        axis=1, initial=0.0
    )
    return largest


def _reachable_unsolved(solver: IKSolver, replay: Replay, unsolved: Mask) -> int:
    """Number of unsolved targets that can be reached, by a search that is independent of the solver."""
    return int(find_reachable(solver, replay.targets[unsolved], solver.tolerance).sum())


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
