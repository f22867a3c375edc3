"""What the running node sends to a controller, and what it refuses to send."""

from __future__ import annotations

import signal
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from probe import SILENCE, Probe, values_of
from processes import START_TIMEOUT
from rules import acceptance_problems
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool
from traffic_loop import COMMANDING, TrafficLoop, assert_solved, swing

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.ros.receiving import MessageInfo

ARM = load_robot("two_link")
START = (-0.2, 0.9)


def tip(*positions: float) -> tuple[float, float]:
    x, y = ARM.forward(positions)[:2]
    return float(x), float(y)


def start(probe: Probe, message_type: type, topic: str, *parameters: str) -> list:
    """A node that sends commands, and the list that fills with them."""
    received: list = []
    probe.node.create_subscription(message_type, topic, received.append, 1000)
    options = [argument for parameter in parameters for argument in ("-p", parameter)]
    probe.start_ik_node("-p", "warn_period:=0", *options)
    probe.send_first_joint_state(ARM.joint_names, START)
    probe.spin_until(lambda: probe.node.count_publishers(topic) > 0, 10.0, f"a publisher of {topic}")
    probe.spin_for(SILENCE)
    return received


def test_trajectories_are_accepted_by_every_rule(probe: Probe) -> None:
    """A robot follows them, by commands that are within limits and at rest at their end."""
    solver = IKSolver.load("two_link")
    loop = TrafficLoop(probe, solver, 50.0, swing(solver, 0.3, lap=4.0), lag=0.1)
    probe.start_ik_node(*COMMANDING, "-p", "max_velocity:=1")
    assert loop.run(START_TIMEOUT, lambda: loop.count()["solved"] > 50 and len(loop.commands) > 50)
    loop.clear()
    loop.run(3.0)
    assert loop.run(START_TIMEOUT, lambda: len(loop.commands) > 100)
    assert_solved(loop)
    anchored = 0
    for command in loop.commands:
        stamp = command.message.header.stamp
        anchored += stamp.sec > 0
        assert stamp.sec > 0 or len(command.message.points) == 1, "but for what brings a robot near"
        assert acceptance_problems(command.message, ARM.joint_names, command.time) == []
        assert ((ARM.lower <= command.positions) & (command.positions <= ARM.upper)).all()
        speeds = np.array([point.velocities for point in command.message.points])
        assert (np.abs(speeds) <= 1.0 + 1e-6).all()
    assert anchored > 0.5 * len(loop.commands), "the robot's joint states have stamps"
    states = np.array([positions for _, positions in loop.states])[-200:]
    times = np.array([at for at, _ in loop.states])[-200:]
    speeds = np.abs(np.diff(states, axis=0)) / np.diff(times)[:, None]
    # A cycle goes where the next one should begin, which comes when it can.
    assert np.median(speeds, axis=0).max() <= 1.0
    assert (np.abs(np.diff(states, axis=0)) <= 1.0 * (np.diff(times)[:, None] + 0.05)).all()
    assert np.ptp(states, axis=0).max() > 0.2


def test_ends_quietly_after_commands(probe: Probe) -> None:
    """Nothing but log lines: ruckig lists whatever of it is left when the interpreter ends."""
    solver = IKSolver.load("two_link")
    loop = TrafficLoop(probe, solver, 50.0, swing(solver, 0.3, lap=4.0))
    process = probe.start_ik_node(*COMMANDING, fresh=True)
    assert loop.run(START_TIMEOUT, lambda: len(loop.commands) > 20)
    assert process.interrupt(signal.SIGINT) == 0
    assert [line for line in process.output.splitlines() if not line.startswith("[")] == []


def test_a_robot_whose_parts_tell_their_joints_apart_is_led(probe: Probe) -> None:
    """Each joint by a publisher of its own: no conflict, and the commands follow the targets."""
    solver = IKSolver.load("two_link")
    other = probe.node.create_publisher(JointState, "joint_states", 10)

    def first_apart(message: JointState) -> JointState:
        names, positions = message.name, message.position
        other.publish(JointState(header=message.header, name=names[:1], position=positions[:1]))
        return JointState(header=message.header, name=names[1:], position=positions[1:])

    loop = TrafficLoop(probe, solver, 50.0, swing(solver, 0.3, lap=4.0), dress=first_apart)
    probe.start_ik_node(*COMMANDING, "-p", "max_velocity:=1")
    assert loop.run(START_TIMEOUT, lambda: loop.count()["solved"] > 100 and len(loop.commands) > 100)
    assert loop.count()["conflicting_joint_states"] == 0


def test_a_large_step_is_refused(probe: Probe) -> None:
    """Neither a command nor a solution, and a status that says how far it would have been."""
    times: list[float] = []
    sent: list[list[float]] = []

    def heard(command: Float64MultiArray, info: MessageInfo) -> None:
        times.append(1e-9 * info["source_timestamp"])
        sent.append(list(command.data))

    probe.node.create_subscription(Float64MultiArray, "arm/positions", heard, 1000)
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
        probe.spin_until(lambda: bool(commands), 5.0, "a command")
        probe.send_joint_state(ARM.joint_names, positions.tolist())
    moved = np.abs(np.diff(sent, axis=0)).max(axis=1)
    seconds = np.maximum(np.diff(times), 0.01)  # longer where this probe was too busy for one in between
    assert len(sent) > 1
    assert (moved <= 2.0 * (1.05 * seconds + 1e-3)).all(), "at command_rate, by max_velocity"


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


def test_joint_states_that_come_late_are_as_old_as_their_stamps(probe: Probe) -> None:
    """Once their clock is known to agree: a stalled network must not make an old posture a present one."""
    start(
        probe,
        Float64MultiArray,
        "arm/positions",
        *("command_out_type:=std_msgs/Float64MultiArray", "command_out_topic:=arm/positions"),
        "joint_state_timeout:=0.5",
    )

    def code(late: float) -> str:
        stamp = time.time() - late
        message = JointState(name=list(ARM.joint_names), position=list(START))
        message.header.stamp.sec, message.header.stamp.nanosec = int(stamp), int(stamp % 1.0 * 1e9)
        probe.states.publish(message)
        probe.spin_for(0.05)
        return str(probe.ask(probe.target(*tip(-0.1, 0.9)))[0]["code"])

    assert [code(0.0) for _ in range(5)] == ["solved"] * 5
    assert code(1.0) == "stale_joint_state"
    assert code(0.0) == "solved"
