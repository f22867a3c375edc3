"""An evaluation as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from itnnr_ik.evaluation.answers import SOLVED
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.printable import one_line
from itnnr_ik.recording.statistics import Statistics

_WIDTH = 110
_LABEL = 34


def title(evaluation: Evaluation) -> str:
    """Recording, source of the targets, model and mode, in one line."""
    return f"{evaluation.recording}: {setting(evaluation)}"


def setting(evaluation: Evaluation) -> str:
    """Source of the targets, model and mode."""
    e = evaluation
    model = e.arm if e.model == e.arm else f"{e.arm} ({e.model})"
    return f"{e.source}, {model}, {e.mode}"


def percent(part: int, whole: int) -> str:
    """Share in per cent; never rounded up to 100."""
    if not whole:
        return "–"
    return "100 %" if part == whole else f"{min(100.0 * part / whole, 99.99):.2f} %"


def speed(evaluation: Evaluation) -> str:
    """Durations of reading and solving."""
    e = evaluation
    if e.mode == "live":
        return f"{e.messages} messages read in {e.read_seconds:.2f} s, replayed in {e.solve_seconds:.1f} s"
    how = "in batches" if e.batched else "one by one"
    return (
        f"{e.messages} messages read in {e.read_seconds:.2f} s, {e.targets} targets solved {how} in "
        f"{e.solve_seconds:.2f} s: {e.rate:.0f} messages/s"
    )


def tolerances(evaluation: Evaluation) -> str:
    """The tolerances of an answer."""
    e = evaluation
    angle = "" if e.orientation_tolerance is None else f" and {e.orientation_tolerance:g} rad"
    return f"{e.tolerance:g} m{angle}"


def statistics_rows(evaluation: Evaluation) -> list[tuple[str, Statistics, float]]:
    """Rows of the table: label with unit, statistics, and the factor from SI units to that unit."""
    e = evaluation
    rows = [
        ("residual [m]", e.residual, 1.0),
        ("  of targets without an answer", e.distance, 1.0),
        ("orientation error [rad]", e.orientation_error, 1.0),
    ]
    rows += [
        ("from recorded joints [rad]" if name == "all" else f"  {name}", stats, 1.0)
        for name, stats in e.displacement.items()
    ]
    rows += [
        ("step from answer to answer [rad]", e.step, 1.0),
        ("solve time of one target [ms]", e.solve_time, 1e3),
        ("round trip [ms]", e.round_trip, 1e3),
    ]
    return [(label, stats, factor) for label, stats, factor in rows if stats is not None]


def format_report(evaluation: Evaluation) -> str:
    """The evaluation as text."""
    e = evaluation
    lines = [title(e), ""]
    outside = f", {e.outside_data} outside the model's data" if e.outside_data else ""
    lines += _entry(
        "targets", f"{e.targets}: {e.reachable} reachable, {e.out_of_reach} out of reach{outside}"
    )
    lines += _entry(
        "solved",
        f"{percent(e.solved, e.reachable)} of the reachable targets ({e.solved}), to {tolerances(e)}",
    )
    others = _counts({code.replace("_", " "): count for code, count in e.outcomes.items() if code != SOLVED})
    if others:
        lines += _entry("not solved", others)
    lines += _entry("branch changes", str(e.branch_changes))
    for jump in e.jumps:
        lines += _entry("  jump", str(jump))
    if 0 < len(e.jumps) < e.branch_changes:
        lines += _entry("", f"of the others it was not looked at: --jumps {e.branch_changes} would")
    if e.outside_limits:
        lines += _entry("outside limits", str(e.outside_limits))
    lines += _entry("skipped", _counts(e.skipped) or "nothing")
    lines += _entry("speed", speed(e))
    for note in e.notes:
        lines += _entry("note", note)
    lines += ["", f"{'':{_LABEL}}{'count':>8}{'median':>10}{'p99':>10}{'max':>10}"]
    for label, stats, factor in statistics_rows(e):
        numbers = "".join(f"{_number(v * factor):>10}" for v in (stats.median, stats.p99, stats.max))
        lines.append(f"{label:<{_LABEL}}{stats.count:>8}{numbers}")
    return "\n".join(map(one_line, lines))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))


def _number(value: float) -> str:
    return f"{value:.4f}" if 1e-2 <= value < 1e3 else f"{value:.1e}"


def _entry(label: str, text: str) -> list[str]:
    """A labelled text, wrapped with a hanging indent."""
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{label:<16}", subsequent_indent=" " * 16)
