"""The documented tables are what the node takes and gives, by the code and by the running node's graph."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from probe import Probe

from itnnr_ik.ros.interfaces import (
    COMMAND_TYPES,
    CONTROLLER_STATE,
    INTERFACES,
    PUBLISHED,
    SERVICE,
    SUBSCRIBED,
    TRAJECTORY,
)
from itnnr_ik.ros.reference import reference_tables
from itnnr_ik.ros.status import Code

PAGE = "docs/ros_interface.md"
#: What every lifecycle node has by itself.
_RCLPY_OWN = re.compile(
    r".*(/transition_event|/parameter_events|/rosout|/(get|set|list|describe)_\w+|"
    r"/(change|get)_(state|available_\w+|transition_graph)|/clock|/tf|/tf_static)"
)


def test_the_page_has_the_tables(root: Path) -> None:
    """Every topic, service and parameter with its type and default, as the code has them."""
    page = (root / PAGE).read_text(encoding="utf-8")
    for table in reference_tables():
        assert table in page


def test_the_page_explains_every_code(root: Path) -> None:
    """One line for each outcome of a target."""
    page = (root / PAGE).read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert {code.value for code in Code} <= set(explained)


@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_the_running_node_has_what_the_table_says(probe: Probe, command_type: str) -> None:
    """Names and types as any other node on the network sees them, and nothing else."""
    probe.start_ik_node("-p", f"command_out_type:={command_type}")
    _, topic = COMMAND_TYPES[command_type]
    expected = {kind: set() for kind in (SUBSCRIBED, PUBLISHED, SERVICE)}
    for interface in INTERFACES:
        told = command_type == TRAJECTORY or interface is not CONTROLLER_STATE
        if interface.type is not None and told:
            name = interface.name.replace("~", "itnnr_ik")
            name = name if name.startswith("/") else f"{probe.namespace}/{name}"
            package, kind = interface.type_name.split("/")
            middle = "srv" if interface.kind == SERVICE else "msg"
            expected[interface.kind].add((name, f"{package}/{middle}/{kind}"))
    expected[PUBLISHED].add((f"{probe.namespace}/{topic}", command_type.replace("/", "/msg/")))
    node = ("itnnr_ik", probe.namespace)
    found = {
        SUBSCRIBED: probe.node.get_subscriber_names_and_types_by_node(*node),
        PUBLISHED: probe.node.get_publisher_names_and_types_by_node(*node),
        SERVICE: probe.node.get_service_names_and_types_by_node(*node),
    }
    for kind, listed in found.items():
        own = {(name, type_name) for name, (type_name,) in listed if not _RCLPY_OWN.fullmatch(name)}
        assert own == expected[kind], kind


def test_what_shows_it_listens_to_its_topics(root: Path) -> None:
    """The setups of RViz and Foxglove name topics that the node has."""
    names = {f"/{i.name.replace('~', 'itnnr_ik').lstrip('/')}" for i in INTERFACES}
    names |= {"/robot_description"}
    displays = yaml.safe_load((root / "rviz" / "ik.rviz").read_text())["Visualization Manager"]["Displays"]
    shown = {d["Topic"]["Value"] for d in displays if "Topic" in d}
    assert "/itnnr_ik/markers" in shown
    layout = json.loads((root / "rviz" / "ik.foxglove.json").read_text())["configById"]
    shown |= set(layout["3D!arm"]["topics"])
    shown |= {path["value"].split(".")[0] for path in layout["Plot!joints"]["paths"]}
    assert shown - names == set()
