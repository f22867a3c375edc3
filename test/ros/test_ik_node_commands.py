"""What the running node sends to a controller, and what it refuses to send."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from probe import SILENCE, Probe, values_of
from rules import acceptance_problems
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.robot import load_robot

ARM = load_robot("two_link")
START = (-0.2, 0.9)


def tip(*positions: float) -> tuple[float, float]:
    x, y = ARM.forward(positions)[:2]
    return float(x), float(y)


def start(probe: Probe, message_type: type, topic: str, *parameters: str) -> list:
    """A node that sends commands, and the list that fills with them."""
    received: list = []
    probe.node.create_subscription(message_type, topic, received.append, 100)
    options = [argument for parameter in parameters for argument in ("-p", parameter)]
    probe.start_ik_node("-p", "warn_period:=0", *options)
    probe.send_first_joint_state(ARM.joint_names, START)
    probe.spin_until(lambda: probe.node.count_publishers(topic) > 0, 10.0, f"a publisher of {topic}")
    probe.spin_for(SILENCE)
    return received


def test_trajectories_are_accepted_by_every_rule(probe: Probe) -> None:
    """Each solution as one command, at rest at its end, and no faster than max_velocity."""
    topic = "joint_trajectory_controller/joint_trajectory"
    commands = start(
        probe, JointTrajectory, topic, "command_out_type:=trajectory_msgs/JointTrajectory", "max_velocity:=1"
    )
    current = np.array(START)
    for step in np.linspace(0.02, 0.4, 12):
        wanted = np.add(START, [step, -step])
        values, _, solution = probe.ask(probe.target(*tip(*wanted)))
        assert values["code"] == "solved"
        assert solution is not None
        probe.spin_until(lambda: bool(commands), 5.0, "a command")
        (command,) = commands
        commands.clear()
        assert acceptance_problems(command, ARM.joint_names) == []
        positions = np.array(command.points[0].positions)
        assert positions.tolist() == list(solution.position)
        assert ((ARM.lower <= positions) & (positions <= ARM.upper)).all()
        duration = command.points[0].time_from_start
        seconds = duration.sec + duration.nanosec * 1e-9
        assert 1.5 * np.abs(positions - current).max() <= 1.0 * seconds + 1e-9
        current = positions
        probe.send_joint_state(ARM.joint_names, current.tolist())


def test_a_large_step_is_refused(probe: Probe) -> None:
    """Neither a command nor a solution, and a status that says how far it would have been."""
    commands = start(
        probe,
        Float64MultiArray,
        "arm/positions",
        "command_out_type:=std_msgs/Float64MultiArray",
        "command_out_topic:=arm/positions",
        "max_joint_step:=0.2",
    )
    values, status, solution = probe.ask(probe.target(*tip(0.3, 0.4)))
    assert (values["code"], solution, commands) == ("step_too_large", None, [])
    assert "expected at most max_joint_step = 0.2 rad; nothing was sent" in status.message
    # Toward it in smaller ones, each from where the arm then is.
    path = [np.array(START) + share * np.array([0.5, -0.5]) for share in np.linspace(0.3, 1.0, 4)]
    for positions in path:
        values, _, _ = probe.ask(probe.target(*tip(*positions)))
        assert values["code"] == "solved"
        probe.send_joint_state(ARM.joint_names, positions.tolist())
    sent = [START, *(list(command.data) for command in commands)]
    assert len(sent) == 5
    assert max(np.abs(np.subtract(a, b)).max() for a, b in pairwise(sent)) <= 0.2


def test_stale_joint_states_stop_it_until_a_new_one_comes(probe: Probe) -> None:
    """By the time of receipt: a stamp of long ago, or none, is as good as any."""
    probe.start_ik_node("-p", "joint_state_timeout:=0.4")
    target = probe.target(*tip(-0.1, 0.9))
    probe.repeat_until(
        lambda: probe.send_joint_state(ARM.joint_names, START),
        lambda: probe.ask(probe.target(*tip(-0.1, 0.9)))[0]["code"] == "solved",
        "a solution",
    )
    probe.spin_for(0.6)
    values, status, solution = probe.ask(target)
    assert (values["code"], solution) == ("stale_joint_state", None)
    assert "expected at most joint_state_timeout = 0.4 s" in status.message
    probe.send_joint_state(ARM.joint_names, START, settle=0.05)
    assert probe.ask(probe.target(*tip(-0.1, 0.9)))[0]["code"] == "solved"


def test_pause_plane_closest_and_diagnostics(probe: Probe) -> None:
    """A paused node answers with that; z counts where it should; the closest point comes where asked for."""
    reports: list[DiagnosticArray] = []
    probe.node.create_subscription(DiagnosticArray, "/diagnostics", reports.append, 10)
    probe.start_ik_node("-p", "plane_tolerance:=0.01", "-p", "unreachable:=closest")
    probe.repeat_until(
        lambda: probe.send_joint_state(ARM.joint_names, START),
        lambda: probe.ask(probe.target(*tip(*START)))[0]["code"] == "solved",
        "a solution",
    )
    assert probe.ask(probe.target(*tip(*START), z=0.009))[0]["code"] == "solved"
    values, status, solution = probe.ask(probe.target(*tip(*START), z=-0.02))
    assert (values["code"], solution) == ("off_plane", None)
    assert "expected at most plane_tolerance = 0.01 m" in status.message

    values = values_of(probe.answer(probe.target(3.0, 0.0)))
    assert values["code"] == "closest"
    assert float(values["residual"]) == pytest.approx(1.0, abs=1e-3)
    probe.spin_until(
        lambda: any(np.allclose(tip(*s.position), (2.0, 0.0), atol=1e-3) for s in probe.solutions),
        5.0,
        "the closest point",
    )

    assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=True)).success
    values, _, solution = probe.ask(probe.target(*tip(*START)))
    assert (values["code"], solution) == ("paused", None)
    assert "present joint state" in probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=False)).message
    assert probe.ask(probe.target(*tip(*START)))[0]["code"] == "solved"

    reports.clear()
    probe.spin_until(lambda: bool(reports), 5.0, "a report on /diagnostics")
    (status,) = reports[-1].status
    values = values_of(status)
    name = f"{probe.namespace.strip('/')}/itnnr_ik"
    assert (status.name, status.hardware_id, status.message) == (name, "two_link", "active")
    assert int(values["solved"]) >= 3
    assert int(values["paused"]) == int(values["closest"]) == 1
    assert float(values["latency_median"]) > 0.0
    assert float(values["joint_state_age"]) >= 0.0


def test_commands_that_nobody_hears_are_told_and_forgotten(probe: Probe) -> None:
    """A warning on /diagnostics; and where the joints would be by now does not count."""
    reports: list[DiagnosticArray] = []
    probe.node.create_subscription(DiagnosticArray, "/diagnostics", reports.append, 10)
    probe.start_ik_node("-p", "command_out_type:=trajectory_msgs/JointTrajectory")
    probe.spin_until(lambda: bool(reports), 5.0, "a report on /diagnostics")
    (status,) = reports[-1].status
    assert status.level == DiagnosticStatus.WARN
    topic = f"{probe.namespace}/joint_trajectory_controller/joint_trajectory"
    assert f"nobody listens to the commands on {topic}" in status.message
    # Each within the 0.3 rad of max_joint_step from the joints, and the two 0.58 rad apart.
    for step in (0.29, -0.29):
        probe.send_joint_state(ARM.joint_names, START)
        assert probe.ask(probe.target(*tip(START[0] + step, START[1])))[0]["code"] == "solved"


def test_a_misspelt_parameter_is_an_error(probe: Probe) -> None:
    """A robot would move by the default; another node's parameters in the same file are none of its own."""
    process = probe.start("ik_node", "-p", "rate:=50.0", "-p", "max_velocty:=0.2")
    assert process.wait() != 0
    assert "parameter 'max_velocty' must be spelt 'max_velocity', got 0.2" in process.output
