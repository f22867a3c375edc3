"""How good the answers to a recording are, in numbers."""

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

#: Recorded joints that moved less than this [rad] since the state before stood still.
STANDSTILL = 1e-4
_WORST = 10


@dataclass(frozen=True)
class Trouble:
    """A target that stands out.

    Attributes:
        index: Its place among the targets.
        time: Since the first target, in [s].
        target: Position in [m], or pose as x, y, z, qx, qy, qz, qw.
        outcome: As in the node's status.
        residual: How far the tool is from the target in [m], without an answer at the closest point that was
            found; None where none was.
        orientation_error: In [rad]; None without an answer, and where the orientation does not count.
        displacement: Largest joint difference in [rad] from the recorded joints, or from the state before
            where none are recorded; None without an answer.
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
    """The answers to a recording in numbers, in SI units; None where there was nothing to measure.

    Joint differences are in [rad]; a metre of a prismatic joint counts as one.

    Attributes:
        recording, source, arm, model: What was replayed against what.
        task: ``position``, ``pointing`` or ``pose``.
        mode: ``offline`` or ``live``.
        messages: Number of messages read.
        targets: Number of targets.
        reachable: How many of them can be reached: with an answer, or found without the solver. What is
            outside the data of a learned model is not among them.
        solved: How many got an answer within the tolerance.
        outcomes: Numbers of targets by status code.
        skipped: Numbers of messages that gave no target, by reason.
        tolerance: In [m].
        orientation_tolerance: In [rad]; None where the orientation does not count.
        residual: Of the answers, in [m].
        distance: Of the closest points that were found for targets without an answer, in [m].
        orientation_error: Of the answers, in [rad]; None where the orientation does not count.
        displacement: Largest joint difference of the answers from the recorded joints in [rad]: of ``all``,
            and apart, as far as there are some, of those where the arm is ``moving``, at a ``standstill`` and
            ``singular``.
        step: Largest joint change from one answer to that of the next target, in [rad].
        branch_changes: Number of answers on another branch than the state that they were solved from.
        jumps: The first of these, and whether a path that is planned as a whole goes without.
        outside_limits: Number of answers with a joint outside its limits.
        solve_time, round_trip: In [s].
        read_seconds, solve_seconds: In [s].
        batched: Whether the targets were solved in batches.
        worst: The targets that stand out most, those without an answer first.
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
    worst: tuple[Trouble, ...]
    notes: tuple[str, ...]

    @property
    def outside_data(self) -> int:
        """How many targets a learned model refused: its recording has no posture near the solution."""
        return self.outcomes.get(OUTSIDE_DATA, 0)

    @property
    def out_of_reach(self) -> int:
        """How many targets can be reached neither by the solver nor in any other way."""
        return self.targets - self.reachable - self.outside_data

    @property
    def rate(self) -> float:
        """Messages read and solved, per second."""
        return self.messages / max(self.read_seconds + self.solve_seconds, 1e-9)

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {**asdict(self), "messages_per_second": self.rate}


def evaluate(
    solver: IKSolver, model: str, replay: Replay, answers: Answers, read_seconds: float, jumps: int = 0
) -> Evaluation:
    """Compare the answers to a replay with what was asked and what was recorded; see `Tally`."""
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
    """What an evaluation says of a recording as a whole; fields as in `Evaluation`."""

    model: str
    messages: int
    skipped: Mapping[str, int]
    notes: Sequence[str]
    read_seconds: float
    live: bool


