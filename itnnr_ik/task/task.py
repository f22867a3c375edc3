"""A task: which coordinates of the tool are controlled, and which form its targets have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.forms import checked, shown
from itnnr_ik.robot import ForwardModel, KinematicChain, LearnedArm
from itnnr_ik.robot.kernels import quaternion
from itnnr_ik.robot.transforms import of_rotation, turning_z_to
from itnnr_ik.task import kernels

Array = NDArray[np.float64]

KINDS = ("position", "pointing", "pose")
#: Characteristic length as a share of the arm's reach, or of the tool's length if that is larger: a radian of
#: orientation error counts as much as this position error.
_LENGTH_SHARE = 0.3
#: Smaller lengths [m] are rounding errors of CAD programs: such an arm only turns its tool.
MIN_SIZE = 1e-6
_IDENTITY: Array = np.eye(4)
#: Smallest and largest characteristic length, and largest coordinate of a tool, in [m].
_MIN_LENGTH, _MAX_LENGTH = 1e-9, 1e9
_FORM = {"kind": str, "planar": bool, "length": float, "tool": [[float]], "tool_axis": [float]}


@dataclass(frozen=True, eq=False)
class Task:
    """The controlled coordinates of a tool frame at the tip of an arm.

    Attributes:
        kind: ``position``; ``pointing``: position and the direction of the tool's axis, its roll free;
            ``pose``.
        planar: A position has two coordinates, x and y.
        length: Characteristic length in [m] that joins metres and radians in one error.
        tool: Transform (4, 4) from the tip to the tool frame.
        tool_axis: Unit vector (3,) in the tool frame whose direction is controlled in a pointing task.

    Raises:
        ValueError: No such kind, or no such length.
    """

    kind: str
    planar: bool
    length: float
    tool: Array = field(default_factory=_IDENTITY.copy)
    tool_axis: Array = field(default_factory=lambda: np.array([0.0, 0.0, 1.0]))

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"task must be one of {', '.join(KINDS)}, got {shown(self.kind)}")
        if not _MIN_LENGTH <= self.length <= _MAX_LENGTH:
            raise ValueError(
                f"the characteristic length must be from {_MIN_LENGTH:g} to {_MAX_LENGTH:g} m, "
                f"got {self.length:g}"
            )

    @classmethod
    def of_chain(
        cls,
        chain: KinematicChain,
        kind: str | None = None,
        tool: ArrayLike | None = None,
        tool_axis: ArrayLike | None = None,
    ) -> Task:
        """The task of an arm.

        Args:
            chain: The arm.
            kind: See above; None picks by the number of joints: six and more pose, five pointing, fewer
                position.
            tool: Tool frame seen from the tip: translation (3,) in [m], translation and quaternion (7,) as x,
                y, z, qx, qy, qz, qw, or a transform (4, 4). None for the tip itself.
            tool_axis: Direction (3,) in the tool frame; None for its z axis.

        Raises:
            ValueError: No such kind, or a tool or an axis is not one.
        """
        if kind is None:
            kind = "pose" if chain.n_joints >= 6 else "pointing" if chain.n_joints == 5 else "position"
        if kind not in KINDS:
            raise ValueError(f"task must be one of {', '.join(KINDS)} or None, got {shown(kind)}")
        if tool_axis is not None and kind != "pointing":
            raise ValueError(f"tool_axis belongs to a pointing task, got it with a {kind} task")
        axis = _axis([0.0, 0.0, 1.0] if tool_axis is None else tool_axis)
        frame = _IDENTITY.copy() if tool is None else _transform(tool)
        planar = kind == "position" and chain.is_planar
        size = max(chain.reach, float(np.linalg.norm(frame[:3, 3])))
        return cls(kind, planar, _LENGTH_SHARE * (size if size >= MIN_SIZE else 1.0), frame, axis)

    @classmethod
    def of_learned(cls, arm: LearnedArm) -> Task:
        """The task of a learned arm: its tip's position, which is all that is known of it."""
        return cls("position", arm.n_coordinates == 2, _LENGTH_SHARE * arm.reach)

    @property
    def code(self) -> int:
        """The kind's number in the kernels."""
        if self.kind == "position":
            return kernels.PLANAR if self.planar else kernels.SPATIAL
        return kernels.POINTING if self.kind == "pointing" else kernels.POSE

    @property
    def n_coordinates(self) -> int:
        """Numbers in a target: 2 or 3 of a position, 7 of a pose (pointing, too)."""
        return {"position": 2 if self.planar else 3}.get(self.kind, 7)

    @property
    def n_rows(self) -> int:
        """Number of controlled coordinates: 2, 3, 5 or 6."""
        return kernels.ROWS[self.code]

    @property
    def has_orientation(self) -> bool:
        """Whether the tool's orientation is controlled."""
        return self.kind != "position"

    def check(self, arm: ForwardModel) -> None:
        """Raise a ValueError where an arm does not have the coordinates of this task."""
        if isinstance(arm, LearnedArm):
            possible = ["planar position" if arm.n_coordinates == 2 else "position"]
        else:
            planar = isinstance(arm, KinematicChain) and arm.is_planar
            possible = [*KINDS, "planar position"] if planar else [*KINDS]
        asked = f"planar {self.kind}" if self.planar else self.kind
        if asked not in possible:
            raise ValueError(f"the task of {arm.name} must be {' or '.join(possible)}, got {asked}")

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes that a target may have."""
        if self.kind == "position":
            return ((self.n_coordinates,),)
        return ((7,), (4, 4)) if self.kind == "pose" else ((7,), (4, 4), (6,))

    def elements(self, chain: KinematicChain) -> Array:
        """Elements (L + 1, 16) of ``chain`` to the tool frame, its z axis turned to the tool axis."""
        elements = np.array(chain.elements)
        tip = _IDENTITY.copy()
        tip[:3] = elements[-1, :12].reshape(3, 4)
        frame = tip @ self.tool
        if self.kind == "pointing":
            frame = frame @ of_rotation(turning_z_to(self.tool_axis))
        elements[-1, :12] = frame[:3].reshape(-1)
        return elements

    def to_dict(self) -> dict[str, Any]:
        """Everything that `from_dict` needs, as JSON types."""
        return {
            "kind": self.kind,
            "planar": self.planar,
            "length": self.length,
            "tool": self.tool.tolist(),
            "tool_axis": self.tool_axis.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Task:
        """The task that `to_dict` described.

        Raises:
            ValueError: It is not one.
        """
        given = checked(data, _FORM, "task")
        return cls(**{**given, "tool": _transform(given["tool"]), "tool_axis": _axis(given["tool_axis"])})


def poses(transforms: Array) -> Array:
    """Poses (…, 7) as x, y, z, qx, qy, qz, qw of transforms (…, 4, 4)."""
    flat = np.ascontiguousarray(transforms[..., :3, :]).reshape(-1, 3, 4)
    out = np.empty((len(flat), 7))
    out[:, :3] = flat[:, :, 3]
    for pose, row in zip(flat, out, strict=True):
        quaternion(pose, row[3:])
    return out.reshape(*transforms.shape[:-2], 7)


def _numbers(values: Any) -> Array:
    """The values as an array, an empty one where they are not numbers."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return np.empty(0)


