"""The table of interfaces and parameters of ``ik_node`` in docs/ros_interface.md.

``python -m itnnr_ik.ros.reference`` prints the table.
"""

from __future__ import annotations

from collections.abc import Iterable

from itnnr_ik.ros.interfaces import COMMAND_TYPES, INTERFACES, SERVICE
from itnnr_ik.ros.setup.parameters import (
    Choice,
    Flag,
    JointNames,
    Number,
    NumberPerJoint,
    Numbers,
    Parameter,
)
from itnnr_ik.ros.setup.settings import AUTOSTART, PARAMETERS

_COLUMNS = ("", "name", "type", "default", "")


def reference_table() -> str:
    """A Markdown table: topics, services and parameters, with types and defaults."""
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *_interfaces(), *map(_parameter, (*PARAMETERS, AUTOSTART))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows).replace("|  |", "| |")


def _interfaces() -> Iterable[tuple[str, ...]]:
    for interface in INTERFACES:
        kind = SERVICE if interface.kind == SERVICE else f"topic {interface.kind}"
        yield kind, f"`{interface.name}`", interface.type_name, "", interface.description
    for name, (_, topic) in COMMAND_TYPES.items():
        yield (
            "topic out",
            "`command_out_topic`",
            name,
            f"`{topic}`",
            f"commands, with `command_out_type: {name}`",
        )


def _parameter(parameter: Parameter) -> tuple[str, ...]:
    kind = "parameter" if parameter.changeable else "parameter, fixed"
    text = parameter.description.replace("|", "\\|")
    return kind, f"`{parameter.name}`", _type(parameter), _default(parameter), text


def _type(parameter: Parameter) -> str:
    if isinstance(parameter, Number):
        several = ", or one a joint" if isinstance(parameter, NumberPerJoint) else ""
        return f"{parameter.minimum:g} to {parameter.maximum:g}{several}"
    if isinstance(parameter, Numbers):
        return f"list of {parameter.size or len(parameter.default)} numbers"
    if isinstance(parameter, Choice):
        return ", ".join(f"`{choice}`" for choice in parameter.choices if choice)
    if isinstance(parameter, JointNames):
        return "list of text"
    return "true, false" if isinstance(parameter, Flag) else "text"


def _default(parameter: Parameter) -> str:
    default = parameter.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(parameter, Number):
        return f"{default:g}"
    return f"`{default}`" if default else "empty"


if __name__ == "__main__":
    print(reference_table())
