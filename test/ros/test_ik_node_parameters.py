"""Each parameter of the node has its effect, and a wrong one ends it with one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from probe import Probe

from itnnr_ik.robot import KinematicChain
from itnnr_ik.solver.model import load_model, save_model

#: Within reach of the two-link arm, in [m].
TARGET = (1.71, 0.48)


def test_every_parameter_has_its_effect(probe: Probe) -> None:
    """joints, robot_base_link, tolerance, warn_period and require_joint_states, all in one node."""
    process = probe.start_ik_node(
        *("-p", "joints:=[shoulder, elbow]"),
        *("-p", "robot_base_link:=pedestal"),
        *("-p", "tolerance:=0.05"),
        *("-p", "warn_period:=3600"),
        *("-p", "require_joint_states:=false"),
    )

    values, _, solution = probe.ask(probe.target(*TARGET, frame="pedestal"))
    assert (values["code"], "displacement" in values) == ("solved", False)
    assert solution is not None
    assert list(solution.name) == ["shoulder", "elbow"]

    probe.repeat_until(
        lambda: probe.send_joint_state(["elbow", "shoulder"], [-0.8, 0.6]),
        lambda: "displacement" in probe.ask(probe.target(*TARGET, frame="pedestal"))[0],
        "a solution from the joint state",
    )
    values, _, solution = probe.ask(probe.target(*TARGET, frame="pedestal"))
    assert solution is not None
    assert float(values["displacement"]) == np.abs(np.subtract((0.6, -0.8), solution.position)).max()

    values, _, solution = probe.ask(probe.target(2.03, 0.0, frame="pedestal"))
    assert (values["code"], solution is None) == ("solved", False)
    assert 0.03 <= float(values["residual"]) <= 0.05
    values, _, _ = probe.ask(probe.target(2.1, 0.0, frame="pedestal"))
    assert values["code"] == "unreachable"

    for _ in range(3):
        values, _, _ = probe.ask(probe.target(*TARGET, frame="base_link"))
        assert values["code"] == "wrong_frame"
    assert process.output.count("expected a target in frame 'pedestal'") == 1
    assert process.output.count("is out of reach") == 1, "each kind of warning has a throttle of its own"


def test_warnings_held_back_are_counted(probe: Probe) -> None:
    """After warn_period the next warning of that kind says how many were held back."""
    process = probe.start_ik_node("-p", "warn_period:=1.0")
    for _ in range(3):
        probe.ask(probe.target(*TARGET, frame="map"))
    probe.spin_for(1.0)
    probe.ask(probe.target(*TARGET, frame="map"))
    assert process.output.count("got frame 'map'") == 2
    assert "got frame 'map' (2 more like this held back)" in process.output


def test_a_trained_model_brings_its_names(probe: Probe, tmp_path: Path, root: Path) -> None:
    """A model folder beside the packaged parameters: its joints count. An integer does for a number."""
    trained, names = load_model("three_link"), ("shoulder", "elbow", "wrist")
    assert isinstance(trained.arm, KinematicChain)
    arm = trained.arm.with_joint_names(names)
    save_model(tmp_path / "mine", arm, trained.task, trained.twin, {})
    parameters = root / "config" / "three_link.yaml"
    probe.start_ik_node(
        "--params-file", str(parameters), "-p", f"model:={tmp_path / 'mine'}", "-p", "warn_period:=5"
    )
    probe.send_first_joint_state(names, (0.1, 0.5, 0.5))
    values, _, solution = probe.ask(probe.target(2.0, 1.0))
    assert values["code"] == "solved"
    assert solution is not None
    assert tuple(solution.name) == names


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("tolerance:=0.5", "parameter 'tolerance' must be a number from 1e-09 to 0.1, got 0.5"),
        ("tolerance:=1", "parameter 'tolerance' must be a number from 1e-09 to 0.1, got 1"),
        ("tolerance:=.nan", "parameter 'tolerance' must be a number from 1e-09 to 0.1, got nan"),
        ("tolerance:=small", "parameter 'tolerance' must be a number from 1e-09 to 0.1, got 'small'"),
        ("warn_period:=-1.0", "parameter 'warn_period' must be a number from 0 to 3600, got -1.0"),
        ("unreachable:=ignore", "parameter 'unreachable' must be one of ['reject', 'closest'], got 'ignore'"),
        ("command_out_type:=JointTrajectory", "'std_msgs/Float64MultiArray'], got 'JointTrajectory'"),
        ("max_joint_step:=0", "'max_joint_step' must be a number from 0.0001 to 1000, or a list"),
        ("max_velocity:=[1.0, -1.0]", "or a list of one for each joint, got [1.0, -1.0]"),
        ("max_velocity:=[1.0, 1.0, 1.0]", "must be one number or 2, one for each of ['joint_1', 'joint_2']"),
        ("require_joint_states:=1", "parameter 'require_joint_states' must be true or false, got 1"),
        ("robot_base_link:=7", "parameter 'robot_base_link' must be text (put it in quotes), got 7"),
        ("joints:=[a]", "parameter 'joints' must be a list of 2 distinct joint names"),
        ("joints:=[a, a]", "got ['a', 'a']"),
        ("joints:=[1, 2]", "got [1, 2]"),
        ("joints:=ab", "got 'ab'"),
        ("model:=four_link", "four_link"),
        ("robot_description_topic:=my-arm", "must be the name of a topic, got 'my-arm'"),
    ],
)
def test_wrong_parameter_ends_the_node_with_one_line(probe: Probe, override: str, text: str) -> None:
    """Exit status 1 and a line that says what was expected and what came; no traceback."""
    process = probe.start("ik_node", "-p", override)
    assert process.wait() == 1
    assert text in process.output
    assert len(process.output.splitlines()) == 1
