"""Ages count from receipt on the node's clock: simulated time, recorded stamps and no stamps at all."""

from __future__ import annotations

import pytest
from builtin_interfaces.msg import Time
from probe import Probe
from processes import ANSWER_TIMEOUT
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.robot import load_robot

ARM = load_robot("two_link")
START = (-0.2, 0.9)
TARGET = (1.71, 0.48)
OLD, NONE, AHEAD = Time(sec=1_000_000), Time(), Time(sec=2_000_000_000)


class SimulatedTime:
    """Publishes the clock of a probe's namespace."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._clock = probe.node.create_publisher(Clock, "clock", QoSProfile(depth=1))

    def set(self, seconds: float) -> None:
        """Publish, and give it time to arrive."""
        sec = int(seconds)
        self._clock.publish(Clock(clock=Time(sec=sec, nanosec=int(1e9 * (seconds - sec)))))
        self._probe.spin_for(0.2)


@pytest.fixture
def clock(probe: Probe) -> SimulatedTime:
    """Of a running node that follows it, at 100 s."""
    return start(probe)


def start(probe: Probe, *parameters: str) -> SimulatedTime:
    clock = SimulatedTime(probe)
    options = [argument for parameter in parameters for argument in ("-p", parameter)]
    probe.start_ik_node(
        *("-p", "use_sim_time:=true", "-r", "/clock:=clock"),
        *("-p", "joint_state_timeout:=1.0", "-p", "warn_period:=0", *options),
    )
    probe.repeat_until(
        lambda: (clock.set(100.0), probe.send_joint_state(ARM.joint_names, START)),
        lambda: code(probe) == "solved",
        "a solution under simulated time",
    )
    return clock


def code(probe: Probe, stamp: Time | None = None) -> str:
    """The outcome of a target; of one with a stamp that others may have too, the newest status counts."""
    target = probe.target(*TARGET)
    if stamp is None:
        return probe.ask(target)[0]["code"]
    target.header.stamp = stamp
    probe.clear()
    probe.targets.publish(target)
    probe.spin_until(lambda: bool(probe.statuses), ANSWER_TIMEOUT, "a status")
    return {pair.key: pair.value for pair in probe.statuses[-1].values}["code"]


def test_simulated_time_ages_joint_states(probe: Probe, clock: SimulatedTime) -> None:
    """A clock that stands still lets nothing grow old; one that goes on does, and one that starts again."""
    probe.spin_for(1.5)
    assert code(probe) == "solved", "a paused simulation"
    clock.set(101.5)
    assert code(probe) == "stale_joint_state"
    probe.send_joint_state(ARM.joint_names, START)
    assert code(probe) == "solved"
    clock.set(3.0)
    assert code(probe) == "solved", "the simulation was reset"
    clock.set(4.5)
    assert code(probe) == "stale_joint_state"


def test_commands_go_by_the_controllers_clock(probe: Probe) -> None:
    """The set-point moves with simulated time, not the machine's."""
    commands: list[JointTrajectory] = []
    probe.node.create_subscription(JointTrajectory, "commands", commands.append, 100)
    clock = start(probe, "command_out_type:=trajectory_msgs/JointTrajectory", "command_out_topic:=commands")
    now = 101.0
    clock.set(now)
    probe.send_joint_state(ARM.joint_names, START)
    target = ARM.forward((START[0] + 0.25, START[1]))[:2]
    assert probe.ask(probe.target(*target))[0]["code"] == "solved"
    probe.spin_until(lambda: bool(commands), 5.0, "a command")
    probe.spin_for(0.4)
    sent = len(commands)
    probe.spin_for(0.4)
    assert len(commands) == sent, "the clock stands still"
    while not any(len(command.points) > 1 for command in commands):
        assert now < 103.0, "half a second is enough to be brought where the joints are"
        now += 0.02
        clock.set(now)
        probe.send_joint_state(ARM.joint_names, START, settle=0.02)
        probe.answer(probe.target(*target))


@pytest.mark.parametrize("stamp", [OLD, NONE, AHEAD], ids=["old", "none", "ahead"])
@pytest.mark.parametrize(
    "simulated",
    [pytest.param(False, marks=pytest.mark.slow, id="wall time"), pytest.param(True, id="simulated time")],
)
def test_stamps_do_not_matter(
    probe: Probe, simulated: bool, stamp: Time, request: pytest.FixtureRequest
) -> None:
    """Those of a recording, of a driver that gives none, and of a clock that is ahead."""
    if simulated:
        request.getfixturevalue("clock")
    else:
        probe.start_ik_node("-p", "joint_state_timeout:=10", "-p", "target_timeout:=10")
        probe.send_first_joint_state(ARM.joint_names, START)
    probe.send_joint_state(ARM.joint_names, START, header=Header(stamp=stamp))
    assert code(probe, stamp) == "solved"
