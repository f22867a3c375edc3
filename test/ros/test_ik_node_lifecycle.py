"""The node's life: configured, active, inactive and active again."""

from __future__ import annotations

import signal

from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from probe import SILENCE, Probe, values_of
from processes import START_TIMEOUT
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_srvs.srv import SetBool

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.status import stamp_text

ARM = load_robot("two_link")
START = (-0.2, 0.9)
TARGET = (1.71, 0.48)


def change(probe: Probe, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(probe.call(ChangeState, "itnnr_ik/change_state", request).success)


def state(probe: Probe) -> str:
    response = probe.call(GetState, "itnnr_ik/get_state", GetState.Request(), repeat=True)
    return str(response.current_state.label)


def test_transitions(probe: Probe) -> None:
    """Silent unless active; the second activation knows nothing of what came before."""
    process = probe.start(
        "ik_node", *("-p", "autostart:=false", "-p", "joint_state_timeout:=0", "-p", "warn_period:=0")
    )
    assert state(probe) == "unconfigured"
    assert change(probe, Transition.TRANSITION_CONFIGURE)
    assert state(probe) == "inactive"
    probe.targets.publish(probe.target(*TARGET))
    probe.spin_for(SILENCE)
    assert probe.statuses == []

    assert change(probe, Transition.TRANSITION_ACTIVATE)
    probe.wait_for_ik_node()
    probe.send_first_joint_state(ARM.joint_names, START)
    assert probe.ask(probe.target(*TARGET))[0]["code"] == "solved"

    assert change(probe, Transition.TRANSITION_DEACTIVATE)
    probe.clear()
    heard: list[DiagnosticStatus] = []  # the probe's own list is emptied while it waits
    probe.node.create_subscription(DiagnosticStatus, "itnnr_ik/status", heard.append, 100)
    old = probe.target(*TARGET)
    probe.targets.publish(old)
    probe.spin_for(SILENCE)
    assert (probe.statuses, probe.solutions) == ([], [])

    assert change(probe, Transition.TRANSITION_ACTIVATE)
    probe.wait_for_ik_node()
    assert probe.ask(probe.target(*TARGET))[0]["code"] == "no_joint_state"
    assert len(heard) >= 2
    assert stamp_text(old.header.stamp) not in {values_of(status)["stamp"] for status in heard}
    probe.send_first_joint_state(ARM.joint_names, (0.6, -0.9))
    _, _, solution = probe.ask(probe.target(*TARGET))
    assert solution is not None
    assert solution.position[1] < 0.0, "the branch is that of the present state"

    assert change(probe, Transition.TRANSITION_DEACTIVATE)
    assert change(probe, Transition.TRANSITION_CLEANUP)
    assert state(probe) == "unconfigured"
    assert change(probe, Transition.TRANSITION_CONFIGURE)
    assert change(probe, Transition.TRANSITION_ACTIVATE)
    probe.wait_for_ik_node()
    assert state(probe) == "active"
    assert process.interrupt(signal.SIGINT) == 0


def test_a_pause_outlasts_transitions(probe: Probe) -> None:
    """Who starts the node anew to change a parameter may not know why it was paused."""
    process = probe.start_ik_node("-p", "joint_state_timeout:=0")
    assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=True)).success
    assert change(probe, Transition.TRANSITION_DEACTIVATE)
    assert change(probe, Transition.TRANSITION_CLEANUP)
    assert change(probe, Transition.TRANSITION_CONFIGURE)
    assert change(probe, Transition.TRANSITION_ACTIVATE)
    probe.wait_for_ik_node()
    probe.send_joint_state(ARM.joint_names, START)
    assert probe.ask(probe.target(*TARGET))[0]["code"] == "paused"
    assert "but paused" in process.output
    assert probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=False)).success
    probe.send_joint_state(ARM.joint_names, START)
    assert probe.ask(probe.target(*TARGET))[0]["code"] == "solved"


def test_what_cannot_be_configured_stays_unconfigured(probe: Probe) -> None:
    """One line that says why, and the process lives on."""
    process = probe.start("ik_node", "-p", "autostart:=false", "-p", "model:=four_link")
    assert not change(probe, Transition.TRANSITION_CONFIGURE)
    assert state(probe) == "unconfigured"
    probe.spin_until(lambda: "four_link" in process.output, START_TIMEOUT, "a line in the log")
    assert process.alive()


def test_a_topic_that_is_none_can_be_corrected(probe: Probe) -> None:
    """Nothing is left behind by a configuration that failed: another value, and it works."""
    process = probe.start(
        "ik_node",
        *("-p", "autostart:=false", "-p", "command_out_type:=std_msgs/Float64MultiArray"),
        *("-p", "command_out_topic:=my controller"),
    )
    assert not change(probe, Transition.TRANSITION_CONFIGURE)
    text = "parameter 'command_out_topic' must be the name of a topic, got 'my controller'"
    probe.spin_until(lambda: text in process.output, START_TIMEOUT, "a line in the log")
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="my_controller")
    request = SetParameters.Request(parameters=[Parameter(name="command_out_topic", value=value)])
    (result,) = probe.call(SetParameters, "itnnr_ik/set_parameters", request).results
    assert result.successful
    assert change(probe, Transition.TRANSITION_CONFIGURE)
    probe.spin_until(lambda: probe.node.count_publishers("my_controller") == 1, START_TIMEOUT, "the topic")


def test_it_starts_by_itself(probe: Probe) -> None:
    """autostart is the default."""
    probe.start_ik_node()
    assert state(probe) == "active"
