"""The whole loop with physics: target_source, ik_node and the simulator with MuJoCo, each a process.

Targets come at 100 Hz and move at 0.15 m/s on average, a lap in 9 to 33 s. The error is the distance of the
tip, by the joint states, from where the target is at that very time, so it is mostly what the arm is late:
the age of the target, the 10 ms or more of every trajectory, and the servos. The bound allows for 33 ms at
that speed, because the machine may be busy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from probe import Probe, values_of
from processes import START_TIMEOUT
from rosgraph_msgs.msg import Clock
from rules import acceptance_problems
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik import IKSolver
from itnnr_ik.ros.interfaces import COMMAND_TYPES
from itnnr_ik.targets import curve_for

pytest.importorskip("mujoco", reason="the simulator needs MuJoCo")

TRAJECTORY, ARRAY = COMMAND_TYPES
RATE = 100.0  # [Hz]
SPEED = 0.15  # [m/s]
SHORT = 5.0  # [s] of a lap, where a whole one takes too long
SETTLING = 1.5  # [s]
LEAST = 0.3  # of the commands and the joint states that there are on a machine that has time
MAX_JOINT_STEP = 0.3  # [rad], ik_node's default
MOST_ERROR = 0.005  # [m]
#: Of positions, which wait for a timer that is late on a busy machine [m].
MOST_ERROR_OF_ARRAYS = 0.02
#: Of set-points that slow down for each target: at 10 rad/s² half a second is on the way [m].
MOST_ERROR_AT_REST = 0.02
#: Forms in which ik_node sends trajectories, the options that make them, and the largest median error [m].
FORMS: dict[str, tuple[tuple[str, ...], float]] = {
    "streaming": ((), MOST_ERROR),
    "slowing down for each": (("-p", "streaming:=false"), MOST_ERROR_AT_REST),
}


@dataclass
class Heard:
    """What went over the topics, times in [s] of the simulation."""

    targets: list[PoseStamped] = field(default_factory=list)
    commands: list[Any] = field(default_factory=list)
    states: list[JointState] = field(default_factory=list)

    def target_times(self) -> np.ndarray:
        return np.array([seconds(target.header.stamp) for target in self.targets])

    def target_positions(self) -> np.ndarray:
        points = [target.pose.position for target in self.targets]
        return np.array([(point.x, point.y, point.z) for point in points])

    def command_positions(self) -> np.ndarray:
        return np.array(
            [c.data if isinstance(c, Float64MultiArray) else c.points[-1].positions for c in self.commands]
        )


def period(arm_name: str, curve: str) -> float:
    """Time of a lap at `SPEED`, in [s]."""
    points = curve_for(IKSolver.load(arm_name), curve).at(np.linspace(0.0, 2.0 * np.pi, 500))
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) / SPEED


def seconds(time: Any) -> float:
    return float(time.sec + 1e-9 * time.nanosec)


def track(
    probe: Probe, arm_name: str, curve: str, command_type: str, duration: float, *options: str
) -> Heard:
    """Run the three nodes on simulated time for ``duration`` [s], from the curve's start."""
    start = curve_for(IKSolver.load(arm_name), curve).start
    message, topic = COMMAND_TYPES[command_type]
    heard = Heard()
    probe.node.create_subscription(PoseStamped, "target_pose", heard.targets.append, 2000)
    probe.node.create_subscription(message, topic, heard.commands.append, 2000)
    probe.node.create_subscription(JointState, "joint_states", heard.states.append, 2000)
    clocks: list[Clock] = []
    probe.node.create_subscription(Clock, "clock", clocks.append, 10)

    common = ("-r", "/clock:=clock", "-p", f"model:={arm_name}", "-p", f"command_out_type:={command_type}")
    posture = ",".join(map(str, start))
    probe.start(
        "simulator",
        *common,
        *("-p", "engine:=mujoco", "-p", "publish_clock:=true", "-p", f"initial_positions:=[{posture}]"),
    )
    probe.start("ik_node", *common, "-p", "use_sim_time:=true", *options)
    probe.spin_until(
        lambda: (
            bool(clocks)
            and probe.node.count_publishers(topic) > 0
            and probe.node.count_subscribers(topic) > 1
            and probe.node.count_publishers("itnnr_ik/status") > 0
        ),
        START_TIMEOUT,
        "simulator and ik_node",
    )
    probe.spin_for(0.5)
    source = probe.start(
        "target_source",
        *("-r", "/clock:=clock", "-p", "use_sim_time:=true", "-p", f"model:={arm_name}"),
        *("-p", f"pattern:={curve}", "-p", f"rate:={RATE:g}", "-p", f"period:={period(arm_name, curve):g}"),
        *("-p", f"count:={round(duration * RATE)}", "-p", "subscribers:=2"),
    )
    probe.spin_until(lambda: not source.alive(), START_TIMEOUT + duration, "the end of the targets")
    assert source.wait() == 0, source.output
    probe.spin_for(0.2)
    return heard


