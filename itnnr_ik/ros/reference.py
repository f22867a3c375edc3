"""The tables of interfaces and parameters of ``ik_node`` in docs/ros_interface.md.

``python -m itnnr_ik.ros.reference`` prints them.
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


def reference_tables() -> tuple[str, str]:
    """Two Markdown tables: topics and services with their types; parameters with values and defaults."""
    interfaces = _table(("", "name", "type", ""), _interfaces())
    parameters = _table(("parameter", "", "values", "default", ""), map(_parameter, (*PARAMETERS, AUTOSTART)))
    return interfaces, parameters


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (columns, ("---",) * len(columns), *rows)]
    return "\n".join(lines).replace("|  |", "| |")


def _interfaces() -> Iterable[tuple[str, ...]]:
    for interface in INTERFACES:
        kind = SERVICE if interface.kind == SERVICE else f"topic {interface.kind}"
        yield kind, f"`{interface.name}`", interface.type_name, interface.description
    for name, (_, topic) in COMMAND_TYPES.items():
        description = (
            f"commands, with `command_out_type: {name}`; `{topic}` where `command_out_topic` is empty"
        )
        yield "topic out", "`command_out_topic`", name, description


def _parameter(parameter: Parameter) -> tuple[str, ...]:
    fixed = "" if parameter.changeable else "fixed"
    text = parameter.description.replace("|", "\\|")
    return f"`{parameter.name}`", fixed, _type(parameter), _default(parameter), text


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
    print(*reference_tables(), sep="\n\n")
