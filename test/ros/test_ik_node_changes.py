"""Parameters that change while the node runs, each with its effect on the next answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from probe import SILENCE, Probe, values_of
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.receiving import MessageInfo
from itnnr_ik.ros.setup.settings import PARAMETERS
from itnnr_ik.ros.status import stamp_text

ARM = load_robot("two_link")
START = (-0.2, 0.9)
TOPIC = "arm/trajectory"


def tip(*positions: float) -> tuple[float, float]:
    x, y = ARM.forward(positions)[:2]
    return float(x), float(y)


NEAR, FAR = tip(-0.1, 0.9), tip(0.3, 0.4)


def change(probe: Probe, **values: Any) -> str:
    """Set parameters together; the reason for which they were refused, empty if they were not."""
    parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    request = SetParametersAtomically.Request(parameters=parameters)
    result = probe.call(SetParametersAtomically, "itnnr_ik/set_parameters_atomically", request).result
    assert result.successful == (not result.reason)
    return str(result.reason)


@pytest.fixture
def commands(probe: Probe) -> list[JointTrajectory]:
    """What a node that knows the joints' positions sends."""
    received: list[JointTrajectory] = []
    probe.node.create_subscription(JointTrajectory, TOPIC, received.append, 100)
    probe.start_ik_node(
        *("-p", "command_out_type:=trajectory_msgs/JointTrajectory", "-p", f"command_out_topic:={TOPIC}"),
        *("-p", "warn_period:=0"),
    )
    probe.send_first_joint_state(ARM.joint_names, START)
    probe.repeat_until(lambda: probe.ask(probe.target(*NEAR)), lambda: bool(received), "a command")
    probe.spin_for(SILENCE)
    received.clear()
    return received


def duration(command: JointTrajectory) -> float:
    time = command.points[-1].time_from_start
    return float(time.sec + 1e-9 * time.nanosec)


def test_each_change_has_its_effect(probe: Probe, commands: list[JointTrajectory]) -> None:
    """Of every changeable parameter, on the very next target."""

    def code(*position: float, z: float = 0.0, fresh: bool = True) -> str:
        if fresh:
            probe.send_joint_state(ARM.joint_names, START, settle=0.05)
        return probe.ask(probe.target(*position, z=z))[0]["code"]

    tried = set()

    def changed(**values: Any) -> None:
        tried.update(values)
        assert change(probe, **values) == ""

    assert code(*FAR) == "step_too_large"
    changed(max_joint_step=[2.0, 0.3])
    assert code(*FAR) == "step_too_large"
    changed(max_joint_step=2)
    assert code(*FAR) == "solved"
    changed(max_joint_step=0.3)

    assert code(2.0005, 0.0) == "unreachable"
    changed(unreachable="closest", max_joint_step=3.0)
    assert values_of(probe.answer(probe.target(2.0005, 0.0)))["code"] == "closest"
    changed(unreachable="reject", tolerance=0.001)
    assert code(2.0005, 0.0) == "solved"
    changed(tolerance=1e-6, max_joint_step=0.3)
    probe.spin_for(1.0)  # until then the arm may be on its way there

    changed(plane_tolerance=0.01)
    assert code(*NEAR, z=0.02) == "off_plane"
    changed(plane_tolerance=-1)
    assert code(*NEAR, z=0.02) == "solved"

    changed(joint_state_timeout=60, streaming=False)
    assert code(*tip(*START)) == "solved"  # so that the way to the next goal is not behind it yet
    for name, value, usual in (
        ("max_velocity", 0.02, 2.0),
        ("max_acceleration", 0.01, 10),
        ("max_jerk", 0.1, 500),
    ):
        durations = []
        for limit in (usual, value):
            changed(**{name: limit})
            probe.spin_for(0.5)
            commands.clear()
            goal = NEAR if limit is usual else tip(*START)
            probe.repeat_until(
                lambda goal=goal: (
                    probe.send_joint_state(ARM.joint_names, START),
                    probe.answer(probe.target(*goal)),
                ),
                lambda: any(len(command.points) > 1 for command in commands),
                "a command along a profile",
            )
            durations.append(max(duration(command) for command in commands))
        changed(**{name: usual})
        assert durations[1] > 1.5 * durations[0], name

    changed(joint_state_timeout=0.2)
    probe.spin_for(0.3)
    assert code(*NEAR, fresh=False) == "stale_joint_state"
    assert "above 0 where commands are sent" in change(probe, joint_state_timeout=0)
    changed(joint_state_timeout=60)
    probe.spin_for(0.3)
    assert code(*NEAR, fresh=False) == "solved"

    tried.add("streaming")  # its effect is in test_tracking.py

    assert change(probe, require_joint_states=False) == (
        "parameter 'require_joint_states' must be true where commands are sent, got False"
    )
    tried.add("require_joint_states")  # its effect is in test_ik_node_parameters.py
    tried.add("transform_timeout")  # in test_frames.py, because it needs tf2
    tried |= {"warn_period", "target_timeout"}  # below
    tried |= {"seed_tolerance", "orientation_tolerance"}  # in test_ik_node_robots.py
    assert tried == {parameter.name for parameter in PARAMETERS if parameter.changeable}


