"""Targets in other frames: refused by name, or transformed where tf2 is installed."""

from __future__ import annotations

import importlib.util
import itertools
import math
import time
from collections.abc import Iterator

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, Transform, TransformStamped
from hypothesis import given
from hypothesis import strategies as st
from probe import Probe
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from scipy.spatial.transform import Rotation
from test_ik_node_changes import change

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.answering.frames import Frames, transformed
from itnnr_ik.ros.status import Code, RejectedError

HAS_TF2 = importlib.util.find_spec("tf2_ros") is not None
needs_tf2 = pytest.mark.skipif(
    not HAS_TF2, reason="needs tf2_ros, which comes with a ROS 2 installation only"
)
ARM = load_robot("two_link")


def transform(yaw: float, x: float, y: float, scale: float = 1.0) -> Transform:
    made = Transform()
    made.translation.x, made.translation.y = x, y
    made.rotation.z, made.rotation.w = scale * math.sin(yaw / 2), scale * math.cos(yaw / 2)
    return made


@pytest.mark.parametrize(
    ("frame", "came"), [("map", "frame 'map'"), ("/map", "frame 'map'"), ("", "an empty frame_id")]
)
def test_a_frame_that_is_not_known_is_refused(probe: Probe, frame: str, came: str) -> None:
    """Both frames are named, the expected and the given one."""
    message = PoseStamped()
    message.header.frame_id = frame
    frames = Frames(probe.node, "base_link", 1.0, on_both_clocks=False)
    with pytest.raises(
        RejectedError, match=f"expected a target in frame 'base_link', got .*{came}"
    ) as caught:
        frames.pose(message)
    assert caught.value.code is Code.WRONG_FRAME
    frames.close()


@pytest.mark.parametrize("base", ["base_link", "/base_link"])
@pytest.mark.parametrize("frame", ["base_link", "/base_link"])
def test_a_leading_slash_does_not_count(probe: Probe, base: str, frame: str) -> None:
    """As tf2 has it; ROS 1 wrote frames with one."""
    frames = Frames(probe.node, base, 1.0, on_both_clocks=False)
    assert frames.transform(frame) is None
    frames.close()


angles = st.floats(-3.0, 3.0)


@given(st.tuples(angles, angles, angles), st.tuples(angles, angles, angles), st.floats(0.1, 10.0))
def test_a_pose_is_turned_and_moved(turns: tuple[float, ...], own: tuple[float, ...], scale: float) -> None:
    """As the frame is, for a quaternion of any length; SciPy's rotations say the same."""
    frame, turned = Rotation.from_euler("xyz", turns), Rotation.from_euler("xyz", own)
    made = transform(0.0, 0.3, -0.2)
    q = made.rotation
    q.x, q.y, q.z, q.w = (scale * frame.as_quat()).tolist()
    moved = transformed(made, [1.0, 0.0, 0.5, *turned.as_quat().tolist()])
    place = frame.apply([1.0, 0.0, 0.5]) + np.array([0.3, -0.2, 0.0])
    np.testing.assert_allclose(moved[:3], place, atol=1e-9)
    assert (Rotation.from_quat(moved[3:]).inv() * frame * turned).magnitude() < 1e-7


def test_an_orientation_that_is_none_stays_none() -> None:
    """Zero or not a number: what a position task does not look at, and a pose task refuses."""
    assert transformed(transform(0.5, 0.3, -0.2), [1.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0])[3:] == [0.0] * 4
    assert math.isnan(transformed(transform(0.5, 0.0, 0.0), [0.0] * 3 + [math.nan, 0.0, 0.0, 1.0])[3])


def test_no_rotation_is_refused() -> None:
    """A quaternion of zeros, as an empty message has, turns nothing into a target."""
    empty = Transform()
    empty.rotation.w = 0.0
    with pytest.raises(RejectedError, match="expected a rotation between the frames"):
        transformed(empty, [1.0] * 7)


