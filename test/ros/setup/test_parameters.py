"""Parameters of the running nodes: described, bounded, read as they were given."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from probe import Probe
from processes import Process
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from rclpy.parameter import parameter_value_to_python

from itnnr_ik import IKSolver
from itnnr_ik.ros.setup.robot import ROBOT_PARAMETERS
from itnnr_ik.ros.setup.settings import AUTOSTART
from itnnr_ik.ros.setup.settings import PARAMETERS as OF_THE_NODE

CONFIG = Path(__file__).parents[3] / "config"
#: The parameters of each node, and which of them are numbers with a range.
PARAMETERS = {
    "itnnr_ik": {parameter.name for parameter in (AUTOSTART, *OF_THE_NODE)},
    "simulator": {
        *("joints", "rate", "max_velocity", "initial_positions", "start_at", "engine", "publish_clock"),
        *("command_out_type", "command_out_topic", "update_rate", "interpolate_from_desired_state"),
        "enforce_command_limits",
        *(parameter.name for parameter in ROBOT_PARAMETERS),
    },
}
BOUNDED = {
    *("tolerance", "joint_state_timeout", "target_timeout", "plane_tolerance", "max_joint_step"),
    *("max_velocity", "max_acceleration", "transform_timeout", "warn_period", "rate"),
    *("update_rate", "command_rate", "following_tolerance", "max_jerk"),
    *("orientation_tolerance", "seed_tolerance", "robot_description_timeout"),
}
#: What every rclpy node declares by itself.
RCLPY_OWN = ("use_sim_time", "start_type_description_service")


@pytest.fixture(scope="module")
def nodes(shared_probe: Probe) -> tuple[Process, Process]:
    """Both nodes with their defaults, but for an integer where a double is expected."""
    return (
        shared_probe.start_ik_node("-p", "warn_period:=2"),
        shared_probe.start_simulator("-p", "rate:=50", "-p", "max_velocity:=1"),
    )


def own_parameters(probe: Probe, node: str) -> set[str]:
    names = probe.call(ListParameters, f"{node}/list_parameters", ListParameters.Request()).result.names
    return {name for name in names if not name.startswith(("qos_overrides.", *RCLPY_OWN))}


def value_of(probe: Probe, node: str, name: str) -> Any:
    response = probe.call(GetParameters, f"{node}/get_parameters", GetParameters.Request(names=[name]))
    return parameter_value_to_python(response.values[0])


@pytest.mark.parametrize("node", PARAMETERS)
@pytest.mark.usefixtures("nodes")
def test_every_parameter_is_described(shared_probe: Probe, node: str) -> None:
    """A sentence for each, and a range for each number."""
    assert own_parameters(shared_probe, node) == PARAMETERS[node]
    request = DescribeParameters.Request(names=sorted(PARAMETERS[node]))
    response = shared_probe.call(DescribeParameters, f"{node}/describe_parameters", request)
    for descriptor in response.descriptors:
        assert len(descriptor.description) > 20, descriptor.name
        assert bool(descriptor.floating_point_range) == (descriptor.name in BOUNDED), descriptor.name
        assert bool(descriptor.additional_constraints) >= (descriptor.name in BOUNDED), descriptor.name


def test_the_page_on_the_simulator_has_its_parameters() -> None:
    """All but those that choose the robot, which the page on the node has."""
    page = (CONFIG.parent / "docs" / "simulator.md").read_text(encoding="utf-8")
    own = PARAMETERS["simulator"] - {parameter.name for parameter in ROBOT_PARAMETERS}
    assert [name for name in sorted(own) if f"`{name}`" not in page] == []


@pytest.mark.usefixtures("nodes")
def test_a_list_of_numbers_shows_what_is_used(shared_probe: Probe) -> None:
    """A reader of the parameters sees the posture, not an empty list."""
    assert value_of(shared_probe, "simulator", "initial_positions") == pytest.approx([0.0, math.pi / 4])


@pytest.mark.parametrize("arm", ["two_link", "three_link", "yaw_pitch_pitch"])
def test_config_file_suits_both_nodes(probe: Probe, arm: str) -> None:
    """Every entry is some node's parameter and arrives there, and -p on the command line wins over it."""
    file = CONFIG / f"{arm}.yaml"
    (section,) = yaml.safe_load(file.read_text()).values()
    entries = section["ros__parameters"]
    assert set(entries) <= PARAMETERS["itnnr_ik"] | PARAMETERS["simulator"]
    assert entries["model"] == arm
    # Empty: the model's own, so that the file suits a trained model of other names and limits too.
    assert (entries["joints"], entries["robot_base_link"], entries["initial_positions"]) == ([], "", [])
    assert "rate" not in entries

    # The timeouts, because the probe would switch them off otherwise.
    timeouts = ("-p", "joint_state_timeout:=20.0", "-p", "target_timeout:=10.0")
    probe.start_ik_node("--params-file", str(file), *timeouts, "-p", "warn_period:=0.5")
    probe.start_simulator("--params-file", str(file), "-p", "max_velocity:=10.0")
    entries |= {"warn_period": 0.5, "joint_state_timeout": 20.0, "target_timeout": 10.0}
    for node, names in PARAMETERS.items():
        for name in names & set(entries):
            value = value_of(probe, node, name)
            if (node, name) == ("simulator", "max_velocity"):
                assert value == 10.0
                continue
            assert (value or []) == [] if entries[name] == [] else value == entries[name], f"{node}: {name}"

    # The two of them, as configured: the arm goes to the target and stays there.
    solver = IKSolver.load(arm)
    tip = solver.target_at(solver.arm.sample(1, np.random.default_rng(0))[0])
    probe.repeat_until(
        lambda: probe.ask(probe.pose(tip)),
        lambda: bool(probe.solutions),
        "a solution from the simulator's joint states",
    )
    probe.spin_until(
        lambda: math.dist(solver.target_at(probe.joint_states[-1].position), tip) <= 2e-6,
        10.0,
        "the tip at the target",
    )
