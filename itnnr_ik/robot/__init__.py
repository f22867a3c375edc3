"""Robots: serial chains read from URDF, with compiled forward kinematics and Jacobian."""

from itnnr_ik.robot.catalogue import PACKAGED, load_robot
from itnnr_ik.robot.chain import SOURCE, KinematicChain
from itnnr_ik.robot.learned import LearnedArm
from itnnr_ik.robot.model import ForwardModel
from itnnr_ik.robot.units import units_of

__all__ = ["PACKAGED", "SOURCE", "ForwardModel", "KinematicChain", "LearnedArm", "load_robot", "units_of"]