@needs_tf2
def test_the_node_transforms_targets(probe: Probe) -> None:
    """A target in the frame of a table on which the arm does not stand, by /tf_static."""
    import tf2_ros

    stamped = TransformStamped(transform=transform(0.5, 0.3, -0.2), child_frame_id="table")
    stamped.header.frame_id = "base_link"
    broadcaster = tf2_ros.StaticTransformBroadcaster(probe.node)
    broadcaster.sendTransform(stamped)
    probe.start_ik_node()
    probe.send_first_joint_state(ARM.joint_names, (-0.2, 0.9))
    tip = np.array([1.5, 0.6])
    x, y = np.linalg.solve(
        [[math.cos(0.5), -math.sin(0.5)], [math.sin(0.5), math.cos(0.5)]], tip - [0.3, -0.2]
    ).tolist()
    probe.repeat_until(
        lambda: probe.ask(probe.target(x, y, frame="table")), lambda: bool(probe.solutions), "a solution"
    )
    np.testing.assert_allclose(ARM.forward(probe.solutions[-1].position)[:2], tip, atol=1e-6)
    values, status, _ = probe.ask(probe.target(x, y, frame="shelf"))
    assert values["code"] == "wrong_frame"
    assert "'shelf', which tf2 cannot transform" in status.message


class Table:
    """A table that moves, and a listener that knows where it is: what stands on it has its x [m].

    Attributes:
        frames: Of the listener, with a timeout of 0.5 s, on the node's clock alone.
    """

    def __init__(self, probe: Probe) -> None:
        import tf2_ros

        self._probe = probe
        self.sender = tf2_ros.TransformBroadcaster(probe.node)
        self.static_sender = tf2_ros.StaticTransformBroadcaster(probe.node)
        self._clock = probe.node.create_publisher(Clock, "clock", 10)
        self.node = Node(
            "listener",
            namespace=probe.namespace,
            cli_args=["--ros-args", "-r", "/clock:=clock"],
            parameter_overrides=[Parameter("use_sim_time", value=True)],
        )
        self.frames = Frames(self.node, "base_link", 0.5, on_both_clocks=False)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def close(self) -> None:
        self.frames.close()
        self._executor.shutdown()
        self.node.destroy_node()

    def set_time(self, seconds: float) -> None:
        """Publish the clock, and give it time to arrive."""
        self._clock.publish(Clock(clock=stamp(seconds)))
        self.spin()

    def move(self, x: float, seconds: float, static: bool = False, parent: str = "base_link") -> None:
        """Publish where the table is, with a stamp."""
        stamped = TransformStamped(transform=transform(0.0, x, 0.0), child_frame_id="table")
        stamped.header.frame_id, stamped.header.stamp = parent, stamp(seconds)
        (self.static_sender if static else self.sender).sendTransform(stamped)
        self.spin()

    def spin(self, duration: float = 0.1) -> None:
        end = time.monotonic() + duration
        while (left := end - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left)

    def x(self) -> float | None:
        """In the base frame, of what stands at the table's origin; None where tf2 does not know the table."""
        message = PoseStamped()
        message.header.frame_id = "table"
        try:
            return self.frames.pose(message)[0]
        except RejectedError as rejection:
            if "tf2 cannot transform" in str(rejection):
                return None
            raise


def stamp(seconds: float) -> Time:
    return Time(sec=int(seconds), nanosec=int(seconds % 1.0 * 1e9))


@pytest.fixture
def table(probe: Probe) -> Iterator[Table]:
    """At x = 1 by stamp 100, and the clock says so."""
    table = Table(probe)
    probe.repeat_until(
        lambda: (table.set_time(100.0), table.move(1.0, 100.0)),
        lambda: table.x() == 1.0 and table.node.get_clock().now().nanoseconds == 10**11,
        "clock and table",
    )
    yield table
    table.close()


