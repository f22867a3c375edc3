"""The live line is rewritten in place on a terminal and printed now and then elsewhere."""

from __future__ import annotations

import io

import numpy as np

from itnnr_ik import IKSolver
from itnnr_ik.demo.live import LiveLine, describe
from itnnr_ik.demo.recording import Recording, SeenSolution, SeenTarget

SOLVER = IKSolver.load("two_link")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def recording() -> Recording:
    """Ten targets at 50 Hz, nine of them solved with a residual of 1 mm, the last one unreachable."""
    seen = Recording()
    for i in range(10):
        stamp = 20_000_000 * (i + 1)
        seen.targets.append(SeenTarget(stamp, np.array([1.999, 0.0])))
        seen.codes[stamp] = "solved" if i < 9 else "unreachable"
        if i < 9:
            seen.solutions[stamp] = SeenSolution(stamp, np.zeros(2))
    return seen


def test_the_line_says_how_it_goes() -> None:
    """Targets, solved, unreachable, the last residual and the rate."""
    words = " ".join(describe(SOLVER, "circle", recording()).split())
    assert words == "two_link circle 10 targets 9 solved 1 unreachable residual 1.0e-03 m 50.0 Hz"


def test_the_line_has_both_errors_of_a_pose() -> None:
    """Metres and radians, of the last target that was solved."""
    solver, seen = IKSolver.load("panda"), Recording()
    positions = np.array([0.1, 0.2, 0.3, -1.5, 0.2, 1.8, 0.4])
    target = solver.target_at(positions)
    target[0] += 1e-3
    seen.targets.append(SeenTarget(10**9, target))
    seen.solutions[10**9] = SeenSolution(10**9, positions)
    words = " ".join(describe(solver, "circle", seen).split())
    assert words.startswith("panda circle 1 targets 1 solved residual 1.0e-03 m ")
    assert words.endswith(" rad")


def test_nothing_seen_yet_is_fine() -> None:
    """No residual and no rate before there is one."""
    assert describe(SOLVER, "circle", Recording()).split() == [
        "two_link",
        "circle",
        "0",
        "targets",
        "0",
        "solved",
    ]


def test_a_terminal_gets_one_line_that_changes() -> None:
    """It goes back to the start of the line, and ends it once."""
    stream, seen = Terminal(), recording()
    with LiveLine(SOLVER, "circle", seen, stream) as line:
        line.show()
        seen.targets.append(SeenTarget(10**9, np.zeros(2)))
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().count("\n") == 1


def test_a_log_gets_plain_lines_without_repeats() -> None:
    """No control characters, and the same state only once."""
    stream = io.StringIO()
    with LiveLine(SOLVER, "circle", recording(), stream) as line:
        line.show()
    assert stream.getvalue().count("\n") == 1
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
