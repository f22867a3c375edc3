"""The node ``evaluator``: forwards a recording that is played to `ik_node`, and measures the answers.

``ros2 bag play`` has no notion of targets, and DDS keeps no order between topics. So the recorded messages
are remapped to ``recorded/joint_states`` and ``recorded/poses``, and this node forwards them one after the
other: a target waits for the answer to the previous one, and the joint state recorded with it follows it.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState

from itnnr_ik.evaluation.answers import SOLVED
from itnnr_ik.evaluation.measures import evaluate
from itnnr_ik.evaluation.output import Output
from itnnr_ik.evaluation.pose_targets import pose_of, rejection_reason, target_of
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.evaluation.replay_sources import make_replay
from itnnr_ik.evaluation.report import format_report
from itnnr_ik.recording import RecordedJoints, RecordedPose
from itnnr_ik.recording.pairing import usable_positions
from itnnr_ik.recording.writer import STORAGES
from itnnr_ik.robot.frame_names import without_slash
from itnnr_ik.ros.messages import pose_values
from itnnr_ik.ros.running.exchange import Exchange
from itnnr_ik.ros.running.process import run_node
from itnnr_ik.ros.setup.parameters import Choice, Text
from itnnr_ik.ros.setup.robot import JOINTS, MODEL, ROBOT_BASE_LINK, solver_from_parameters
from itnnr_ik.ros.setup.settings import ORIENTATION_TOLERANCE, TOLERANCE
from itnnr_ik.ros.time_messages import nanoseconds_of
from itnnr_ik.targets import first_posture

NAME = "evaluator"
FROM_JOINTS, FROM_POSES, FROM_POSES_ALONE = "joints", "poses", "poses_alone"

_TARGETS = Choice(
    "targets",
    FROM_JOINTS,
    "Where targets come from: the tool at recorded joints, recorded poses, or recorded poses without joint "
    "states, each solved from the answer before",
    choices=(FROM_JOINTS, FROM_POSES, FROM_POSES_ALONE),
)
_HTML = Text("html", "", "Where the report with plots is written, a file; empty: nowhere")
_RECORD = Text("record", "", "Where the answers are recorded, a new folder; empty: nowhere")
_STORAGE = Choice("storage", "mcap", "Storage of the new recording", choices=tuple(STORAGES))

_SPIN_SECONDS = 0.1
_QUEUE_DEPTH = 5000
_TOPICS = {"joints": "recorded/joint_states", "poses": "recorded/poses"}


class Evaluator(Node):
    """Forwards recorded messages to `ik_node`, and evaluates its answers at the end.

    Raises:
        ValueError: A parameter's value cannot be used, the robot cannot, or a file cannot be written.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        self._solver = solver_from_parameters(self, TOLERANCE.get(self), ORIENTATION_TOLERANCE.get(self))
        self._model = MODEL.get(self) or self._solver.arm.name
        self._joints = JOINTS.of(self._solver.arm, JOINTS.get(self))
        self._kind = _TARGETS.get(self)
        html, record = _HTML.get(self), _RECORD.get(self)
        self._output = Output(
            Path(html) if html else None, Path(record) if record else None, _STORAGE.get(self)
        )
        self._output.check()
        self._exchange = Exchange(
            self,
            self._spin_once,
            self._joints,
            ROBOT_BASE_LINK.get(self) or self._solver.arm.base_link,
        )
        self._states: list[RecordedJoints] = []
        self._poses: list[RecordedPose] = []
        self._queue: deque[Callable[[], None]] = deque()
        self._last_received = 0
        self._start_time: float | None = None
        self._end_time = 0.0
        self._has_state = False
        self._first: np.ndarray | None = None
        # Best effort matches every publisher, reliable or not.
        qos = QoSProfile(depth=_QUEUE_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(JointState, _TOPICS["joints"], self._on_state, qos)
        self.create_subscription(PoseStamped, _TOPICS["poses"], self._on_pose, qos)
        self.get_logger().info(f"evaluating {self._solver.arm.name}: targets from {self._kind}")

    def _spin_once(self, seconds: float) -> None:
        """Serve the subscriptions for at most ``seconds`` while an answer is awaited."""
        assert self.executor is not None, "run_node has given it one"
        self.executor.spin_once(timeout_sec=max(0.0, min(seconds, _SPIN_SECONDS)))

    def serve(self) -> None:
        """Forward the messages received, once `ik_node` is connected."""
        while self._queue and rclpy.ok() and self._exchange.connected():
            if self._start_time is None:
                self._start_time = time.perf_counter()
            self._queue.popleft()()
            self._end_time = time.perf_counter()

    def finish(self) -> None:
        """Print the report and write the files.

        Raises:
            ValueError: No target came, or none was sent.
        """
        poses = self._kind != FROM_JOINTS
        selection = Selection(
            joints=self._joints,
            joint_topic=_TOPICS["joints"],
            pose_topic=_TOPICS["poses"] if poses else None,
        )
        states = [] if self._kind == FROM_POSES_ALONE else self._states
        replay = make_replay("played recording", self._solver, selection, states, self._poses)
        if replay.current is None and self._first is None:
            if self._kind == FROM_POSES_ALONE:
                raise ValueError("expected ik_node to take the poses, got no connection to it")
            raise ValueError(
                "expected joint states beside the poses, got none that can be used; targets:=poses_alone "
                "solves each pose from the answer before"
            )
        seconds = self._end_time - (self._start_time or self._end_time)
        answers = self._exchange.answers(replay, self._first, seconds)
        evaluation = evaluate(self._solver, self._model, replay, answers, 0.0)
        print(format_report(evaluation), flush=True)
        exchange = self._exchange
        for line in self._output.write(
            self._solver, replay, answers, evaluation, exchange.solutions, exchange.statuses
        ):
            print(line, flush=True)

    def _received(self) -> int:
        """Reception time in [ns], unique for each message, by which answers are identified."""
        self._last_received = max(self._last_received + 1, self.get_clock().now().nanoseconds)
        return self._last_received

    def _on_state(self, message: JointState) -> None:
        state = RecordedJoints(
            self._received(),
            nanoseconds_of(message.header.stamp),
            tuple(message.name),
            np.array(message.position, dtype=float),
        )
        if self._kind != FROM_POSES_ALONE:
            self._states.append(state)
            self._queue.append(lambda: self._pass_state(state))

    def _on_pose(self, message: PoseStamped) -> None:
        if self._kind == FROM_JOINTS:
            return
        values = np.array(pose_values(message.pose))
        pose = RecordedPose(
            self._received(),
            nanoseconds_of(message.header.stamp),
            without_slash(message.header.frame_id),
            values[:3],
            values[3:],
        )
        self._poses.append(pose)
        self._queue.append(lambda: self._pass_pose(pose))

    def _pass_state(self, state: RecordedJoints) -> None:
        positions, _ = usable_positions(state, self._joints)
        if self._kind == FROM_JOINTS and positions is not None:
            if self._has_state:
                target = self._solver.target_at(positions)
                self._exchange.ask(pose_of(self._solver, target), state.received)
            self._has_state = True
        self._exchange.send_state(state.names, state.positions.tolist())

    def _pass_pose(self, pose: RecordedPose) -> None:
        if rejection_reason(self._solver, pose):
            return
        target = target_of(self._solver, pose)
        alone = self._kind == FROM_POSES_ALONE
        if alone and self._first is None:
            self._first = first_posture(self._solver, target)
            self._exchange.send_state(self._joints, self._first.tolist())
        reply = self._exchange.ask(pose_of(self._solver, target), pose.received)
        if alone and reply.code == SOLVED and reply.positions is not None:
            self._exchange.send_state(self._joints, reply.positions.tolist())


def main(args: Sequence[str] | None = None) -> int:
    """Pass on and measure until interrupted, which ends the recording; then report."""
    return run_node(NAME, Evaluator, args, serve=Evaluator.serve, finish=Evaluator.finish)


if __name__ == "__main__":
    sys.exit(main())
