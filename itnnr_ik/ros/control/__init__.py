"""From joint solutions to commands: set-point generator, tracking monitor, and a class for each output."""

from itnnr_ik.ros.control.clock import ClockOffset, SimulatedTime
from itnnr_ik.ros.control.limits import Limits
from itnnr_ik.ros.control.motion import Motion
from itnnr_ik.ros.control.outputs import PositionOutput, TrajectoryOutput
from itnnr_ik.ros.control.set_points import SetPoints
from itnnr_ik.ros.control.tracking_monitor import TrackingState

__all__ = [
    "ClockOffset",
    "Limits",
    "Motion",
    "PositionOutput",
    "SetPoints",
    "SimulatedTime",
    "TrackingState",
    "TrajectoryOutput",
]
