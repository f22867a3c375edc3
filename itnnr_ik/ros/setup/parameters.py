"""Parameters as data: a name, a default, a description with its unit, and a check of the value.

They are declared with dynamic typing, because a YAML file's ``50`` is an integer and rclpy would refuse it
where a double was declared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.exceptions import InvalidTopicNameException
from rclpy.expand_topic_name import expand_topic_name
from rclpy.node import Node

from itnnr_ik.robot import ForwardModel
from itnnr_ik.ros.messages import quote_all


class ParameterError(ValueError):
    """A parameter whose value cannot be used; the text says what was expected and what came."""

    def __init__(self, name: str, expected: str, value: object) -> None:
        super().__init__(f"parameter {name!r} must be {expected}, got {value!r}")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a node; what values it takes is its subclass's.

    Args:
        name: As in YAML.
        default: Its value where none is given.
        description: A sentence or two with the unit, for ``ros2 param describe`` and docs/ros_interface.md.
        changeable: A change takes effect while the node runs.
    """

    name: str
    default: Any
    description: str
    changeable: bool = False

    @property
    def expected(self) -> str:
        """What a value must be, as a noun."""
        raise NotImplementedError

    def check(self, value: Any) -> Any:
        """The value as the node uses it.

        Raises:
            ParameterError: It cannot be used.
        """
        if not self._is_valid(value):
            raise ParameterError(self.name, self.expected, value)
        return value

    def declare(self, node: Node, read_only: bool = True) -> None:
        """Declare it on ``node``, whatever value was given; `get` checks it.

        A read-only parameter refuses a change at run time, rather than taking it without an effect.
        """
        value = node.declare_parameter(
            self.name, self.default, ParameterDescriptor(dynamic_typing=True)
        ).value
        descriptor = ParameterDescriptor(
            description=self.description,
            additional_constraints=self.expected,
            read_only=read_only,
            dynamic_typing=True,
        )
        if self._is_valid(value):  # rclpy would end the node with a text of its own
            descriptor.floating_point_range = self._ranges()
        node.set_descriptor(self.name, descriptor)

    def get(self, node: Node) -> Any:
        """Its value on ``node``, declared here if it was not.

        Raises:
            ParameterError: The value cannot be used.
        """
        if not node.has_parameter(self.name):
            self.declare(node)
        return self.check(node.get_parameter(self.name).value)

    def _is_valid(self, value: Any) -> bool:
        raise NotImplementedError

    def _ranges(self) -> list[FloatingPointRange]:
        return []


@dataclass(frozen=True)
class Text(Parameter):
    """A string."""

    @property
    def expected(self) -> str:
        return "text (put it in quotes)"

    def _is_valid(self, value: Any) -> bool:
        return isinstance(value, str)


@dataclass(frozen=True)
class Choice(Parameter):
    """One of a few texts."""

    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return f"one of {quote_all(self.choices)}"

    def _is_valid(self, value: Any) -> bool:
        return value in self.choices


@dataclass(frozen=True)
class Flag(Parameter):
    """true or false."""

    @property
    def expected(self) -> str:
        return "true or false"

    def _is_valid(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True)
class Number(Parameter):
    """A finite number within ``minimum`` and ``maximum``, both included; an integer will do."""

    minimum: float = -math.inf
    maximum: float = math.inf

    @property
    def expected(self) -> str:
        return f"a number from {self.minimum:g} to {self.maximum:g}"

    def check(self, value: Any) -> float:
        return float(super().check(value))

    def _is_valid(self, value: Any) -> bool:
        return _is_number(value) and self.minimum <= value <= self.maximum

    def _ranges(self) -> list[FloatingPointRange]:
        return [FloatingPointRange(from_value=self.minimum, to_value=self.maximum)]


@dataclass(frozen=True)
class WholeNumber(Number):
    """A whole number from 0 to 2³¹ − 1."""

    minimum: float = 0
    maximum: float = 2**31 - 1

    @property
    def expected(self) -> str:
        return f"a whole number from {int(self.minimum)} to {int(self.maximum)}"

    def check(self, value: Any) -> int:
        return int(super().check(value))

    def _is_valid(self, value: Any) -> bool:
        return super()._is_valid(value) and float(value).is_integer()


@dataclass(frozen=True)
class NumberPerJoint(Number):
    """One number for every joint, or a list of one for each, base to tip; how many, `of` checks."""

    @property
    def expected(self) -> str:
        return f"{super().expected}, or a list of one for each joint"

    def check(self, value: Any) -> tuple[float, ...]:  # type: ignore[override]
        numbers: Any = _as_list(Parameter.check(self, value)) or (value,)
        return tuple(map(float, numbers))

    def of(self, arm: ForwardModel, numbers: Sequence[float]) -> NDArray[np.float64]:
        """The numbers (n,) of the joints of ``arm``.

        Raises:
            ParameterError: There is neither one nor as many as the arm has joints.
        """
        if len(numbers) not in (1, arm.n_joints):
            expected = f"one number or {arm.n_joints}, one for each of {quote_all(arm.joint_names)}"
            raise ParameterError(self.name, expected, list(numbers))
        return np.full(arm.n_joints, numbers, dtype=float)

    def _is_valid(self, value: Any) -> bool:
        numbers = _as_list(value)
        return all(map(super()._is_valid, numbers)) if numbers else super()._is_valid(value)


@dataclass(frozen=True)
class Numbers(Parameter):
    """``size`` finite numbers, or as many as ``default`` has; an empty list stands for the default."""

    size: int = 0

    @property
    def expected(self) -> str:
        return f"a list of {self.size or len(self.default)} finite numbers, or empty"

    def check(self, value: Any) -> tuple[float, ...]:
        return tuple(float(number) for number in super().check(value) or self.default)

    def _is_valid(self, value: Any) -> bool:
        numbers, size = _as_list(value), self.size or len(self.default)
        return numbers is not None and len(numbers) in (0, size) and all(map(_is_number, numbers))


@dataclass(frozen=True)
class JointNames(Parameter):
    """The robot's names for an arm's joints, base to tip; how many, `of` checks."""

    name: str = "joints"
    default: Any = ()
    description: str = "The robot's names for the arm's joints, base to tip; empty: the model's names"

    @property
    def expected(self) -> str:
        return "a list of distinct joint names, or empty"

    def check(self, value: Any) -> tuple[str, ...]:
        return tuple(super().check(value) or ())

    def of(self, arm: ForwardModel, names: Sequence[str]) -> tuple[str, ...]:
        """The names to use for the joints of ``arm``.

        Raises:
            ParameterError: Their number is not that of the joints.
        """
        if len(names) not in (0, arm.n_joints):
            expected = f"a list of {arm.n_joints} distinct joint names in place of "
            raise ParameterError(self.name, f"{expected}{quote_all(arm.joint_names)}, or empty", list(names))
        return tuple(names) or arm.joint_names

    def _is_valid(self, value: Any) -> bool:
        names = _as_list(value)
        return (
            names is not None
            and all(isinstance(name, str) and name for name in names)
            and len(set(names)) == len(names)
        )


def check_topic(node: Node, name: str, topic: str) -> None:
    """Raise a ParameterError if a topic that the parameter ``name`` gives cannot be one of ``node``."""
    try:
        expand_topic_name(topic, node.get_name(), node.get_namespace())
    except (ValueError, InvalidTopicNameException) as error:
        raise ParameterError(name, "the name of a topic", topic) from error


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _as_list(value: object) -> Sequence[object] | None:
    """A list as it is; rclpy makes None of a YAML file's ``[]``."""
    if value is None:
        return ()
    return value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else None
