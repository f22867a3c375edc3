"""A node that commands falls silent and goes on, while targets and joint states never end."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from probe import Probe, values_of
from processes import START_TIMEOUT
from rules import acceptance_problems
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool
from traffic_loop import COMMANDING, STATE_RATE, TOPIC
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.receiving import MessageInfo
from itnnr_ik.ros.simulation.kinematic_arm import KinematicArm
from itnnr_ik.ros.simulation.trajectory_controller import TrajectoryController

ARM = load_robot("two_link")
MAX_STEP = 0.3  # [rad]
TARGET_RATE = 50.0  # [Hz]
HERE, ELSEWHERE = np.array([-0.2, 0.9]), np.array([0.4, 1.5])
#: From one target to the next, in every joint: no two are the same.
DRIFT = 1e-4  # [rad]
#: How far the joints may have moved since the joint state that a command is made of [rad].
STAYS = 0.05
#: How long each part lasts, and what a target on its way while a request is answered may take, in [s].
PART, ON_ITS_WAY = 1.0, 0.1


class Traffic:
    """Targets and joint states that are sent as long as the probe spins, and all that comes back, for good.

    Times are the system clock's in [s], those of what comes back the sender's.

    Attributes:
        joints: Where the robot is (n,) [rad].
        wanted: Where the targets are, as joint positions (n,) [rad].
        timers: Send ``targets`` and ``joint states``.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.joints, self.wanted = HERE, HERE
        self.targets: list[tuple[float, int, np.ndarray]] = []
        self.states: list[tuple[float, np.ndarray]] = []
        self.commands: list[tuple[float, JointTrajectory]] = []
        self.solutions: list[tuple[float, JointState]] = []
        self.statuses: list[tuple[float, DiagnosticStatus]] = []
        self._followed = 0
        self._listen(JointTrajectory, TOPIC, self.commands)
        self._listen(JointState, "joint_solution", self.solutions)
        self._listen(DiagnosticStatus, "itnnr_ik/status", self.statuses)
        self.timers = {
            "targets": probe.node.create_timer(1.0 / TARGET_RATE, self._send_target),
            "joint states": probe.node.create_timer(1.0 / STATE_RATE, self._send_state),
        }

    def _listen(self, kind: Any, topic: str, record: list[tuple[float, Any]]) -> None:
        def take(message: Any, info: MessageInfo) -> None:
            record.append((1e-9 * info["source_timestamp"], message))

        self._probe.node.create_subscription(kind, topic, take, 1000)

    @property
    def joints(self) -> np.ndarray:
        """Where the robot is (n,) [rad]; somebody may move it, and its controller then holds it there."""
        return self._arm.positions

    @joints.setter
    def joints(self, positions: np.ndarray) -> None:
        self._arm = KinematicArm(ARM, positions)
        self._controller = TrajectoryController(ARM.joint_names, STATE_RATE)
        self._controller.activate(self._arm.positions, self._arm.velocities)

    def _follow(self) -> None:
        now, cycle = time.time_ns(), round(1e9 / STATE_RATE)
        for _, command in self.commands[self._followed :]:
            with suppress(ValueError):  # it came too late for this busy machine
                self._controller.follow(command, now)
        self._followed = len(self.commands)
        set_points = self._controller.update(now, cycle, self._arm.positions, self._arm.velocities)
        self._arm.move(set_points, 1.0 / STATE_RATE)

    def _send_target(self) -> None:
        position = ARM.forward(self.wanted + DRIFT * len(self.targets))[:2]
        message = self._probe.target(*position.tolist())
        self.targets.append((time.time(), message.header.stamp.nanosec, position))
        self._probe.targets.publish(message)

    def _send_state(self) -> None:
        self._follow()
        self.states.append((time.time(), self.joints))
        names = list(ARM.joint_names)
        self._probe.states.publish(JointState(name=names, position=self.joints.tolist()))

    def sent(self, nanosec: int) -> float:
        """When a target was sent."""
        (at,) = (at for at, stamp, _ in self.targets if stamp == nanosec)
        return at

    def commanded(self, command: JointTrajectory) -> float:
        """When the target was sent that a command leads to; inf, where it leads to no solution yet."""
        end = np.array(command.points[-1].positions)
        of = [
            solution.header.stamp.nanosec
            for _, solution in self.solutions
            if np.abs(np.array(solution.position) - end).max() <= 1e-10
        ]
        return self.sent(of[-1]) if of else np.inf

    def state_at(self, at: float) -> np.ndarray:
        """The newest joint state at a time."""
        return next(joints for sent, joints in reversed(self.states) if sent <= at)

    def answered(self, since: float) -> bool:
        return bool(self.codes(since) - {"paused"})

    def commanded_much(self, since: float) -> bool:
        return sum(at > since for at, _ in self.commands) >= 20

    def codes(self, since: float, until: float = np.inf) -> set[str]:
        return {values_of(status)["code"] for at, status in self.statuses if since < at < until}


