"""From joint solutions to what a controller is sent: one set-point generator, and one class an output."""

from itnnr_ik.ros.control.limits import Limits
from itnnr_ik.ros.control.motion import Motion
from itnnr_ik.ros.control.outputs import PositionOutput, TrajectoryOutput
from itnnr_ik.ros.control.set_points import SetPoints
from itnnr_ik.ros.control.whereabouts import Controller

__all__ = ["Controller", "Limits", "Motion", "PositionOutput", "SetPoints", "TrajectoryOutput"]
