"""The arms as data, with forward kinematics and Jacobian from one formula."""

from itnnr_ik.arms.arm import Arm
from itnnr_ik.arms.catalogue import ARMS, get_arm
from itnnr_ik.arms.learned import LearnedArm
from itnnr_ik.arms.urdf import to_urdf

__all__ = ["ARMS", "Arm", "LearnedArm", "get_arm", "to_urdf"]