class Switch:
    """What makes the node fall silent, and go on."""

    def __init__(self, probe: Probe, name: str) -> None:
        self._probe, self.name = probe, name

    def set(self, on: bool) -> None:
        if self.name == "pause":
            assert self._probe.call(SetBool, "itnnr_ik/pause", SetBool.Request(data=not on)).success
            return
        transition = Transition.TRANSITION_ACTIVATE if on else Transition.TRANSITION_DEACTIVATE
        request = ChangeState.Request(transition=Transition(id=transition))
        assert self._probe.call(ChangeState, "itnnr_ik/change_state", request).success


@pytest.mark.parametrize("streaming", [pytest.param("false", marks=pytest.mark.slow), "true"])
@pytest.mark.parametrize("name", [pytest.param("pause", marks=pytest.mark.slow), "activate"])
def test_nothing_old_is_sent(probe: Probe, name: str, streaming: str) -> None:
    """Silent means silent; afterwards a command is for a target of that time, from the joints of that time.

    Thrice: with both sent all the time; with no targets about the moment of going on, so that an old one
    stands out; and with a robot that is moved meanwhile, too far for targets where they were, and without
    joint states about that moment, so that it counts whether the old ones are still known.
    """
    options = ("-p", f"max_joint_step:={MAX_STEP}", "-p", f"streaming:={streaming}")
    process = probe.start_ik_node(*COMMANDING, *options)
    traffic, switch = Traffic(probe), Switch(probe, name)
    probe.spin_until(partial(traffic.commanded_much, 0.0), START_TIMEOUT, "commands")
    for place, held_back in ((HERE, None), (HERE, "targets"), (ELSEWHERE, "joint states")):
        switch.set(False)
        silent = time.time()
        probe.spin_for(PART)
        traffic.joints = place
        probe.spin_for(PART)
        if held_back is not None:
            traffic.timers[held_back].cancel()
            probe.spin_for(3.0 * ON_ITS_WAY)
        resumed = time.time()
        switch.set(True)
        if held_back is not None:
            probe.spin_for(PART)
            traffic.timers[held_back].reset()
        # Discovery takes its time, and until then there is nothing to be seen.
        probe.spin_until(partial(traffic.answered, resumed), START_TIMEOUT, "an answer")
        probe.spin_for(PART)
        if place is ELSEWHERE:
            assert traffic.commands[-1][0] < silent, "the targets are too far away"
            assert "step_too_large" in traffic.codes(resumed)
        traffic.wanted = place
        probe.spin_until(partial(traffic.commanded_much, resumed), START_TIMEOUT, "commands again")

        during = [at for at, _ in (*traffic.commands, *traffic.solutions) if silent < at < resumed]
        assert during == []
        assert traffic.codes(silent, resumed) == ({"paused"} if name == "pause" else set())
        for at, solution in traffic.solutions:
            assert at < silent or traffic.sent(solution.header.stamp.nanosec) > resumed - ON_ITS_WAY
        for at, command in traffic.commands:
            assert acceptance_problems(command, ARM.joint_names) == []
            positions = np.array([point.positions for point in command.points])
            off = np.abs(positions[-1] - traffic.state_at(at)).max()
            # One point brings the controller where the joints are; it leads to no target, old or new.
            stays = len(command.points) == 1 and off <= STAYS
            assert at < silent or stays or traffic.commanded(command) > resumed - ON_ITS_WAY
            assert np.abs(positions - traffic.state_at(at)).max() <= MAX_STEP
    assert process.alive()
    assert "Traceback" not in process.output
