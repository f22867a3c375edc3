"""Cartesian paths and joint paths as CSV: a header, then a line for each target."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.files import read_bytes
from itnnr_ik.robot.joint import MAX_MAGNITUDE
from itnnr_ik.task import Task

Array = NDArray[np.float64]

_POSITION, _ORIENTATION, _TIME = ("x", "y", "z"), ("qx", "qy", "qz", "qw"), "t"
_MAX_FILE_SIZE = 2**29  # [bytes], some 50 million numbers
_COLUMNS = (*_POSITION, *_ORIENTATION, _TIME)


class CartesianPath(NamedTuple):
    """Targets of a path.

    Attributes:
        targets: (m, 2, 3 or 7) as `IKSolver.solve_path` takes them.
        times: (m,) in [s], increasing; None if there are none.
        notes: Sentences about what was left out, as of a damaged recording.
    """

    targets: Array
    times: Array | None
    notes: tuple[str, ...] = ()


def read_path(file: Path, task: Task) -> CartesianPath:
    """The path in a CSV file with the columns x, y, z [m], qx, qy, qz, qw and, if it has times, t [s].

    Columns may be in any order. Those that the task does not need may be missing.

    Raises:
        ValueError: A column is missing or unknown, there is no target, a line is no row of finite numbers, a
            quaternion is zero, or times do not increase.
        OSError: The file cannot be read.
    """
    header, lines = _read_lines(file)
    needed = (*_POSITION[: min(3, task.n_coordinates)], *(_ORIENTATION if task.has_orientation else ()))
    unfit = [name for name in header if name not in _COLUMNS or header.count(name) > 1]
    if unfit or not set(needed) <= set(header):
        raise ValueError(
            f"expected the columns {', '.join(needed)} and, if there are times, t in the first line of "
            f"{file}, got {', '.join(header)}"
        )
    if not lines:
        raise ValueError(f"expected at least one line of numbers below the header of {file}, got none")
    rows = np.array([_numbers(file, number, header, line) for number, line in lines])
    targets = rows[:, [header.index(name) for name in needed]]
    times = rows[:, header.index(_TIME)] if _TIME in header else None
    for i, (number, _) in enumerate(lines):
        if task.has_orientation and not targets[i, 3:].any():
            raise ValueError(f"expected a quaternion that is not zero in line {number} of {file}")
        if times is not None and i and not times[i] > times[i - 1]:
            raise ValueError(
                f"expected times that increase, got {times[i]:.15g} s in line {number} of {file} "
                f"after {times[i - 1]:.15g} s"
            )
    return CartesianPath(targets, times)


def joint_table(joints: Sequence[str], positions: Array, times: Array | None) -> str:
    """A joint path as CSV: t [s], if there are times, and joint positions [rad] or [m], with every digit.

    Args:
        joints: Names of the joints, base to tip.
        positions: (m, n).
        times: (m,) or None.
    """
    rows = positions if times is None else np.column_stack([times, positions])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*([] if times is None else [_TIME]), *joints])
    writer.writerows(rows.tolist())
    return text.getvalue()


def _read_lines(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Names of the columns, and (line number, cells) of every further line that is not blank."""
    try:
        # Spreadsheet programs write a byte order mark.
        text = read_bytes(file, _MAX_FILE_SIZE).decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""))
        lines = [(reader.line_num, line) for line in reader if any(map(str.strip, line))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is no CSV file: {error}") from None
    if not lines:
        raise ValueError(f"{file} is empty; expected a line with the names of the columns")
    return [name.strip() for name in lines[0][1]], lines[1:]


def _numbers(file: Path, number: int, header: list[str], line: list[str]) -> list[float]:
    where = f"line {number} of {file}"
    if len(line) != len(header):
        raise ValueError(f"expected {len(header)} numbers in {where}, got {len(line)}")
    row = []
    for name, text in zip(header, line, strict=True):
        try:
            value = math.nan if "_" in text else float(text)  # Python reads 1_0 as 10
        except ValueError:
            value = math.nan
        if not abs(value) <= (sys.float_info.max if name in _ORIENTATION else MAX_MAGNITUDE):
            raise ValueError(
                f"expected a finite number, of at most {MAX_MAGNITUDE:g} in size, for {name} in {where}, "
                f"got {text.strip()!r}"
            )
        row.append(value)
    return row
