"""Inverse kinematics of serial arms: `IKSolver` solves for an arm from its URDF, packaged, or learned.

The name is that of Inverse Twin Neural Network Regression (Wetzel 2026), optional for arms with a URDF.
"""

from itnnr_ik.paths import Gap, PathSolution
from itnnr_ik.solver import IKSolver, Solution, Solutions

__all__ = ["Gap", "IKSolver", "PathSolution", "Solution", "Solutions"]
