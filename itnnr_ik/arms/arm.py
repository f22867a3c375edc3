"""An arm as data: names, link lengths, limits, and which formula moves its tip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from itnnr_ik.arms import kinematics
from itnnr_ik.arrays import namespace

#: Kinematic families: the formula, and how many joints the arm has beyond its links.
_FAMILIES = {"planar": (kinematics.planar, 0), "yaw_pitch": (kinematics.yaw_pitch, 1)}


@dataclass(frozen=True)
class Arm:
    """A serial arm with a position target.

    Args:
        name: Key of the arm, such as ``two_link``.
        family: ``planar`` (all axes z) or ``yaw_pitch`` (axis z, then horizontal axes).
        link_lengths: One per link, in [m], base to tip.
        lower, upper: Joint limits in [rad], one per joint.
        joint_names, link_names: Base to tip; ``link_names`` starts at the base link and ends at the
            last moving link.
        tip_name: Frame at the end of the last link.

    Raises:
        ValueError: A count, a length or a limit does not fit; the message says which.
    """

    name: str
    family: str
    link_lengths: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    joint_names: tuple[str, ...]
    link_names: tuple[str, ...]
    tip_name: str = "tip"
    _formula: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.family not in _FAMILIES:
            raise ValueError(f"family must be one of {sorted(_FAMILIES)}, got {self.family!r}")
        formula, extra = _FAMILIES[self.family]
        object.__setattr__(self, "_formula", formula)
        if not self.link_lengths or not all(
            math.isfinite(length) and length > 0 for length in self.link_lengths
        ):
            raise ValueError(f"link lengths must be positive and finite, got {self.link_lengths}")
        self._check_joints(len(self.link_lengths) + extra, len(self.link_lengths) + extra + 1)

    def _check_joints(self, n: int, n_link_names: int) -> None:
        """Raise a ValueError where names or limits do not fit ``n`` joints."""
        for label, values, count in (
            ("lower limits", self.lower, n),
            ("upper limits", self.upper, n),
            ("joint names", self.joint_names, n),
            ("link names", self.link_names, n_link_names),
        ):
            if len(values) != count:
                raise ValueError(f"{self.name} needs {count} {label}, got {len(values)}: {values}")
        for label, names in (("joint names", self.joint_names), ("link names", self.link_names)):
            if len(set(names)) != len(names) or not all(names):
                raise ValueError(f"{label} must be distinct and not empty, got {names}")
        for joint, low, high in zip(self.joint_names, self.lower, self.upper, strict=True):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(f"limits of {joint} must be finite with lower < upper, got [{low}, {high}]")

    @property
    def n_joints(self) -> int:
        """Number of joints n."""
        return len(self.joint_names)

    @property
    def n_coordinates(self) -> int:
        """Number of target coordinates m: 2 in the plane, 3 in space."""
        return 2 if self.family == "planar" else 3

    @property
    def plane_height(self) -> float:
        """z in [m], in the base frame, of the plane that a planar arm's tip stays in."""
        return 0.0

    @property
    def base_link(self) -> str:
        """Frame that targets are expressed in."""
        return self.link_names[0]

    @property
    def reach(self) -> float:
        """Length of the stretched arm in [m]."""
        return sum(self.link_lengths)

    @property
    def farthest(self) -> float:
        """Largest distance of the tip from the frame's origin in [m]."""
        return self.reach

    @property
    def first_elbow(self) -> int:
        """Index of the first joint that bends the chain of links; those before it turn the whole arm."""
        return self.n_joints - len(self.link_lengths) + 1

    @property
    def limits(self) -> np.ndarray:
        """Joint limits (2, n) in [rad]: lower, upper."""
        return np.array([self.lower, self.upper])

    def tip(
        self, joints: Sequence[kinematics.Component], xp: Any
    ) -> tuple[list[kinematics.Component], list[list[kinematics.Component]]]:
        """Tip coordinates [m] (m components) and Jacobian rows [m/rad] (m rows of n) from n components.

        ``xp`` is ``math`` for floats, ``numpy`` or ``torch`` for columns.
        """
        position, jacobian = self._formula(joints, self.link_lengths, xp)
        return position, jacobian

    def forward(self, positions: Any) -> Any:
        """Forward kinematics: joint positions (..., n) [rad] to tip coordinates (..., m) [m]."""
        xp, columns = self._columns(positions)
        return xp.stack(self.tip(columns, xp)[0], -1)

    def in_space(self, points: Any) -> np.ndarray:
        """Target coordinates (..., m) as positions (..., 3), both in [m]: a planar arm's at its height."""
        positions: np.ndarray = np.asarray(points, dtype=float)
        if self.n_coordinates == 2:
            heights = np.full_like(positions[..., :1], self.plane_height)
            positions = np.concatenate([positions, heights], axis=-1)
        return positions

    def skeleton(self, positions: Any) -> np.ndarray:
        """Base, elbows and tip (links + 1, m) [m] of the arm at joint positions (n,) [rad]."""
        ends = [np.zeros(self.n_coordinates)]
        extra = self.n_joints - len(self.link_lengths)
        for links in range(1, len(self.link_lengths) + 1):
            end, _ = self._formula(list(positions[: extra + links]), self.link_lengths[:links], np)
            ends.append(np.array(end))
        return np.array(ends)

    def jacobian(self, positions: Any) -> Any:
        """Derivative of `forward`: joint positions (..., n) [rad] to (..., m, n) [m/rad]."""
        xp, columns = self._columns(positions)
        return xp.stack([xp.stack(row, -1) for row in self.tip(columns, xp)[1]], -2)

    def sample(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Joint positions (count, n) [rad], uniform within the limits."""
        return rng.uniform(self.lower, self.upper, size=(count, self.n_joints))

    def with_changes(
        self,
        link_lengths: Sequence[float] | None = None,
        limits: Sequence[Sequence[float]] | None = None,
        joint_names: Sequence[str] | None = None,
    ) -> Arm:
        """This arm with other link lengths [m], limits ((lower, …), (upper, …)) [rad] or joint names.

        Raises:
            ValueError: A number or a value of them does not fit; the message says which.
        """
        changes: dict[str, Any] = {}
        if link_lengths is not None:
            if len(link_lengths) != len(self.link_lengths):
                raise ValueError(
                    f"{self.name} has {len(self.link_lengths)} links, got {len(link_lengths)} lengths: "
                    f"{tuple(link_lengths)}"
                )
            changes["link_lengths"] = tuple(float(length) for length in link_lengths)
        if limits is not None:
            changes["lower"], changes["upper"] = (tuple(float(v) for v in side) for side in limits)
        if joint_names is not None:
            changes["joint_names"] = tuple(joint_names)
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Everything that defines the arm, as JSON types."""
        return {
            "name": self.name,
            "family": self.family,
            "link_lengths": list(self.link_lengths),
            "lower": list(self.lower),
            "upper": list(self.upper),
            "joint_names": list(self.joint_names),
            "link_names": list(self.link_names),
            "tip_name": self.tip_name,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Arm:
        """The arm that `to_dict` described."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)

    def _columns(self, positions: Any) -> tuple[Any, list[Any]]:
        xp = namespace(positions)
        if xp is np:
            positions = np.asarray(positions, dtype=float)
        if positions.ndim == 0 or positions.shape[-1] != self.n_joints:
            raise ValueError(
                f"{self.name} expects joint positions of shape (..., {self.n_joints}), "
                f"got {tuple(positions.shape)}"
            )
        return xp, [positions[..., i] for i in range(self.n_joints)]
