"""Places a drawing on a plane in space: targets along its strokes, with the pen lifted between them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from itnnr_ik.cartesian.outline import Outline
from itnnr_ik.cartesian.table import Array, CartesianPath
from itnnr_ik.task import Task

_MAX_TARGETS = 100_000  # of a drawing
#: Defaults: number of targets along the longer side of a drawing, and lift as a share of its length.
_DEFAULT_TARGETS, _DEFAULT_LIFT = 200, 0.05
#: Largest sine of the angle between a planar arm's plane and that of the drawing.
_LEVEL_TOLERANCE = 1e-6


class Plane(NamedTuple):
    """Pose and size of a drawing.

    Attributes:
        pose: Pose (7,) of its middle: x, y, z [m] and qx, qy, qz, qw; in the drawing x points right and y up,
            and z points out of the plane towards the tool.
        size: Length of the drawing's longer side [m].
        step: Largest distance from target to target [m]; None: a 200th of the size.
        lift: Height to which the pen is lifted [m]; None: a 20th of the size, and 0 for planar arms.
    """

    pose: Array
    size: float
    step: float | None = None
    lift: float | None = None


def place_outline(outline: Outline, plane: Plane, task: Task) -> CartesianPath:
    """Targets along all strokes, with the tool's z axis pointing into the plane.

    Raises:
        ValueError: A number is invalid, there would be too many targets, or the arm is planar and the plane
            is tilted or the pen is to be lifted.
    """
    rotation, size, step, lift = _checked_numbers(plane, task)
    low, high = outline.box()
    scale = size / float((high - low).max())
    length = scale * sum(segment.length for stroke in outline.strokes for segment in stroke)
    _check_count(length / step)
    middle = 0.5 * (low + high)
    strokes = []
    for stroke in outline.strokes:
        first = stroke[0].start()
        points = np.vstack([first, *(segment.points(step / scale) for segment in stroke)])
        strokes.append(scale * (points - middle))
    travels = [2.0 * lift + math.dist(stroke[-1], following[0]) for stroke, following in pairwise(strokes)]
    _check_count((length + sum(travels)) / step)
    local = _with_lifts(strokes, step, lift)
    _check_count(len(local))
    points = plane.pose[:3] + rotation.apply(local)
    targets = points[:, : min(3, task.n_coordinates)]
    if task.has_orientation:
        tool = (rotation * Rotation.from_quat([1.0, 0.0, 0.0, 0.0])).as_quat()
        targets = np.hstack([targets, np.tile(tool, (len(targets), 1))])
    notes = outline.notes
    if lift == 0.0 and len(strokes) > 1:
        notes = (*notes, "the pen is not lifted: the drawing's strokes are joined by lines")
    return CartesianPath(np.ascontiguousarray(targets), None, notes)


def _checked_numbers(plane: Plane, task: Task) -> tuple[Rotation, float, float, float]:
    """The plane's rotation, and size, step and lift [m], checked and with defaults filled in."""
    if plane.pose.shape != (7,) or not (np.isfinite(plane.pose).all() and plane.pose[3:].any()):
        given = ",".join(f"{number:g}" for number in plane.pose)
        raise ValueError(f"--plane must be x,y,z,qx,qy,qz,qw in m and a quaternion, got {given}")
    size = _positive("size", plane.size)
    step = _positive("step", size / _DEFAULT_TARGETS if plane.step is None else plane.step)
    default_lift = 0.0 if task.planar else _DEFAULT_LIFT * size
    lift = default_lift if plane.lift is None else plane.lift
    if not (math.isfinite(lift) and lift >= 0.0):
        raise ValueError(f"--lift must be 0 or more in m, got {lift:g}")
    rotation = Rotation.from_quat(plane.pose[3:])
    if task.planar:
        if np.linalg.norm(rotation.apply([0.0, 0.0, 1.0])[:2]) > _LEVEL_TOLERANCE:
            raise ValueError("expected a --plane that does not lean, for an arm that moves in one: z upright")
        if lift > 0.0:
            raise ValueError(f"--lift must be 0 for an arm that moves in a plane, got {lift:g}")
    return rotation, size, step, lift


def _check_count(count: float) -> None:
    """Raise ValueError where there are too many targets: also before they are made, which takes memory."""
    if not count <= _MAX_TARGETS:
        raise ValueError(f"expected at most {_MAX_TARGETS} targets, got {count:g}: take a larger --step")


def _positive(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"--{name} must be positive in m, got {value:g}")
    return value


def _with_lifts(strokes: list[Array], step: float, lift: float) -> Array:
    """Points (m, 3) of all strokes, (p, 2) each, and of the moves between them at the height ``lift``."""
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
