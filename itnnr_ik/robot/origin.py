"""The ``<origin>`` of a joint or a visual in a URDF, with its numbers checked."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np

from itnnr_ik.forms import shown
from itnnr_ik.robot.transforms import Array, from_quaternion, from_rpy


def read_origin(owner: ElementTree.Element, label: str) -> Array:
    """Transform (4, 4) of an element's ``<origin>``; the identity where it has none.

    Raises:
        ValueError: A number is malformed or not finite, or there are two rotations; the message names the
            owner by its ``label``.
    """
    transform = np.eye(4)
    element = owner.find("origin")
    if element is None:
        return transform
    transform[:3, 3] = read_vector(element, "xyz", (0.0, 0.0, 0.0), label)
    if "quat_xyzw" in element.attrib:
        quaternion = read_vector(element, "quat_xyzw", (0.0, 0.0, 0.0, 1.0), label)
        if "rpy" in element.attrib or not 0.0 < math.hypot(*quaternion) < math.inf:
            raise ValueError(f"origin of {label} must have either rpy or a quat_xyzw that is not zero")
        transform[:3, :3] = from_quaternion(*quaternion)
    else:
        transform[:3, :3] = from_rpy(*read_vector(element, "rpy", (0.0, 0.0, 0.0), label))
    return transform


def read_vector(
    element: ElementTree.Element, key: str, default: tuple[float, ...], label: str
) -> tuple[float, ...]:
    """The finite numbers of an attribute, as many as ``default`` has, which is returned if it is missing.

    Raises:
        ValueError: A number is malformed or not finite, or there are more or fewer; the message names the
            element's owner by its ``label``.
    """
    text = element.get(key)
    if text is None:
        return default
    values = tuple(map(to_float, text.split()))
    if len(values) != len(default) or not all(map(math.isfinite, values)):
        raise ValueError(
            f"{key} in <{element.tag}> of {label} must be {len(default)} finite numbers, got {shown(text)}"
        )
    return values


def to_float(text: str) -> float:
    """The number that the text represents, or NaN, which every caller rejects."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
