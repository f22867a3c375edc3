"""The node ``target_source``: publishes ``target_pose`` along a curve, at random, or out of a recording."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from itertools import islice

import rclpy
from builtin_interfaces.msg import Time as TimeMessage
from geometry_msgs.msg import PoseStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.time import Time
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver
from itnnr_ik.recording import RecordedJoints
from itnnr_ik.ros.messages import set_pose
from itnnr_ik.ros.running.process import run_node
from itnnr_ik.ros.setup.parameters import Choice, Flag, Number, Numbers, ParameterError, Text, WholeNumber
from itnnr_ik.ros.setup.robot import JOINTS, ROBOT_BASE_LINK, solver_from_parameters
from itnnr_ik.ros.targets.target_stream import TimedTarget, along_curve, at_random, from_bag
from itnnr_ik.targets import CURVES, curve_for

NAME = "target_source"
PATTERNS = (*CURVES, "random", "bag")

_PATTERN = Choice("pattern", "circle", "Where targets come from", choices=PATTERNS)
_FRAME = Text("frame", "", "Frame that targets are published in; empty: robot_base_link")
_COUNT = WholeNumber("count", 0, "Number of targets; 0: all there are, without end")
_SUBSCRIBERS = WholeNumber(
    "subscribers", 1, "Number of subscribers to wait for, so that they get the first target"
)
_BAG = Text("bag", "", "Recording: a rosbag2 folder, or one .mcap or .db3 file")
_TOPIC = Text("topic", "", "PoseStamped or JointState topic to follow; empty: the only one, poses first")
_PUBLISH_JOINT_STATES = Flag(
    "publish_joint_states",
    False,
    "Publish recorded joint states on joint_states, in place of a robot or simulator; refused once another "
    "node publishes there, because ik_node would take the recorded positions for the robot's",
)
_SPEED = Number("speed", 1.0, "Pace, as a multiple of the recorded one", minimum=0.01, maximum=1000.0)
_RATE = Number("rate", 50.0, "Targets per second, in [Hz]", minimum=0.01, maximum=1000.0)
_SEED = WholeNumber("seed", 0, "Seed of the random targets")
_PERIOD = Number("period", 8.0, "Time of one lap, in [s]", minimum=0.1, maximum=3600.0)
_SIZE = Number(
    "size",
    0.0,
    "Largest distance from the centre, in [m]; 0: as far as the arm has room",
    minimum=0.0,
    maximum=1000.0,
)

_POLL_PERIOD = 0.05  # [s]
#: From the publisher's discovery of its subscribers until they have surely discovered it, in [s].
_DISCOVERY_TIME = 0.5
#: Timeout of the acknowledgement of the last messages.
_ACKNOWLEDGE_TIMEOUT = Duration(seconds=2)
#: Time for their delivery to best effort subscribers, which do not acknowledge, in [s].
_BEST_EFFORT_TIME = 0.2


class TargetSource(Node):
    """Publishes targets once there are subscribers, and ends the process after the last one.

    Curves and random targets are within the arm's reach, with an orientation where its task has one. A
    recording of joint states gives targets by the arm's forward kinematics. With ``publish_joint_states``,
    just before each target and with the same timestamp, the state recorded before it is published on
    ``joint_states``, all joints in recorded order, as the arm's state at the target. Once another publisher
    of ``joint_states`` is found, a robot or a simulator, only targets are published. Only the parameters of
    the chosen pattern are declared.

    Raises:
        ValueError: A parameter's value cannot be used, or the robot or the recording cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        pattern = _PATTERN.get(self)
        solver = solver_from_parameters(self)
        base_link = ROBOT_BASE_LINK.get(self) or solver.arm.base_link
        self._frame = _FRAME.get(self) or base_link
        stream = self._stream(pattern, solver)
        number = _COUNT.get(self)
        self._subscribers = _SUBSCRIBERS.get(self)
        self._targets = iter(islice(stream, number or None))
        self._next = next(self._targets, None)
        if self._next is None:
            raise ValueError(f"no target in the {pattern}: it takes a pose, or at least two joint states")

        self._target_publisher = self.create_publisher(PoseStamped, "target_pose", 10)
        self._joint_publisher: Publisher[JointState] | None = None
        if self._next.joints is not None and _PUBLISH_JOINT_STATES.get(self):
            self._joint_publisher = self.create_publisher(JointState, "joint_states", 10)
        self._sent = 0
        self._start: int | None = None  # [ns] of the node's clock, when the stream's time was 0
        self._subscribed_since: Time | None = None
        self._timer = self.create_timer(_POLL_PERIOD, self._wait_for_subscribers)
        self.get_logger().info(
            f"{pattern} for {solver.arm.name}: waiting for {self._subscribers} subscriber(s) of "
            f"{self._target_publisher.topic_name}"
        )

    def _stream(self, pattern: str, solver: IKSolver) -> Iterable[TimedTarget]:
        """The pattern's targets, after its own parameters."""
        if pattern == "bag":
            bag = _BAG.get(self)
            if not bag:
                raise ParameterError("bag", "the path of a recording", bag)
            joints = JOINTS.of(solver.arm, JOINTS.get(self))
            return from_bag(bag, _TOPIC.get(self) or None, solver, joints, _SPEED.get(self))
        rate = _RATE.get(self)
        if pattern == "random":
            return at_random(solver, rate, _SEED.get(self))
        period, size = _PERIOD.get(self), _SIZE.get(self)
        curve = curve_for(solver, pattern)
        default = tuple(curve.center.tolist())
        center = Numbers(
            "center", default, "Centre of the curve, in [m]; empty: where the arm has room for it"
        ).get(self)
        if center != default or size > 0.0:
            curve = curve_for(solver, pattern, center if center != default else None, size or None)
        return along_curve(solver, curve, rate, period)

    def _wait_for_subscribers(self) -> None:
        """Start a while after every topic has its subscribers."""
        publishers = [self._target_publisher, self._joint_publisher]
        if any(p and p.get_subscription_count() < self._subscribers for p in publishers):
            self._subscribed_since = None
            return
        now = self.get_clock().now()
        if self._subscribed_since is None or now < self._subscribed_since:
            self._subscribed_since = now
        if (now - self._subscribed_since).nanoseconds * 1e-9 < _DISCOVERY_TIME:
            return
        self.get_logger().info(f"publishing in frame {self._frame!r}")
        self.destroy_timer(self._timer)
        self._start = now.nanoseconds
        self._timer = self.create_timer(0.0, self._publish_next)

    def _publish_next(self) -> None:
        """Publish the target that is due and set the timer for the one after it."""
        due = self._next
        assert due is not None and self._start is not None
        now = self.get_clock().now()
        stamp = now.to_msg()
        if due.joints is not None:
            self._publish_joints(due.joints, stamp)
        target = PoseStamped()
        target.header.stamp = stamp
        target.header.frame_id = self._frame
        set_pose(target.pose, due.pose)
        self._target_publisher.publish(target)
        self._sent += 1

        self._next = next(self._targets, None)
        if self._next is None:
            self._finish()
            return
        late = 1e-9 * (now.nanoseconds - self._start) - due.time
        interval = self._next.time - due.time
        if late < -interval:  # simulated time has started again
            self._start, late = now.nanoseconds - round(1e9 * due.time), 0.0
        # After a delay the stream catches up in half steps: a burst would overrun subscribers of depth 1.
        self._timer.timer_period_ns = int(1e9 * max(interval - late, interval / 2.0))
        self._timer.reset()

    def _publish_joints(self, joints: RecordedJoints, stamp: TimeMessage) -> None:
        """Publish a recorded state, unless there is another publisher of joint states."""
        publisher = self._joint_publisher
        if publisher is None:
            return
        others = self.count_publishers(publisher.topic_name) - 1
        if others > 0:
            self.get_logger().error(
                f"recorded joint states are not published: expected no other publisher of "
                f"{publisher.topic_name}, got {others}; beside a robot or a simulator leave "
                "publish_joint_states false"
            )
            self.destroy_publisher(publisher)
            self._joint_publisher = None
            return
        state = JointState(name=list(joints.names), position=joints.positions.tolist())
        state.header.stamp = stamp
        publisher.publish(state)

    def _finish(self) -> None:
        """Wait for the delivery of the last messages, and end the process."""
        self.destroy_timer(self._timer)
        self._target_publisher.wait_for_all_acked(_ACKNOWLEDGE_TIMEOUT)
        time.sleep(_BEST_EFFORT_TIME)
        self.get_logger().info(f"done: {self._sent} targets")
        rclpy.try_shutdown()


def main(args: Sequence[str] | None = None) -> int:
    """Run the target source until its last target, or until it is interrupted."""
    return run_node(NAME, TargetSource, args)


if __name__ == "__main__":
    sys.exit(main())
