"""A drawing laid into a plane: targets along its strokes, the pen lifted from one to the next."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from itnnr_ik.cartesian.outline import Outline
from itnnr_ik.cartesian.table import Array, CartesianPath
from itnnr_ik.task import Task

#: Targets of a drawing, at most.
_MOST = 100_000
#: Targets along the longer side of a drawing, and lifts as a share of it, where nothing else is asked for.
_TARGETS, _LIFT = 200, 0.05
#: Sine of the angle by which the plane of a planar arm may lean.
_LEVEL = 1e-6


class Plane(NamedTuple):
    """Where a drawing is, and how large.

    Attributes:
        pose: (7,) of its middle: x, y, z [m] and qx, qy, qz, qw; x is right in the drawing, y up, and z
            points out of the plane, to where the tool is.
        size: Of the drawing's longer side [m].
        step: From target to target [m], at most; None: a 200th of the size.
        lift: How far the pen is lifted [m]; None: a 20th of the size, and nothing by planar arms.
    """

    pose: Array
    size: float
    step: float | None = None
    lift: float | None = None


def lay(outline: Outline, plane: Plane, task: Task) -> CartesianPath:
    """Targets along all strokes, the tool's z axis into the plane.

    Raises:
        ValueError: A number is not as it must be, there would be too many targets, or the arm is planar and
            the plane leans or the pen is to be lifted.
    """
    turn, size, step, lift = _read(plane, task)
    low, high = outline.box()
    scale = size / float((high - low).max())
    length = scale * sum(piece.length for stroke in outline.strokes for piece in stroke)
    if not length / step < _MOST:
        raise ValueError(f"expected at most {_MOST} targets, got {length / step:.0f}: take a larger --step")
    middle = 0.5 * (low + high)
    strokes = []
    for stroke in outline.strokes:
        first = stroke[0].start()
        points = np.vstack([first, *(piece.points(step / scale) for piece in stroke)])
        strokes.append(scale * (points - middle))
    flat = _with_lifts(strokes, step, lift)
    if len(flat) > _MOST:
        raise ValueError(f"expected at most {_MOST} targets, got {len(flat)}: take a larger --step")
    points = plane.pose[:3] + turn.apply(flat)
    targets = points[:, : min(3, task.n_coordinates)]
    if task.has_orientation:
        tool = (turn * Rotation.from_quat([1.0, 0.0, 0.0, 0.0])).as_quat()
        targets = np.hstack([targets, np.tile(tool, (len(targets), 1))])
    notes = outline.notes
    if lift == 0.0 and len(strokes) > 1:
        notes = (*notes, "the pen is not lifted: the drawing's strokes are joined by lines")
    return CartesianPath(np.ascontiguousarray(targets), None, notes)


def _read(plane: Plane, task: Task) -> tuple[Rotation, float, float, float]:
    """The plane's turn, and size, step and lift [m]."""
    if plane.pose.shape != (7,) or not (np.isfinite(plane.pose).all() and plane.pose[3:].any()):
        came = ",".join(f"{number:g}" for number in plane.pose)
        raise ValueError(f"--plane must be x,y,z,qx,qy,qz,qw in m and a quaternion, got {came}")
    size = _positive("size", plane.size)
    step = _positive("step", size / _TARGETS if plane.step is None else plane.step)
    usual = 0.0 if task.planar else _LIFT * size
    lift = usual if plane.lift is None else plane.lift
    if not (math.isfinite(lift) and lift >= 0.0):
        raise ValueError(f"--lift must be 0 or more in m, got {lift:g}")
    turn = Rotation.from_quat(plane.pose[3:])
    if task.planar:
        if np.linalg.norm(turn.apply([0.0, 0.0, 1.0])[:2]) > _LEVEL:
            raise ValueError("expected a --plane that does not lean, for an arm that moves in one: z upright")
        if lift > 0.0:
            raise ValueError(f"--lift must be 0 for an arm that moves in a plane, got {lift:g}")
    return turn, size, step, lift


def _positive(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"--{name} must be positive in m, got {value:g}")
    return value


def _with_lifts(strokes: list[Array], step: float, lift: float) -> Array:
    """Points (m, 3) of all strokes, (p, 2) each, and of the way from one to the next, ``lift`` above."""
    rows = [np.c_[strokes[0], np.zeros(len(strokes[0]))]]
    for stroke in strokes[1:]:
        down = np.c_[stroke, np.zeros(len(stroke))]
        above = np.array([0.0, 0.0, lift])
        corners = [rows[-1][-1], rows[-1][-1] + above, down[0] + above, down[0]]
        for corner, following in pairwise(corners):
            count = math.ceil(np.linalg.norm(following - corner) / step - 1e-9)
            share = np.arange(1, count + 1)[:, None] / max(count, 1)
            rows.append(corner + share * (following - corner))
        rows = [row for row in rows if len(row)]
        rows.append(down[1:])
    return np.concatenate(rows)
