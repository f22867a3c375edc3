"""How good the answers to a recording are, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from itnnr_ik.bags.answers import OUTSIDE_DATA, SOLVED, Answers, answer_errors
from itnnr_ik.bags.branches import Mask, changes_branch, singular
from itnnr_ik.bags.pairing import Array
from itnnr_ik.bags.replay import Replay
from itnnr_ik.reachable import find_reachable
from itnnr_ik.solver import IKSolver

#: Recorded joints that moved less than this [rad] since the state before stood still.
STANDSTILL = 1e-4
_WORST = 10


@dataclass(frozen=True)
class Spread:
    """Number of values and their median, 99 % quantile and maximum."""

    count: int
    median: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Array) -> Spread | None:
        """That of the finite ones of ``values``; None without any."""
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        median, p99, largest = np.quantile(values, [0.5, 0.99, 1.0]).tolist()
        return cls(len(values), median, p99, largest)


@dataclass(frozen=True)
class Trouble:
    """A target that stands out.

    Attributes:
        index: Its place among the targets.
        time: Since the first target, in [s].
        target: Position in [m], or pose as x, y, z, qx, qy, qz, qw.
        outcome: As in the node's status.
        residual: In [m]; None without an answer.
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
        orientation_error: Of the answers, in [rad]; None where the orientation does not count.
        displacement: Largest joint difference of the answers from the recorded joints in [rad]: of ``all``,
            and apart, as far as there are some, of those where the arm is ``moving``, at a ``standstill`` and
            ``singular``.
        step: Largest joint change from one answer to that of the next target, in [rad].
        branch_changes: Number of answers on another branch than the state that they were solved from.
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
    residual: Spread | None
    orientation_error: Spread | None
    displacement: Mapping[str, Spread]
    step: Spread | None
    branch_changes: int
    outside_limits: int
    solve_time: Spread | None
    round_trip: Spread | None
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
    solver: IKSolver, model: str, replay: Replay, answers: Answers, read_seconds: float
) -> Evaluation:
    """Compare the answers to a replay with what was asked and what was recorded."""
    arm = solver.arm
    residual, angle = answer_errors(solver, replay, answers)
    solved = (answers.codes == SOLVED) & (residual <= solver.tolerance)
    if angle is not None:
        solved &= angle <= solver.orientation_tolerance
    refused = answers.codes == OUTSIDE_DATA
    steps = np.abs(np.diff(answers.positions, axis=0)).max(axis=1, initial=0.0)
    apart = displacements(replay, answers)
    outside = (answers.positions < arm.lower) | (answers.positions > arm.upper)
    return Evaluation(
        recording=replay.recording,
        source=replay.source,
        arm=arm.name,
        model=model,
        task=solver.task.kind,
        mode="offline" if answers.round_trips is None else "live",
        messages=replay.messages,
        targets=len(replay),
        reachable=int(solved.sum()) + _reachable_unsolved(solver, replay, ~solved & ~refused),
        solved=int(solved.sum()),
        outcomes=dict(Counter(answers.codes.tolist())),
        skipped=dict(replay.skipped),
        tolerance=solver.tolerance,
        orientation_tolerance=None if angle is None else solver.orientation_tolerance,
        residual=Spread.of(residual),
        orientation_error=None if angle is None else Spread.of(angle),
        displacement=_by_motion(solver, replay, apart),
        step=Spread.of(steps),
        branch_changes=int(changes_branch(solver, replay, answers).sum()),
        outside_limits=int(outside.any(axis=1).sum()),
        solve_time=Spread.of(answers.solve_times),
        round_trip=None if answers.round_trips is None else Spread.of(answers.round_trips),
        read_seconds=read_seconds,
        solve_seconds=answers.seconds,
        batched=answers.batched,
        worst=_worst(replay, answers, residual, angle, apart),
        notes=(*replay.notes, *answers.notes),
    )


def displacements(replay: Replay, answers: Answers) -> Array:
    """Largest joint difference (b,) [rad] of the answers from the joints recorded with each target.

    NaN where there is no answer or nothing was recorded; from the state before where the recording has no
    joint states at all.
    """
    reference = answers.current if replay.recorded is None else replay.recorded
    apart: Array = np.abs(answers.positions - reference).max(axis=1)
    return apart


def standing_still(replay: Replay) -> Mask:
    """Whether (b,) the recorded joints stood still since the state before."""
    if replay.recorded is None or replay.current is None:
        return np.zeros(len(replay), dtype=bool)
    still: Mask = np.abs(replay.recorded - replay.current).max(axis=1) <= STANDSTILL
    return still


def _by_motion(solver: IKSolver, replay: Replay, apart: Array) -> dict[str, Spread]:
    if replay.recorded is None:
        return {}
    still, flat = standing_still(replay), singular(solver, replay.recorded)
    groups = {
        "all": np.ones(len(replay), dtype=bool),
        "moving": ~still & ~flat,
        "standstill": still & ~flat,
        "singular": flat,
    }
    spreads = {name: Spread.of(apart[rows]) for name, rows in groups.items()}
    return {name: spread for name, spread in spreads.items() if spread is not None}


def _reachable_unsolved(solver: IKSolver, replay: Replay, unsolved: Mask) -> int:
    """How many of the targets without an answer can be reached: the solver's word is not taken for it."""
    return int(find_reachable(solver, replay.targets[unsolved], solver.tolerance).sum())


def _worst(
    replay: Replay, answers: Answers, residual: Array, angle: Array | None, apart: Array
) -> tuple[Trouble, ...]:
    """Those without an answer, then by displacement or, without recorded joints, by residual."""
    severity = np.where(np.isnan(apart), -1.0, apart)
    if replay.recorded is None:
        severity = residual.copy()
    severity[np.isnan(residual)] = np.inf
    worst = np.argsort(-severity, kind="stable")[:_WORST]
    times = replay.times
    return tuple(
        Trouble(
            index=int(i),
            time=float(times[i]),
            target=replay.targets[i].tolist(),
            outcome=str(answers.codes[i]),
            residual=_number(residual[i]),
            orientation_error=None if angle is None else _number(angle[i]),
            displacement=_number(apart[i]),
        )
        for i in worst
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
