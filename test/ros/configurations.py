"""What a node works with, for tests that need no node."""

from __future__ import annotations

from itnnr_ik import IKSolver
from itnnr_ik.ros.setup.configuration import Configuration
from itnnr_ik.ros.setup.robot import END_EFFECTOR_LINK, MODEL, ROBOT_BASE_LINK, ROBOT_PARAMETERS
from itnnr_ik.ros.setup.settings import PARAMETERS

#: Parameters that the solver is made from.
OF_THE_SOLVER = {p.name for p in ROBOT_PARAMETERS if p not in (MODEL, ROBOT_BASE_LINK, END_EFFECTOR_LINK)}
OF_THE_SOLVER |= {"tolerance", "orientation_tolerance"}


def configured(model: str) -> Configuration:
    """As the node has it for a packaged arm, without any other parameter given."""
    solver = IKSolver.load(model)
    values = {p.name: p.check(p.default) for p in PARAMETERS if p.name not in {*OF_THE_SOLVER, "joints"}}
    return Configuration(solver=solver, joints=solver.arm.joint_names, **values)