class Tally:
    """Compares the answers to a recording, piece by piece, with what was asked and what was recorded.

    Args:
        solver: Whose arm, task and tolerances they are.
        jumps: Of so many jumps it is looked at whether they could have been avoided.
    """

    def __init__(self, solver: IKSolver, jumps: int = 0) -> None:
        self._solver, self._jumps = solver, JumpCheck(solver, jumps)
        self._recording = self._source = ""
        self._begin: int | None = None
        self._targets = self._solved = self._reachable = self._branches = self._outside = 0
        self._outcomes: Counter[str] = Counter()
        self._residual, self._distance, self._angle = (RunningStatistics() for _ in range(3))
        self._step, self._solve_time, self._round_trip = (RunningStatistics() for _ in range(3))
        self._displacement: dict[str, RunningStatistics] = {}
        self._worst: list[tuple[float, int, Trouble]] = []
        self._last: Array | None = None
        self._seconds, self._batched = 0.0, True
        self._notes: list[str] = []

    def add(self, replay: Replay, answers: Answers) -> None:
        """Take the answers to some targets that follow those before."""
        solver, arm = self._solver, self._solver.arm
        self._recording, self._source = replay.recording, replay.source
        residual, angle = answer_errors(solver, replay, answers)
        solved = (answers.codes == SOLVED) & (residual <= solver.tolerance)
        if angle is not None:
            solved &= angle <= solver.orientation_tolerance
            self._angle.add(angle)
        refused = answers.codes == OUTSIDE_DATA
        unanswered = np.isnan(residual)
        apart = displacements(solver, replay, answers)
        self._solved += int(solved.sum())
        self._reachable += int(solved.sum()) + _reachable_unsolved(solver, replay, ~solved & ~refused)
        self._outcomes.update(answers.codes.tolist())
        self._residual.add(residual)
        self._distance.add(answers.closest[unanswered])
        self._add_displacements(replay, apart)
        self._add_steps(answers.positions)
        changed = changes_branch(solver, replay, answers)
        self._branches += int(changed.sum())
        steps = _largest(solver, answers.positions - answers.current)
        self._jumps.add(replay.received, replay.targets, steps, changed)
        outside = (answers.positions < arm.lower) | (answers.positions > arm.upper)
        self._outside += int(outside.any(axis=1).sum())
        self._solve_time.add(answers.solve_times)
        if answers.round_trips is not None:
            self._round_trip.add(answers.round_trips)
        self._add_worst(replay, answers, residual, angle, apart)
        self._targets += len(replay)
        self._seconds += answers.seconds
        self._batched = answers.batched
        self._notes += answers.notes

    def result(self, summary: Summary) -> Evaluation:
        """The numbers."""
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
            branch_changes=self._branches,
            jumps=self._jumps.result(),
            outside_limits=self._outside,
            solve_time=self._solve_time.result(),
            round_trip=self._round_trip.result(),
            read_seconds=summary.read_seconds,
            solve_seconds=self._seconds,
            batched=self._batched,
            worst=tuple(trouble for _, _, trouble in self._worst),
            notes=(*summary.notes, *self._notes),
        )

    def _add_displacements(self, replay: Replay, apart: Array) -> None:
        if replay.recorded is None:
            return
        still, flat = standing_still(self._solver, replay), singular(self._solver, replay.recorded)
        groups = {
            "all": np.ones(len(replay), dtype=bool),
            "moving": ~still & ~flat,
            "standstill": still & ~flat,
            "singular": flat,
        }
        for name, rows in groups.items():
            self._displacement.setdefault(name, RunningStatistics()).add(apart[rows])

    def _add_steps(self, positions: Array) -> None:
        both = positions if self._last is None else np.concatenate([self._last, positions])
        self._step.add(_largest(self._solver, np.diff(both, axis=0)))
        self._last = both[-1:].copy()

    def _add_worst(
        self, replay: Replay, answers: Answers, residual: Array, angle: Array | None, apart: Array
    ) -> None:
        """Those without an answer, then by displacement or, without recorded joints, by residual."""
        if not len(replay):
            return
        if self._begin is None:
            self._begin = int(replay.received[0])
        severity = np.where(np.isnan(apart), -1.0, apart)
        if replay.recorded is None:
            severity = residual.copy()
        severity[np.isnan(residual)] = np.inf
        away = np.where(np.isnan(residual), answers.closest, residual)
        for i in np.argsort(-severity, kind="stable")[:_WORST]:
            trouble = Trouble(
                index=self._targets + int(i),
                time=1e-9 * (int(replay.received[i]) - self._begin),
                target=replay.targets[i].tolist(),
                outcome=str(answers.codes[i]),
                residual=_number(away[i]),
                orientation_error=None if angle is None else _number(angle[i]),
                displacement=_number(apart[i]),
            )
            self._worst.append((-float(severity[i]), trouble.index, trouble))
        self._worst = sorted(self._worst, key=lambda row: row[:2])[:_WORST]


def displacements(solver: IKSolver, replay: Replay, answers: Answers) -> Array:
    """Largest joint difference (b,) [rad] of the answers from the joints recorded with each target.

    NaN where there is no answer or nothing was recorded; from the state before where the recording has no
    joint states at all. Whole turns of joints without limits are left out.
    """
    reference = answers.current if replay.recorded is None else replay.recorded
    return _largest(solver, answers.positions - reference)


def standing_still(solver: IKSolver, replay: Replay) -> Mask:
    """Whether (b,) the recorded joints stood still since the state before."""
    if replay.recorded is None or replay.current is None:
        return np.zeros(len(replay), dtype=bool)
    still: Mask = _largest(solver, replay.recorded - replay.current) <= STANDSTILL
    return still


def _largest(solver: IKSolver, differences: Array) -> Array:
    """The largest (b,) of joint differences (b, n) [rad], the short way where joints have no limits."""
    largest: Array = np.abs(shortest_difference(differences, np.isinf(solver.arm.lower))).max(
        axis=1, initial=0.0
    )
    return largest


def _reachable_unsolved(solver: IKSolver, replay: Replay, unsolved: Mask) -> int:
    """How many of the targets without an answer can be reached: the solver's word is not taken for it."""
    return int(find_reachable(solver, replay.targets[unsolved], solver.tolerance).sum())


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
