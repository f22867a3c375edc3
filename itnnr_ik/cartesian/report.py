"""Report on a planned path, as text and as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from itnnr_ik.cartesian.joined import joined_steps
from itnnr_ik.cartesian.table import CartesianPath
from itnnr_ik.paths import PathSolution
from itnnr_ik.printable import one_line
from itnnr_ik.recording.writer import WrittenTrajectory
from itnnr_ik.solver import IKSolver


def path_report(
    solver: IKSolver,
    label: str,
    path: CartesianPath,
    found: PathSolution,
    motion: WrittenTrajectory | None = None,
) -> dict[str, Any]:
    """The report as JSON types, with units in the names; ``motion`` is the retimed path, if there is one."""
    reached, angle = found.converged, found.orientation_error
    points = solver.in_space(path.targets[:, :3])
    return {
        "arm": label,
        "task": solver.task.kind,
        "joints": list(solver.arm.joint_names),
        "targets": len(found),
        "reached": int(reached.sum()),
        "residual_m": _largest(found.residual[reached]),
        "orientation_error_rad": None if angle is None else _largest(angle[reached]),
        "largest_step_rad": _largest(np.abs(np.diff(found.positions, axis=0))[joined_steps(found)]),
        "asked_s": None if path.times is None else float(path.times[-1] - path.times[0]),
        "takes_s": None if found.times is None else float(found.times[-1] - found.times[0]),
        "retimed_s": None if motion is None else float(motion.times[-1]),
        "gaps": [{**gap._asdict(), "at_m": points[gap.first].tolist()} for gap in found.gaps],
        "notes": list(path.notes),
        "slow_downs": [slow._asdict() for slow in found.slow_downs],
    }


def format_report(report: dict[str, Any]) -> str:
    """The report as text; each gap is a line of a table."""
    rows = [("arm", f"{report['arm']}, {report['task']}")]
    rows.append(("reached", f"{report['reached']} of {report['targets']} targets"))
    if report["reached"]:
        angle = report["orientation_error_rad"]
        turned = "" if angle is None else f" and {angle:.1e} rad"
        rows.append(("off by", f"at most {report['residual_m']:.1e} m{turned}"))
    if report["largest_step_rad"] is not None:
        rows.append(("largest step", f"{report['largest_step_rad']:.4f} rad (or m) of a joint"))
    if report["takes_s"] is not None:
        rows.append(("takes", f"{report['takes_s']:.3f} s, asked for were {report['asked_s']:.3f} s"))
    if report["retimed_s"] is not None:
        rows.append(("retimed", f"{report['retimed_s']:.3f} s, from rest to rest"))
    lines = [f"{label:14} {text}" for label, text in rows]
    lines += [
        f"{'slower':14} targets {slow['first']} to {slow['last']}, up to {slow['factor']:.2f} times as long"
        for slow in report["slow_downs"]
    ]
    lines += [f"{'note':14} {note}" for note in report["notes"]]
    return "\n".join(map(one_line, [*lines, *_gaps(report["gaps"])]))


def _gaps(gaps: list[dict[str, Any]]) -> list[str]:
    if not gaps:
        return [f"{'not joined':14} nothing"]
    lines = ["", f"{'not joined':14} {'first':>7} {'last':>7} {'first at [m]':>23} {'amount':>13}  reason"]
    for gap in gaps:
        at = " ".join(f"{x:7.3f}" if abs(x) < 1e4 else f"{x:7.1e}" for x in gap["at_m"])
        amount = f"{gap['amount']:.3g} {gap['unit']}"
        lines.append(f"{'':14} {gap['first']:7} {gap['last']:7} {at:>23} {amount:>13}  {gap['reason']}")
    return lines


def _largest(values: Any) -> float | None:
    return float(values.max()) if values.size else None