def _axis(axis: ArrayLike | Sequence[float]) -> Array:
    vector = _numbers(axis)
    if vector.shape != (3,) or not 1e-100 <= math.hypot(*vector) <= 1e100:
        raise ValueError(f"tool_axis must be three finite numbers that are not all zero, got {shown(axis)}")
    unit: Array = vector / np.linalg.norm(vector)
    return unit


def _transform(frame: ArrayLike) -> Array:
    values = _numbers(frame)
    expected = "a translation (3,), a pose (7,) with quaternion qx, qy, qz, qw, or a transform (4, 4)"
    if values.shape not in ((3,), (7,), (4, 4)):
        came = f"shape {values.shape}" if values.size else shown(frame)
        raise ValueError(f"tool must be {expected}, got {came}")
    if values.shape == (3,):
        values = np.concatenate([values, [0.0, 0.0, 0.0, 1.0]])
    goal = np.empty(kernels.GOAL_SIZE)
    if kernels.read_target(kernels.POSE, values.reshape(-1).copy(), np.zeros(3), math.inf, goal):
        raise ValueError(f"tool must be {expected}, rigid and finite, got {values.tolist()}")
    if not (abs(goal[:3]) <= _MAX_LENGTH).all():
        raise ValueError(f"tool must be at most {_MAX_LENGTH:g} m from the tip, got {goal[:3].tolist()}")
    transform: Array = _IDENTITY.copy()
    transform[:3, 3], transform[:3, :3] = goal[:3], goal[3:].reshape(3, 3)
    return transform
