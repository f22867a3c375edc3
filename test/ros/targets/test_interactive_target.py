"""The target as a marker that is dragged in RViz: its handles, and what a drag publishes."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, PoseStamped
from probe import Probe
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import JointState
from visualization_msgs.msg import InteractiveMarkerControl, InteractiveMarkerFeedback

from itnnr_ik import IKSolver
from itnnr_ik.ros.targets.interactive_target import MARKER, interactive_target, target_of

STAMP = Time(sec=3, nanosec=5)
HOME = [0.1, 0.2, 0.3, 0.0, 0.0, 0.0, 1.0]
INSTALLED = importlib.util.find_spec("interactive_markers") is not None


def handles(arm: str) -> dict[str, set[str]]:
    """Directions of a marker's handles by what they do."""
    marker = interactive_target(IKSolver.load(arm), "base", HOME)
    found: dict[str, set[str]] = {"move": set(), "turn": set()}
    modes = {"move": InteractiveMarkerControl.MOVE_AXIS, "turn": InteractiveMarkerControl.ROTATE_AXIS}
    for control in marker.controls:
        kind, _, axis = control.name.partition("_")
        if kind in found:
            q = control.orientation
            along = Rotation.from_quat([q.x, q.y, q.z, q.w]).apply([1.0, 0.0, 0.0])
            assert np.allclose(along, np.eye(3)["xyz".index(axis)])
            assert control.interaction_mode == modes[kind]
            found[kind].add(axis)
    return found


def feedback(**changes: object) -> InteractiveMarkerFeedback:
    """Of a drag to (0.3, 0.4, 0.5), turned half about z."""
    message = InteractiveMarkerFeedback(
        marker_name=MARKER, event_type=InteractiveMarkerFeedback.POSE_UPDATE, pose=Pose()
    )
    message.header.frame_id = "base"
    message.pose.position.x, message.pose.position.y, message.pose.position.z = 0.3, 0.4, 0.5
    message.pose.orientation.z, message.pose.orientation.w = 1.0, 0.0
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    ("arm", "moved", "turned"),
    [("two_link", "xy", ""), ("yaw_pitch_pitch", "xyz", ""), ("so101", "xyz", "xy"), ("panda", "xyz", "xyz")],
)
def test_there_is_a_handle_for_each_coordinate_that_counts(arm: str, moved: str, turned: str) -> None:
    """A plane has two, a position three, a pointing task two turns more, a pose three."""
    assert handles(arm) == {"move": set(moved), "turn": set(turned)}


def test_the_marker_is_where_it_was_asked_for() -> None:
    """Pose and frame, and a ball in the middle to drag it by."""
    marker = interactive_target(IKSolver.load("panda"), "panda_link0", HOME)
    assert marker.header.frame_id == "panda_link0"
    assert [marker.pose.position.x, marker.pose.position.y, marker.pose.position.z] == HOME[:3]
    ball = next(control for control in marker.controls if control.name == "ball")
    assert ball.interaction_mode == InteractiveMarkerControl.MOVE_3D
    assert ball.markers[0].scale.x > 0.0


def test_a_drag_asks_for_its_pose() -> None:
    """In the frame of the feedback, stamped when it came."""
    target = target_of(feedback(), STAMP)
    assert target is not None
    assert (target.header.frame_id, target.header.stamp) == ("base", STAMP)
    assert (target.pose.position.y, target.pose.orientation.z) == (0.4, 1.0)


def test_only_a_drag_to_a_pose_asks_for_something() -> None:
    """No click, no other marker, nothing that is not finite or has no orientation."""
    broken, turnless = feedback(), feedback()
    broken.pose.position.x = math.nan
    turnless.pose.orientation.z = 0.0
    button = feedback(event_type=InteractiveMarkerFeedback.BUTTON_CLICK)
    others = feedback(marker_name="another")
    assert [target_of(message, STAMP) for message in (broken, turnless, button, others)] == [None] * 4


@pytest.mark.skipif(INSTALLED, reason="interactive_markers is installed")
def test_without_interactive_markers_the_node_says_so(probe: Probe) -> None:
    """It ends with one line that names the package."""
    node = probe.start("target_marker", "-p", "model:=two_link")
    assert node.wait() == 1
    assert "needs the ROS package interactive_markers" in node.output


@pytest.mark.skipif(not INSTALLED, reason="needs the ROS package interactive_markers, which is not on PyPI")
def test_a_drag_in_rviz_is_published_as_a_target(probe: Probe) -> None:
    """The marker comes where the tool is, nothing is published before a drag, and then its pose is."""
    from visualization_msgs.srv import GetInteractiveMarkers

    targets: list[PoseStamped] = []
    probe.node.create_subscription(PoseStamped, "target_pose", targets.append, 10)
    client = probe.node.create_client(GetInteractiveMarkers, "target_marker/get_interactive_markers")
    drags = probe.node.create_publisher(InteractiveMarkerFeedback, "target_marker/feedback", 10)
    probe.start("target_marker", "-p", "model:=two_link")
    state = JointState(name=["joint_1", "joint_2"], position=[0.3, 0.6])
    found: list[float] = []

    def ask() -> None:
        probe.states.publish(state)
        if client.service_is_ready():
            future = client.call_async(GetInteractiveMarkers.Request())
            future.add_done_callback(
                lambda done: found.extend(m.pose.position.x for m in done.result().markers)
            )

    probe.repeat_until(ask, lambda: bool(found), "the marker")
    assert found[0] == pytest.approx(math.cos(0.3) + math.cos(0.9))
    assert not targets
    drag = feedback(client_id="test")
    probe.repeat_until(lambda: drags.publish(drag), lambda: bool(targets), "the target")
    assert (targets[0].pose.position.x, targets[0].header.frame_id) == (0.3, "base")
