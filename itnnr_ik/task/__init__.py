"""Tasks: what a target fixes of the tool, a position, a position and a direction, or a pose."""

from itnnr_ik.task.task import KINDS, Task, poses

__all__ = ["KINDS", "Task", "poses"]
