"""What a controller is sent: trajectories and arrays of positions that it accepts by every rule it checks.

A joint_trajectory_controller checks names, lengths and times, but neither limits nor how far a position is
from the present one, and a forward_command_controller checks next to nothing: that is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.status import Code, RejectedError

NONE = "none"
#: Message of each ``command_out_type``, and the topic where its controller listens by default.
COMMAND_TYPES: dict[str, tuple[Any, str]] = {
    "trajectory_msgs/JointTrajectory": (JointTrajectory, "joint_trajectory_controller/joint_trajectory"),
    "std_msgs/Float64MultiArray": (Float64MultiArray, "forward_position_controller/commands"),
}

#: A motion is given at least this long [s]: none is to be made at once.
SHORTEST = 0.01


def check_step(positions: np.ndarray, current: np.ndarray, max_joint_step: float) -> None:
    """Refuse positions (n,) [rad] that lie too far from the current ones (n,) [rad].

    Raises:
        RejectedError: A joint would move by more than ``max_joint_step`` [rad] (``step_too_large``).
    """
    step = float(np.abs(positions - current).max())
    if not step <= max_joint_step:
        raise RejectedError(
            Code.STEP_TOO_LARGE,
            f"the solution is {step:.6g} rad from the current joint positions, expected at most "
            f"max_joint_step = {max_joint_step:g} rad; nothing was sent",
        )


def make_trajectory(
    positions: np.ndarray, current: np.ndarray, joint_names: Sequence[str], max_velocity: float
) -> JointTrajectory:
    """One point to be reached at rest, no faster than ``max_velocity`` [rad/s] on average.

    Args:
        positions: Where to (n,) [rad].
        current: Where from (n,) [rad].
        joint_names: The controller's joints.
        max_velocity: Of every joint.

    Returns:
        A trajectory that starts when it is received (stamp 0).
    """
    seconds = max(SHORTEST, float(np.abs(positions - current).max()) / max_velocity)
    nanoseconds = int(np.ceil(seconds * 1e9))
    point = JointTrajectoryPoint(
        positions=positions.tolist(),
        velocities=[0.0] * len(positions),
        time_from_start=Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9),
    )
    return JointTrajectory(joint_names=list(joint_names), points=[point])


def command_maker(
    command_type: str, joint_names: Sequence[str], max_velocity: float
) -> Callable[[np.ndarray, np.ndarray], JointTrajectory | Float64MultiArray]:
    """Makes the message of ``command_type`` from positions and current positions, (n,) [rad] each."""
    if COMMAND_TYPES[command_type][0] is JointTrajectory:
        return lambda positions, current: make_trajectory(positions, current, joint_names, max_velocity)
    return lambda positions, current: Float64MultiArray(data=positions.tolist())
