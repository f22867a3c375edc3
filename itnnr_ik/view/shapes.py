"""Shapes for an arm without meshes: links as tubes between the joints, joints as drums on their axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import trimesh
from numpy.typing import NDArray

from itnnr_ik.robot import KinematicChain
from itnnr_ik.robot.transforms import of_rotation, turning_z_to
from itnnr_ik.view.palette import BASE, JOINT, LINK, Color

Array = NDArray[np.float64]

#: Radii of links at the base and at the tip, in reaches. Drums are in radii of their link, the base plate in
#: radii of the first link, the flange in radii of the last one.
_BASE_RADIUS, _TIP_RADIUS = 0.042, 0.022
_DRUM_LENGTH, _DRUM_RADIUS = 2.9, 1.3
_PLATE_RADIUS, _PLATE_HEIGHT = 2.2, 0.6
_FLANGE_RADIUS, _FLANGE_HEIGHT = 1.5, 0.7
#: Links shorter than this multiple of their radius are not drawn, because their joints touch.
_MIN_LENGTH = 0.3
_N_SECTIONS = 24


class Part(NamedTuple):
    """A piece of an arm.

    Attributes:
        frame: Index of the frame of `LinkFrames` that it is fixed to.
        mesh: Mesh in that frame, in [m].
        color: Red, green, blue, 0 to 255.
    """

    frame: int
    mesh: trimesh.Trimesh
    color: Color


def chain_parts(chain: KinematicChain, tool: Array) -> list[Part]:
    """Parts of an arm that is drawn from its joints.

    Args:
        chain: The arm.
        tool: Transform (4, 4) from the tip to the tool frame.
    """
    reach, n_elements = chain.reach or 1.0, len(chain.elements) - 1
    radii = np.linspace(_BASE_RADIUS, _TIP_RADIUS, n_elements + 1) * reach
    parts = [Part(0, _plate(radii[0]), BASE)]
    for k, row in enumerate(chain.elements):
        end = np.eye(4)
        end[:3] = row[:12].reshape(3, 4)
        end = end @ tool if k == n_elements else end
        if (link := _tube(end[:3, 3], radii[k])) is not None:
            parts.append(Part(k, link, LINK))
        if k < n_elements:
            parts.append(Part(k + 1, _joint(chain, k, radii[k]), JOINT))
        else:
            parts.append(Part(k, _flange(radii[k]).apply_transform(end), JOINT))
    return parts


def _joint(chain: KinematicChain, element: int, radius: float) -> trimesh.Trimesh:
    """A drum around the axis of a revolute joint, or a rod for a prismatic joint, along z."""
    row = chain.elements[element]
    if row[12] == 0.0:
        return _cylinder(_DRUM_RADIUS * radius, _DRUM_LENGTH * radius)
    ends = [row[14] * chain.lower[int(row[13])], row[14] * chain.upper[int(row[13])]]
    stroke = float(max(ends) + row[15])
    rod = _cylinder(0.6 * radius, max(stroke, radius))
    rod.apply_translation([0.0, 0.0, -0.5 * max(stroke, radius)])
    return rod


def _plate(radius: float) -> trimesh.Trimesh:
    plate = _cylinder(_PLATE_RADIUS * radius, _PLATE_HEIGHT * radius)
    plate.apply_translation([0.0, 0.0, 0.5 * _PLATE_HEIGHT * radius])
    return plate


def _flange(radius: float) -> trimesh.Trimesh:
    """A disc perpendicular to the tool's z, just behind its origin."""
    height = _FLANGE_HEIGHT * radius
    disc = _cylinder(_FLANGE_RADIUS * radius, height)
    disc.apply_translation([0.0, 0.0, -0.5 * height])
    return disc


def _tube(end: Array, radius: float) -> trimesh.Trimesh | None:
    """A capsule from the origin to a point (3,) [m]; None if that is too near."""
    distance = float(np.linalg.norm(end))
    if distance < _MIN_LENGTH * radius:
        return None
    capsule: trimesh.Trimesh = trimesh.creation.capsule(
        distance, radius, count=[_N_SECTIONS // 2, _N_SECTIONS]
    )
    place = of_rotation(turning_z_to(end / distance))
    place[:3, 3] = 0.5 * end
    capsule.apply_transform(place)
    return capsule


def _cylinder(radius: float, height: float) -> trimesh.Trimesh:
    """A cylinder around the origin, along z."""
    cylinder: trimesh.Trimesh = trimesh.creation.cylinder(radius, height, sections=_N_SECTIONS)
    return cylinder
