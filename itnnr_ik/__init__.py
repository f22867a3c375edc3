"""Inverse kinematics of serial arms: of a URDF, packaged, or learned from a recording; see `IKSolver`.

Named after Inverse Twin Neural Network Regression (Wetzel 2026), which only arms without a URDF need.
"""

from itnnr_ik.paths import Gap, PathSolution
from itnnr_ik.solver import IKSolver, Solution, Solutions

__all__ = ["Gap", "IKSolver", "PathSolution", "Solution", "Solutions"]
