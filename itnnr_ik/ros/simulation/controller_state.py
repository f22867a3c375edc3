"""The state that a joint_trajectory_controller publishes every cycle, if control_msgs is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from trajectory_msgs.msg import JointTrajectoryPoint

from itnnr_ik.ros.simulation.trajectory_controller import TrajectoryController
from itnnr_ik.ros.time_messages import duration_of

__all__ = ["JointTrajectoryControllerState", "controller_state"]

try:
    from control_msgs.msg import JointTrajectoryControllerState
except ImportError:
    JointTrajectoryControllerState = None


def controller_state(
    joint_names: Sequence[str],
    controller: TrajectoryController,
    positions: np.ndarray,
    velocities: np.ndarray,
    stamp: Time,
) -> Any:
    """The message after a cycle.

    Args:
        joint_names: The controller's joints.
        controller: Gives reference and output.
        positions: Measured in that cycle (n,) in [rad] or [m].
        velocities: Measured in that cycle (n,) in [rad/s] or [m/s].
        stamp: Time of the cycle.
    """
    reference, elapsed = controller.reference, duration_of(controller.time_from_start)
    message = JointTrajectoryControllerState(joint_names=list(joint_names))
    message.header.stamp = stamp
    if hasattr(message, "speed_scaling_factor"):  # Humble's has none
        message.speed_scaling_factor = 1.0
    message.reference = JointTrajectoryPoint(
        positions=reference.positions.tolist(),
        velocities=np.asarray(reference.velocities).tolist(),
        accelerations=np.asarray(reference.accelerations).tolist(),
        time_from_start=elapsed,
    )
    message.feedback = JointTrajectoryPoint(
        positions=positions.tolist(), velocities=velocities.tolist(), time_from_start=elapsed
    )
    # Velocities have no error if only positions are commanded.
    message.error = JointTrajectoryPoint(
        positions=(reference.positions - positions).tolist(), velocities=[0.0] * len(positions)
    )
    if controller.output is not None:
        message.output = JointTrajectoryPoint(positions=controller.output.tolist())
    return message
