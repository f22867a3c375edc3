"""Inverse kinematics by Inverse Twin Neural Network Regression (Wetzel 2026)."""

from itnnr_ik.solver import IKSolver, Solution, Solutions

__all__ = ["IKSolver", "Solution", "Solutions"]
