"""Masses for links of a URDF that has none: a physics engine refuses a body without one, or drops it."""

from __future__ import annotations

from xml.etree import ElementTree

#: Default mass [kg], and radius of gyration as a share of the arm's reach.
_DEFAULT_MASS, _GYRATION_RADIUS = 0.1, 0.1


def inertial_of(link: ElementTree.Element, reach: float) -> ElementTree.Element:
    """The ``<inertial>`` of a link, or a small one where it has no mass.

    Args:
        link: An element ``<link>``.
        reach: Of the arm, in [m].
    """
    given = link.find("inertial")
    if given is not None and _mass(given) > 0.0:
        return given
    inertial = ElementTree.Element("inertial")
    ElementTree.SubElement(inertial, "mass", value=f"{_DEFAULT_MASS:g}")
    moments = dict.fromkeys(("ixx", "iyy", "izz"), f"{_DEFAULT_MASS * (_GYRATION_RADIUS * reach) ** 2:g}")
    ElementTree.SubElement(inertial, "inertia", moments, ixy="0", ixz="0", iyz="0")
    return inertial


def _mass(inertial: ElementTree.Element) -> float:
    mass = inertial.find("mass")
    return 0.0 if mass is None else float(mass.get("value", "0"))
