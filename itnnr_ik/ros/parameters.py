"""Parameters with a description and a range each, checked once, when they are declared.

They are declared with dynamic typing, because a YAML file's ``50`` is an integer and rclpy would refuse it
where a double was declared. They are read-only: a change at run time would have no effect, so it is
refused rather than accepted in silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node

from itnnr_ik.arms import Arm
from itnnr_ik.ros.messages import quote_all


class ParameterError(ValueError):
    """A parameter whose value cannot be used; the text says what was expected and what came."""

    def __init__(self, name: str, expected: str, value: object) -> None:
        super().__init__(f"parameter {name!r} must be {expected}, got {value!r}")


def declare_text(node: Node, name: str, default: str, description: str) -> str:
    """A string."""
    value = _declare(node, name, default, description)
    if not isinstance(value, str):
        raise ParameterError(name, "text (put it in quotes)", value)
    return value


def declare_choice(node: Node, name: str, default: str, description: str, choices: Sequence[str]) -> str:
    """One of a few texts."""
    expected = f"one of {quote_all(choices)}"
    value = _declare(node, name, default, description, expected)
    if value not in choices:
        raise ParameterError(name, expected, value)
    return str(value)


def declare_flag(node: Node, name: str, default: bool, description: str) -> bool:
    """true or false."""
    value = _declare(node, name, default, description)
    if not isinstance(value, bool):
        raise ParameterError(name, "true or false", value)
    return value


def declare_number(
    node: Node, name: str, default: float, description: str, minimum: float, maximum: float
) -> float:
    """A finite number within ``minimum`` and ``maximum``, both included; an integer will do."""
    expected = f"a number from {minimum:g} to {maximum:g}"
    value = _declare(node, name, default, description, expected, (minimum, maximum))
    if not _is_number(value) or not minimum <= value <= maximum:
        raise ParameterError(name, expected, value)
    return float(value)


def declare_numbers(node: Node, name: str, default: Sequence[float], description: str) -> tuple[float, ...]:
    """As many finite numbers as ``default`` has; an empty list stands for the default."""
    expected = f"a list of {len(default)} finite numbers, or empty"
    values = _declare(node, name, list(default), description, expected) or list(default)
    if not _is_list_of(values, len(default)) or not all(_is_number(value) for value in values):
        raise ParameterError(name, expected, values)
    return tuple(float(value) for value in values)


def declare_joints(node: Node, arm: Arm) -> tuple[str, ...]:
    """``joints``: the robot's names for the arm's joints, base to tip."""
    expected = (
        f"a list of {arm.n_joints} distinct joint names in place of {quote_all(arm.joint_names)}, or empty"
    )
    names = _declare(
        node,
        "joints",
        list(arm.joint_names),
        "The robot's names for the arm's joints, base to tip; empty: the model's names",
        expected,
    ) or list(arm.joint_names)
    if (
        not _is_list_of(names, arm.n_joints)
        or not all(isinstance(name, str) and name for name in names)
        or len(set(names)) != len(names)
    ):
        raise ParameterError("joints", expected, names)
    return tuple(names)


def _declare(
    node: Node,
    name: str,
    default: Any,
    description: str,
    constraints: str = "",
    limits: tuple[float, float] | None = None,
) -> Any:
    """The value given for a parameter, or its default; None where an empty list was given."""
    descriptor = ParameterDescriptor(
        description=description,
        additional_constraints=constraints,
        read_only=True,
        dynamic_typing=True,
    )
    if limits is not None:
        descriptor.floating_point_range = [FloatingPointRange(from_value=limits[0], to_value=limits[1])]
    if node.has_parameter(name):  # a lifecycle node that is configured again
        return node.get_parameter(name).value
    try:
        return node.declare_parameter(name, default, descriptor).value
    except InvalidParameterValueException:
        # A double out of range. Ask once more for the value, so that the text is like every other one.
        value = node.declare_parameter(name, default, ParameterDescriptor(dynamic_typing=True)).value
        raise ParameterError(name, constraints, value) from None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_list_of(values: object, count: int) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, (str, bytes)) and len(values) == count
