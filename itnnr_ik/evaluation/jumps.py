"""Checks whether jumps in the answers were avoidable, by planning the path around each as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from itnnr_ik.evaluation.branches import Mask
from itnnr_ik.paths import Gap
from itnnr_ik.recording.pairing import Array, Times
from itnnr_ik.solver import IKSolver

#: Number of targets before a jump, and after it, that are planned together.
_WINDOW = 1000
#: Consecutive targets are on one path if their distance is below this [rad].
_MAX_TARGET_STEP = 0.3
#: Angle [rad] that a distance of the arm's reach counts for.
_RADIANS_PER_REACH = 3.0


@dataclass(frozen=True)
class Jump:
    """An answer on another branch than the state from which it was solved.

    Attributes:
        index: Index of its target.
        time: Time since the first target, in [s].
        step: Largest joint change from that state, in [rad].
        first, last: Indices of the targets that were planned together.
        avoidable: Whether the joints can follow all of these without a jump.
        reason: Why the jump is not avoidable; empty if it is.
    """

    index: int
    time: float
    step: float
    first: int
    last: int
    avoidable: bool
    reason: str

    def __str__(self) -> str:
        """One line for a person."""
        jump = f"target {self.index} ({self.time:.3f} s, {self.step:.3g} rad)"
        if self.avoidable:
            return f"{jump}: avoidable, targets {self.first} to {self.last} can be followed without a jump"
        return f"{jump}: {self.reason}"


class _Plan(NamedTuple):
    """Targets that were planned together, by their indices from ``first`` to ``last``, and their gaps."""

    first: int
    last: int
    gaps: tuple[Gap, ...]


class JumpCheck:
    """Checks the first jumps of a recording piece by piece; memory does not grow with its length.

    A path of at most 2001 targets is planned for each jump, or for several jumps on the same path.

    Args:
        solver: The solver of the arm.
        max_jumps: Largest number of jumps that are checked.
    """

    def __init__(self, solver: IKSolver, max_jumps: int) -> None:
        self._solver, self._n_remaining = solver, max_jumps
        self._targets: Array = np.empty((0, solver.task.n_coordinates))
        self._answered: Mask = np.empty(0, dtype=bool)
        #: Index of the first target that is kept.
        self._first = 0
        self._begin: int | None = None
        self._pending: list[tuple[int, float, float]] = []
        self._found: list[Jump] = []
        self._plan: _Plan | None = None

    def add(self, received: Times, targets: Array, steps: Array, jumps: Mask) -> None:
        """Take targets (b, …), times (b,) [ns], joint changes (b,) [rad] (NaN: no answer), and which jump."""
        if not self._n_remaining and not self._pending:
            return
        if self._begin is None and len(received):
            self._begin = int(received[0])
        end = self._first + len(self._targets)
        for i in np.flatnonzero(jumps)[: self._n_remaining].tolist():
            time = 1e-9 * (int(received[i]) - (self._begin or 0))
            self._pending.append((end + i, time, float(steps[i])))
            self._n_remaining -= 1
        self._targets = np.concatenate([self._targets, targets])
        self._answered = np.concatenate([self._answered, np.isfinite(steps)])
        end += len(targets)
        while self._pending and self._pending[0][0] + _WINDOW < end:
            self._check_next()
        oldest = self._pending[0][0] if self._pending else end
        kept = max(0, oldest - _WINDOW - self._first)
        self._targets, self._answered = self._targets[kept:], self._answered[kept:]
        self._first += kept

    def result(self) -> tuple[Jump, ...]:
        """All jumps that were checked."""
        while self._pending:
            self._check_next()
        return tuple(self._found)

    def _check_next(self) -> None:
        index, time, step = self._pending.pop(0)
        plan = self._plan
        if plan is None or not plan.first < index <= plan.last:
            plan = self._plan = self._plan_around(index)
        if plan is None:
            reason = "no path leads there: the target leaps, or the one before has no answer"
            self._found.append(Jump(index, time, step, index, index, False, reason))
            return
        gap = min(plan.gaps, key=lambda gap: abs(gap.first - index), default=None)
        reason = "" if gap is None else str(gap)
        self._found.append(Jump(index, time, step, plan.first, plan.last, gap is None, reason))

    def _plan_around(self, index: int) -> _Plan | None:
        """Plan the path around a target; None if no path leads there."""
        here = index - self._first
        first, end = max(0, here - _WINDOW), min(len(self._targets), here + _WINDOW + 1)
        window, answered = self._targets[first:end], self._answered[first:end]
        connected = (_target_steps(self._solver, window) < _MAX_TARGET_STEP) & answered[1:] & answered[:-1]
        if here == 0 or not connected[here - first - 1]:
            return None
        breaks = np.flatnonzero(~connected)
        low = int(max([-1, *breaks[breaks < here - first]])) + 1
        high = int(min([len(window) - 1, *breaks[breaks >= here - first]]))
        found = self._solver.solve_path(window[low : high + 1])
        start = self._first + first + low
        gaps = (gap._replace(first=gap.first + start, last=gap.last + start) for gap in found.gaps)
        return _Plan(start, start + high - low, tuple(gaps))


def _target_steps(solver: IKSolver, targets: Array) -> Array:
    """Distance of each target (b, …) from the next (b − 1,) [rad], see `_MAX_TARGET_STEP`."""
    distance = np.linalg.norm(np.diff(targets[:, :3], axis=0), axis=1) / max(solver.arm.reach, 1e-9)
    steps: Array = _RADIANS_PER_REACH * distance
    if solver.task.has_orientation:
        unit = targets[:, 3:] / np.linalg.norm(targets[:, 3:], axis=1, keepdims=True)
        cosine = np.abs((unit[1:] * unit[:-1]).sum(axis=1))
        steps = np.maximum(steps, 2.0 * np.arccos(np.minimum(cosine, 1.0)))
    return steps