def check(probe: Probe, arm_name: str, heard: Heard, most_error: float = MOST_ERROR) -> None:
    """Every target solved, every command fit for a controller, one branch, and the tip at the target."""
    solver = IKSolver.load(arm_name)
    arm = solver.arm
    assert {values_of(status)["code"] for status in probe.statuses} == {"solved"}
    times = heard.target_times()
    # The node takes the newest target: on a busy machine some are overtaken, and joint states are fewer.
    assert len(heard.commands) > LEAST * len(times)
    positions = heard.command_positions()
    assert ((arm.lower <= positions) & (positions <= arm.upper)).all()
    assert max(np.abs(b - a).max() for a, b in pairwise(positions)) <= MAX_JOINT_STEP
    for command in heard.commands:
        if isinstance(command, JointTrajectory):
            assert acceptance_problems(command, arm.joint_names) == []

    first, last = times[0] + SETTLING, times[-1]
    states = [state for state in heard.states if first <= seconds(state.header.stamp) <= last]
    joints = np.array([state.position for state in states])
    assert len(joints) > LEAST * RATE * (last - first)
    # Branches differ in the sides to which the elbows bend; between two of them an elbow is straight.
    elbows = slice(2 if arm_name == "yaw_pitch_pitch" else 1, None)
    assert len(np.unique(np.sign([*positions[:, elbows], *joints[:, elbows]]), axis=0)) == 1
    then = np.array([seconds(state.header.stamp) for state in states])
    targets = heard.target_positions()
    columns = targets[:, : solver.task.n_coordinates].T
    wanted = np.stack([np.interp(then, times, column) for column in columns], axis=1)
    errors = np.linalg.norm(solver.target_at(joints) - wanted, axis=1)
    median, p99 = np.quantile(errors, (0.5, 0.99))
    print(f"{arm_name}: tip error median {1e3 * median:.2f} mm, p99 {1e3 * p99:.2f} mm")  # pytest -s
    assert median <= most_error


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("curve", ["circle", "lemniscate"])
@pytest.mark.parametrize("arm", ["two_link", "three_link", "yaw_pitch_pitch"])
def test_a_lap_by_trajectories(probe: Probe, arm: str, curve: str, form: str) -> None:
    """A joint_trajectory_controller's way."""
    options, most = FORMS[form]
    check(probe, arm, track(probe, arm, curve, TRAJECTORY, period(arm, curve), *options), most)


@pytest.mark.parametrize("form", ["streaming", pytest.param("slowing down for each", marks=pytest.mark.slow)])
def test_a_stretch_by_trajectories(probe: Probe, form: str) -> None:
    """The arm that gravity pulls at."""
    options, most = FORMS[form]
    heard = track(probe, "yaw_pitch_pitch", "lemniscate", TRAJECTORY, SHORT, *options)
    check(probe, "yaw_pitch_pitch", heard, most)


def test_a_stretch_by_arrays(probe: Probe) -> None:
    """A forward_command_controller's way, with the heaviest arm."""
    check(probe, "three_link", track(probe, "three_link", "circle", ARRAY, SHORT), MOST_ERROR_OF_ARRAYS)
