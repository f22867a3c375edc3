"""Rows of measurements as a text table and as JSON types."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from itnnr_ik.demo.recording import Row

#: A heading, which may span several columns, a sub-heading, and the function that formats a row's cell.
_Column = tuple[str, str, Callable[[Row], str]]


def _rejected(row: Row) -> str:
    return ", ".join(f"{count} {code}" for code, count in sorted(row.rejected.items())) or "0"


def _meters(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1e}"


def _milliseconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{1e3 * value:.2f}"


def _angle(value: float | None) -> str:
    return "-" if value is None else _meters(value)


def _radians(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _displacement(row: Row, i: int) -> str:
    return "-" if row.displacement is None else f"{row.displacement[i]:.1e}"


_POSITION_COLUMNS: tuple[_Column, ...] = (
    ("arm", "", lambda row: row.arm),
    ("targets", "", lambda row: row.targets),
    ("sent", "", lambda row: str(row.sent)),
    ("solved", "", lambda row: str(row.solved)),
    ("rejected", "", _rejected),
    ("position [m]", "median", lambda row: _meters(row.residual_median)),
    ("", "max", lambda row: _meters(row.residual_max)),
)
_ORIENTATION_COLUMNS: tuple[_Column, ...] = (
    ("orientation [rad]", "median", lambda row: _angle(row.orientation_error_median)),
    ("", "max", lambda row: _angle(row.orientation_error_max)),
)
_MOTION_COLUMNS: tuple[_Column, ...] = (
    ("step [rad]", "max", lambda row: _radians(row.largest_step)),
    ("round trip [ms]", "median", lambda row: _milliseconds(row.round_trip_median)),
    ("", "p99", lambda row: _milliseconds(row.round_trip_p99)),
)
_DISPLACEMENT_COLUMNS: tuple[_Column, ...] = (
    ("from recorded joints [rad]", "median", lambda row: _displacement(row, 0)),
    ("", "p99", lambda row: _displacement(row, 1)),
    ("", "max", lambda row: _displacement(row, 2)),
)
_LEFT_ALIGNED = ("arm", "targets", "rejected")


def format_table(rows: Sequence[Row]) -> str:
    """The rows as text, with columns for orientation and displacement where a row has them."""
    columns = _POSITION_COLUMNS
    if any(row.orientation_error_max is not None for row in rows):
        columns += _ORIENTATION_COLUMNS
    columns += _MOTION_COLUMNS
    if any(row.displacement is not None for row in rows):
        columns += _DISPLACEMENT_COLUMNS
    cells = [[fill(row) for _, _, fill in columns] for row in rows]
    widths = [
        max(len(sub), *(len(line[i]) for line in cells), 0 if sub else len(head))
        for i, (head, sub, _) in enumerate(columns)
    ]
    for i, (head, sub, _) in enumerate(columns):
        # A heading spans its own column and those after it that have none.
        last = i
        while last + 1 < len(columns) and not columns[last + 1][0]:
            last += 1
        if head and sub:
            widths[last] += max(0, len(head) - sum(widths[i : last + 1]) - 2 * (last - i))
    top = ""
    start = 0
    for (head, sub, _), width in zip(columns, widths, strict=True):
        if head:
            left = sub or head in _LEFT_ALIGNED
            top = top.ljust(start) + (head.ljust(width) if left else head.rjust(width))
        start += width + 2
    second = [sub.rjust(width) for (_, sub, _), width in zip(columns, widths, strict=True)]
    lines = [top.rstrip(), "  ".join(second).rstrip(), "-" * (sum(widths) + 2 * (len(widths) - 1))]
    for line in cells:
        lines.append(
            "  ".join(
                cell.ljust(width) if head in _LEFT_ALIGNED else cell.rjust(width)
                for cell, width, (head, _, _) in zip(line, widths, columns, strict=True)
            ).rstrip()
        )
    return "\n".join(lines)


def to_json(row: Row) -> dict[str, Any]:
    """The row in JSON types and SI units, with None for unknown values."""
    data = asdict(row)
    if row.displacement is not None:
        names = ("displacement_median", "displacement_p99", "displacement_max")
        data.update(zip(names, row.displacement, strict=True))
    del data["displacement"]
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value for key, value in data.items()
    }