@needs_tf2
def test_a_transform_that_is_not_renewed_grows_old(table: Table) -> None:
    """By its receipt on the node's clock; what tf2 does not take for newer renews nothing."""
    table.spin(0.6)
    assert table.x() == 1.0, "the clock stands still"
    table.set_time(100.4)
    assert table.x() == 1.0
    table.set_time(100.6)
    text = (
        r"expected a target in frame 'base_link', got frame 'table'; the last new transform of 'table' came "
        r"0\.[56]\d* s ago, expected at most transform_timeout = 0\.5 s"
    )
    for x, seconds in ((1.0, 100.0), (2.0, 99.0)):
        table.move(x, seconds)
        with pytest.raises(RejectedError, match=text) as caught:
            table.x()
        assert caught.value.code is Code.WRONG_FRAME
    table.frames.timeout = 0.0
    assert table.x() == 1.0, "0 is never"
    table.frames.timeout = 0.5
    table.move(3.0, 1e9)
    assert table.x() == 3.0, "a sender whose clock is years ahead is as good as any"


@needs_tf2
def test_a_transform_under_way_counts_too(table: Table) -> None:
    """The table is on a floor: either may be the one that is no longer heard of."""
    floor = TransformStamped(transform=transform(0.0, 5.0, 0.0), child_frame_id="floor")
    floor.header.frame_id, floor.header.stamp = "base_link", stamp(101.0)
    table.sender.sendTransform(floor)
    table.set_time(101.0)
    table.move(2.0, 101.0, parent="floor")
    assert table.x() == 7.0
    table.set_time(101.6)
    table.move(2.0, 101.6, parent="floor")
    with pytest.raises(RejectedError, match="the last new transform of 'floor' came 0"):
        table.x()


@needs_tf2
def test_a_clock_that_starts_again(table: Table) -> None:
    """What was heard before it does not count as newer than what comes after it; what never moves stays."""
    table.set_time(3.0)
    assert table.x() is None
    table.move(2.0, 3.0)
    assert table.x() == 2.0
    table.move(4.0, 3.0, static=True)
    table.set_time(60.0)
    assert table.x() == 4.0, "what never changes never grows old"
    table.set_time(1.0)
    assert table.x() == 4.0


@needs_tf2
def test_where_commands_are_sent_the_machines_clock_counts(probe: Probe, table: Table) -> None:
    """A robot goes on moving while a simulated clock stands still."""
    table.frames.close()
    table.frames = Frames(table.node, "base_link", 0.5, on_both_clocks=True)
    stamps = itertools.count(101)
    probe.repeat_until(lambda: table.move(2.0, next(stamps)), lambda: table.x() == 2.0, "the table")
    table.spin(0.6)
    with pytest.raises(RejectedError, match=r"expected at most transform_timeout = 0\.5 s"):
        table.x()


@needs_tf2
def test_the_node_refuses_an_old_transform(probe: Probe) -> None:
    """Beyond ``transform_timeout``, also where that changes while it runs."""
    import tf2_ros

    broadcaster = tf2_ros.TransformBroadcaster(probe.node)
    stamped = TransformStamped(transform=transform(0.0, 0.3, 0.0), child_frame_id="table")
    stamped.header.frame_id = "base_link"

    def code() -> str:
        return probe.ask(probe.target(1.2, 0.6, frame="table"))[0]["code"]

    def move() -> None:
        stamped.header.stamp.sec += 1
        broadcaster.sendTransform(stamped)

    probe.start_ik_node("-p", "transform_timeout:=60")
    probe.send_first_joint_state(ARM.joint_names, (-0.2, 0.9))
    probe.repeat_until(move, lambda: code() == "solved", "a solution")
    assert change(probe, transform_timeout=0.1) == ""
    probe.spin_for(0.2)
    assert code() == "wrong_frame"
    assert change(probe, transform_timeout=0) == ""
    assert code() == "solved"
