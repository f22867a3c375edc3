"""A robot that follows commands and a sender of targets, in the probe: they go on while nodes come and go."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import PoseStamped
from probe import Probe, values_of
from rclpy.publisher import Publisher
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik import IKSolver
from itnnr_ik.robot import ForwardModel
from itnnr_ik.ros.receiving import MessageInfo
from itnnr_ik.ros.simulation.kinematic_arm import KinematicArm
from itnnr_ik.ros.simulation.trajectory_controller import TrajectoryController

STATE_RATE = 100.0  # [Hz]
#: How long a joint state is on its way and a target solved, and how late the probe may hear of it, in [s].
ON_ITS_WAY, MEMORY = 0.1, 20.0
TOPIC = "joint_trajectory_controller/joint_trajectory"
#: Parameters of an ik_node that commands the robot.
COMMANDING = ("-p", "command_out_type:=trajectory_msgs/JointTrajectory")

Path = Callable[[float], np.ndarray]


def bent(arm: ForwardModel) -> np.ndarray:
    """A posture (n,) [rad]: the first joint mid-range, the others a quarter of their range further."""
    positions: np.ndarray = (arm.lower + arm.upper) / 2
    positions[1:] += (arm.upper - arm.lower)[1:] / 4
    return positions


def swing(solver: IKSolver, amplitude: float, lap: float, phase: float = 0.0) -> Path:
    """Targets by time [s]: each joint swings by ``amplitude`` [rad] about a bent posture."""
    middle, offsets = bent(solver.arm), np.arange(solver.arm.n_joints)
    return lambda t: solver.target_at(middle + amplitude * np.sin(2.0 * np.pi * t / lap + phase + offsets))


@dataclass(frozen=True, eq=False)
class Sent:
    """A target: when [s], and what, as the solver takes it."""

    time: float
    target: np.ndarray


@dataclass(frozen=True, eq=False)
class Solved:
    """A solution: of which target, when it came [s], joint positions (n,) [rad]."""

    target: Sent
    time: float
    positions: np.ndarray


@dataclass(frozen=True, eq=False)
class Command:
    """A command: when it was sent [s], and how far its end is from the newest joint state of that time [rad].

    It came later than it was sent by ``late`` [s], and may have been made from a joint state that a newer one
    overtook: ``moved`` is how far the joints moved in that time [rad]. ``positions`` (k, n) are those of all
    points.
    """

    message: JointTrajectory
    time: float
    late: float
    positions: np.ndarray
    step: float
    moved: float


def assert_solved(loop: TrafficLoop) -> None:
    """Most are: on a busy machine the robot may be left too far behind for one step."""
    count = loop.count()
    assert count["solved"] > 0.75 * count.total(), count
    assert count.keys() <= {"solved", "step_too_large"}


class TrafficLoop:
    """Sends targets and joint states at even rates and takes in what the node makes of them.

    Times are the system clock's, as those of messages are. What has come can be looked at and cleared between
    two runs.

    Args:
        probe: Talks to the node; its own lists are emptied.
        solver: Its arm is the robot, bent at first; it is where a joint_trajectory_controller has it.
        rate: Targets a second of each path.
        paths: What each of the publishers of targets sends.
        lag: The paths stand still while the robot's tool is farther than this from a target of theirs [m].
        dress: What becomes of each joint state before it is sent.
    """

    def __init__(
        self,
        probe: Probe,
        solver: IKSolver,
        rate: float,
        *paths: Path,
        lag: float = np.inf,
        dress: Callable[[JointState], JointState] = lambda message: message,
    ) -> None:
        self._probe, self._arm, self._period, self._dress = probe, solver.arm, 1.0 / rate, dress
        self._solver, self._lag, self._along = solver, lag, 0.0
        more = [probe.node.create_publisher(PoseStamped, "target_pose", 10) for _ in paths[1:]]
        self._senders: list[tuple[Publisher, Path]] = list(zip([probe.targets, *more], paths, strict=True))
        probe.node.create_subscription(JointTrajectory, TOPIC, self._on_command, 1000)
        self._robot = KinematicArm(self._arm, bent(self._arm))
        self._controller = TrajectoryController(self._arm.joint_names, STATE_RATE)
        self._controller.activate(self._robot.positions, self._robot.velocities)
        self.send_states = True
        self.states: deque[tuple[float, np.ndarray]] = deque()
        self.sent: dict[int, Sent] = {}
        self.solved: list[Solved] = []
        self.codes: list[tuple[Sent, str]] = []
        self.commands: list[Command] = []
        self.refused = 0
        self._last_state = time.time() - 1.0 / STATE_RATE
        self._next_target = self._next_state = self._last_target = time.time()

    def clear(self) -> None:
        """Forget what came; targets whose answer is still out stay known."""
        self.solved.clear()
        self.codes.clear()
        self.commands.clear()

    def forget(self) -> None:
        """Start anew: no target is known, and what came is forgotten."""
        self.clear()
        self.sent.clear()

    def count(self) -> Counter[str]:
        """How often each code came."""
        return Counter(code for _, code in self.codes)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Go on for ``seconds`` [s], or until a condition holds; whether it does."""
        end = time.time() + seconds
        while (now := time.time()) < end:
            if until():
                return True
            if now >= self._next_state:
                self._next_state = now + 1.0 / STATE_RATE
                self._send_state(now)
            if now >= self._next_target:
                # After a delay the rate is caught up with by and by.
                self._next_target = max(self._next_target + self._period, now + self._period / 2.0)
                self._send_targets(now)
            due = min(self._next_state, self._next_target, end)
            self._probe.spin_once(max(0.0, due - time.time()))
            self._collect()
        return until()

    def drain(self, seconds: float) -> None:
        """Only receive, for ``seconds`` [s]."""
        end = time.time() + seconds
        while (left := end - time.time()) > 0.0:
            self._probe.spin_once(left)
            self._collect()

    def _send_state(self, now: float) -> None:
        period, robot = now - self._last_state, self._robot
        self._last_state = now
        set_points = self._controller.update(
            round(1e9 * now), round(1e9 * period), robot.positions, robot.velocities
        )
        robot.move(set_points, period)
        while self.states and self.states[0][0] < now - MEMORY:
            self.states.popleft()
        if self.send_states:
            positions = robot.positions
            self.states.append((now, positions))
            names = list(self._arm.joint_names)
            message = JointState(name=names, position=positions.tolist())
            message.header.stamp.sec, message.header.stamp.nanosec = int(now), int(now % 1.0 * 1e9)
            self._probe.states.publish(self._dress(message))

    def _send_targets(self, now: float) -> None:
        # A pause of this process must not be one long step.
        passed, self._last_target = min(now - self._last_target, 2.0 * self._period), now
        if self._lag == np.inf or all(self._behind(path) <= self._lag for _, path in self._senders):
            self._along += passed
        for publisher, path in self._senders:
            target = path(self._along)
            message = self._probe.pose(target, frame=self._arm.base_link)
            self.sent[message.header.stamp.nanosec] = Sent(time.time(), target)
            publisher.publish(message)

    def _behind(self, path: Path) -> float:
        return float(np.linalg.norm(path(self._along) - self._solver.target_at(self._robot.positions)))

    def _on_command(self, message: JointTrajectory, info: MessageInfo) -> None:
        positions = np.array([point.positions for point in message.points])
        sent = 1e-9 * info["source_timestamp"]
        newest: np.ndarray | None = None
        step, moved = np.inf, 0.0
        for at, state in reversed(self.states):
            if at > sent:
                continue
            if newest is None:
                newest = state
                step = float(np.abs(positions[-1] - newest).max())
            moved = max(moved, float(np.abs(newest - state).max()))
            if at < sent - ON_ITS_WAY:
                break
        self.commands.append(Command(message, sent, time.time() - sent, positions, step, moved))
        try:
            self._controller.follow(message, time.time_ns())
        except ValueError:  # as a controller does with what comes too late
            self.refused += 1

    def _collect(self) -> None:
        now = time.time()
        for solution in self._probe.solutions:
            target = self.sent[solution.header.stamp.nanosec]
            self.solved.append(Solved(target, now, np.array(solution.position)))
        for status in self._probe.statuses:
            values = values_of(status)
            assert "stamp" in values, status.message
            self.codes.append((self.sent[int(values["stamp"].partition(".")[2])], values["code"]))
        self._probe.clear()
