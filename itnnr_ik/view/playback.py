"""A recording with the answers to its targets, accessed by time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.answers import Answers
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.offline import evaluate_recording
from itnnr_ik.evaluation.replay import Replay, Selection
from itnnr_ik.recording.pairing import shortest_difference
from itnnr_ik.solver import IKSolver
from itnnr_ik.view.posing import full_pose

Array = NDArray[np.float64]

#: Largest number of targets that are kept; longer recordings are decimated.
_MAX_TARGETS = 200_000


@dataclass(frozen=True)
class Moment:
    """The state at one time of a recording.

    Attributes:
        target: Pose (7,), with identity rotation if only its position counts.
        answer: Joint positions (n,) of the last answer up to this target; None before the first one.
        recorded: Joint positions (n,) recorded with the target; None if unknown.
        code: Status code of the target.
        residual: Distance from the target in [m]; without an answer, that of the closest point found.
        displacement: Largest joint difference between ``answer`` and ``recorded`` in [rad] or [m], without
            whole turns of continuous joints; None if the target has no answer, or no recorded joints.
    """

    target: Array
    answer: Array | None
    recorded: Array | None
    code: str
    residual: float
    displacement: float | None


class Playback:
    """The targets (b) of a recording with their answers.

    Args:
        solver: The solver that gave the answers.
        evaluation: The evaluation of the answers.
        pieces: The pieces of the recording in order, each with its answers.

    Attributes:
        evaluation: As given.
        times: Seconds (b,) since the first target.
    """

    def __init__(
        self, solver: IKSolver, evaluation: Evaluation, pieces: list[tuple[Replay, Answers]]
    ) -> None:
        self._solver, self.evaluation = solver, evaluation
        stride = -(-evaluation.targets // _MAX_TARGETS)
        received = np.concatenate([replay.received for replay, _ in pieces])[::stride]
        self.times: Array = 1e-9 * (received - received[0])
        self._targets = np.concatenate([replay.targets for replay, _ in pieces])[::stride]
        self._answers = np.concatenate([answers.positions for _, answers in pieces])[::stride]
        self._codes = np.concatenate([answers.codes for _, answers in pieces])[::stride]
        distances = [np.where(np.isnan(answers.closest), np.inf, answers.closest) for _, answers in pieces]
        self._distances = np.concatenate(distances)[::stride]
        states = [replay.recorded for replay, _ in pieces if replay.recorded is not None]
        self._recorded = np.concatenate(states)[::stride] if len(states) == len(pieces) else None
        self._last = np.maximum.accumulate(np.where(self.solved, np.arange(len(self.times)), -1))

    @property
    def duration(self) -> float:
        """From the first target to the last, in [s]."""
        return float(self.times[-1])

    @property
    def path(self) -> Array:
        """The targets' points (b, 3) in [m]."""
        return self._solver.in_space(self._targets)

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Which targets (b,) got an answer."""
        return np.asarray(np.isfinite(self._answers).all(axis=1))

    def at(self, time: float) -> Moment:
        """The last target not later than ``time`` [s], or the first one."""
        i = max(0, int(np.searchsorted(self.times, time, side="right")) - 1)
        last = int(self._last[i])
        answer = self._answers[last] if last >= 0 else None
        recorded = None if self._recorded is None else self._recorded[i]
        if recorded is not None and not np.isfinite(recorded).all():
            recorded = None
        displacement = None
        if answer is not None and last == i and recorded is not None:
            continuous = np.isinf(self._solver.arm.lower)
            displacement = float(np.abs(shortest_difference(answer - recorded, continuous)).max())
        return Moment(
            target=full_pose(self._solver, self._targets[i]),
            answer=answer,
            recorded=recorded,
            code=str(self._codes[i]),
            residual=float(self._distances[i]),
            displacement=displacement,
        )


def read_playback(bag: Path, solver: IKSolver, model: str, joints: tuple[str, ...] | None = None) -> Playback:
    """Evaluate a recording and keep all of it.

    Args:
        bag: The recording.
        solver: A solver of its arm.
        model: The name of the solver in the report.
        joints: Recorded names of its joints, base to tip; None for the model's.

    Raises:
        BagError: It cannot be used, or holds no target.
    """
    pieces: list[tuple[Replay, Answers]] = []
    evaluation = evaluate_recording(
        bag, solver, model, Selection(joints=joints), [lambda *piece: pieces.append(piece)], progress=True
    )
    return Playback(solver, evaluation, pieces)