def test_all_or_none(probe: Probe, commands: list[JointTrajectory]) -> None:
    """One wrong value, and none of the others counts; what needs another model does not change at all."""
    reason = change(probe, max_joint_step=2.0, unreachable="perhaps")
    assert "'unreachable' must be one of ['reject', 'closest'], got 'perhaps'" in reason
    response = probe.call(
        GetParameters, "itnnr_ik/get_parameters", GetParameters.Request(names=["max_joint_step"])
    )
    assert response.values[0].double_value == 0.3
    assert probe.ask(probe.target(*FAR))[0]["code"] == "step_too_large"
    assert "'model' must be left alone until the node is cleaned up" in change(probe, model="three_link")


def test_a_target_that_waited_too_long_is_not_acted_on(probe: Probe) -> None:
    """With a timeout shorter than any way through an executor, that is every target."""
    process = probe.start_ik_node()
    probe.send_first_joint_state(ARM.joint_names, START)
    assert change(probe, target_timeout=1e-9, warn_period=0) == ""
    values, status, solution = probe.ask(probe.target(*NEAR))
    assert (values["code"], solution) == ("stale_target", None)
    assert "expected at most target_timeout = 1e-09 s" in status.message
    assert change(probe, target_timeout=60) == ""
    for _ in range(2):
        assert probe.ask(probe.target(9.0, 0.0))[0]["code"] == "unreachable"
    probe.spin_until(lambda: process.output.count("out of reach") >= 2, 5.0, "a warning for every one")


def test_an_orientation_is_ignored_and_that_is_said_once(probe: Probe) -> None:
    """In the status of the first target that asks for one."""
    probe.start_ik_node()
    probe.send_first_joint_state(ARM.joint_names, START)
    notes = []
    for quaternion in ((0.0, 1.0), (0.6, 0.8), (0.6, 0.8)):
        target = probe.target(*NEAR)
        target.pose.orientation.z, target.pose.orientation.w = quaternion
        values, _, solution = probe.ask(target)
        notes.append(values.get("note"))
        assert solution is not None
        np.testing.assert_allclose(tip(*solution.position), NEAR, atol=1e-6)
    assert [note is None for note in notes] == [True, False, True]
    assert "orientations are ignored" in str(notes[1])


def test_what_a_newer_target_overtakes_is_counted(probe: Probe) -> None:
    """A burst leaves the newest, which is answered; where rclpy numbers them, the others are counted."""
    reports: list[DiagnosticArray] = []
    infos: list[MessageInfo] = []

    def take(report: DiagnosticArray, info: MessageInfo) -> None:
        reports.append(report)
        infos.append(info)

    probe.node.create_subscription(DiagnosticArray, "/diagnostics", take, 10)
    probe.start_ik_node()
    probe.send_first_joint_state(ARM.joint_names, START)
    targets = [probe.target(*NEAR) for _ in range(200)]
    for target in targets:
        probe.targets.publish(target)
    last = stamp_text(targets[-1].header.stamp)
    probe.spin_until(
        lambda: any(values_of(status)["stamp"] == last for status in probe.statuses), 10.0, "the last answer"
    )
    answered = len(probe.statuses)
    assert answered < len(targets)
    reports.clear()
    probe.spin_until(lambda: len(reports) > 1, 10.0, "reports on /diagnostics")
    values = values_of(reports[-1].status[0])
    if "publisher_gid" in infos[0]:
        assert int(values["dropped"]) >= len(targets) - answered
    else:  # Jazzy
        assert "dropped" not in values
