"""The recording of one run by the monitor, and the row of the table that is computed from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from itnnr_ik.recording.pairing import shortest_difference
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets.reachable import find_reachable

#: Largest share of targets without an answer: the node solves only the newest target, so on a busy machine it
#: skips some, but never the last one.
MAX_UNANSWERED = 0.25


@dataclass(frozen=True)
class SeenTarget:
    """A target as it was sent: stamp [ns], and the coordinates that count (2, 3 or 7)."""

    stamp: int
    target: np.ndarray


@dataclass(frozen=True)
class SeenSolution:
    """An answer: time of receipt [ns] and joint positions (n,) in [rad] or [m], base to tip."""

    received: int
    positions: np.ndarray


@dataclass
class Recording:
    """Messages of one run; solutions and codes are keyed by the stamp of their target.

    Attributes:
        targets: In the order sent.
        solutions: Joint solutions by stamp.
        codes: Status codes by stamp.
        joint_states: (stamp [ns], positions (n,) in [rad] or [m]) in the order received.
    """

    targets: list[SeenTarget] = field(default_factory=list)
    solutions: dict[int, SeenSolution] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    joint_states: list[tuple[int, np.ndarray]] = field(default_factory=list)

    @property
    def last_answered(self) -> bool:
        """Whether the status of the newest target was received."""
        return bool(self.targets) and self.targets[-1].stamp in self.codes

    def solved(self) -> list[tuple[SeenTarget, SeenSolution]]:
        """Targets with their solutions, in the order sent."""
        return [(t, self.solutions[t.stamp]) for t in self.targets if t.stamp in self.solutions]

    def missed(self) -> list[SeenTarget]:
        """Targets without a solution, in the order sent."""
        return [t for t in self.targets if t.stamp not in self.solutions]

    def outcome(self, target: SeenTarget) -> str:
        """Status code of a target, or ``unanswered``."""
        return self.codes.get(target.stamp, "unanswered")

    @property
    def duration(self) -> float:
        """Seconds from the first target to the last."""
        return 1e-9 * (self.targets[-1].stamp - self.targets[0].stamp) if self.targets else 0.0


@dataclass(frozen=True)
class Expectation:
    """Expectations on a run.

    Attributes:
        count: Number of targets that are sent.
        tolerance: Largest position error, in [m].
        orientation_tolerance: Largest orientation error, in [rad], where the orientation counts.
        step_bound: Largest joint step from one target to the next in [rad] or [m], None where targets jump.
        may_be_unreachable: Whether targets out of reach may be among them.
        replays_joints: Whether targets come from recorded joints, each published before the next target.
    """

    count: int
    tolerance: float
    orientation_tolerance: float = 1e-6
    step_bound: float | None = None
    may_be_unreachable: bool = False
    replays_joints: bool = False


@dataclass(frozen=True)
class Row:
    """Measures of one run; NaN where there was nothing to measure.

    Attributes:
        arm, targets: Names of the arm and of the pattern or recording.
        sent, solved: Numbers of targets.
        rejected: Numbers of targets without a solution by status code, ``unanswered`` for no status.
        residual_median, residual_max: Distance of the solution's tool from the target in [m], by the
            arm's forward kinematics.
        orientation_error_median, orientation_error_max: Angle between their orientations in [rad], of a
            pointing task between their axes; None where the orientation does not count.
        largest_step: Largest change of a joint between consecutive solutions, in [rad] or [m].
        round_trip_median, round_trip_p99: From the target's stamp to the receipt of its solution, in [s].
        displacement: Median, p99 and maximum of the largest joint difference from the joints that the
            target was recorded with, in [rad] or [m]; None for other targets.
        failures: Expectations that did not hold, a sentence each.
    """

    arm: str
    targets: str
    sent: int
    solved: int
    rejected: Mapping[str, int]
    residual_median: float
    residual_max: float
    orientation_error_median: float | None
    orientation_error_max: float | None
    largest_step: float
    round_trip_median: float
    round_trip_p99: float
    displacement: tuple[float, float, float] | None
    failures: tuple[str, ...]


def errors_of(solver: IKSolver, recording: Recording) -> tuple[np.ndarray, np.ndarray | None]:
    """Position errors (s,) [m] of the solved targets, and orientation errors (s,) [rad] where they count."""
    solved = recording.solved()
    positions = np.array([s.positions for _, s in solved]).reshape(-1, solver.arm.n_joints)
    goals = np.array([t.target for t, _ in solved]).reshape(-1, solver.task.n_coordinates)
    return solver.errors(positions, goals)


def measure(solver: IKSolver, label: str, recording: Recording, expected: Expectation) -> Row:
    """The row of a run of the solver's arm with targets called ``label``."""
    arm, solved = solver.arm, recording.solved()
    positions = np.array([s.positions for _, s in solved]).reshape(-1, arm.n_joints)
    residuals, angles = errors_of(solver, recording)
    round_trips = np.array([1e-9 * (s.received - t.stamp) for t, s in solved])
    rejected = Counter(recording.outcome(t) for t in recording.missed())
    # Recorded positions of continuous joints may be wrapped to ±π, and then the answers are, too.
    wrapped = np.isinf(arm.lower) & expected.replays_joints
    steps, per_target = _steps(recording, wrapped)
    displacement = _displacement(recording, wrapped) if expected.replays_joints else None
    failures = _failures(solver, recording, expected, residuals, per_target, displacement)
    if angles is not None and len(angles) and angles.max() > expected.orientation_tolerance:
        failures.append(
            f"orientation error {angles.max():.2g} rad is above the tolerance "
            f"{expected.orientation_tolerance:.2g} rad"
        )
    outside = int(((positions < arm.lower) | (positions > arm.upper)).any(axis=1).sum())
    if outside:
        failures.append(f"{outside} solutions outside the joint limits")
    return Row(
        arm=arm.name,
        targets=label,
        sent=len(recording.targets),
        solved=len(solved),
        rejected=dict(rejected),
        residual_median=_quantile(residuals, 0.5),
        residual_max=_quantile(residuals, 1.0),
        orientation_error_median=None if angles is None else _quantile(angles, 0.5),
        orientation_error_max=None if angles is None else _quantile(angles, 1.0),
        largest_step=_quantile(steps, 1.0),
        round_trip_median=_quantile(round_trips, 0.5),
        round_trip_p99=_quantile(round_trips, 0.99),
        displacement=displacement,
        failures=tuple(failures),
    )


