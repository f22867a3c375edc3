"""The target as an interactive marker of RViz, and the target that a drag requests."""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, Quaternion
from numpy.typing import ArrayLike
from visualization_msgs.msg import (
    InteractiveMarker,
    InteractiveMarkerControl,
    InteractiveMarkerFeedback,
    Marker,
)

from itnnr_ik.ros.messages import pose_values, set_pose
from itnnr_ik.solver import IKSolver

MARKER = "target"
#: Sizes of the handles and of the ball in their middle, as shares of the reach.
_HANDLE_SIZE, _BALL_DIAMETER = 0.25, 0.05
_YELLOW = (1.0, 0.8, 0.1, 0.9)
_S = math.sqrt(0.5)
#: Quaternions that turn a handle's x axis, along or about which it acts, to the marker's x, y or z axis.
_AXIS_ROTATIONS = {
    "x": (0.0, 0.0, 0.0, 1.0),
    "y": (0.0, 0.0, _S, _S),
    "z": (0.0, -_S, 0.0, _S),
}


def interactive_target(solver: IKSolver, frame: str, pose: ArrayLike) -> InteractiveMarker:
    """A marker at a pose (7,) with a handle for each coordinate that counts in the solver's task.

    A planar arm's moves in its plane; a pointing task's does not turn about the tool's axis.

    Args:
        solver: Of the arm and its task.
        frame: Of the pose: the arm's base link.
        pose: x, y, z [m], qx, qy, qz, qw.
    """
    reach, task = solver.arm.reach or 1.0, solver.task
    marker = InteractiveMarker(name=MARKER, description=f"target of {solver.arm.name}")
    marker.header.frame_id = frame
    set_pose(marker.pose, np.asarray(pose, dtype=float))
    marker.scale = _HANDLE_SIZE * reach
    marker.controls.append(_ball(_BALL_DIAMETER * reach, task.planar))
    move, turn = InteractiveMarkerControl.MOVE_AXIS, InteractiveMarkerControl.ROTATE_AXIS
    marker.controls += [_handle("move", axis, move) for axis in ("xy" if task.planar else "xyz")]
    if task.has_orientation:
        axes = [axis for axis in "xyz" if task.kind == "pose" or axis != _roll_axis(task.tool_axis)]
        marker.controls += [_handle("turn", axis, turn) for axis in axes]
    return marker


def target_of(feedback: InteractiveMarkerFeedback, stamp: Time) -> PoseStamped | None:
    """The target that a drag requests, or None for other feedback and invalid poses."""
    if feedback.event_type != InteractiveMarkerFeedback.POSE_UPDATE or feedback.marker_name != MARKER:
        return None
    values = pose_values(feedback.pose)
    if not all(map(math.isfinite, values)) or not any(values[3:]):
        return None
    target = PoseStamped(pose=feedback.pose)
    target.header.frame_id, target.header.stamp = feedback.header.frame_id, stamp
    return target


def _roll_axis(tool_axis: ArrayLike) -> str:
    """The marker's axis along the tool's, about which turns do not count; empty for none."""
    along = np.abs(np.asarray(tool_axis, dtype=float))
    return "xyz"[int(along.argmax())] if along.max() > 1.0 - 1e-6 else ""


def _handle(kind: str, axis: str, mode: int) -> InteractiveMarkerControl:
    control = InteractiveMarkerControl(name=f"{kind}_{axis}", interaction_mode=mode)
    control.orientation = _rotation(axis)
    return control


def _ball(diameter: float, planar: bool) -> InteractiveMarkerControl:
    """A ball that is dragged freely, or in the plane of a planar arm."""
    ball = Marker(type=Marker.SPHERE)
    ball.scale.x = ball.scale.y = ball.scale.z = diameter
    ball.color.r, ball.color.g, ball.color.b, ball.color.a = _YELLOW
    mode = InteractiveMarkerControl.MOVE_PLANE if planar else InteractiveMarkerControl.MOVE_3D
    control = InteractiveMarkerControl(name="ball", interaction_mode=mode, always_visible=True)
    control.orientation = _rotation("z")
    control.markers.append(ball)
    return control


def _rotation(axis: str) -> Quaternion:
    x, y, z, w = _AXIS_ROTATIONS[axis]
    return Quaternion(x=x, y=y, z=z, w=w)
