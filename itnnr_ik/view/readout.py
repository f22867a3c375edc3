"""The text of the panel for a solution, as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from itnnr_ik.view.palette import GHOST, MISSED, REACHED, Color
from itnnr_ik.view.posing import Posing, manipulability

#: Errors below this [m, rad] are only rounding errors of forward kinematics.
_ROUNDING_ERROR = 1e-12


def readout(posing: Posing) -> str:
    """Residuals, displacement, manipulability and the time of the last solve, a row each."""
    solution = posing.solution
    product, smallest = manipulability(posing.solver, posing.positions)
    rows = [("residual", length(solution.residual))]
    if solution.orientation_error is not None:
        rows.append(("orientation error", scientific(solution.orientation_error, "rad")))
    if solution.displacement is not None:
        rows.append(("joint displacement", angle(solution.displacement)))
    rows += [
        ("manipulability", f"{product:.3g}"),
        ("smallest singular value", f"{smallest:.3g} m/rad"),
        ("solve time", microseconds(posing.solve_time)),
    ]
    return panel(*headline(posing), rows)


def headline(posing: Posing) -> tuple[str, Color]:
    """Whether the target was reached, in a few words, and their colour."""
    solution = posing.solution
    if not solution.converged:
        return "Out of reach: the closest point", MISSED
    if solution.covered is False:
        return "Outside the data it was learned from", GHOST
    return "Reached", REACHED


def panel(title: str, color: Color, rows: Iterable[tuple[str, str]]) -> str:
    """A coloured title above a table of two columns; all text is escaped."""
    cells = "".join(
        f"<tr><td style='opacity:.65;padding:1px 12px 1px 0'>{escape(name)}</td>"
        f"<td style='font-variant-numeric:tabular-nums'>{escape(value)}</td></tr>"
        for name, value in rows
    )
    return (
        "<div style='padding:6px 12px;font-size:13px'>"
        f"<div style='font-weight:600;color:rgb{color};padding-bottom:4px'>{escape(title)}</div>"
        f"<table>{cells}</table></div>"
    )


def note(text: str) -> str:
    """A remark below a panel."""
    return f"<div style='padding:2px 12px;font-size:12px;opacity:.65'>{escape(text)}</div>"


def length(metres: float) -> str:
    """A length in millimetres, a small one in metres in scientific notation."""
    return f"{1e3 * metres:.1f} mm" if metres >= 1e-4 else scientific(metres, "m")


def angle(radians: float) -> str:
    """A joint displacement in radians."""
    return f"{radians:.3f} rad"


def microseconds(seconds: float) -> str:
    """A duration in microseconds."""
    return f"{1e6 * seconds:.0f} µs"


def scientific(value: float, unit: str) -> str:
    """An error in scientific notation; rounding errors are only given as a bound."""
    return f"< {_ROUNDING_ERROR:.0e} {unit}" if value < _ROUNDING_ERROR else f"{value:.1e} {unit}"
