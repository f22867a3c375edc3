"""Units of joint positions."""

from __future__ import annotations

from itnnr_ik.robot.chain import KinematicChain
from itnnr_ik.robot.model import ForwardModel


def units_of(arm: ForwardModel) -> tuple[str, ...]:
    """Unit of each joint's position: ``rad`` or, of prismatic joints, ``m``."""
    types = arm.joint_types if isinstance(arm, KinematicChain) else ("revolute",) * arm.n_joints
    return tuple("m" if kind == "prismatic" else "rad" for kind in types)
