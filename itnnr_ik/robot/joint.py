"""A joint of a URDF, with its numbers checked as they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from itnnr_ik.forms import shown
from itnnr_ik.robot.origin import read_origin, read_vector, to_float
from itnnr_ik.robot.transforms import Array, about_z, along_z, of_rotation, turning_z_to

MOVING = ("revolute", "continuous", "prismatic")
TYPES = (*MOVING, "fixed", "floating", "planar")
#: Largest magnitude of a joint's limit or offset and of a target's coordinate [rad, m], so that results stay
#: finite. Exporters write 1e16 where there is no limit.
MAX_MAGNITUDE = 1e18
#: Largest multiplier of a mimic joint, and smallest that is not 0.
_MAX_MULTIPLIER, _MIN_MULTIPLIER = 1e9, 1e-9


class Limit(NamedTuple):
    """Position limits in [rad] or [m], None where there are none, and velocity limit in [rad/s] or [m/s]."""

    lower: float | None
    upper: float | None
    velocity: float


class Mimic(NamedTuple):
    """A joint follows another: its position is multiplier · (the other's) + offset."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Joint:
    """A joint of a URDF. Its numbers are read when they are asked for: only those of the chain matter.

    Each of `origin`, `axis`, `motion`, `limit` and `mimic` raises a ValueError that names the joint and the
    attribute where a number is malformed, missing or not finite.
    """

    name: str
    type: str
    parent: str
    child: str
    element: ElementTree.Element

    @property
    def moves(self) -> bool:
        """Whether a chain can have it as an element: it has one degree of freedom."""
        return self.type in MOVING

    @property
    def _label(self) -> str:
        return f"joint {self.name!r}"

    def origin(self) -> Array:
        """Transform (4, 4) from the parent link's frame to the joint's frame at position 0."""
        return read_origin(self.element, self._label)

    def axis(self) -> Array:
        """Unit vector (3,) along the axis, in the joint's frame; x where the URDF has none."""
        element = self.element.find("axis")
        x_axis = (1.0, 0.0, 0.0)
        axis = np.array(x_axis if element is None else read_vector(element, "xyz", x_axis, self._label))
        length = math.hypot(*axis)
        if not 1e-9 <= length < math.inf:
            raise ValueError(f"axis of joint {self.name!r} must not be zero, got {axis.tolist()}")
        return axis / length

    def motion(self, value: float) -> Array:
        """Transform (4, 4) from a moving joint's frame at position 0 to that at ``value`` in [rad] or [m]."""
        if not value:
            return np.eye(4)  # exact
        turned = of_rotation(turning_z_to(self.axis()))
        along = along_z(value) if self.type == "prismatic" else about_z(value)
        transform: Array = turned @ along @ turned.T
        return transform

    def limit(self) -> Limit:
        """Limits; where only one of lower and upper is given, the other is 0, as the URDF format says."""
        element = self.element.find("limit")
        if element is None:
            return Limit(None, None, math.inf)
        lower, upper = self._number(element, "lower"), self._number(element, "upper")
        if lower is not None or upper is not None:
            lower, upper = lower or 0.0, upper or 0.0
        velocity = self._number(element, "velocity", finite=False)
        # Exporters write 0 or −1 where they know none.
        return Limit(lower, upper, velocity if velocity is not None and velocity > 0.0 else math.inf)

    def mimic(self) -> Mimic | None:
        """The joint that it follows with its multiplier and offset, or None."""
        element = self.element.find("mimic")
        if element is None:
            return None
        leader = element.get("joint")
        if not leader:
            raise ValueError(f"<mimic> of joint {self.name!r} must name a joint")
        multiplier, offset = self._number(element, "multiplier"), self._number(element, "offset")
        if multiplier and not _MIN_MULTIPLIER <= abs(multiplier) <= _MAX_MULTIPLIER:
            raise ValueError(
                f"multiplier in <mimic> of joint {self.name!r} must be 0 or from "
                f"{_MIN_MULTIPLIER:g} to {_MAX_MULTIPLIER:g} in size, got {multiplier:g}"
            )
        return Mimic(leader, 1.0 if multiplier is None else multiplier, offset or 0.0)

    def _number(self, element: ElementTree.Element, key: str, finite: bool = True) -> float | None:
        text = element.get(key)
        value = None if text is None else to_float(text)
        if value is not None and (math.isnan(value) or (finite and abs(value) > MAX_MAGNITUDE)):
            large = f" of at most {MAX_MAGNITUDE:g} in size" if math.isfinite(value) else ""
            raise ValueError(
                f"{key} in <{element.tag}> of joint {self.name!r} must be a finite number{large}, "
                f"got {shown(text)}"
            )
        return value
