"""Whether a jump in the answers had to be: the path around it, looked at as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from itnnr_ik.evaluation.branches import Mask
from itnnr_ik.recording.pairing import Array, Times
from itnnr_ik.solver import IKSolver

#: Targets before a jump and after it that are looked at.
_AROUND = 1000
#: From one target of a path to the next the tool turns by less [rad], and moves by less than a third as much
#: of the arm's reach.
_LEAP = 0.3
_MOVED = 3.0


@dataclass(frozen=True)
class Jump:
    """An answer on another branch than the state that it was solved from.

    Attributes:
        index: Of its target.
        time: Since the first target, in [s].
        step: Largest joint change from that state, in [rad].
        first, last: The targets that are looked at with it.
        avoidable: Whether the joints can follow all of these without a jump.
        reason: Why not; empty where they can.
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


class JumpCheck:
    """Looks at the first jumps of a recording, piece by piece; memory does not grow with its length.

    A whole path is solved for each, of at most 2001 targets, or for several that are on one.

    Args:
        solver: Of the arm.
        most: Jumps that are looked at.
    """

    def __init__(self, solver: IKSolver, most: int) -> None:
        self._solver, self._left = solver, most
        self._targets: Array = np.empty((0, solver.task.n_coordinates))
        self._answered: Mask = np.empty(0, dtype=bool)
        #: Index of the first target that is kept.
        self._first = 0
        self._begin: int | None = None
        self._pending: list[tuple[int, float, float]] = []
        self._found: list[Jump] = []
        self._solved: Jump | None = None

    def add(self, received: Times, targets: Array, steps: Array, jumps: Mask) -> None:
        """Take targets (b, …) with their times (b,) [ns], joint changes (b,) [rad], NaN where unanswered."""
        if not self._left and not self._pending:
            return
        if self._begin is None and len(received):
            self._begin = int(received[0])
        end = self._first + len(self._targets)
        for i in np.flatnonzero(jumps)[: self._left].tolist():
            time = 1e-9 * (int(received[i]) - (self._begin or 0))
            self._pending.append((end + i, time, float(steps[i])))
            self._left -= 1
        self._targets = np.concatenate([self._targets, targets])
        self._answered = np.concatenate([self._answered, np.isfinite(steps)])
        end += len(targets)
        while self._pending and self._pending[0][0] + _AROUND < end:
            self._look()
        oldest = self._pending[0][0] if self._pending else end
        kept = max(0, oldest - _AROUND - self._first)
        self._targets, self._answered = self._targets[kept:], self._answered[kept:]
        self._first += kept

    def result(self) -> tuple[Jump, ...]:
        """All that were looked at."""
        while self._pending:
            self._look()
        return tuple(self._found)

    def _look(self) -> None:
        index, time, step = self._pending.pop(0)
        solved = self._solved
        if solved is None or not solved.first < index <= solved.last:
            solved = self._solved = self._judged(index)
        self._found.append(replace(solved, index=index, time=time, step=step))

    def _judged(self, index: int) -> Jump:
        """What the path around a target says, whatever jumps on it."""
        here = index - self._first
        first, end = max(0, here - _AROUND), min(len(self._targets), here + _AROUND + 1)
        window, answered = self._targets[first:end], self._answered[first:end]
        joined = (_ways(self._solver, window) < _LEAP) & answered[1:] & answered[:-1]
        if here == 0 or not joined[here - first - 1]:
            why = "no path leads there: the target leaps, or the one before has no answer"
            return Jump(index, 0.0, 0.0, index, index, False, why)
        breaks = np.flatnonzero(~joined)
        low = int(max([-1, *breaks[breaks < here - first]])) + 1
        high = int(min([len(window) - 1, *breaks[breaks >= here - first]]))
        found = self._solver.solve_path(window[low : high + 1])
        start = self._first + first + low
        last = start + high - low
        if not found.gaps:
            return Jump(index, 0.0, 0.0, start, last, True, "")
        gap = min(found.gaps, key=lambda gap: abs(gap.first + start - index))
        moved = gap._replace(first=gap.first + start, last=gap.last + start)
        return Jump(index, 0.0, 0.0, start, last, False, str(moved))


def _ways(solver: IKSolver, targets: Array) -> Array:
    """How far it is from each target (b, …) to the next (b − 1,) [rad], see `_LEAP`."""
    moved = np.linalg.norm(np.diff(targets[:, :3], axis=0), axis=1) / max(solver.arm.reach, 1e-9)
    ways: Array = _MOVED * moved
    if solver.task.has_orientation:
        unit = targets[:, 3:] / np.linalg.norm(targets[:, 3:], axis=1, keepdims=True)
        cosine = np.abs((unit[1:] * unit[:-1]).sum(axis=1))
        ways = np.maximum(ways, 2.0 * np.arccos(np.minimum(cosine, 1.0)))
    return ways
