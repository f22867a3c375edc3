"""Joint positions for targets, from an arm, a task and, where there is one, a trained twin network."""

from itnnr_ik.solver.ik_solver import IKSolver
from itnnr_ik.solver.solution import Solution, Solutions

__all__ = ["IKSolver", "Solution", "Solutions"]
