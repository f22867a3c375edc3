"""Inverse kinematics by Inverse Twin Neural Network Regression (Wetzel 2026)."""

from itnnr_ik.paths import Gap, PathSolution
from itnnr_ik.solver import IKSolver, Solution, Solutions

__all__ = ["Gap", "IKSolver", "PathSolution", "Solution", "Solutions"]
