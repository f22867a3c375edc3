"""The target as an interactive marker of RViz: handles for what counts, and what a drag asks for."""

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
#: As shares of the reach: the handles, and the ball in their middle.
_HANDLES, _BALL = 0.25, 0.05
_YELLOW = (1.0, 0.8, 0.1, 0.9)
_HALF = math.sqrt(0.5)
#: A handle acts along or about its x axis: turned so, that is the marker's x, y or z.
_TURNS = {"x": (0.0, 0.0, 0.0, 1.0), "y": (0.0, 0.0, _HALF, _HALF), "z": (0.0, -_HALF, 0.0, _HALF)}


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
    marker.scale = _HANDLES * reach
    marker.controls.append(_ball(_BALL * reach, task.planar))
    move, turn = InteractiveMarkerControl.MOVE_AXIS, InteractiveMarkerControl.ROTATE_AXIS
    marker.controls += [_handle("move", axis, move) for axis in ("xy" if task.planar else "xyz")]
    if task.has_orientation:
        axes = [axis for axis in "xyz" if task.kind == "pose" or axis != _rolled(task.tool_axis)]
        marker.controls += [_handle("turn", axis, turn) for axis in axes]
    return marker


def target_of(feedback: InteractiveMarkerFeedback, stamp: Time) -> PoseStamped | None:
    """The target that a drag asks for, or None where it is not one that moved the marker to a pose."""
    if feedback.event_type != InteractiveMarkerFeedback.POSE_UPDATE or feedback.marker_name != MARKER:
        return None
    values = pose_values(feedback.pose)
    if not all(map(math.isfinite, values)) or not any(values[3:]):
        return None
    target = PoseStamped(pose=feedback.pose)
    target.header.frame_id, target.header.stamp = feedback.header.frame_id, stamp
    return target


def _rolled(tool_axis: ArrayLike) -> str:
    """The marker's axis that lies along the tool's, or nothing: a turn about it changes nothing."""
    along = np.abs(np.asarray(tool_axis, dtype=float))
    return "xyz"[int(along.argmax())] if along.max() > 1.0 - 1e-6 else ""


def _handle(kind: str, axis: str, mode: int) -> InteractiveMarkerControl:
    control = InteractiveMarkerControl(name=f"{kind}_{axis}", interaction_mode=mode)
    control.orientation = _turn(axis)
    return control


def _ball(diameter: float, planar: bool) -> InteractiveMarkerControl:
    """A ball that is dragged anywhere, or, of a planar arm, in its plane."""
    ball = Marker(type=Marker.SPHERE)
    ball.scale.x = ball.scale.y = ball.scale.z = diameter
    ball.color.r, ball.color.g, ball.color.b, ball.color.a = _YELLOW
    mode = InteractiveMarkerControl.MOVE_PLANE if planar else InteractiveMarkerControl.MOVE_3D
    control = InteractiveMarkerControl(name="ball", interaction_mode=mode, always_visible=True)
    control.orientation = _turn("z")
    control.markers.append(ball)
    return control


def _turn(axis: str) -> Quaternion:
    x, y, z, w = _TURNS[axis]
    return Quaternion(x=x, y=y, z=z, w=w)
