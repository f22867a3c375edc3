"""Joint solutions from an arm and a trained twin network."""

from itnnr_ik.solver.ik_solver import IKSolver
from itnnr_ik.solver.solution import Solution, Solutions

__all__ = ["IKSolver", "Solution", "Solutions"]
