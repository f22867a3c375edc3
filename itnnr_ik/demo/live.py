"""A progress line of a run: updated in place on a terminal, printed periodically elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

from itnnr_ik.demo.recording import Recording
from itnnr_ik.solver import IKSolver

_TERMINAL_PERIOD = 0.2  # [s]
_PLAIN_PERIOD = 4.0  # [s]


class LiveLine:
    """Shows a growing recording, and its final state at the end of the ``with`` statement."""

    def __init__(self, solver: IKSolver, label: str, recording: Recording, stream: TextIO) -> None:
        self._solver = solver
        self._label = label
        self._recording = recording
        self._stream = stream
        self._in_place = stream.isatty()
        self._period = _TERMINAL_PERIOD if self._in_place else _PLAIN_PERIOD
        self._due = time.monotonic() + self._period
        self._shown = ""

    def __enter__(self) -> LiveLine:
        return self

    def __exit__(self, *raised: object) -> None:
        self.show()
        if self._in_place:
            print(file=self._stream, flush=True)

    def update(self) -> None:
        """Show the present state if the period since the last update is over."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._period
            self.show()

    def show(self) -> None:
        """Show the present state, if it has changed."""
        text = describe(self._solver, self._label, self._recording)
        if text == self._shown:
            return
        self._shown = text
        if self._in_place:
            text = f"\r\x1b[K{text}"
        print(text, end="" if self._in_place else "\n", file=self._stream, flush=True)


def describe(solver: IKSolver, label: str, recording: Recording) -> str:
    """Numbers of targets and solutions, the last errors [m, rad], and the rate of the last targets [Hz]."""
    targets, solutions = recording.targets, recording.solutions
    name = f"{solver.arm.name:<16} {label:<12}"
    parts = [name, f"{len(targets):>5} targets", f"{len(solutions):>5} solved"]
    unreachable = sum(code == "unreachable" for code in recording.codes.values())
    if unreachable:
        parts.append(f"{unreachable:>4} unreachable")
    last = next((t for t in reversed(targets) if t.stamp in solutions), None)
    if last is not None:
        distance, angles = solver.errors([solutions[last.stamp].positions], [last.target])
        angle = "" if angles is None else f" {angles[0]:.1e} rad"
        parts.append(f"residual {distance[0]:.1e} m{angle}")
    recent = targets[-50:]
    if len(recent) > 1:
        parts.append(f"{1e9 * (len(recent) - 1) / (recent[-1].stamp - recent[0].stamp):6.1f} Hz")
    return "  ".join(parts)
