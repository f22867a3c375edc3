"""Joint states and targets sent to a running `ik_node`, one target at a time, and its answers.

The only module of recordings besides `itnnr_ik.ros.running.live` that needs ROS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState

from itnnr_ik.evaluation.answers import SOLVED, Answers
from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.recording.pairing import Array
from itnnr_ik.recording.writer import WrittenSolution, WrittenStatus
from itnnr_ik.ros.messages import positions_if_usable, set_pose
from itnnr_ik.ros.status import stamp_from_text, values_of
from itnnr_ik.ros.time_messages import nanoseconds_of, time_of

UNANSWERED = "unanswered"
#: Timeout of an answer [s].
_ANSWER_TIMEOUT = 5.0
#: From the discovery of the node to the first message [s], for the node to discover this side.
_DISCOVERY_TIME = 0.3
#: A target is sent at least this much later than a joint state [s]: DDS keeps no order between topics.
_STATE_LEAD_TIME = 0.003
_QUEUE_DEPTH = 1000
#: A displacement that differs by more than this [rad] is from another joint state than the one sent.
_STATE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Reply:
    """The answer to a target: status code, positions (n,) in [rad] or [m] or None, and times in [s]."""

    code: str
    positions: Array | None = None
    round_trip: float = np.nan
    solve_time: float = np.nan
    displacement: float = np.nan
    residual: float = np.nan


class Exchange:
    """Talks to an `ik_node` in the namespace of ``node``.

    Args:
        node: Whose publishers and subscriptions are used.
        spin: Serves the node's subscriptions for at most the given time [s], and raises if the other side
            has ended.
        joints: Names of the arm's joints on the robot, base to tip.
        frame: Frame of the targets.

    Attributes:
        replies: By the stamp of their target, in [ns].
        solutions, statuses: All that the node published, in the order of reception.
    """

    def __init__(self, node: Node, spin: Callable[[float], None], joints: Sequence[str], frame: str) -> None:
        self._node = node
        self._spin = spin
        self._joints = tuple(joints)
        self._frame = frame
        self.replies: dict[int, Reply] = {}
        self.solutions: list[WrittenSolution] = []
        self.statuses: list[WrittenStatus] = []
        self._arrivals: dict[int, tuple[float, Array]] = {}
        self._status_values: dict[int, dict[str, str]] = {}
        self._earliest_target = 0.0
        self._found_at: float | None = None
        reliable = QoSProfile(depth=_QUEUE_DEPTH)
        self._targets = node.create_publisher(PoseStamped, "target_pose", 10)
        self._states = node.create_publisher(JointState, "joint_states", 10)
        node.create_subscription(JointState, "joint_solution", self._on_solution, reliable)
        node.create_subscription(DiagnosticStatus, "itnnr_ik/status", self._on_status, reliable)

    def connected(self) -> bool:
        """Whether both sides have discovered each other for long enough that no message is lost."""
        found = (
            self._targets.get_subscription_count() > 0
            and self._states.get_subscription_count() > 0
            and self._node.count_publishers("joint_solution") > 0
            and self._node.count_publishers("itnnr_ik/status") > 0
        )
        if not found:
            self._found_at = None
        elif self._found_at is None:
            self._found_at = time.monotonic()
        return self._found_at is not None and time.monotonic() - self._found_at >= _DISCOVERY_TIME

    def send_state(self, names: Sequence[str], positions: Sequence[float]) -> None:
        """Publish a joint state with these names and positions, in [rad] or [m]."""
        self._states.publish(JointState(name=list(names), position=[float(q) for q in positions]))
        self._earliest_target = time.monotonic() + _STATE_LEAD_TIME

    def ask(self, target: Array, stamp: int) -> Reply:
        """Publish a target with a unique ``stamp`` [ns] and wait for the answer.

        Args:
            target: A point (3,) in [m], or a pose (7,) as x, y, z, qx, qy, qz, qw.
            stamp: Of its header.
        """
        while (left := self._earliest_target - time.monotonic()) > 0.0:
            self._spin(left)
        message = PoseStamped()
        message.header.stamp = time_of(stamp)
        message.header.frame_id = self._frame
        set_pose(message.pose, target)
        sent = time.perf_counter()
        self._targets.publish(message)
        deadline = sent + _ANSWER_TIMEOUT
        while not self._complete(stamp) and time.perf_counter() < deadline:
            self._spin(deadline - time.perf_counter())
        reply = self._reply(stamp, sent)
        self.replies[stamp] = reply
        return reply

    def _complete(self, stamp: int) -> bool:
        values = self._status_values.get(stamp)
        return values is not None and (values["code"] != SOLVED or stamp in self._arrivals)

    def _reply(self, stamp: int, sent: float) -> Reply:
        values = self._status_values.get(stamp)
        if values is None or not self._complete(stamp):
            return Reply(UNANSWERED)
        solve_time, residual, displacement = (
            float(values.get(key, "nan")) for key in ("solve_time", "residual", "displacement")
        )
        if values["code"] != SOLVED:
            return Reply(values["code"], solve_time=solve_time, residual=residual)
        arrived, positions = self._arrivals[stamp]
        return Reply(SOLVED, positions, arrived - sent, solve_time, displacement, residual)

    def _on_solution(self, message: JointState) -> None:
        arrived = time.perf_counter()
        positions = positions_if_usable(message, self._joints)
        if positions is None:
            return
        stamp = nanoseconds_of(message.header.stamp)
        self._arrivals[stamp] = arrived, positions
        self.solutions.append(WrittenSolution(time.time_ns(), stamp, message.header.frame_id, positions))

    def _on_status(self, message: DiagnosticStatus) -> None:
        values = values_of(message)
        level = message.level if isinstance(message.level, int) else int.from_bytes(message.level, "little")
        self.statuses.append(
            WrittenStatus(time.time_ns(), level, message.name, message.message, message.hardware_id, values)
        )
        stamp = stamp_from_text(values.get("stamp", ""))
        if stamp is not None and "code" in values:
            self._status_values[stamp] = values

    def answers(self, replay: Replay, start: Array | None, seconds: float) -> Answers:
        """The replies to the targets of a replay, each sent with its stamp there.

        Args:
            replay: What was asked.
            start: The joint positions (n,) sent before the first target of a replay without joint
                states.
            seconds: Duration of the replay, in [s].
        """
        replies = [self.replies.get(int(stamp), Reply(UNANSWERED)) for stamp in replay.stamps]
        n = len(self._joints)
        nowhere = np.full(n, np.nan)
        positions = np.array([nowhere if r.positions is None else r.positions for r in replies])
        positions = positions.reshape(-1, n)
        current = replay.current
        if current is None:
            assert start is not None
            current = _last_answers(positions, start)
        reported = np.array([reply.displacement for reply in replies])
        differs = np.abs(np.abs(positions - current).max(axis=1) - reported) > _STATE_TOLERANCE
        rejected = sum("stamp" not in s.values for s in self.statuses if "code" in s.values)
        notes = []
        if differs.any():
            notes.append(
                f"{differs.sum()} targets were solved from another joint state than the one before them"
            )
        if rejected:
            notes.append(f"the node rejected {rejected} joint states")
        solve_times = np.array([reply.solve_time for reply in replies])
        round_trips = np.array([reply.round_trip for reply in replies])
        codes = np.array([reply.code for reply in replies])
        closest = np.array([reply.residual for reply in replies])
        return Answers(
            positions,
            current,
            codes,
            closest,
            solve_times,
            round_trips,
            seconds,
            batched=False,
            notes=tuple(notes),
        )


def _last_answers(positions: Array, start: Array) -> Array:
    """The last answer before each answer (b, n), which is NaN for none; ``start`` before the first."""
    states = np.empty_like(positions)
    state = start
    for i, answer in enumerate(positions):
        states[i] = state
        if np.isfinite(answer).all():
            state = answer
    return states
