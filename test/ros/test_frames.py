"""Targets in other frames: refused by name, or transformed where tf2 is installed."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, Transform, TransformStamped
from hypothesis import given
from hypothesis import strategies as st
from probe import Probe

from itnnr_ik.arms import get_arm
from itnnr_ik.ros.frames import Frames, transformed
from itnnr_ik.ros.status import Code, RejectedError

HAS_TF2 = importlib.util.find_spec("tf2_ros") is not None
ARM = get_arm("two_link")


def transform(yaw: float, x: float, y: float, scale: float = 1.0) -> Transform:
    made = Transform()
    made.translation.x, made.translation.y = x, y
    made.rotation.z, made.rotation.w = scale * math.sin(yaw / 2), scale * math.cos(yaw / 2)
    return made


@pytest.mark.parametrize(
    ("frame", "came"), [("map", "frame 'map'"), ("/base_link", "'/base_link'"), ("", "an empty frame_id")]
)
def test_a_frame_that_is_not_known_is_refused(probe: Probe, frame: str, came: str) -> None:
    """Both frames are named, the expected and the given one."""
    message = PoseStamped()
    message.header.frame_id = frame
    frames = Frames(probe.node, "base_link")
    with pytest.raises(
        RejectedError, match=f"expected a target in frame 'base_link', got .*{came}"
    ) as caught:
        frames.position(message)
    assert caught.value.code is Code.WRONG_FRAME
    frames.close()


@given(st.floats(-3.0, 3.0), st.floats(-2.0, 2.0), st.floats(-2.0, 2.0), st.floats(0.1, 10.0))
def test_a_position_is_turned_and_moved(yaw: float, x: float, y: float, scale: float) -> None:
    """As the frame is, for a quaternion of any length."""
    moved = transformed(transform(yaw, x, y, scale), [1.0, 0.0, 0.5])
    np.testing.assert_allclose(moved, [x + math.cos(yaw), y + math.sin(yaw), 0.5], atol=1e-9)


def test_no_rotation_is_refused() -> None:
    """A quaternion of zeros, as an empty message has, turns nothing into a target."""
    empty = Transform()
    empty.rotation.w = 0.0
    with pytest.raises(RejectedError, match="expected a rotation between the frames"):
        transformed(empty, [1.0, 1.0, 1.0])


@pytest.mark.skipif(not HAS_TF2, reason="needs tf2_ros, which comes with a ROS 2 installation only")
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
    np.testing.assert_allclose(ARM.forward(probe.solutions[-1].position), tip, atol=1e-6)
    values, status, _ = probe.ask(probe.target(x, y, frame="shelf"))
    assert values["code"] == "wrong_frame"
    assert "'shelf', which tf2 cannot transform" in status.message
