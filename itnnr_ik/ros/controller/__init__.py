"""The controller that commands go to: what is sent to it, and what it says of itself."""

from itnnr_ik.ros.controller.controller import Controller
from itnnr_ik.ros.controller.motion_clock import STEADY, MotionClock

__all__ = ["STEADY", "Controller", "MotionClock"]