def _quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")


def _steps(recording: Recording, wrapped: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest joint steps [rad, m] between consecutive solutions, and these divided by the number of targets.

    After a target without a solution, the arm makes the steps of two targets at once. Whole turns of
    ``wrapped`` joints (n,) do not count.
    """
    solved = [
        (i, recording.solutions[t.stamp].positions)
        for i, t in enumerate(recording.targets)
        if t.stamp in recording.solutions
    ]
    indices = np.array([i for i, _ in solved])
    positions = np.array([p for _, p in solved])
    if len(solved) < 2:
        return np.empty(0), np.empty(0)
    steps = np.abs(shortest_difference(np.diff(positions, axis=0), wrapped)).max(axis=1)
    return steps, steps / np.diff(indices)


def _displacement(recording: Recording, wrapped: np.ndarray) -> tuple[float, float, float]:
    """Median, p99 and maximum of the largest joint difference [rad, m] from the joints recorded for a target.

    These are published as the joint state before the next target, with the stamp of that target. Whole turns
    of ``wrapped`` joints (n,) do not count.
    """
    recorded = dict(recording.joint_states)
    differences = np.array(
        [
            recording.solutions[target.stamp].positions - recorded[following.stamp]
            for target, following in pairwise(recording.targets)
            if target.stamp in recording.solutions and following.stamp in recorded
        ]
    ).reshape(-1, len(wrapped))
    largest = np.abs(shortest_difference(differences, wrapped)).max(axis=1, initial=0.0)
    return _quantile(largest, 0.5), _quantile(largest, 0.99), _quantile(largest, 1.0)


def _is_target(solver: IKSolver, target: np.ndarray) -> bool:
    """Whether recorded coordinates (2, 3 or 7) are a point or a pose at all."""
    return bool(np.isfinite(target).all() and (not solver.task.has_orientation or target[3:].any()))


def _failures(
    solver: IKSolver,
    recording: Recording,
    expected: Expectation,
    residuals: np.ndarray,
    steps: np.ndarray,
    displacement: tuple[float, float, float] | None,
) -> list[str]:
    """Expectations that did not hold, a sentence each; ``steps`` are joint steps per target [rad, m]."""
    failures = []
    sent = len(recording.targets)
    if sent != expected.count:
        failures.append(f"{sent} of {expected.count} targets arrived")
    if not len(residuals):
        failures.append("no target was solved")
    unsolved = recording.missed()
    if expected.may_be_unreachable:
        # An independent search decides which targets are reachable; these must be solved.
        unsolved = [t for t in unsolved if _is_target(solver, t.target)]
        reachable = find_reachable(solver, [t.target for t in unsolved], expected.tolerance)
        unsolved = [t for t, is_reachable in zip(unsolved, reachable, strict=True) if is_reachable]
    if recording.targets and not recording.last_answered:
        failures.append("the last target went unanswered")
    for outcome, count in Counter(recording.outcome(t) for t in unsolved).items():
        if outcome != "unanswered" or count > MAX_UNANSWERED * sent:
            failures.append(f"{count} reachable targets {outcome.replace('_', ' ')}")
    if len(residuals) and residuals.max() > expected.tolerance:
        failures.append(f"residual {residuals.max():.2g} m is above the tolerance {expected.tolerance:.2g} m")
    if expected.step_bound is not None and len(steps) and steps.max() > expected.step_bound:
        failures.append(f"joint step {steps.max():.2g} rad is above the bound {expected.step_bound:.2g} rad")
    if displacement is not None and np.isnan(displacement[0]):
        failures.append("no recorded joint state arrived with its target")
    return failures
