"""Message conversion: joint states by name, target poses, solutions. Pure functions, no node needed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Pose, PoseStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from itnnr_ik import IKSolver
from itnnr_ik.robot import ForwardModel
from itnnr_ik.ros.status import Code, RejectedError

#: Limits of quotations in texts: a message may have any number of names of any length.
_MAX_NAMES = 12
_MAX_NAME_LENGTH = 60


def quote(name: str) -> str:
    """A name in quotes, control characters escaped, cut where it is too long to read."""
    return repr(name) if len(name) <= _MAX_NAME_LENGTH else repr(name[:_MAX_NAME_LENGTH]) + "…"


def quote_all(names: Sequence[str]) -> str:
    """Names in quotes, the first dozen of them."""
    shown = ", ".join(quote(name) for name in names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    return f"[{shown}, and {more} more]" if more > 0 else f"[{shown}]"


def positions_by_name(message: JointState, joint_names: Sequence[str]) -> np.ndarray | None:
    """Joint positions (n,) [rad, m] in the order of ``joint_names``, whatever the order in the message.

    Further joints in the message are another device's and are ignored.

    Returns:
        The positions, or None if the message has none of the joints: it is another device's.

    Raises:
        RejectedError: Some of the joints are missing or named twice, a position is not finite, or names and
            positions differ in number (code ``invalid_joint_state``).
    """
    found = positions_of_some(message, joint_names)
    if not found:
        return None
    missing = [name for name in joint_names if name not in found]
    if missing:
        raise _invalid_joint_state(
            f"expected joints {quote_all(joint_names)}, missing {quote_all(missing)}", message
        )
    return np.array([found[name] for name in joint_names])


def positions_if_usable(message: JointState, joint_names: Sequence[str]) -> np.ndarray | None:
    """See `positions_by_name`, but None for an invalid message, too."""
    try:
        return positions_by_name(message, joint_names)
    except RejectedError:
        return None


def positions_of_some(message: JointState, joint_names: Sequence[str]) -> dict[str, float]:
    """Positions [rad, m] by name of those of the joints that a message has, in the order of ``joint_names``.

    Raises:
        RejectedError: One of the joints is named twice, a position of theirs is not finite, or names and
            positions differ in number (code ``invalid_joint_state``).
    """
    index: dict[str, int] = {}
    wanted = frozenset(joint_names)
    for i, name in enumerate(message.name):
        if name in wanted:
            if name in index:
                raise _invalid_joint_state(f"joint {quote(name)} is named more than once", message)
            index[name] = i
    if index and len(message.position) != len(message.name):
        raise _invalid_joint_state(
            f"expected one position for each of {len(message.name)} names, got {len(message.position)}",
            message,
        )
    found = {name: float(message.position[index[name]]) for name in joint_names if name in index}
    if not all(map(math.isfinite, found.values())):
        raise _invalid_joint_state(
            f"expected finite positions of {quote_all(list(found))}, got {list(found.values())}", message
        )
    return found


def velocities_by_name(message: JointState, joint_names: Sequence[str]) -> np.ndarray:
    """Joint velocities (n,) [rad/s, m/s] of joints that a message has; 0 where they are missing."""
    rest = np.zeros(len(joint_names))
    if len(message.velocity) != len(message.name):
        return rest
    index = {name: i for i, name in enumerate(message.name)}
    velocities = np.array([message.velocity[index[name]] for name in joint_names])
    return np.where(np.isfinite(velocities), velocities, rest)


def _invalid_joint_state(text: str, message: JointState) -> RejectedError:
    return RejectedError(Code.INVALID_JOINT_STATE, f"{text}; names in the message: {quote_all(message.name)}")


def target_from_pose(pose: list[float], solver: IKSolver, plane_tolerance: float = -1.0) -> list[float]:
    """The target (2, 3 or 7) as the task takes it, its quaternion of about unit length.

    As floats: arrays so short would be slower.

    Args:
        pose: x, y, z [m], qx, qy, qz, qw in the base frame; a position task ignores the quaternion.
        solver: Of the task.
        plane_tolerance: How far off the plane of a planar task z may be, in [m]; anything if negative.

    Raises:
        RejectedError: The position is not finite, or the task has an orientation and the pose none
            (``invalid_target``); or it is too far off the plane of a planar task (``off_plane``).
    """
    position, task = pose[:3], solver.task
    if not all(map(math.isfinite, position)):
        raise RejectedError(Code.INVALID_TARGET, f"expected a finite target position, got {position} m")
    if task.has_orientation:
        length = math.hypot(*pose[3:])
        if not (math.isfinite(length) and length > 0.0):
            raise RejectedError(
                Code.INVALID_TARGET,
                f"expected a target orientation, which counts in a {task.kind} task: a finite quaternion "
                f"that is not zero, got {pose[3:]}",
            )
        # Scaled by a power of 2, without rounding, so that squares of its numbers are not zero or infinite.
        _, exponent = math.frexp(max(map(abs, pose[3:])))
        return [*position, *(math.ldexp(number, -exponent) for number in pose[3:])]
    if task.planar and 0.0 <= plane_tolerance < abs(position[2] - solver.plane_height):
        height = solver.plane_height
        raise RejectedError(
            Code.OFF_PLANE,
            f"the target is {position[2] - height:g} m off the arm's plane z = {height:g} m, "
            f"expected at most plane_tolerance = {plane_tolerance:g} m",
        )
    return position[: task.n_coordinates]


def pose_values(pose: Pose) -> list[float]:
    """Position [m] and orientation (7) of a pose: x, y, z, qx, qy, qz, qw, not normalised."""
    point, q = pose.position, pose.orientation
    return [point.x, point.y, point.z, q.x, q.y, q.z, q.w]


def set_pose(pose: Pose, values: np.ndarray) -> None:
    """Fill in a point (3,), with the identity orientation, or a pose (7,)."""
    position, turn = pose.position, pose.orientation
    position.x, position.y, position.z, *quaternion = values.tolist()
    turn.x, turn.y, turn.z, turn.w = quaternion or (0.0, 0.0, 0.0, 1.0)


def has_orientation(message: PoseStamped) -> bool:
    """Whether the pose has an orientation other than none (0, 0, 0, 0) and the identity."""
    q = message.pose.orientation
    return any((q.x, q.y, q.z)) or q.w not in (0.0, 1.0, -1.0)


def joint_state_from_positions(
    positions: np.ndarray, arm: ForwardModel, joint_names: Sequence[str], header: Header
) -> JointState:
    """A JointState that commands ``positions`` (n,) [rad, m] of ``joint_names``.

    The last check before a robot: whatever the solver did, only finite positions within the limits of every
    joint pass.

    Raises:
        RejectedError: A position is not finite or outside the limits of ``arm`` (code ``solver_error``).
    """
    values, lower, upper = positions.tolist(), arm.lower.tolist(), arm.upper.tolist()
    if len(values) != arm.n_joints or not all(
        math.isfinite(value) and low <= value <= high
        for low, value, high in zip(lower, values, upper, strict=True)
    ):
        raise RejectedError(
            Code.SOLVER_ERROR,
            f"expected a finite solution within [{lower}, {upper}] rad or m, got {values}; "
            "it is not published",
        )
    return JointState(header=header, name=list(joint_names), position=values)
