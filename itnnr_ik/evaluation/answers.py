"""Solves the targets of a replay in this process, in batches where none depends on an earlier answer."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.recording.pairing import Array
from itnnr_ik.solver import IKSolver, Solution
from itnnr_ik.targets import first_posture

SOLVED, UNREACHABLE, OUTSIDE_DATA = "solved", "unreachable", "outside_data"

_BATCH_SIZE = 8192
#: Largest number of single solves that are timed beside the batches, evenly over the recording.
_MAX_TIMED_SOLVES = 200


@dataclass(frozen=True)
class Answers:
    """The answers to the targets (b) of a replay.

    Attributes:
        positions: Joint positions (b, n) in [rad] or [m]; NaN where there is no answer.
        current: The joint positions (b, n) from which each target was solved.
        codes: Status code (b,) of each target, as in the node's status: `SOLVED`, `UNREACHABLE` and so on.
        closest: Distance (b,) in [m] of each target from the closest point found, answered or not; NaN where
            it is unknown.
        solve_times: Durations of single solves (any number), in [s].
        round_trips: From sending a target to receiving its answer (any number), in [s]; None where no
            messages were sent.
        seconds: Duration of the whole, in [s].
        batched: Whether the targets were solved in batches.
        notes: What the reader of a report should know, a sentence each.
    """

    positions: Array
    current: Array
    codes: NDArray[np.str_]
    closest: Array
    solve_times: Array
    round_trips: Array | None
    seconds: float
    batched: bool
    notes: tuple[str, ...] = ()


def solve_replay(solver: IKSolver, replay: Replay) -> Answers:
    """Solve every target of a replay from the joint state recorded before it, or from the last answer."""
    return ReplaySolver(solver, len(replay)).solve(replay)


class ReplaySolver:
    """Solves the targets of a recording piece by piece.

    Args:
        solver: The solver.
        expected: Approximate number of targets, by which those that are timed are chosen.
    """

    def __init__(self, solver: IKSolver, expected: int) -> None:
        self._solver = solver
        self._timed = np.unique(np.linspace(0, max(0, expected - 1), _MAX_TIMED_SOLVES).astype(int))
        self._n_done = 0
        self._last_state: Array | None = None
        self._warmed_up = False

    def solve(self, replay: Replay) -> Answers:
        """Answers to the next piece of the recording."""
        answers = self._one_by_one(replay) if replay.current is None else self._in_batches(replay)
        self._n_done += len(replay)
        return answers

    def _in_batches(self, replay: Replay) -> Answers:
        solver, current = self._solver, replay.current
        assert current is not None
        positions = np.empty((len(replay), solver.arm.n_joints))
        closest = np.empty(len(replay))
        codes = np.full(len(replay), SOLVED, dtype=f"<U{len(OUTSIDE_DATA)}")
        if not self._warmed_up:
            solver.solve_batch(replay.targets[:1], current[:1])  # loads compiled code
            self._warmed_up = True
        start = time.perf_counter()
        for first in range(0, len(replay), _BATCH_SIZE):
            rows = slice(first, min(first + _BATCH_SIZE, len(replay)))
            solutions = solver.solve_batch(replay.targets[rows], current[rows])
            positions[rows], closest[rows] = solutions.positions, solutions.residual
            codes[rows][~solutions.converged] = UNREACHABLE
            if solutions.covered is not None:
                codes[rows][solutions.converged & ~solutions.covered] = OUTSIDE_DATA
        seconds = time.perf_counter() - start
        positions[codes != SOLVED] = np.nan
        times = self._time_single(replay.targets, current)
        return Answers(positions, current, codes, closest, times, None, seconds, batched=True)

    def _one_by_one(self, replay: Replay) -> Answers:
        solver = self._solver
        positions = np.full((len(replay), solver.arm.n_joints), np.nan)
        current = np.empty_like(positions)
        times, closest = np.empty(len(replay)), np.empty(len(replay))
        codes: list[str] = []
        state = self._last_state
        if state is None:
            state = first_posture(solver, replay.targets[0])
            solver.solve(replay.targets[0], state)  # loads compiled code
        start = time.perf_counter()
        for i, target in enumerate(replay.targets):
            before = time.perf_counter()
            solution = solver.solve(target, state)
            times[i] = time.perf_counter() - before
            current[i], closest[i] = state, solution.residual
            codes.append(_outcome(solution))
            if codes[-1] == SOLVED:
                state = positions[i] = solution.positions
        seconds = time.perf_counter() - start
        self._last_state = state
        return Answers(positions, current, np.array(codes), closest, times, None, seconds, batched=False)

    def _time_single(self, targets: Array, current: Array) -> Array:
        """Durations [s] of single solves for some of the targets."""
        timed, n_done = self._timed, self._n_done
        chosen = timed[(timed >= n_done) & (timed < n_done + len(targets))] - n_done
        times = []
        if len(chosen):
            self._solver.solve(targets[0], current[0])
        for i in chosen:
            start = time.perf_counter()
            self._solver.solve(targets[i], current[i])
            times.append(time.perf_counter() - start)
        return np.array(times)


def _outcome(solution: Solution) -> str:
    """The node's status code; the node sends an answer only for `SOLVED`."""
    if not solution.converged:
        return UNREACHABLE
    return OUTSIDE_DATA if solution.covered is False else SOLVED


def answer_errors(solver: IKSolver, replay: Replay, answers: Answers) -> tuple[Array, Array | None]:
    """Errors of the answers by forward kinematics, NaN where there is no answer.

    Returns:
        The tool's distance (b,) from each target in [m], and the angle (b,) in [rad] between their
        orientations (of a pointing task, their axes); None where the orientation does not count.
    """
    known = np.asarray(np.isfinite(answers.positions).all(axis=1))
    found = solver.errors(answers.positions[known], replay.targets[known])
    distances, angles = (_expand_rows(errors, known) for errors in found)
    assert distances is not None
    return distances, angles


def _expand_rows(values: Array | None, known: NDArray[np.bool_]) -> Array | None:
    """Values of the ``known`` rows (b,), with NaN in the other rows."""
    if values is None:
        return None
    result: Array = np.full(len(known), np.nan)
    result[known] = values
    return result
