"""Whole paths: solved on a thread of their own, answered on the node's; no commands are sent."""

from itnnr_ik.ros.paths.requests import PathRequests
from itnnr_ik.ros.paths.worker import Worker

__all__ = ["PathRequests", "Worker"]
