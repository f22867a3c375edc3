"""Joint paths for paths of targets, planned as a whole and not target by target."""

from itnnr_ik.paths.path import solve_path
from itnnr_ik.paths.solution import Gap, PathSolution, SlowDown
from itnnr_ik.paths.timing import keep_velocities

__all__ = ["Gap", "PathSolution", "SlowDown", "keep_velocities", "solve_path"]
